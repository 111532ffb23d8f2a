import type { V1ResourceQuota, V1ScopedResourceSelectorRequirement } from '@kubernetes/client-node';
import * as z from 'zod';
import type { Pod } from './pod.ts';
import { type Amounts, type ContainerUsage, type PodUsage, usageOf } from './pod-usage.ts';
import { parseAmount } from './resource-amount.ts';

/*
 * What the API server's ResourceQuota plugin does with a pod that is created (pkg/quota/v1/evaluator/core/pods.go).
 * https://kubernetes.io/docs/concepts/policy/resource-quotas/
 */

/** A quota on one of these demands that every container sets it. */
const DEMANDED = ['cpu', 'requests.cpu', 'memory', 'requests.memory', 'limits.cpu', 'limits.memory'] as const;
/** A pod that sets none of these, in no container, is of class BestEffort. */
const QUALITY_RESOURCES = ['cpu', 'memory'] as const;

export interface Charge {
  readonly before: Amounts;
  readonly after: Amounts;
  readonly containers: readonly ContainerUsage[];
  /** Let through and not in the quota's `used` yet. */
  readonly reserved: Amounts;
}

/** Why the quota would refuse the pod because of the agent; undefined where it would not. */
export function quotaObjection({ spec, status }: V1ResourceQuota, charge: Charge): string | undefined {
  for (const [resource, hard] of Object.entries(spec?.hard ?? {})) {
    const after = charge.after[resource];
    if (after === undefined) continue;
    if (isDemanded(resource) && !charge.containers.every((container) => sets(container, resource))) {
      return `every container must set ${resource}`;
    }
    // What the agent adds nothing to is between the pod and its quota.
    if (after === (charge.before[resource] ?? 0n)) continue;
    const used = parseAmount(status?.used?.[resource] ?? 0) + (charge.reserved[resource] ?? 0n);
    if (used + after > parseAmount(hard)) return `${resource} of ${hard} would be exceeded`;
  }
  return undefined;
}

function isDemanded(resource: string): boolean {
  return DEMANDED.some((demanded) => demanded === resource);
}

function sets({ requests, limits }: ContainerUsage, resource: string): boolean {
  const [list, name] = resource.includes('.') ? resource.split('.', 2) : ['requests', resource];
  return name !== undefined && (list === 'limits' ? limits : requests)[name] !== undefined;
}

/** What the pod counts for, of all that the quota bounds; nothing where the quota is not for such pods. */
export function chargeOf(pod: Pod, { spec }: V1ResourceQuota): Amounts {
  const usage = usageOf(pod);
  const scopes = [
    ...(spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists' })),
    ...(spec?.scopeSelector?.matchExpressions ?? []),
  ];
  if (!scopes.every((scope) => isInScope(pod, usage, scope))) return {};
  const counted: Record<string, bigint> = { pods: parseAmount(1), 'count/pods': parseAmount(1) };
  for (const [resource, amount] of Object.entries(usage.requests)) {
    counted[resource] = amount;
    counted[`requests.${resource}`] = amount;
  }
  for (const [resource, amount] of Object.entries(usage.limits)) counted[`limits.${resource}`] = amount;
  return Object.fromEntries(Object.keys(spec?.hard ?? {}).map((resource) => [resource, counted[resource] ?? 0n]));
}

const scopedSchema = z.looseObject({
  activeDeadlineSeconds: z.number().nullish(),
  priorityClassName: z.string().nullish(),
});

function isInScope(pod: Pod, usage: PodUsage, scope: V1ScopedResourceSelectorRequirement): boolean {
  const { activeDeadlineSeconds, priorityClassName } = scopedSchema.parse(pod.spec);
  switch (scope.scopeName) {
    case 'Terminating':
      return (activeDeadlineSeconds ?? -1) >= 0;
    case 'NotTerminating':
      return (activeDeadlineSeconds ?? -1) < 0;
    case 'BestEffort':
      return isBestEffort(usage);
    case 'NotBestEffort':
      return !isBestEffort(usage);
    case 'PriorityClass':
      return isSelected(priorityClassName ?? '', scope);
    default:
      // CrossNamespacePodAffinity, which we do not change, and scopes to come: rather one pod skipped than one refused.
      return true;
  }
}

function isSelected(value: string, { operator, values = [] }: V1ScopedResourceSelectorRequirement): boolean {
  switch (operator) {
    case 'In':
      return values.includes(value);
    case 'NotIn':
      return !values.includes(value);
    case 'DoesNotExist':
      return value === '';
    default:
      return value !== '';
  }
}

function isBestEffort({ containers, requests, limits }: PodUsage): boolean {
  return [...containers, { requests, limits }].every((each) =>
    QUALITY_RESOURCES.every((resource) => (each.requests[resource] ?? 0n) + (each.limits[resource] ?? 0n) === 0n),
  );
}
