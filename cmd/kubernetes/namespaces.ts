import { UserError } from '../../contract/user-error.ts';
import type { Cluster, KubernetesObject } from './cluster.ts';

const NAMESPACE = { apiVersion: 'v1', kind: 'Namespace' };

/** The namespaces that were read, by name. */
export type Namespaces = ReadonlyMap<string, KubernetesObject>;

/**
 * One namespace, or all of them. What the caller may not read is left out: many may work in a namespace and not look at
 * it, and `onForbidden` is told once.
 */
export async function readNamespaces(
  cluster: Cluster,
  names: readonly string[] | 'all',
  onForbidden: (error: UserError) => void,
): Promise<Namespaces> {
  try {
    const found =
      names === 'all'
        ? await cluster.list(NAMESPACE)
        : await Promise.all([...new Set(names)].map((name) => cluster.find(NAMESPACE, name)));
    return new Map(found.flatMap((object) => (object ? [[object.metadata.name, object]] : [])));
  } catch (error) {
    if (!(error instanceof UserError) || error.code !== 'DBA1102') throw error;
    onForbidden(error);
    return new Map();
  }
}
