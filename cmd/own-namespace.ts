import { DEFAULT_NAMESPACE, PART_OF_LABEL, PART_OF_VALUE } from '../contract/labels.ts';
import { UserError } from '../contract/user-error.ts';
import type { Cluster } from './kubernetes/cluster.ts';

const OURS = { labelSelector: `${PART_OF_LABEL}=${PART_OF_VALUE}` };

/**
 * Where dbaudit is installed: the namespace that carries our label, else that of a Deployment that does, else
 * `dbaudit-system`, also where the caller has no right to look.
 */
export async function findOwnNamespace(cluster: Cluster): Promise<string> {
  const [namespace] = await cluster.list({ apiVersion: 'v1', kind: 'Namespace' }, OURS).catch(noneWithoutRight);
  if (namespace !== undefined) return namespace.metadata.name;
  const [deployment] = await cluster.list({ apiVersion: 'apps/v1', kind: 'Deployment' }, OURS).catch(noneWithoutRight);
  return deployment?.metadata.namespace ?? DEFAULT_NAMESPACE;
}

function noneWithoutRight(error: unknown): [] {
  if (error instanceof UserError && error.code === 'DBA1102') return [];
  throw error;
}
