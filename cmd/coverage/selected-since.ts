import * as z from 'zod';
import { CAPTURE_LABEL } from '../../contract/labels.ts';
import { readChangeRecord } from '../capture/selection.ts';
import type { KubernetesObject } from '../kubernetes/cluster.ts';

/** Managed fields tell whole seconds. */
const SECOND = 1_000;

const managedFieldsSchema = z.looseObject({
  managedFields: z
    .array(
      z.looseObject({
        time: z.string().optional(),
        fieldsV1: z
          .looseObject({
            'f:metadata': z.looseObject({ 'f:labels': z.looseObject({}).optional() }).optional(),
          })
          .optional(),
      }),
    )
    .default([]),
});

/**
 * Since when a pod created in this place would have got an agent: milliseconds since 1970, undefined where nobody knows.
 * The later of the capture label and the injector.
 */
export function selectedSince(
  pod: KubernetesObject,
  namespace: KubernetesObject | undefined,
  injectorSince: string | undefined,
): number | undefined {
  const holder = pod.metadata.labels?.[CAPTURE_LABEL] === undefined ? namespace : pod;
  const times = [holder && labelledAt(holder), injectorSince === undefined ? undefined : Date.parse(injectorSince)];
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}

/**
 * The API server keeps, for each writer, when it last wrote: that may be later than the label, never earlier. Of several
 * writers of the label the first counts. A label that came with the object is as old as it.
 */
function labelledAt(object: KubernetesObject): number | undefined {
  const { managedFields } = managedFieldsSchema.parse(object.metadata);
  const times = managedFields
    .filter(({ fieldsV1 }) => Object.hasOwn(fieldsV1?.['f:metadata']?.['f:labels'] ?? {}, `f:${CAPTURE_LABEL}`))
    .flatMap(({ time }) => (time === undefined ? [] : [Date.parse(time)]));
  if (times.length === 0) {
    const record = readChangeRecord(object.metadata);
    return record?.label?.after === 'enabled' ? Date.parse(record.at) : undefined;
  }
  const first = Math.min(...times);
  const created = Date.parse(object.metadata.creationTimestamp ?? '');
  return first <= created + SECOND ? created : first;
}
