import { AGENT_CONTAINER } from '../../contract/labels.ts';
import { SYSTEM_CLOCK } from '../clock.ts';
import type { Cluster, KubernetesObject } from '../kubernetes/cluster.ts';
import { podSelectorOf } from '../kubernetes/pod-selector.ts';
import { agentState, type PodView, viewPod } from '../kubernetes/pods.ts';
import { type Rollout, rolloutOf } from '../kubernetes/rollout.ts';
import { knownWarnings, podTrouble, warningsAbout } from '../kubernetes/trouble.ts';
import type { Workload } from '../kubernetes/workloads.ts';

const POLL_MILLIS = 1_000;
/** An image that cannot be pulled now may be there in a moment: the trouble has to last for this many looks. */
const AGENT_TROUBLE_LOOKS = 10;

export interface Watched {
  readonly cluster: Cluster;
  readonly signal: AbortSignal;
  readonly timeoutMillis: number;
  /** Called with the present state in words. */
  readonly update: (state: string) => void;
}

/** What a workload was like before it is changed: afterwards all that is not in here is new. */
export interface Before {
  readonly healthy: boolean;
  readonly pods: ReadonlySet<string>;
  readonly warnings: ReadonlySet<string>;
}

export type RestartResult =
  | { readonly kind: 'complete'; readonly message: string; readonly newPods: readonly PodView[] }
  | { readonly kind: 'manual' | 'interrupted'; readonly message: string }
  | { readonly kind: 'failed'; readonly message: string; readonly reasons: readonly string[] };

/** To be called before the change that restarts. */
export async function lookBefore(cluster: Cluster, { object }: Workload): Promise<Before> {
  const [pods, warnings] = await Promise.all([
    podsOf(cluster, object),
    knownWarnings(cluster, object.metadata.namespace),
  ]);
  return { healthy: rolloutOf(object)?.state === 'complete', pods: uids(pods), warnings };
}

/**
 * Waits until the workload's controller has given all pods the present template. Ends early where the controller gives
 * up, or where the agent's container is what does not come up: trouble of other containers may pass by itself.
 */
export async function waitForRollout(
  workload: Workload,
  before: Before,
  { cluster, signal, timeoutMillis, update }: Watched,
): Promise<RestartResult> {
  const { type } = workload.kind;
  const { name, namespace } = workload.object.metadata;
  const deadline = Date.now() + timeoutMillis;
  let agentTrouble = 0;
  for (;;) {
    const object = await cluster.find(type, name, namespace);
    const rollout = object && rolloutOf(object);
    if (!object || !rollout) return { kind: 'failed', message: 'it was deleted meanwhile', reasons: [] };
    if (rollout.state === 'manual') return { kind: 'manual', message: rollout.message };
    update(rollout.message);
    const pods = (await podsOf(cluster, object)).filter(({ object }) => !before.pods.has(object.metadata.uid ?? ''));
    const fail = async (message: string): Promise<RestartResult> => {
      const reasons = [...podTrouble(pods), ...(await warningsAbout(cluster, object, pods, before.warnings))];
      return { kind: 'failed', message, reasons };
    };
    if (rollout.state === 'complete') return { kind: 'complete', message: rollout.message, newPods: pods };
    if (rollout.state === 'failed') return fail(rollout.message);
    agentTrouble = pods.some((pod) => agentState(pod).kind === 'down') ? agentTrouble + 1 : 0;
    if (agentTrouble >= AGENT_TROUBLE_LOOKS) return fail(`container ${AGENT_CONTAINER} does not come up`);
    if (Date.now() >= deadline) return fail(timedOut(rollout, timeoutMillis));
    if (!(await SYSTEM_CLOCK.sleep(POLL_MILLIS, signal))) return { kind: 'interrupted', message: rollout.message };
  }
}

/**
 * A StatefulSet does not replace a pod that never became ready, even once its template is good again
 * (https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#forced-rollback): those are deleted here.
 */
export async function removeStuckPods(cluster: Cluster, workload: Workload, before: Before): Promise<void> {
  if (workload.object.kind !== 'StatefulSet') return;
  const stuck = (await podsOf(cluster, workload.object)).filter(
    ({ object, ready, ended }) => !ready && !ended && !before.pods.has(object.metadata.uid ?? ''),
  );
  await Promise.all(
    stuck.map(({ name, namespace }) => cluster.remove({ apiVersion: 'v1', kind: 'Pod' }, name, namespace)),
  );
}

/** The pods that the workload takes for its own, those that have ended left out. */
export async function podsOf(cluster: Cluster, object: KubernetesObject): Promise<readonly PodView[]> {
  const labelSelector = podSelectorOf(object);
  const { namespace } = object.metadata;
  if (labelSelector === undefined || namespace === undefined) return [];
  const pods = await cluster.list({ apiVersion: 'v1', kind: 'Pod' }, { namespace, labelSelector });
  return pods.map(viewPod).filter(({ ended }) => !ended);
}

function uids(pods: readonly PodView[]): ReadonlySet<string> {
  return new Set(pods.flatMap(({ object }) => object.metadata.uid ?? []));
}

function timedOut({ message }: Rollout, timeoutMillis: number): string {
  return `not ready after ${Math.round(timeoutMillis / 1_000)} s: ${message}`;
}
