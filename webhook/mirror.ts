import { ApiException, CoreV1Api, type KubeConfig, PatchStrategy, setHeaderOptions } from '@kubernetes/client-node';
import type { Logger } from 'pino';
import { EXCLUDED_NAMESPACES, INJECTED_LABEL, PART_OF_LABEL, PART_OF_VALUE } from '../contract/labels.ts';
import { type Informer, messageOf, startInformer } from '../kubernetes/informer.ts';
import type { NamespaceInfo } from './namespaces.ts';

/** Changes are gathered for a moment, since they come by the dozen. */
const GATHER_MILLIS = 50;
const RETRY_MILLIS = 10_000;
/** How often copies that nobody needs any more are looked for. */
const SWEEP_MILLIS = 60_000;
/** A pod that was let through is to be seen in the cluster by then. */
const CREATED_MILLIS = 30_000;
/** Another replica was first: what it wrote arrives by the watch. */
const OVERTAKEN = [404, 409];

type Data = Readonly<Record<string, string>>;

/** A ConfigMap, or a Secret. */
interface Mirrorable {
  readonly apiVersion?: string;
  readonly kind?: string;
  metadata?: {
    name?: string;
    namespace?: string;
    labels?: Record<string, string>;
    resourceVersion?: string;
    managedFields?: object[];
  };
  data?: Record<string, string>;
}

/** `unneeded`: an existing copy stays while a pod with an agent is left in the namespace. */
type Need = 'needed' | 'unneeded' | 'forbidden';

/** What is copied, and where to. */
export interface MirroredKind {
  readonly kind: 'ConfigMap' | 'Secret';
  readonly name: string;
  /** What of the central object is copied; undefined: nothing yet. */
  content(data: Data): Data | undefined;
  /** `expected`: a pod with an agent is about to run there. */
  need(namespace: NamespaceInfo, expected: boolean): Need;
}

export interface MirrorOptions {
  readonly kubeConfig: KubeConfig;
  /** Ours, with the object that is copied. */
  readonly namespace: string;
  readonly log: Logger;
  namespaces(): readonly NamespaceInfo[];
}

export interface Mirror {
  /** A pod in this namespace was given an agent. Returns at once. */
  injectedInto(namespace: string): void;
  /** Namespaces came, changed or went. */
  look(): void;
  /** How many namespaces hold a copy. */
  copies(): number;
  synced(): boolean;
  stop(): void;
}

/**
 * Keeps an object of our namespace in those where agents run or will: a pod can mount ConfigMaps and Secrets of its own
 * namespace alone. An object of that name that is not ours is never touched. Without a central one nothing changes.
 */
export function startMirror(mirrored: MirroredKind, options: MirrorOptions): Mirror {
  const { namespace: own, log, namespaces } = options;
  const { kind, name: objectName } = mirrored;
  const access = accessTo(mirrored, options, () => look());
  const { informer } = access;
  const neverInjected: readonly string[] = [...EXCLUDED_NAMESPACES, own];
  /** Until when a pod may be on its way into the namespace. */
  const expected = new Map<string, number>();
  const foreignTold = new Set<string>();
  let gathering: NodeJS.Timeout | undefined;
  let retry: NodeJS.Timeout | undefined;
  let underWay = false;
  let sweepDue = false;

  function look(): void {
    gathering ??= setTimeout(() => {
      gathering = undefined;
      if (underWay) return look();
      underWay = true;
      const sweep = sweepDue;
      sweepDue = false;
      reconcile(sweep)
        .catch((error: unknown) => log.error(`mirroring ${kind} ${objectName}: ${messageOf(error)}`))
        .finally(() => {
          underWay = false;
        });
    }, GATHER_MILLIS);
  }

  async function reconcile(sweep: boolean): Promise<void> {
    const central = informer.get(objectName, own)?.data;
    const content = central && mirrored.content(central);
    if (!informer.synced() || content === undefined) return;
    for (const [name, until] of expected) if (until <= Date.now()) expected.delete(name);
    for (const namespace of namespaces()) {
      const { name } = namespace;
      if (neverInjected.includes(name)) continue;
      const need = mirrored.need(namespace, expected.has(name));
      const hasCopy = isOurs(informer.get(objectName, name));
      if (hasCopy && need === 'forbidden') await attempt(name, () => removeCopy(name));
      else if (hasCopy && sweep && need === 'unneeded') await attempt(name, () => removeUnused(name));
      else if (hasCopy || need === 'needed') await attempt(name, () => write(name, content));
    }
  }

  async function write(namespace: string, content: Data): Promise<void> {
    const copy = informer.get(objectName, namespace);
    if (copy !== undefined && !isOurs(copy)) {
      if (!foreignTold.has(namespace))
        log.warn({ namespace }, `a ${kind} ${objectName} that is not ours is left alone`);
      foreignTold.add(namespace);
      return;
    }
    if (copy?.data !== undefined && equal(copy.data, content)) return;
    await access.apply(namespace, content, copy);
  }

  /** The copy stays while a pod with an agent is left. */
  async function removeUnused(namespace: string): Promise<void> {
    if (!(await access.hasAgents(namespace))) await removeCopy(namespace);
  }

  async function removeCopy(namespace: string): Promise<void> {
    const { resourceVersion } = informer.get(objectName, namespace)?.metadata ?? {};
    if (resourceVersion === undefined) return;
    await access.remove(namespace, resourceVersion);
    log.info({ namespace }, `the copy of ${kind} ${objectName} was removed`);
  }

  /** One namespace's failure is not another's. */
  async function attempt(namespace: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (error instanceof ApiException && OVERTAKEN.includes(error.code)) return;
      const what = `${kind} ${objectName} could not be mirrored; it is tried again`;
      log.warn({ namespace, error: messageOf(error) }, what);
      clearTimeout(retry);
      retry = setTimeout(look, RETRY_MILLIS * (0.5 + Math.random()));
    }
  }

  const sweep = setInterval(
    () => {
      sweepDue = true;
      look();
    },
    SWEEP_MILLIS * (0.9 + Math.random() / 5),
  );
  return {
    injectedInto: (namespace) => {
      const known = expected.has(namespace);
      expected.set(namespace, Date.now() + CREATED_MILLIS);
      if (!known) look();
    },
    look,
    copies: () => informer.list().filter((copy) => copy.metadata?.namespace !== own && isOurs(copy)).length,
    synced: informer.synced,
    stop: () => {
      clearInterval(sweep);
      clearTimeout(gathering);
      clearTimeout(retry);
      informer.stop();
    },
  };
}

