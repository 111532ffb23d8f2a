import type { Cluster, KubernetesObject, OwnerReference, ResourceType, Selection } from './cluster.ts';
import { controllerOf } from './workloads.ts';

/** Kinds that stand between a pod and what a user knows it by. */
const BETWEEN: readonly ResourceType[] = [
  { apiVersion: 'apps/v1', kind: 'ReplicaSet' },
  { apiVersion: 'batch/v1', kind: 'Job' },
];

/** By uid: ReplicaSets and Jobs, which other controllers make. */
export type ObjectsBetween = ReadonlyMap<string, KubernetesObject>;

/** Lists what stands between pods and their workloads; a kind that the caller may not list is left out. */
export async function listBetween(
  list: (type: ResourceType, selection: Selection) => ReturnType<Cluster['list']>,
  selection: Selection,
): Promise<ObjectsBetween> {
  const found = await Promise.all(BETWEEN.map((type) => list(type, selection)));
  return new Map(found.flat().flatMap((object) => (object.metadata.uid ? [[object.metadata.uid, object]] : [])));
}

/** What a user knows an object by. */
export interface Owner extends Pick<OwnerReference, 'apiVersion' | 'kind' | 'name'> {
  readonly uid: string;
}

/** Follows controllers up: pod, ReplicaSet, Deployment. An object that nothing controls is its own. */
export function topOwnerOf(object: KubernetesObject, between: ObjectsBetween): Owner {
  const owner = controllerOf(object);
  if (!owner) {
    const { apiVersion, kind, metadata } = object;
    return { apiVersion, kind, name: metadata.name, uid: metadata.uid ?? `${metadata.namespace}/${metadata.name}` };
  }
  const known = between.get(owner.uid);
  return known ? topOwnerOf(known, between) : owner;
}
