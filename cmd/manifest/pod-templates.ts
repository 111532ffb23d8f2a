import { workloadKindOf } from '../kubernetes/workload-kinds.ts';

/** Where in a manifest a pod, or the template of pods, stands. */
export interface PodPlace {
  /** `deployment/orders`, as kubectl prints it. */
  readonly name: string;
  /** Undefined where the manifest does not say. */
  readonly namespace: string | undefined;
  readonly pod: unknown;
}

/**
 * The manifest with `change` done to its pod or pod template, of a `List` to those of all its items; what has none is
 * given back as it is, and so is a manifest of which nothing changed. What `change` gives back unchanged stays the same
 * object.
 */
export function mapPods(manifest: unknown, change: (place: PodPlace) => unknown): unknown {
  if (!isRecord(manifest)) return manifest;
  const { apiVersion, kind, items } = manifest;
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') return manifest;
  if (kind.endsWith('List') && Array.isArray(items)) {
    const changed = items.map((item) => mapPods(item, change));
    return changed.some((item, index) => item !== items[index]) ? { ...manifest, items: changed } : manifest;
  }
  const template = workloadKindOf({ apiVersion, kind })?.template;
  if (template === undefined) return manifest;
  const metadata = isRecord(manifest.metadata) ? manifest.metadata : {};
  return changeAt(manifest, template, (pod) =>
    change({
      name: `${kind.toLowerCase()}/${metadata.name ?? metadata.generateName ?? '(no name)'}`,
      namespace: typeof metadata.namespace === 'string' ? metadata.namespace : undefined,
      pod,
    }),
  );
}

function changeAt(value: unknown, path: readonly string[], change: (part: unknown) => unknown): unknown {
  const [field, ...below] = path;
  if (field === undefined) return change(value);
  if (!isRecord(value)) return value;
  const changed = changeAt(value[field], below, change);
  return changed === value[field] ? value : { ...value, [field]: changed };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
