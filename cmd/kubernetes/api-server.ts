import type { Duplex, Readable } from 'node:stream';
import type {
  Cluster,
  Credentials,
  KubernetesObject,
  LogOptions,
  Patch,
  ResourceType,
  Selection,
  WatchEvent,
} from './cluster.ts';
import { callerCredentials } from './credentials.ts';
import { Discovery } from './discovery.ts';
import type { Connection } from './kubeconfig.ts';
import { accessReviewSchema, kubernetesObjectSchema, listSchema, versionSchema } from './object-schema.ts';
import { openPortForward } from './port-forward.ts';
import type { Requests } from './requests.ts';
import { WATCH_IDLE_MILLIS, watchObjects } from './watch.ts';

const FIELD_MANAGER = 'dbaudit';
/** As kubectl asks for long lists: in pieces, so that the server need not hold them whole. */
const PAGE_SIZE = 500;
const PATCH_TYPES = {
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  json: 'application/json-patch+json',
} as const;

/** The cluster that a kubeconfig's context names. */
export class ApiServer implements Cluster {
  readonly namespace: string;
  readonly context: string;
  readonly #connection: Connection;
  readonly #requests: Requests;
  readonly #discovery: Discovery;

  constructor(connection: Connection, requests: Requests) {
    this.namespace = connection.namespace;
    this.context = connection.context;
    this.#connection = connection;
    this.#requests = requests;
    this.#discovery = new Discovery(requests);
  }

  async version() {
    const answer = await this.#requests.json({ method: 'GET', path: '/version', action: 'ask for the version' });
    const { major, minor, gitVersion } = versionSchema.parse(answer);
    // Some providers write `34+`.
    return { major: Number.parseInt(major, 10), minor: Number.parseInt(minor, 10), gitVersion };
  }

  async serverTime() {
    const answer = await this.#requests.stream({ method: 'GET', path: '/version', action: 'ask for the time' });
    answer.resume();
    return new Date(answer.headers.date ?? 0);
  }

  async list(type: ResourceType, selection: Selection = {}): Promise<readonly KubernetesObject[]> {
    return (await this.#list(type, selection)).objects;
  }

  async find(type: ResourceType, name: string, namespace?: string): Promise<KubernetesObject | undefined> {
    const action = `get ${describe(type.kind, name, namespace)}`;
    const path = await this.#path(type, namespace, name);
    const answer = await this.#requests.json({ method: 'GET', path, action }, [404]);
    return answer === undefined ? undefined : kubernetesObjectSchema.parse(answer);
  }

  async serves(type: ResourceType): Promise<boolean> {
    return (await this.#discovery.find(type)) !== undefined;
  }

  async create(object: KubernetesObject, options: { readonly dryRun?: boolean } = {}): Promise<KubernetesObject> {
    const { name, namespace } = object.metadata;
    const answer = await this.#requests.json({
      method: 'POST',
      path: await this.#path(object, namespace),
      query: { fieldManager: FIELD_MANAGER, dryRun: dryRun(options) },
      body: object,
      action: `create ${describe(object.kind, name, namespace)}`,
    });
    return kubernetesObjectSchema.parse(answer);
  }

