import type { KubernetesObject } from '../contract/kubernetes-object.ts';
import { COMMAND_RIGHTS, type Level, type Right } from './command-rights.ts';
import { clusterMetadata } from './metadata.ts';
import type { InstallOptions } from './options.ts';
import { type PolicyRule, RBAC } from './policy-rule.ts';

type AggregatedLevel = Extract<Level, 'view' | 'edit' | 'admin'>;

/** From the least to the most: each holds what those before it hold. */
const LEVELS: readonly AggregatedLevel[] = ['view', 'edit', 'admin'];

/**
 * ClusterRoles for users of the plugin. Who has a built-in role has the same of ours; bound alone, ours suffices for the
 * commands of its level. https://kubernetes.io/docs/reference/access-authn-authz/rbac/#aggregated-clusterroles
 */
export function renderUserRoles(options: InstallOptions): KubernetesObject[] {
  return LEVELS.map((level, index) => {
    const { name, labels } = clusterMetadata(options, 'access', `dbaudit-${level}`);
    const aggregation = { [`${RBAC}/aggregate-to-${level}`]: 'true' };
    return {
      apiVersion: `${RBAC}/v1`,
      kind: 'ClusterRole',
      metadata: { name, labels: { ...labels, ...aggregation } },
      rules: rulesUpTo(LEVELS.slice(0, index + 1)),
    };
  });
}

/** One rule for each resource, in a stable order. */
function rulesUpTo(levels: readonly Level[]): PolicyRule[] {
  const verbsOf = new Map<string, Set<string>>();
  for (const { group, resources, verbs } of rightsOf(levels)) {
    for (const resource of resources) {
      const key = `${group} ${resource}`;
      verbsOf.set(key, new Set([...(verbsOf.get(key) ?? []), ...verbs]));
    }
  }
  return [...verbsOf.keys()].sort().map((key) => {
    const [group = '', resource = ''] = key.split(' ');
    return { apiGroups: [group], resources: [resource], verbs: [...(verbsOf.get(key) ?? [])].sort() };
  });
}

function rightsOf(levels: readonly Level[]): readonly Right[] {
  return COMMAND_RIGHTS.flatMap(({ level, rights }) => rights.filter((right) => levels.includes(right.level ?? level)));
}
