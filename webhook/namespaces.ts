import { CoreV1Api, type KubeConfig, type V1Namespace } from '@kubernetes/client-node';
import type { Logger } from 'pino';
import { startInformer } from '../kubernetes/informer.ts';

/** The API server waits three seconds for us; it rather gets a pod without agent than no answer. */
const LOOKUP_MILLIS = 1_000;

/** What injection reads of a namespace. */
export interface NamespaceInfo {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface Namespaces {
  /**
   * From the local copy; a namespace too new to be in it is asked for once.
   * @throws Error where it does not exist, or the API server does not answer in time
   */
  lookup(name: string): NamespaceInfo | Promise<NamespaceInfo>;
  list(): readonly NamespaceInfo[];
  synced(): boolean;
  stop(): void;
}

export interface NamespacesOptions {
  readonly kubeConfig: KubeConfig;
  readonly log: Logger;
  /** A namespace came, changed or went. */
  onChange(): void;
}

/** Namespaces with their labels and annotations. */
export function watchNamespaces({ kubeConfig, log, onChange }: NamespacesOptions): Namespaces {
  const core = kubeConfig.makeApiClient(CoreV1Api);
  const informer = startInformer<V1Namespace>({
    kubeConfig,
    path: '/api/v1/namespaces',
    list: () => core.listNamespace(),
    onChange,
    log,
  });
  /** Many pods of a new namespace come at once: all wait for the same answer. */
  const underWay = new Map<string, Promise<NamespaceInfo>>();
  const ask = (name: string): Promise<NamespaceInfo> => {
    const asked = underWay.get(name);
    if (asked !== undefined) return asked;
    const answer = within(LOOKUP_MILLIS, core.readNamespace({ name }))
      .then(infoOf)
      .finally(() => underWay.delete(name));
    underWay.set(name, answer);
    return answer;
  };
  return {
    lookup: (name) => {
      const known = informer.get(name);
      return known === undefined ? ask(name) : infoOf(known);
    },
    list: () => informer.list().filter(isStaying).map(infoOf),
    synced: informer.synced,
    stop: informer.stop,
  };
}

function infoOf({ metadata }: V1Namespace): NamespaceInfo {
  return { name: metadata?.name ?? '', labels: metadata?.labels ?? {}, annotations: metadata?.annotations ?? {} };
}

/** Nothing can be created in a namespace that is being deleted. */
function isStaying({ metadata }: V1Namespace): boolean {
  return metadata?.deletionTimestamp === undefined;
}

async function within<T>(millis: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`the API server did not answer within ${millis} ms`)), millis);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
