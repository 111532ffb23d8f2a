import * as z from 'zod';
import { OUTPUT_API_VERSION } from '../structured.ts';

/** Of `enable` and `disable`. */
export const captureChangeSchema = z.strictObject({
  apiVersion: z.literal(OUTPUT_API_VERSION),
  kind: z.literal('CaptureChange'),
  capture: z.enum(['enabled', 'disabled']),
  dryRun: z.enum(['none', 'client', 'server']),
  items: z.array(
    z.strictObject({
      kind: z.string(),
      name: z.string(),
      namespace: z.string().optional(),
      /**
       * `changed`; `unchanged`: it was so already; `refused`: left as it was; `incomplete`: changed, but not every new pod
       * has what was wanted; `put-back`: as before, since its new pods did not become ready; `failed`: changed and not
       * ready; `not-started`: an earlier one failed.
       */
      outcome: z.enum(['changed', 'unchanged', 'refused', 'incomplete', 'put-back', 'failed', 'not-started']),
      restarted: z.boolean(),
      /** Made since the change, where its restart was watched. */
      newPods: z.strictObject({ made: z.int(), withAgent: z.int() }).optional(),
      code: z.string().optional(),
      message: z.string(),
      reasons: z.array(z.string()),
    }),
  ),
});

export type CaptureChange = z.infer<typeof captureChangeSchema>;
export type CaptureChangeItem = CaptureChange['items'][number];