interface Access {
  readonly informer: Informer<Mirrorable>;
  apply(namespace: string, data: Data, before: Mirrorable | undefined): Promise<void>;
  remove(namespace: string, resourceVersion: string): Promise<void>;
  hasAgents(namespace: string): Promise<boolean>;
}

/** The calls on the API server, none of which asks for more than objects of this one name. */
function accessTo({ kind, name }: MirroredKind, { kubeConfig, log }: MirrorOptions, onChange: () => void): Access {
  const core = kubeConfig.makeApiClient(CoreV1Api);
  const fieldSelector = `metadata.name=${name}`;
  const isSecret = kind === 'Secret';
  const applied = setHeaderOptions('Content-Type', PatchStrategy.ServerSideApply);
  return {
    informer: startInformer<Mirrorable>({
      kubeConfig,
      path: isSecret ? '/api/v1/secrets' : '/api/v1/configmaps',
      fieldSelector,
      list: () =>
        isSecret
          ? core.listSecretForAllNamespaces({ fieldSelector })
          : core.listConfigMapForAllNamespaces({ fieldSelector }),
      onChange,
      log,
    }),
    // Applied, so that the right to create can be bound to this name.
    apply: async (namespace, data, before) => {
      const { resourceVersion } = before?.metadata ?? {};
      const metadata = {
        name,
        namespace,
        labels: { [PART_OF_LABEL]: PART_OF_VALUE },
        // Refused where it changed, or went, since we looked.
        ...(resourceVersion === undefined ? {} : { resourceVersion }),
      };
      const request = {
        name,
        namespace,
        body: { apiVersion: 'v1', kind, metadata, data },
        fieldManager: 'dbaudit-injector',
        // What a person changed in a copy of ours is put right; a new object has nobody to conflict with.
        ...(before === undefined ? {} : { force: true }),
      };
      await (isSecret ? core.patchNamespacedSecret(request, applied) : core.patchNamespacedConfigMap(request, applied));
    },
    remove: async (namespace, resourceVersion) => {
      const request = { name, namespace, body: { preconditions: { resourceVersion } } };
      await (isSecret ? core.deleteNamespacedSecret(request) : core.deleteNamespacedConfigMap(request));
    },
    hasAgents: async (namespace) => {
      const { items } = await core.listNamespacedPod({ namespace, labelSelector: `${INJECTED_LABEL}=true`, limit: 1 });
      return items.length > 0;
    },
  };
}

function isOurs(object: Mirrorable | undefined): boolean {
  return object?.metadata?.labels?.[PART_OF_LABEL] === PART_OF_VALUE;
}

function equal(one: Data, other: Data): boolean {
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name]);
}
