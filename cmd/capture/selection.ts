import * as z from 'zod';
import { ENABLED_ANNOTATION } from '../../contract/labels.ts';
import type { ObjectMeta } from '../kubernetes/cluster.ts';

export type Capture = 'enabled' | 'disabled';

/** The two values of the capture label that count for a pod. */
export interface CaptureLabels {
  readonly pod?: string | undefined;
  readonly namespace?: string | undefined;
}

/** Is the pod to be captured? Its own label wins over its namespace's; a value that is not valid selects nothing. */
export function isSelected({ pod, namespace }: CaptureLabels): boolean {
  return (pod ?? namespace) === 'enabled';
}

/**
 * What `enable` and `disable` did to an object, kept in its own metadata (never in the template, so that the template
 * holds nothing that was not asked for) until it is undone.
 */
const changeRecordSchema = z.strictObject({
  /** RFC 3339: pods made before have no agent because of their age. */
  at: z.string(),
  label: z.strictObject({ before: z.string().nullable(), after: z.string().nullable() }).optional(),
  /** Of `kubectl.kubernetes.io/restartedAt` in the template. */
  restartedAt: z.strictObject({ before: z.string().nullable(), after: z.string().nullable() }).optional(),
});

export type ChangeRecord = z.infer<typeof changeRecordSchema>;

/** Undefined where there is no record, or one that cannot be read: then what is found counts as the user's own. */
export function readChangeRecord({ annotations }: Pick<ObjectMeta, 'annotations'>): ChangeRecord | undefined {
  const text = annotations?.[ENABLED_ANNOTATION];
  if (text === undefined) return undefined;
  try {
    return changeRecordSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/**
 * The value the capture label must get so that the object is `wanted`; null: no label; undefined: it need not change.
 * What was replaced earlier comes back where that does it, so that two opposite changes leave no trace.
 */
export function labelFor(
  wanted: Capture,
  { pod: own, namespace }: CaptureLabels,
  record: ChangeRecord | undefined,
): string | null | undefined {
  const gives = (value: string | null | undefined) =>
    isSelected({ pod: value ?? undefined, namespace }) === (wanted === 'enabled');
  if (gives(own)) return undefined;
  const { label } = record ?? {};
  if (label && (own ?? null) === label.after && gives(label.before)) return label.before;
  return wanted === 'disabled' && gives(null) ? null : wanted;
}
