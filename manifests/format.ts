import { stringify, type ToStringOptions } from 'yaml';
import type { KubernetesObject } from '../contract/kubernetes-object.ts';

/** Long expressions stay on their line, and each object is readable without looking up anchors elsewhere. */
const STYLE: ToStringOptions & { aliasDuplicateObjects: boolean } = { lineWidth: 0, aliasDuplicateObjects: false };

/** The YAML of all that is written to files or printed; one way, so that outputs can be compared. */
export function formatYaml(value: unknown): string {
  return stringify(value, STYLE);
}

/** Objects as one stream of YAML documents, as `kubectl apply -f -` takes it. */
export function formatManifests(objects: readonly KubernetesObject[]): string {
  return objects.map(formatYaml).join('---\n');
}
