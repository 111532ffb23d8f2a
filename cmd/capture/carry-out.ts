import { CODES } from '../../contract/codes.ts';
import type { Cluster } from '../kubernetes/cluster.ts';
import { isInjected, skippedReasonOf } from '../kubernetes/pods.ts';
import type { Workload } from '../kubernetes/workloads.ts';
import type { Step } from './plan.ts';
import { lookBefore, type RestartResult, removeStuckPods, waitForRollout } from './restart.ts';
import { type CaptureState, patchBetween } from './template-change.ts';

export interface CarryOut {
  readonly cluster: Cluster;
  readonly signal: AbortSignal;
  readonly timeoutMillis: number;
  /** Watch the restart and put back what fails. */
  readonly wait: boolean;
  /** Let the API server check the change without keeping it. */
  readonly serverDryRun: boolean;
  readonly now: string;
  /** The namespace selects the workload: putting back its template is not enough to keep the agent out. */
  readonly selectedByNamespace: boolean;
  readonly update: (state: string) => void;
}

/** What came of a step. */
export type Outcome =
  | { readonly kind: 'done'; readonly message: string; readonly pods?: PodCount }
  /** Restarted, but not every new pod has what was wanted. */
  | {
      readonly kind: 'incomplete';
      readonly message: string;
      readonly reasons: readonly string[];
      readonly pods: PodCount;
      /** The injector passed over none of them with a reason: it did not answer, and will not for others. */
      readonly unanswered: boolean;
    }
  /** As it was before. */
  | { readonly kind: 'put-back'; readonly message: string; readonly reasons: readonly string[] }
  /** Changed and not ready, as before the change already. */
  | { readonly kind: 'failed'; readonly message: string; readonly reasons: readonly string[] };

interface PodCount {
  readonly made: number;
  readonly withAgent: number;
}

const UNANSWERED = `DBA2009: ${CODES.DBA2009.title}`;

type Change = Extract<Step, { kind: 'change' }>;

/**
 * Changes the workload and sees its restart through. One that was healthy before and is not ready with its new pods in
 * time gets its old template back. Rejects with what the API server said where it refuses the change.
 */
export async function carryOut(step: Change, options: CarryOut): Promise<Outcome> {
  const { cluster, serverDryRun, wait, update } = options;
  const { workload, from, to } = step;
  const watched = step.restarts && wait && !serverDryRun;
  const before = watched ? await lookBefore(cluster, workload) : undefined;
  await apply(cluster, workload, from, to, serverDryRun);
  if (!before) return { kind: 'done', message: step.restarts ? 'its pods are being replaced' : (step.note ?? '') };
  const result = await waitForRollout(workload, before, options);
  if (result.kind === 'complete') return judge(result, to, options.selectedByNamespace);
  if (result.kind !== 'failed') return { kind: 'failed', message: result.message, reasons: [] };
  if (!before.healthy) {
    return { ...result, message: `${result.message}; it was not ready before either, so it was left changed` };
  }
  update('putting it back');
  await putBack(step, options);
  await removeStuckPods(cluster, workload, before);
  const restored = await waitForRollout(workload, before, options);
  const end = restored.kind === 'complete' ? 'put back' : `put back, but is not ready yet (${restored.message})`;
  return { kind: 'put-back', message: `${result.message}; ${end}`, reasons: result.reasons };
}

/** With the namespace selecting it, the agent is kept out by the workload's own label. */
async function putBack({ workload, from, to }: Change, options: CarryOut): Promise<void> {
  const captured = to.label === 'enabled' || (to.label === null && options.selectedByNamespace);
  const again = captured && from.label === null && options.selectedByNamespace;
  const target: CaptureState = again
    ? { ...from, label: 'disabled', record: { at: options.now, label: { before: null, after: 'disabled' } } }
    : from;
  await apply(options.cluster, workload, to, target, false);
}

async function apply(cluster: Cluster, workload: Workload, from: CaptureState, to: CaptureState, dryRun: boolean) {
  const { name, namespace } = workload.object.metadata;
  await cluster.patch(workload.kind.type, name, namespace, patchBetween(workload, from, to), { dryRun });
}

function judge(
  { message, newPods }: Extract<RestartResult, { kind: 'complete' }>,
  to: CaptureState,
  selectedByNamespace: boolean,
): Outcome {
  const wanted = to.label === null ? selectedByNamespace : to.label === 'enabled';
  const wrong = newPods.filter((pod) => isInjected(pod) !== wanted);
  const pods = { made: newPods.length, withAgent: newPods.filter(isInjected).length };
  if (wrong.length === 0) return { kind: 'done', message, pods };
  const unanswered = wanted && wrong.every((pod) => skippedReasonOf(pod) === undefined);
  return {
    kind: 'incomplete',
    message: `${message}, ${pods.withAgent} of ${pods.made} with an agent`,
    reasons: wrong.map((pod) => `pod/${pod.name}: ${skippedReasonOf(pod) ?? (wanted ? UNANSWERED : 'has an agent')}`),
    pods,
    unanswered,
  };
}
