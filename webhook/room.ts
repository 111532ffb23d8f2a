import type { V1LimitRange, V1ResourceQuota } from '@kubernetes/client-node';
import { AGENT_CONTAINER } from '../contract/labels.ts';
import { withAgentResources } from './agent-resources.ts';
import { contradictionOf, limitRangeObjection, withDefaults } from './limit-range.ts';
import type { Pod } from './pod.ts';
import { type Amounts, type PodUsage, usageOf } from './pod-usage.ts';
import { parseAmount } from './resource-amount.ts';
import { chargeOf, quotaObjection } from './resource-quota.ts';

/** What a namespace allows. */
export interface Allowance {
  readonly quotas: readonly V1ResourceQuota[];
  readonly limitRanges: readonly V1LimitRange[];
  /** By name of the quota: what was let through and is not in its `used` yet. */
  readonly reserved: ReadonlyMap<string, Amounts>;
}

export type Room =
  /** `pod` may have got a CPU limit that the namespace demands; `charged`: by name of the quota. */
  | { readonly fits: true; readonly pod: Pod; readonly charged: ReadonlyMap<string, Amounts> }
  | { readonly fits: false; readonly reason: string };

/**
 * Where a quota or a limit range demands a CPU limit the agent gets one, the most generous that the namespace has room
 * for: a throttled agent loses packets. The last is its request itself.
 */
const CPU_LIMITS = ['500m', '200m', '100m'] as const;

/**
 * Whether the API server will take the injected pod as it would have taken the pod before. The API server's own checks
 * run after us: a limit range gives its defaults and tests, then quotas are charged.
 */
export function findRoom(before: Pod, injected: Pod, allowance: Allowance): Room {
  let reason = '';
  for (const pod of candidates(injected)) {
    const objection = objectionTo(before, pod, allowance);
    if (objection === undefined) return { fits: true, pod, charged: chargesOf(pod, allowance) };
    reason ||= objection;
  }
  return { fits: false, reason };
}

function* candidates(pod: Pod): Generator<Pod> {
  yield pod;
  const agent = usageOf(pod).containers.find(({ name }) => name === AGENT_CONTAINER);
  if (agent === undefined || agent.limits.cpu !== undefined) return;
  const request = agent.requests.cpu ?? 0n;
  for (const limit of CPU_LIMITS) {
    if (parseAmount(limit) > request) yield withCpuLimit(pod, limit);
  }
  if (request > 0n) yield withCpuLimit(pod, `${request}n`);
}

function withCpuLimit(pod: Pod, cpu: string): Pod {
  return withAgentResources(pod, ({ requests, limits }) => ({ requests, limits: { ...limits, cpu } }));
}

/** Undefined where nothing speaks against the pod. */
function objectionTo(before: Pod, injected: Pod, { quotas, limitRanges, reserved }: Allowance): string | undefined {
  const pod = withDefaults(injected, limitRanges);
  const usage = usageOf(pod);
  for (const limitRange of limitRanges) {
    const objection = limitRangeObjection(limitRange, usage);
    if (objection !== undefined) return `limit range ${limitRange.metadata?.name}: ${objection}`;
  }
  const contradiction = contradictionOf(usage);
  if (contradiction !== undefined) return `the default limit of ${contradiction} is less than the agent requests`;
  const exceeded = exceededOf(usage);
  if (exceeded !== undefined) return `what the pod itself sets for ${exceeded} leaves no room`;
  for (const quota of quotas) {
    const objection = quotaObjection(quota, {
      before: chargeOf(before, quota),
      after: chargeOf(pod, quota),
      containers: usage.containers,
      reserved: reserved.get(quota.metadata?.name ?? '') ?? {},
    });
    if (objection !== undefined) return `quota ${quota.metadata?.name}: ${objection}`;
  }
  return undefined;
}

function chargesOf(pod: Pod, { quotas, limitRanges }: Allowance): ReadonlyMap<string, Amounts> {
  const charged = withDefaults(pod, limitRanges);
  return new Map(quotas.map((quota) => [quota.metadata?.name ?? '', chargeOf(charged, quota)]));
}

/** The resource of which the containers together request more, or one of them may use more, than the pod as a whole. */
function exceededOf({ containers, sum, own }: PodUsage): string | undefined {
  const exceeds = (amounts: Amounts, bounds: Amounts): string | undefined =>
    Object.keys(bounds).find((resource) => (amounts[resource] ?? 0n) > (bounds[resource] ?? 0n));
  const limited = containers.map(({ limits }) => exceeds(limits, own.limits));
  return exceeds(sum.requests, own.requests) ?? limited.find((resource) => resource !== undefined);
}
