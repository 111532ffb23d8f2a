import * as z from 'zod';
import type { Pod } from './pod.ts';
import { parseAmount } from './resource-amount.ts';

/*
 * What a pod counts for: k8s.io/component-helpers/resource (PodRequests, PodLimits) and the pod evaluator of quotas.
 * https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/#resource-sharing-within-containers
 */

/** By resource, in billionths; what is absent is not set. */
export type Amounts = Readonly<Record<string, bigint>>;

export interface ContainerUsage {
  readonly name: string;
  readonly requests: Amounts;
  readonly limits: Amounts;
}

export interface PodUsage {
  /** Both kinds of containers. */
  readonly containers: readonly ContainerUsage[];
  /** What the containers need together. */
  readonly sum: { readonly requests: Amounts; readonly limits: Amounts };
  /** What the pod sets for all of them (`spec.resources`). */
  readonly own: { readonly requests: Amounts; readonly limits: Amounts };
  /** What counts: the sum with overhead, or what the pod sets. */
  readonly requests: Amounts;
  readonly limits: Amounts;
}

const amounts = z
  .record(z.string(), z.union([z.string(), z.number()]).transform(parseAmount))
  .nullish()
  .transform((value) => value ?? {});
const resources = z
  .looseObject({ requests: amounts, limits: amounts })
  .nullish()
  .transform((value) => value ?? { requests: {}, limits: {} });
const container = z.looseObject({ name: z.string(), restartPolicy: z.string().nullish(), resources });
const usageSchema = z.looseObject({
  containers: z.array(container),
  initContainers: z.array(container).nullish(),
  overhead: amounts,
  resources,
});

/**
 * Reads what all containers ask for, and what the pod as a whole then counts for.
 * @throws ZodError, Error where a quantity is none
 */
export function usageOf(pod: Pod): PodUsage {
  const spec = usageSchema.parse(pod.spec);
  const containers = spec.containers.map(withRequests);
  const initial = (spec.initContainers ?? []).map((each) => ({
    ...withRequests(each),
    stays: each.restartPolicy === 'Always',
  }));
  const own = withRequests({ name: '', resources: spec.resources });
  const sum = { requests: peak(containers, initial, 'requests'), limits: peak(containers, initial, 'limits') };
  return {
    containers: [...containers, ...initial],
    sum,
    own,
    requests: { ...plus(sum.requests, spec.overhead), ...own.requests },
    limits: { ...plus(sum.limits, spec.overhead), ...own.limits },
  };
}

/** A request that is not said is the limit. */
function withRequests({ name, resources }: Pick<z.infer<typeof container>, 'name' | 'resources'>): ContainerUsage {
  return { name, requests: { ...resources.limits, ...resources.requests }, limits: resources.limits };
}

/** The most that is needed at any time: while an init container runs, or when all that stay do. */
function peak(
  containers: readonly ContainerUsage[],
  initial: readonly (ContainerUsage & { readonly stays: boolean })[],
  list: 'requests' | 'limits',
): Amounts {
  let staying: Amounts = {};
  let highest: Amounts = {};
  for (const each of initial) {
    const during = plus(staying, each[list]);
    if (each.stays) staying = during;
    highest = most(highest, during);
  }
  return most(
    highest,
    containers.reduce((sum, each) => plus(sum, each[list]), staying),
  );
}

export function plus(one: Amounts, other: Amounts): Amounts {
  const sum: Record<string, bigint> = { ...one };
  for (const [resource, amount] of Object.entries(other)) sum[resource] = (sum[resource] ?? 0n) + amount;
  return sum;
}

function most(one: Amounts, other: Amounts): Amounts {
  const highest: Record<string, bigint> = { ...one };
  for (const [resource, amount] of Object.entries(other)) {
    if (amount > (highest[resource] ?? -1n)) highest[resource] = amount;
  }
  return highest;
}
