import { type Duplex, PassThrough, type Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import jsonPatch from 'fast-json-patch';
import type {
  Cluster,
  Credentials,
  KubernetesObject,
  LogOptions,
  Patch,
  ResourceType,
  Selection,
  WatchEvent,
} from '../../cmd/kubernetes/cluster.ts';
import { UserError } from '../../contract/user-error.ts';

const POLL_MILLIS = 10;

/**
 * An API server in memory, for tests of commands: objects are kept as they are given, with no defaults, controllers or
 * admission. Everything done to it is in `calls`: `apply Deployment ns/name`. Tests change `objects` as they like;
 * watches see the change.
 */
export class FakeCluster implements Cluster {
  readonly context = 'test';
  readonly namespace: string;
  readonly calls: string[] = [];
  objects: KubernetesObject[];
  /** By `namespace/pod/container`. */
  readonly logTexts = new Map<string, string>();
  /** `apiVersion/Kind` that are not served. */
  readonly unserved = new Set<string>();
  /** `verb resource` that the caller may not. */
  readonly forbidden = new Set<string>();
  /** Evictions of these pods are refused. */
  readonly guarded = new Set<string>();
  minor = 34;
  clock = () => new Date();
  /** What admission would do to objects that are created or applied. */
  admit: (object: KubernetesObject, dryRun: boolean) => KubernetesObject = (object) => object;

  constructor(objects: readonly KubernetesObject[] = [], namespace = 'default') {
    this.objects = [...objects];
    this.namespace = namespace;
  }

  async version() {
    return { major: 1, minor: this.minor, gitVersion: `v1.${this.minor}.0` };
  }

  async serverTime() {
    return this.clock();
  }

  async list(type: ResourceType, selection: Selection = {}): Promise<readonly KubernetesObject[]> {
    this.#refuse('list', type.kind);
    return this.#select(type, selection);
  }

  async find(type: ResourceType, name: string, namespace?: string): Promise<KubernetesObject | undefined> {
    return this.objects.find(isOne(type, name, namespace));
  }

  async serves({ apiVersion, kind }: ResourceType): Promise<boolean> {
    return !this.unserved.has(`${apiVersion}/${kind}`);
  }

  async create(object: KubernetesObject, options: { readonly dryRun?: boolean } = {}): Promise<KubernetesObject> {
    return this.#store('create', object, options.dryRun === true);
  }

  async apply(object: KubernetesObject, options: { readonly dryRun?: boolean } = {}): Promise<KubernetesObject> {
    return this.#store('apply', object, options.dryRun === true);
  }

  async patch(
    type: ResourceType,
    name: string,
    namespace: string | undefined,
    patch: Patch,
    options: { readonly dryRun?: boolean } = {},
  ): Promise<KubernetesObject> {
    const before = await this.find(type, name, namespace);
    if (before === undefined) throw notFound(type.kind, name);
    const after =
      patch.type === 'json'
        ? jsonPatch.applyPatch(structuredClone(before), JSON.parse(JSON.stringify(patch.body))).newDocument
        : merge(before, patch.body);
    if (!isObject(after)) throw new Error('the patch leaves no object');
    this.#tell('patch', after, options.dryRun === true);
    if (options.dryRun !== true) this.objects = this.objects.map((object) => (object === before ? after : object));
    return after;
  }

  async remove(type: ResourceType, name: string, namespace?: string): Promise<boolean> {
    this.#refuse('delete', type.kind);
    const before = await this.find(type, name, namespace);
    if (before === undefined) return false;
    this.#tell('delete', before, false);
    const isIt = isOne(type, name, namespace);
    const deletionTimestamp = '2026-01-01T00:00:00Z';
    this.objects =
      (before.metadata.finalizers ?? []).length > 0
        ? this.objects.map((object) =>
            isIt(object) ? { ...object, metadata: { ...object.metadata, deletionTimestamp } } : object,
          )
        : this.objects.filter((object) => !isIt(object));
    return true;
  }

  async evict(namespace: string, pod: string): Promise<'evicted' | 'refused' | 'gone'> {
    if (this.guarded.has(pod)) return 'refused';
    return (await this.remove({ apiVersion: 'v1', kind: 'Pod' }, pod, namespace)) ? 'evicted' : 'gone';
  }

  async *watch(type: ResourceType, selection: Selection, signal: AbortSignal): AsyncGenerator<WatchEvent> {
    let known = this.#select(type, selection);
    yield { type: 'LISTED', objects: known };
    while (!signal.aborted) {
      await sleep(POLL_MILLIS, undefined, { signal }).catch(() => undefined);
      const now = this.#select(type, selection);
      for (const object of now) {
        if (known.includes(object)) continue;
        const before = known.some(isOne(type, object.metadata.name, object.metadata.namespace));
        yield { type: before ? 'MODIFIED' : 'ADDED', object };
      }
      for (const object of known) {
        if (!now.some(isOne(type, object.metadata.name, object.metadata.namespace))) yield { type: 'DELETED', object };
      }
      known = now;
    }
  }

  async logs({ namespace, pod, container }: LogOptions): Promise<Readable> {
    const stream = new PassThrough();
    stream.end(this.logTexts.get(`${namespace}/${pod}/${container}`) ?? '');
    return stream;
  }

  async portForward(namespace: string, pod: string, port: number): Promise<Duplex> {
    throw new UserError('DBA1101', `port ${port} of pod ${namespace}/${pod}: nothing listens`, 'none');
  }

  async credentials(): Promise<Credentials> {
    return { authorization: 'Bearer of-the-caller' };
  }

  async mayI(verb: string, resource: string): Promise<boolean> {
    return !this.forbidden.has(`${verb} ${resource}`);
  }

  #store(verb: string, object: KubernetesObject, dryRun: boolean): KubernetesObject {
    this.#refuse(verb, object.kind);
    const admitted = this.admit(object, dryRun);
    this.#tell(verb, object, dryRun);
    if (!dryRun) {
      const { name, namespace } = object.metadata;
      const isIt = isOne(object, name, namespace);
      this.objects = [...this.objects.filter((stored) => !isIt(stored)), admitted];
    }
    return admitted;
  }

  #select(type: ResourceType, { namespace, labelSelector, fieldSelector }: Selection): KubernetesObject[] {
    return this.objects.filter(
      (object) =>
        object.apiVersion === type.apiVersion &&
        object.kind === type.kind &&
        (namespace === undefined || object.metadata.namespace === namespace) &&
        matchesLabels(object.metadata.labels ?? {}, labelSelector ?? '') &&
        matchesFields(object, fieldSelector ?? ''),
    );
  }

  #tell(verb: string, { kind, metadata }: KubernetesObject, dryRun: boolean): void {
    const name = metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`;
    this.calls.push(`${verb} ${kind} ${name}${dryRun ? ' (dry run)' : ''}`);
  }

  #refuse(verb: string, kind: string): void {
    if (!this.forbidden.has(`${verb} ${kind}`)) return;
    throw new UserError('DBA1102', `no right to ${verb} ${kind}`, 'Ask an administrator of the cluster.');
  }
}

function isOne(type: ResourceType, name: string, namespace: string | undefined) {
  return (object: KubernetesObject) =>
    object.apiVersion === type.apiVersion &&
    object.kind === type.kind &&
    object.metadata.name === name &&
    object.metadata.namespace === namespace;
}

/** `a=b`, `a!=b`, `a`, `!a`, comma-separated. */
function matchesLabels(labels: Readonly<Record<string, string>>, selector: string): boolean {
  return selector
    .split(',')
    .filter((part) => part !== '')
    .every((part) => {
      const [, key = '', operator, value] = /^(!?[^!=]+)(!=|==?)?(.*)$/.exec(part.trim()) ?? [];
      if (operator === undefined) return key.startsWith('!') ? !(key.slice(1) in labels) : key in labels;
      return operator === '!=' ? labels[key] !== value : labels[key] === value;
    });
}

function matchesFields(object: KubernetesObject, selector: string): boolean {
  return selector
    .split(',')
    .filter((part) => part !== '')
    .every((part) => {
      const [, path = '', operator, value] = /^([^!=]+)(!=|==?)(.*)$/.exec(part) ?? [];
      let found: unknown = object;
      for (const name of path.split('.')) found = isRecord(found) ? found[name] : undefined;
      return (String(found ?? '') === value) === (operator !== '!=');
    });
}

/** https://www.rfc-editor.org/rfc/rfc7396 */
function merge(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch;
  const merged: Record<string, unknown> = isRecord(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name];
    else merged[name] = merge(merged[name], value);
  }
  return merged;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isObject(value: unknown): value is KubernetesObject {
  return isRecord(value) && typeof value.kind === 'string' && isRecord(value.metadata);
}

function notFound(kind: string, name: string): UserError {
  return new UserError('DBA1103', `there is no ${kind} ${name}`, 'Check the name.');
}