  async apply(object: KubernetesObject, options: { readonly dryRun?: boolean } = {}): Promise<KubernetesObject> {
    const { name, namespace } = object.metadata;
    const answer = await this.#requests.json({
      method: 'PATCH',
      path: await this.#path(object, namespace, name),
      query: { fieldManager: FIELD_MANAGER, force: true, dryRun: dryRun(options) },
      body: object,
      contentType: 'application/apply-patch+yaml', // of which JSON is a part
      action: `apply ${describe(object.kind, name, namespace)}`,
    });
    return kubernetesObjectSchema.parse(answer);
  }

  async patch(
    type: ResourceType,
    name: string,
    namespace: string | undefined,
    patch: Patch,
    options: { readonly dryRun?: boolean } = {},
  ): Promise<KubernetesObject> {
    const answer = await this.#requests.json({
      method: 'PATCH',
      path: await this.#path(type, namespace, name),
      query: { fieldManager: FIELD_MANAGER, dryRun: dryRun(options) },
      body: patch.body,
      contentType: PATCH_TYPES[patch.type],
      action: `patch ${describe(type.kind, name, namespace)}`,
    });
    return kubernetesObjectSchema.parse(answer);
  }

  async remove(
    type: ResourceType,
    name: string,
    namespace?: string,
    options: { readonly gracePeriodSeconds?: number; readonly propagation?: 'Background' | 'Foreground' } = {},
  ): Promise<boolean> {
    const request = {
      method: 'DELETE',
      path: await this.#path(type, namespace, name),
      body: {
        kind: 'DeleteOptions',
        apiVersion: 'v1',
        propagationPolicy: options.propagation ?? 'Background',
        gracePeriodSeconds: options.gracePeriodSeconds,
      },
      action: `delete ${describe(type.kind, name, namespace)}`,
    } as const;
    return (await this.#requests.status(request, [404])) !== 404;
  }

  async evict(namespace: string, pod: string): Promise<'evicted' | 'refused' | 'gone'> {
    const request = {
      method: 'POST',
      path: `${await this.#path({ apiVersion: 'v1', kind: 'Pod' }, namespace, pod)}/eviction`,
      body: { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: pod, namespace } },
      action: `evict ${describe('Pod', pod, namespace)}`,
    } as const;
    const status = await this.#requests.status(request, [404, 429]);
    if (status === 404) return 'gone';
    return status === 429 ? 'refused' : 'evicted';
  }

  async *watch(type: ResourceType, selection: Selection, signal: AbortSignal): AsyncGenerator<WatchEvent> {
    const path = await this.#collection(type, selection.namespace);
    yield* watchObjects(
      {
        list: () => this.#list(type, selection, signal),
        open: (query) =>
          this.#requests.stream({
            method: 'GET',
            path,
            query: { ...selectors(selection), ...query },
            action: `watch ${type.kind}`,
            signal,
            timeoutMillis: WATCH_IDLE_MILLIS,
          }),
      },
      signal,
    );
  }

  async logs(options: LogOptions): Promise<Readable> {
    const { namespace, pod, container, follow, previous, sinceSeconds, tailLines, timestamps, signal } = options;
    return this.#requests.stream({
      method: 'GET',
      path: `${await this.#path({ apiVersion: 'v1', kind: 'Pod' }, namespace, pod)}/log`,
      query: { container, follow, previous, sinceSeconds, tailLines, timestamps },
      action: `read the log of ${describe('Pod', pod, namespace)}`,
      ...(signal === undefined ? {} : { signal }),
      // A container may have nothing to say for as long as it likes.
      ...(follow === true ? { timeoutMillis: 0 } : {}),
    });
  }

  portForward(namespace: string, pod: string, port: number): Promise<Duplex> {
    const { kubeConfig, context } = this.#connection;
    return openPortForward(kubeConfig, { namespace, pod, port, context });
  }

  credentials(): Promise<Credentials> {
    return callerCredentials(this.#connection.kubeConfig);
  }

  async mayI(
    verb: string,
    resource: string,
    options: { readonly group?: string; readonly namespace?: string } = {},
  ): Promise<boolean> {
    const [name, subresource] = resource.split('/');
    const answer = await this.#requests.json({
      method: 'POST',
      path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
      body: {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        spec: { resourceAttributes: { verb, resource: name, subresource, ...options } },
      },
      action: `ask whether it may ${verb} ${resource}`,
    });
    return accessReviewSchema.parse(answer).status.allowed;
  }

  async #list(type: ResourceType, selection: Selection, signal?: AbortSignal) {
    const path = await this.#collection(type, selection.namespace);
    const objects: KubernetesObject[] = [];
    for (let next: string | undefined; ; ) {
      const answer = await this.#requests.json({
        method: 'GET',
        path,
        query: { ...selectors(selection), limit: PAGE_SIZE, continue: next },
        action: `list ${type.kind}${selection.namespace === undefined ? '' : ` in ${selection.namespace}`}`,
        ...(signal === undefined ? {} : { signal }),
      });
      const { items, metadata } = listSchema.parse(answer);
      // Lists do not repeat the type on each object.
      for (const item of items) objects.push(kubernetesObjectSchema.parse({ ...type, ...item }));
      next = metadata.continue;
      if (!next) return { objects, resourceVersion: metadata.resourceVersion };
    }
  }

  /** Of one object, or with no name of where objects are made; the context's namespace where none is given. */
  async #path(type: ResourceType, namespace: string | undefined, name?: string): Promise<string> {
    const collection = await this.#collection(type, namespace ?? this.namespace);
    return name === undefined ? collection : `${collection}/${encodeURIComponent(name)}`;
  }

  /** With no namespace: of all namespaces. */
  async #collection(type: ResourceType, namespace: string | undefined): Promise<string> {
    const { prefix, plural, namespaced } = await this.#discovery.get(type);
    const within = namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : '';
    return `${prefix}${within}/${plural}`;
  }
}

function selectors({ labelSelector, fieldSelector }: Selection) {
  return { labelSelector, fieldSelector };
}

function dryRun(options: { readonly dryRun?: boolean }): string | undefined {
  return options.dryRun === true ? 'All' : undefined;
}

function describe(kind: string, name: string, namespace: string | undefined): string {
  return `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
}
