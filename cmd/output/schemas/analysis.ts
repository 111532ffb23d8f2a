import * as z from 'zod';
import { OUTPUT_API_VERSION } from '../structured.ts';

/** Of `analyze`. */
export const analysisSchema = z.strictObject({
  apiVersion: z.literal(OUTPUT_API_VERSION),
  kind: z.literal('Analysis'),
  items: z.array(
    z.strictObject({
      code: z.string().regex(/^DBA\d{4}$/),
      /** `error`: pods are not captured; `warning`: something does not do what it seems to; `info`: as it is wanted. */
      level: z.enum(['error', 'warning', 'info']),
      kind: z.string(),
      name: z.string(),
      namespace: z.string().optional(),
      message: z.string(),
      /** A command that helps. */
      fix: z.string().optional(),
      /** The file that the object is from. */
      source: z.string().optional(),
    }),
  ),
});

export type AnalysisDocument = z.infer<typeof analysisSchema>;
