import { CAPTURE_LABEL } from '../../contract/labels.ts';
import { UserError } from '../../contract/user-error.ts';
import { readInjectorView } from '../capture/prediction.ts';
import { isSelected } from '../capture/selection.ts';
import { askAgents } from '../kubernetes/ask-agents.ts';
import type { Cluster, KubernetesObject, ResourceType, Selection } from '../kubernetes/cluster.ts';
import { findInjectors } from '../kubernetes/injectors.ts';
import { type Namespaces, readNamespaces } from '../kubernetes/namespaces.ts';
import { listBetween, type Owner, topOwnerOf } from '../kubernetes/owners.ts';
import { viewPod } from '../kubernetes/pods.ts';
import { TOP_LEVEL_KINDS, type WorkloadKind } from '../kubernetes/workload-kinds.ts';
import { controllerOf, podTemplateOf } from '../kubernetes/workloads.ts';
import { assessPod, type CoverageFacts, isMeant } from './pod-coverage.ts';
import { type SurveyedPod, summarize, type WorkloadCoverage } from './workload-coverage.ts';

export interface SurveyOptions {
  /** Undefined: all. */
  readonly namespace: string | undefined;
  /** Of pods; workloads without pods are then left out. */
  readonly labelSelector?: string;
  readonly kinds?: readonly WorkloadKind[];
  readonly ownNamespace: string;
  /** Told once for each right that is missing. */
  readonly note: (text: string) => void;
}

/** All that is to be captured, workload by workload. */
export async function survey(cluster: Cluster, options: SurveyOptions): Promise<readonly WorkloadCoverage[]> {
  const { namespace, labelSelector, ownNamespace, note } = options;
  const within: Selection = namespace === undefined ? {} : { namespace };
  const listAllowed = async (type: ResourceType, selection: Selection) => {
    try {
      return await cluster.list(type, selection);
    } catch (error) {
      if (!(error instanceof UserError) || error.code !== 'DBA1102') throw error;
      note(`${error.message}; owners and empty workloads of that kind are not shown`);
      return [];
    }
  };
  const [pods, namespaces, between, injectors, view, templates] = await Promise.all([
    cluster.list({ apiVersion: 'v1', kind: 'Pod' }, { ...within, ...(labelSelector ? { labelSelector } : {}) }),
    readNamespaces(cluster, namespace === undefined ? 'all' : [namespace], ({ message }) =>
      note(`${message}; pods that only their namespace selects are not shown`),
    ),
    listBetween(listAllowed, within),
    findInjectors(cluster),
    readInjectorView(cluster, ownNamespace),
    labelSelector === undefined ? listTemplates(listAllowed, within) : [],
  ]);
  const injectorSince = injectors
    ?.flatMap(({ since }) => since ?? [])
    .sort()
    .at(0);
  const factsFor = (name: string): CoverageFacts => ({ namespace: namespaces.get(name), view, injectorSince });
  const meant = pods
    .map(viewPod)
    .filter((pod) => !pod.ended && isMeant(pod, namespaces.get(pod.namespace)))
    .map((pod) => ({ pod, owner: topOwnerOf(pod.object, between) }))
    .filter(({ owner }) => isOfKind(owner, options.kinds));
  const statuses = await askAgents(
    cluster,
    meant.map(({ pod }) => pod),
    note,
  );
  const surveyed = meant.map(({ pod, owner }): SurveyedPod => {
    const status = statuses.get(pod);
    return { pod, owner, status, coverage: assessPod(pod, status, factsFor(pod.namespace)) };
  });
  const empty = templates
    .filter((object) => isTemplateSelected(object, namespaces))
    .map((object) => ({ namespace: object.metadata.namespace ?? '', owner: topOwnerOf(object, between) }))
    .filter(({ owner }) => isOfKind(owner, options.kinds));
  return group(surveyed, empty);
}

async function listTemplates(
  list: (type: ResourceType, selection: Selection) => Promise<readonly KubernetesObject[]>,
  within: Selection,
): Promise<readonly KubernetesObject[]> {
  const lists = await Promise.all(TOP_LEVEL_KINDS.map(({ type }) => list(type, within)));
  return lists.flat().filter((object) => controllerOf(object) === undefined);
}

function isTemplateSelected(object: KubernetesObject, namespaces: Namespaces): boolean {
  const kind = TOP_LEVEL_KINDS.find(({ type }) => type.kind === object.kind);
  const namespace = namespaces.get(object.metadata.namespace ?? '');
  return isSelected({
    pod: kind && podTemplateOf({ kind, object })?.metadata.labels?.[CAPTURE_LABEL],
    namespace: namespace?.metadata.labels?.[CAPTURE_LABEL],
  });
}

function isOfKind(owner: Owner, kinds: readonly WorkloadKind[] | undefined): boolean {
  return (
    kinds === undefined || kinds.some(({ type }) => type.kind === owner.kind && type.apiVersion === owner.apiVersion)
  );
}

function group(
  pods: readonly SurveyedPod[],
  empty: readonly { readonly namespace: string; readonly owner: Owner }[],
): readonly WorkloadCoverage[] {
  const byOwner = Map.groupBy(pods, ({ owner }) => owner.uid);
  const workloads = [...byOwner.values()].flatMap((own) => {
    const [first] = own;
    return first ? [summarize({ namespace: first.pod.namespace, owner: first.owner }, own)] : [];
  });
  const withoutPods = empty
    .filter(({ owner }) => !byOwner.has(owner.uid))
    .map((place) => summarize(place, [], 'sidecar'));
  return [...workloads, ...withoutPods].sort(
    (a, b) => a.namespace.localeCompare(b.namespace) || a.workload.localeCompare(b.workload),
  );
}
