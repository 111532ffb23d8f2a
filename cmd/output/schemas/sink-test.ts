import * as z from 'zod';
import { OUTPUT_API_VERSION } from '../structured.ts';

const stepSchema = z.strictObject({
  name: z.enum(['configuration', 'write', 'read-back']),
  outcome: z.enum(['ok', 'failed', 'not-possible']),
  millis: z.number().min(0),
  code: z.string().exactOptional(),
  message: z.string().exactOptional(),
  nextStep: z.string().exactOptional(),
});

/** Of `sink test`. */
export const sinkTestSchema = z.strictObject({
  apiVersion: z.literal(OUTPUT_API_VERSION),
  kind: z.literal('SinkTest'),
  /** Where the pod ran. */
  namespace: z.string(),
  sink: z.string(),
  type: z.string().exactOptional(),
  place: z.string(),
  steps: z.array(stepSchema),
  eventId: z.string(),
  /** No step failed. */
  ok: z.boolean(),
});

export type SinkTestDocument = z.infer<typeof sinkTestSchema>;
