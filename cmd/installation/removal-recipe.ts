import { PART_OF_LABEL, PART_OF_VALUE } from '../../contract/labels.ts';
import type { KubernetesObject } from '../kubernetes/cluster.ts';
import { INTERCEPTING_KINDS } from './own-objects.ts';

/** The kubectl commands that remove an installation when even this plugin is not at hand, first what acts on pods. */
export function removalRecipe(objects: readonly KubernetesObject[]): readonly string[] {
  const kinds = [...new Set(objects.map(({ kind }) => kind.toLowerCase()))];
  const intercepting = kinds.filter((kind) => INTERCEPTING_KINDS.some((known) => known.toLowerCase() === kind));
  const clusterWide = objects
    .filter(({ kind, metadata }) => metadata.namespace === undefined && kind !== 'Namespace')
    .map(({ kind }) => kind.toLowerCase())
    .filter((kind) => !intercepting.includes(kind));
  const selector = `-l ${PART_OF_LABEL}=${PART_OF_VALUE}`;
  return [
    ...(intercepting.length === 0 ? [] : [`kubectl delete ${intercepting.join(',')} ${selector}`]),
    ...(clusterWide.length === 0 ? [] : [`kubectl delete ${[...new Set(clusterWide)].join(',')} ${selector}`]),
    `kubectl delete configmap,secret,rolebinding -A ${selector}`,
    `kubectl delete namespace ${selector}`,
  ];
}
