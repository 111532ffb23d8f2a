import type { V1LimitRange, V1LimitRangeItem } from '@kubernetes/client-node';
import { AGENT_CONTAINER } from '../contract/labels.ts';
import { withAgentResources } from './agent-resources.ts';
import type { Pod } from './pod.ts';
import type { Amounts, PodUsage } from './pod-usage.ts';
import { parseAmount } from './resource-amount.ts';

/*
 * What the API server's LimitRanger does, of which the agent's container and the pod's sums can be affected by us.
 * https://kubernetes.io/docs/concepts/policy/limit-range/
 */

/** The pod with what limit ranges put into the agent's container where it says nothing. LimitRanger runs again after us. */
export function withDefaults(pod: Pod, limitRanges: readonly V1LimitRange[]): Pod {
  const items = limitRanges.flatMap(({ spec }) => spec?.limits ?? []).filter(({ type }) => type === 'Container');
  if (items.length === 0) return pod;
  return withAgentResources(pod, ({ requests, limits }) => ({
    limits: Object.assign({}, ...items.map(defaultOf), limits),
    requests: Object.assign({}, ...items.map(({ defaultRequest }) => defaultRequest), requests),
  }));
}

/** The client's typed lists call it `_default`; what a watch delivers has the name that the API server gives it. */
function defaultOf(item: V1LimitRangeItem): unknown {
  return item._default ?? ('default' in item ? item.default : {});
}

/** The resource of which the agent requests more than its limit, since limit ranges put in the latter. */
export function contradictionOf(usage: PodUsage): string | undefined {
  const { requests = {}, limits = {} } = usage.containers.find(({ name }) => name === AGENT_CONTAINER) ?? {};
  return Object.keys(limits).find((resource) => (requests[resource] ?? 0n) > (limits[resource] ?? 0n));
}

/** Why LimitRanger would refuse the pod; undefined where it would not. */
export function limitRangeObjection({ spec }: V1LimitRange, usage: PodUsage): string | undefined {
  const agent = usage.containers.find(({ name }) => name === AGENT_CONTAINER);
  for (const item of spec?.limits ?? []) {
    const bounded = item.type === 'Container' ? agent : item.type === 'Pod' ? usage : undefined;
    const objection = bounded && itemObjection(item, bounded);
    if (objection !== undefined) return `${item.type.toLowerCase()} ${objection}`;
  }
  return undefined;
}

function itemObjection(
  { min, max, maxLimitRequestRatio }: V1LimitRangeItem,
  { requests, limits }: { readonly requests: Amounts; readonly limits: Amounts },
): string | undefined {
  for (const [resource, least] of Object.entries(min ?? {})) {
    const request = requests[resource];
    const limit = limits[resource];
    if (request === undefined) return `minimum of ${resource} is ${least}, no request is set`;
    if (request < parseAmount(least)) return `minimum of ${resource} is ${least}, less is requested`;
    if (limit !== undefined && limit < parseAmount(least))
      return `minimum of ${resource} is ${least}, the limit is less`;
  }
  for (const [resource, most] of Object.entries(max ?? {})) {
    const limit = limits[resource];
    if (limit === undefined) return `maximum of ${resource} is ${most}, no limit is set`;
    if (limit > parseAmount(most)) return `maximum of ${resource} is ${most}, the limit is more`;
    if ((requests[resource] ?? 0n) > parseAmount(most)) return `maximum of ${resource} is ${most}, more is requested`;
  }
  for (const [resource, ratio] of Object.entries(maxLimitRequestRatio ?? {})) {
    const request = requests[resource] ?? 0n;
    const limit = limits[resource] ?? 0n;
    if (request === 0n || limit === 0n) return `limit of ${resource} may be ${ratio} times the request, one is not set`;
    if (limit * parseAmount(1) > request * parseAmount(ratio)) {
      return `limit of ${resource} may be ${ratio} times the request and is more`;
    }
  }
  return undefined;
}
