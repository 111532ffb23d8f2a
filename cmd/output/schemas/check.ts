import * as z from 'zod';
import { OUTPUT_API_VERSION } from '../structured.ts';

/** Of `check`. */
export const checkSchema = z.strictObject({
  apiVersion: z.literal(OUTPUT_API_VERSION),
  kind: z.literal('Check'),
  /** No check ended with `error`. */
  success: z.boolean(),
  categories: z.array(
    z.strictObject({
      category: z.string(),
      checks: z.array(
        z.strictObject({
          description: z.string(),
          /** `skipped`: it could not be looked at; the details say why. */
          result: z.enum(['success', 'warning', 'error', 'skipped']),
          code: z.string().exactOptional(),
          details: z.array(z.string()),
          hint: z.string().exactOptional(),
        }),
      ),
    }),
  ),
});

export type CheckDocument = z.infer<typeof checkSchema>;
export type CheckCategory = CheckDocument['categories'][number];
export type CheckResult = CheckCategory['checks'][number];
