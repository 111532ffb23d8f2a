import { CAPTURE_LABEL } from '../../contract/labels.ts';
import { UserError } from '../../contract/user-error.ts';
import { readInjectorView } from '../capture/prediction.ts';
import { isSelected } from '../capture/selection.ts';
import { mapConcurrently } from '../concurrency.ts';
import { type AgentStatus, askAgent } from '../kubernetes/agent-status.ts';
import type { Cluster, KubernetesObject, ResourceType, Selection } from '../kubernetes/cluster.ts';
import { findInjectors } from '../kubernetes/injectors.ts';
import { type Namespaces, readNamespaces } from '../kubernetes/namespaces.ts';
import { listBetween, type Owner, topOwnerOf } from '../kubernetes/owners.ts';
import { agentState, type PodView, viewPod } from '../kubernetes/pods.ts';
import { TOP_LEVEL_KINDS, type WorkloadKind } from '../kubernetes/workload-kinds.ts';
import { controllerOf, podTemplateOf } from '../kubernetes/workloads.ts';
import { assessPod, type CoverageFacts, isMeant } from './pod-coverage.ts';
import { type SurveyedPod, summarize, type WorkloadCoverage } from './workload-coverage.ts';

/** Each is a WebSocket through the API server. */
const AGENTS_AT_A_TIME = 16;
/** An agent that is asked for numbers while it decodes at full speed still answers within this. */
const AGENT_MILLIS = 2_000;

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

/** Answers of the agents that run; those in namespaces without the right to connect are not asked again. */
async function askAgents(
  cluster: Cluster,
  pods: readonly PodView[],
  note: SurveyOptions['note'],
): Promise<ReadonlyMap<PodView, AgentStatus>> {
  const running = pods.filter((pod) => agentState(pod).kind === 'running');
  const closed = new Set<string>();
  let silent = 0;
  const answers = await mapConcurrently(running, AGENTS_AT_A_TIME, async (pod) => {
    if (closed.has(pod.namespace)) return undefined;
    try {
      const status = await askAgent(cluster, pod, AGENT_MILLIS);
      if (!status) silent += 1;
      return status;
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      if (!closed.has(pod.namespace)) {
        note(`what agents in namespace ${pod.namespace} see is not known: no right to create pods/portforward there`);
      }
      closed.add(pod.namespace);
      return undefined;
    }
  });
  if (silent > 0) note(`${silent} of ${running.length} agents did not answer; what they see is not known`);
  return new Map(running.flatMap((pod, index) => (answers[index] ? [[pod, answers[index]]] : [])));
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
