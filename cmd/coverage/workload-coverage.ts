import type { Code } from '../../contract/codes.ts';
import type { AgentStatus } from '../kubernetes/agent-status.ts';
import type { Owner } from '../kubernetes/owners.ts';
import type { PodView } from '../kubernetes/pods.ts';
import type { PodCoverage } from './pod-coverage.ts';

/** A selected pod, with what is known of it. */
export interface SurveyedPod {
  readonly pod: PodView;
  readonly owner: Owner;
  readonly coverage: PodCoverage;
  /** Undefined: its agent was not asked or did not answer. */
  readonly status: AgentStatus | undefined;
}

/** The pods of one workload, taken together. */
export interface WorkloadCoverage {
  readonly namespace: string;
  /** `deployment/orders` */
  readonly workload: string;
  readonly owner: Owner;
  readonly pods: readonly SurveyedPod[];
  readonly ready: number;
  readonly captured: number;
  readonly uncovered: number;
  /** Undefined: no agent. */
  readonly mode: string | undefined;
  /** What the agents say, summed up; undefined where none answered. */
  readonly seen: Seen | undefined;
  /** Each once, the most frequent first. */
  readonly reasons: readonly Reason[];
}

export interface Seen {
  readonly protocols: AgentStatus['protocols'];
  /** RFC 3339, of the newest event. */
  readonly lastEventAt: string | undefined;
  readonly droppedPackets: number;
  readonly gapBytes: number;
  readonly versions: readonly string[];
}

interface Reason {
  readonly code: Code;
  readonly reason: string;
  readonly pods: number;
}

/** A workload that is to be captured and has no pods now, or those of `pods`. */
export function summarize(
  { namespace, owner }: { readonly namespace: string; readonly owner: Owner },
  pods: readonly SurveyedPod[],
  modeWithoutPods?: string,
): WorkloadCoverage {
  const modes = new Set(pods.flatMap(({ coverage }) => coverage.mode ?? []));
  return {
    namespace,
    owner,
    workload: `${owner.kind.toLowerCase()}/${owner.name}`,
    pods,
    ready: pods.filter(({ pod }) => pod.ready).length,
    captured: count(pods, 'captured'),
    uncovered: count(pods, 'uncovered'),
    mode: modes.size > 0 ? [...modes].sort().join(',') : pods.length === 0 ? modeWithoutPods : undefined,
    seen: sum(pods.flatMap(({ status }) => status ?? [])),
    reasons: reasonsOf(pods),
  };
}

/** Of the pods whose state is known, those captured, in percent; 100 where there are none. */
export function coveredPercent(workloads: readonly WorkloadCoverage[]): number {
  const captured = workloads.reduce((total, workload) => total + workload.captured, 0);
  const uncovered = workloads.reduce((total, workload) => total + workload.uncovered, 0);
  return captured + uncovered === 0 ? 100 : (captured / (captured + uncovered)) * 100;
}

function count(pods: readonly SurveyedPod[], state: PodCoverage['state']): number {
  return pods.filter(({ coverage }) => coverage.state === state).length;
}

function sum(statuses: readonly AgentStatus[]): Seen | undefined {
  if (statuses.length === 0) return undefined;
  const protocols: Record<string, AgentStatus['protocols'][string]> = {};
  for (const [name, { statements, sessions, encrypted }] of statuses.flatMap((one) => Object.entries(one.protocols))) {
    // Agents name every protocol they know, seen or not.
    if (sessions === 0 && statements === 0) continue;
    const before = protocols[name] ?? { statements: 0, sessions: 0, encrypted: 0 };
    protocols[name] = {
      statements: before.statements + statements,
      sessions: before.sessions + sessions,
      encrypted: before.encrypted + encrypted,
    };
  }
  return {
    protocols,
    lastEventAt: statuses
      .flatMap(({ lastEventAt }) => lastEventAt ?? [])
      .sort()
      .at(-1),
    droppedPackets: statuses.reduce((total, { droppedPackets }) => total + droppedPackets, 0),
    gapBytes: statuses.reduce((total, { gapBytes }) => total + gapBytes, 0),
    versions: [...new Set(statuses.map(({ version }) => version))].sort(),
  };
}

function reasonsOf(pods: readonly SurveyedPod[]): readonly Reason[] {
  const reasons = new Map<string, Reason>();
  for (const { coverage } of pods) {
    if (coverage.state !== 'uncovered') continue;
    const { code, reason } = coverage;
    const known = reasons.get(`${code} ${reason}`);
    reasons.set(`${code} ${reason}`, { code, reason, pods: (known?.pods ?? 0) + 1 });
  }
  return [...reasons.values()].sort((a, b) => b.pods - a.pods || a.code.localeCompare(b.code));
}
