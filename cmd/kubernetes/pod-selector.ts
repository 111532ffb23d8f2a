import * as z from 'zod';
import type { KubernetesObject } from './cluster.ts';

const texts = z.record(z.string(), z.string());
const selectorSchema = z.looseObject({
  matchLabels: texts.default({}),
  matchExpressions: z
    .array(z.looseObject({ key: z.string(), operator: z.string(), values: z.array(z.string()).default([]) }))
    .default([]),
});
const withSelector = z.looseObject({ spec: z.looseObject({ selector: z.unknown() }) });

/** Which pods a workload takes for its own, as a label selector; undefined for kinds that have none. */
export function podSelectorOf(object: KubernetesObject): string | undefined {
  const selector = withSelector.safeParse(object).data?.spec.selector;
  if (selector === undefined || selector === null) return undefined;
  if (object.kind === 'ReplicationController') return equalities(texts.parse(selector)).join(',');
  const { matchLabels, matchExpressions } = selectorSchema.parse(selector);
  return [...equalities(matchLabels), ...matchExpressions.map(expression)].join(',');
}

function equalities(labels: Readonly<Record<string, string>>): string[] {
  return Object.entries(labels).map(([key, value]) => `${key}=${value}`);
}

function expression({
  key,
  operator,
  values,
}: {
  readonly key: string;
  readonly operator: string;
  readonly values: readonly string[];
}): string {
  switch (operator) {
    case 'In':
      return `${key} in (${values.join(',')})`;
    case 'NotIn':
      return `${key} notin (${values.join(',')})`;
    case 'DoesNotExist':
      return `!${key}`;
    default:
      return key;
  }
}
