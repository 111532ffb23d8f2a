import type { Code } from '../../contract/codes.ts';
import type { Clock } from '../clock.ts';
import { mapConcurrently } from '../concurrency.ts';
import type { Cluster } from '../kubernetes/cluster.ts';
import { agentState, type PodView, skippedReasonOf, viewPod } from '../kubernetes/pods.ts';
import { controllerOf } from '../kubernetes/workloads.ts';
import type { WorkloadCoverage } from './workload-coverage.ts';

/** One eviction a second in the whole cluster: a mistake is noticed before it has reached many. */
const EVICTION_INTERVAL_MILLIS = 1_000;
/** Each has one pod fewer while it is repaired. */
const WORKLOADS_AT_A_TIME = 4;
const REFUSED_RETRY_MILLIS = 5_000;
const POLL_MILLIS = 500;
/** An image that cannot be pulled now may be there in a moment: the trouble has to last for this many looks. */
const AGENT_TROUBLE_LOOKS = 20;
/** What a pod that is made anew is likely not to have again; all else would only cost a restart. */
const REPAIRABLE: readonly Code[] = ['DBA2009', 'DBA2010', 'DBA2012', 'DBA2013'];

export interface RepairResult {
  readonly namespace: string;
  /** `deployment/orders` */
  readonly workload: string;
  /** Pods that were evicted and whose replacement is ready and has an agent. */
  readonly replaced: number;
  /** Why there are uncovered pods left. */
  readonly problem?: string;
}

export interface RepairOptions {
  readonly cluster: Cluster;
  readonly clock: Clock;
  /** Aborted: nothing more is evicted; what was evicted is waited for no longer. */
  readonly signal: AbortSignal;
  /** For each pod: until its eviction is allowed, and again until its replacement is covered. */
  readonly timeoutMillis: number;
  readonly update: (state: string) => void;
}

/**
 * Has uncovered pods made anew by their controllers: evicted one at a time in each workload, the next only when the
 * replacement is ready and has an agent. Disruption budgets are respected. A workload whose replacement is uncovered too
 * is given up; pods that no controller makes anew, and those of Jobs, whose work would start again, stay.
 */
export async function repair(
  workloads: readonly WorkloadCoverage[],
  options: RepairOptions,
): Promise<readonly RepairResult[]> {
  const uncovered = workloads.filter((workload) => workload.uncovered > 0);
  const total = uncovered.reduce((sum, workload) => sum + workload.uncovered, 0);
  let replaced = 0;
  const turns = new Turns(options.clock);
  return mapConcurrently(uncovered, WORKLOADS_AT_A_TIME, (workload) =>
    repairWorkload(workload, options, turns, () => {
      replaced += 1;
      options.update(`${replaced} of ${total} uncovered pods replaced`);
    }),
  );
}

async function repairWorkload(
  workload: WorkloadCoverage,
  options: RepairOptions,
  turns: Turns,
  onReplaced: () => void,
): Promise<RepairResult> {
  const { namespace, workload: name } = workload;
  let replaced = 0;
  const end = (problem?: string): RepairResult => ({
    namespace,
    workload: name,
    replaced,
    ...(problem === undefined ? {} : { problem }),
  });
  const left: string[] = [];
  for (const { pod, coverage } of workload.pods) {
    if (coverage.state !== 'uncovered') continue;
    const reason = REPAIRABLE.includes(coverage.code) ? unmovable(pod) : `${coverage.code}: ${coverage.reason}`;
    if (reason !== undefined) {
      left.push(reason);
      continue;
    }
    const problem = await replacePod(pod, options, turns);
    if (problem !== undefined) return end(problem);
    replaced += 1;
    onReplaced();
  }
  return left.length === 0 ? end() : end(`${left.length} left: ${[...new Set(left)].join('; ')}`);
}

/** Why a pod is not evicted. */
function unmovable({ object }: PodView): string | undefined {
  const owner = controllerOf(object);
  if (!owner) return 'no controller would make the pod anew';
  if (owner.kind === 'Job') return 'the work of a Job would start again; its next run is captured';
  if (owner.kind === 'Node') return 'static pods come from a file on the node';
  return undefined;
}

/** The problem, if any. */
async function replacePod(pod: PodView, options: RepairOptions, turns: Turns): Promise<string | undefined> {
  const { cluster, clock, signal, timeoutMillis } = options;
  const before = new Set((await siblings(cluster, pod)).map(uid));
  const evictBy = clock.now() + timeoutMillis;
  for (;;) {
    if (!(await turns.take(signal))) return 'interrupted';
    if ((await cluster.evict(pod.namespace, pod.name)) !== 'refused') break;
    if (clock.now() >= evictBy) return `a disruption budget did not allow the eviction of pod/${pod.name}`;
    if (!(await clock.sleep(REFUSED_RETRY_MILLIS, signal))) return 'interrupted';
  }
  const coveredBy = clock.now() + timeoutMillis;
  let trouble = 0;
  for (;;) {
    const made = (await siblings(cluster, pod)).filter((sibling) => !before.has(uid(sibling)) && !sibling.ended);
    const states = made.map((sibling) => ({ sibling, agent: agentState(sibling) }));
    if (states.some(({ sibling, agent }) => agent.kind === 'running' && sibling.ready)) return undefined;
    const bare = states.find(({ agent }) => agent.kind === 'absent');
    if (bare) return `its replacement pod/${bare.sibling.name} has no agent either: ${whyBare(bare.sibling)}`;
    const down = states.find(({ agent }) => agent.kind === 'down');
    trouble = down ? trouble + 1 : 0;
    if (down?.agent.kind === 'down' && trouble >= AGENT_TROUBLE_LOOKS)
      return `the agent of its replacement pod/${down.sibling.name} does not run: ${down.agent.reason}`;
    if (clock.now() >= coveredBy)
      return `the replacement of pod/${pod.name} is not ready after ${Math.round(timeoutMillis / 1_000)} s`;
    if (!(await clock.sleep(POLL_MILLIS, signal))) return 'interrupted';
  }
}

/** Pods of the same controller; the pod itself among them while it is there. */
async function siblings(cluster: Cluster, { object, namespace }: PodView): Promise<readonly PodView[]> {
  const owner = controllerOf(object)?.uid;
  const pods = await cluster.list({ apiVersion: 'v1', kind: 'Pod' }, { namespace });
  return pods.filter((other) => controllerOf(other)?.uid === owner).map(viewPod);
}

function uid({ object, namespace, name }: PodView): string {
  return object.metadata.uid ?? `${namespace}/${name}`;
}

function whyBare(pod: PodView): string {
  return skippedReasonOf(pod) ?? 'DBA2009: the injector did not answer when the pod was created';
}

/** Spaces evictions apart. */
class Turns {
  readonly #clock: Clock;
  #next = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** False where it was aborted while it waited. */
  async take(signal: AbortSignal): Promise<boolean> {
    const now = this.#clock.now();
    const at = Math.max(now, this.#next);
    this.#next = at + EVICTION_INTERVAL_MILLIS;
    return this.#clock.sleep(at - now, signal);
  }
}
