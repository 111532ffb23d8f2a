import {
  AppsV1Api,
  BatchV1Api,
  CoreV1Api,
  DiscoveryV1Api,
  type KubeConfig,
  type KubernetesListObject,
  type KubernetesObject,
  NetworkingV1Api,
  type V1EndpointSlice,
  type V1Job,
  type V1Node,
  type V1Pod,
  type V1ReplicaSet,
  type V1Service,
} from '@kubernetes/client-node';
import type { Logger } from 'pino';
import { type Informer, messageOf, startInformer } from '../../kubernetes/informer.ts';
import type { ClusterBook } from './cluster-book.ts';
import { slimController, slimNode, slimObject, slimPod, slimSlice } from './slim-objects.ts';
import type { WatchKnowledge } from './watch-knowledge.ts';

/** Objects in one answer to a list: thousands of pods at once would be some ten megabytes of text. */
const PAGE = 500;
const SWEEP_MILLIS = 60_000;

export interface ClusterWatchOptions {
  readonly kubeConfig: KubeConfig;
  readonly book: ClusterBook;
  /** As `sweep` of ClusterBook. */
  readonly keepMillis: number;
  readonly log: Logger;
}

export interface ClusterWatch {
  /** Whether owners are known too, beside what the book needs to be synced. */
  synced(): boolean;
  stop(): void;
}

/**
 * Feeds a book from the API server until stopped. Needs `list` and `watch` of pods, services, nodes, endpointslices,
 * replicasets and jobs, and, where it is to know the services' whole ranges, `list` of servicecidrs.
 */
export function watchCluster({ kubeConfig, book, keepMillis, log }: ClusterWatchOptions): ClusterWatch {
  const core = kubeConfig.makeApiClient(CoreV1Api);
  const apps = kubeConfig.makeApiClient(AppsV1Api);
  const batch = kubeConfig.makeApiClient(BatchV1Api);
  const discovery = kubeConfig.makeApiClient(DiscoveryV1Api);
  const { pods, services, nodes } = book;
  const shared = { kubeConfig, log };

  const informers: readonly Informer<KubernetesObject>[] = [
    startInformer<V1Node>({
      ...shared,
      path: '/api/v1/nodes',
      list: () => known(nodes, (page) => core.listNode(page), slimNode),
      onChange: (node, change) => nodes[change](slimNode(node), Date.now()),
      onHeard: hears(nodes.knowledge),
    }),
    startInformer<V1Service>({
      ...shared,
      path: '/api/v1/services',
      list: () => known(services, (page) => core.listServiceForAllNamespaces(page), slimObject),
      onChange: (service, change) => services[change](slimObject(service), Date.now()),
      onHeard: hears(services.knowledge),
    }),
    startInformer<V1Pod>({
      ...shared,
      path: '/api/v1/pods',
      list: () => known(pods, (page) => core.listPodForAllNamespaces(page), slimPod),
      onChange: (pod, change) => pods[change](slimPod(pod), Date.now()),
      onHeard: hears(pods.knowledge),
    }),
    startInformer<V1ReplicaSet>({
      ...shared,
      path: '/apis/apps/v1/replicasets',
      list: () => paged((page) => apps.listReplicaSetForAllNamespaces(page), slimController),
      onChange: (replicaSet, change) => pods.owners[change](slimController(replicaSet)),
    }),
    startInformer<V1Job>({
      ...shared,
      path: '/apis/batch/v1/jobs',
      list: () => paged((page) => batch.listJobForAllNamespaces(page), slimController),
      onChange: (job, change) => pods.owners[change](slimController(job)),
    }),
    startInformer<V1EndpointSlice>({
      ...shared,
      path: '/apis/discovery.k8s.io/v1/endpointslices',
      list: () => paged((page) => discovery.listEndpointSliceForAllNamespaces(page), slimSlice),
      onChange: (slice, change) =>
        change === 'present' ? services.slicePresent(slimSlice(slice)) : services.sliceGone(slice),
    }),
  ];
  // Kubernetes before 1.33 does not have them; then ranges are learnt from the services' addresses.
  kubeConfig
    .makeApiClient(NetworkingV1Api)
    .listServiceCIDR()
    .then(({ items }) => {
      for (const { spec } of items) for (const cidr of spec?.cidrs ?? []) book.ranges.add(cidr);
    })
    .catch((error: unknown) => log.info({ error: messageOf(error) }, 'the ranges of services are learnt one by one'));
  const sweep = setInterval(() => book.sweep(keepMillis), SWEEP_MILLIS).unref();
  return {
    synced: () => informers.every((informer) => informer.synced()),
    stop: () => {
      clearInterval(sweep);
      for (const informer of informers) informer.stop();
    },
  };
}

function hears(knowledge: WatchKnowledge): (sign: 'connected' | 'event') => void {
  return (sign) => (sign === 'connected' ? knowledge.connected(Date.now()) : knowledge.heard(Date.now()));
}

interface Page {
  readonly limit: number;
  readonly _continue?: string;
}

type Listing<T extends KubernetesObject> = (page: Page) => Promise<KubernetesListObject<T>>;

/** All of them, each without what nobody here reads. */
async function paged<T extends KubernetesObject>(
  list: Listing<T>,
  slim: (object: T) => T,
): Promise<KubernetesListObject<T>> {
  const items: T[] = [];
  for (let next: string | undefined; ; ) {
    const page = await list({ limit: PAGE, ...(next === undefined ? {} : { _continue: next }) });
    items.push(...page.items.map(slim));
    next = page.metadata?._continue;
    if (next === undefined || next === '') return { ...page, items };
  }
}

/** As `paged`, and tells the book which there are: it knows of more than the informer does, from before a restart. */
async function known<T extends KubernetesObject>(
  book: { listed(uids: ReadonlySet<string>, now: number): void },
  list: Listing<T>,
  slim: (object: T) => T,
): Promise<KubernetesListObject<T>> {
  const all = await paged(list, slim);
  book.listed(new Set(all.items.map(({ metadata }) => metadata?.uid ?? '')), Date.now());
  return all;
}
