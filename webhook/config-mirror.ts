import {
  ApiException,
  CoreV1Api,
  type KubeConfig,
  PatchStrategy,
  setHeaderOptions,
  type V1ConfigMap,
} from '@kubernetes/client-node';
import type { Logger } from 'pino';
import {
  AGENT_CONFIG_KEY,
  AGENT_CONFIG_MAP,
  CAPTURE_LABEL,
  EXCLUDED_NAMESPACES,
  INJECTED_LABEL,
  PART_OF_LABEL,
  PART_OF_VALUE,
} from '../contract/labels.ts';
import { messageOf, startInformer } from './informer.ts';
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

export interface ConfigMirrorOptions {
  readonly kubeConfig: KubeConfig;
  /** Ours, with the ConfigMap that is copied. */
  readonly namespace: string;
  readonly log: Logger;
  namespaces(): readonly NamespaceInfo[];
}

export interface ConfigMirror {
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
 * Keeps the agents' configuration in the namespaces where agents run or will: a pod can mount a ConfigMap of its own
 * namespace alone. A ConfigMap of that name that is not ours is never touched. Without a central one nothing changes.
 */
export function startConfigMirror({ kubeConfig, namespace: own, log, namespaces }: ConfigMirrorOptions): ConfigMirror {
  const core = kubeConfig.makeApiClient(CoreV1Api);
  const fieldSelector = `metadata.name=${AGENT_CONFIG_MAP}`;
  const neverInjected: readonly string[] = [...EXCLUDED_NAMESPACES, own];
  /** Until when a pod may be on its way into the namespace. */
  const expected = new Map<string, number>();
  const foreignTold = new Set<string>();
  let gathering: NodeJS.Timeout | undefined;
  let retry: NodeJS.Timeout | undefined;
  let underWay = false;
  let sweepDue = false;

  const informer = startInformer<V1ConfigMap>({
    kubeConfig,
    path: '/api/v1/configmaps',
    fieldSelector,
    list: () => core.listConfigMapForAllNamespaces({ fieldSelector }),
    onChange: () => look(),
    log,
  });

  function look(): void {
    gathering ??= setTimeout(() => {
      gathering = undefined;
      if (underWay) return look();
      underWay = true;
      const sweep = sweepDue;
      sweepDue = false;
      reconcile(sweep)
        .catch((error: unknown) => log.error(`mirroring the configuration: ${messageOf(error)}`))
        .finally(() => {
          underWay = false;
        });
    }, GATHER_MILLIS);
  }

  async function reconcile(sweep: boolean): Promise<void> {
    const central = informer.get(AGENT_CONFIG_MAP, own)?.data?.[AGENT_CONFIG_KEY];
    if (!informer.synced() || central === undefined) return;
    const all = namespaces().filter(({ name }) => !neverInjected.includes(name));
    const labelled = all.filter(({ labels }) => labels[CAPTURE_LABEL] === 'enabled').map(({ name }) => name);
    for (const [name, until] of expected) if (until <= Date.now()) expected.delete(name);
    const needed = new Set([...labelled, ...expected.keys()]);
    for (const { name } of all) {
      const hasCopy = isOurs(informer.get(AGENT_CONFIG_MAP, name));
      if (hasCopy && sweep && !needed.has(name)) await attempt(name, () => removeUnused(name));
      else if (hasCopy || needed.has(name)) await attempt(name, () => write(name, central));
    }
  }

  async function write(namespace: string, text: string): Promise<void> {
    const copy = informer.get(AGENT_CONFIG_MAP, namespace);
    if (copy !== undefined && !isOurs(copy)) {
      if (!foreignTold.has(namespace))
        log.warn({ namespace }, `a ConfigMap ${AGENT_CONFIG_MAP} that is not ours is left alone`);
      foreignTold.add(namespace);
      return;
    }
    if (copy?.data?.[AGENT_CONFIG_KEY] === text) return;
    // Applied, so that the right to create can be bound to this name.
    await core.patchNamespacedConfigMap(
      {
        name: AGENT_CONFIG_MAP,
        namespace,
        body: {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: {
            name: AGENT_CONFIG_MAP,
            namespace,
            labels: { [PART_OF_LABEL]: PART_OF_VALUE },
            // Refused where it changed, or went, since we looked.
            ...(copy?.metadata?.resourceVersion === undefined
              ? {}
              : { resourceVersion: copy.metadata.resourceVersion }),
          },
          data: { [AGENT_CONFIG_KEY]: text },
        },
        fieldManager: 'dbaudit-injector',
        // What a person changed in a copy of ours is put right; a new object has nobody to conflict with.
        ...(copy === undefined ? {} : { force: true }),
      },
      setHeaderOptions('Content-Type', PatchStrategy.ServerSideApply),
    );
  }

  /** The namespace is not labelled: the copy stays while a pod with an agent is left. */
  async function removeUnused(namespace: string): Promise<void> {
    const { resourceVersion } = informer.get(AGENT_CONFIG_MAP, namespace)?.metadata ?? {};
    const { items } = await core.listNamespacedPod({ namespace, labelSelector: `${INJECTED_LABEL}=true`, limit: 1 });
    if (items.length > 0 || resourceVersion === undefined) return;
    await core.deleteNamespacedConfigMap({
      name: AGENT_CONFIG_MAP,
      namespace,
      body: { preconditions: { resourceVersion } },
    });
    log.info({ namespace }, 'the copy of the configuration was removed');
  }

  /** One namespace's failure is not another's. */
  async function attempt(namespace: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (error instanceof ApiException && OVERTAKEN.includes(error.code)) return;
      log.warn({ namespace, error: messageOf(error) }, 'the configuration could not be mirrored; it is tried again');
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

function isOurs(configMap: V1ConfigMap | undefined): boolean {
  return configMap?.metadata?.labels?.[PART_OF_LABEL] === PART_OF_VALUE;
}
