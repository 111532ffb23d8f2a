import * as z from 'zod';
import { OUTPUT_API_VERSION } from '../structured.ts';

/** Of `explain`. */
export const explanationsSchema = z.strictObject({
  apiVersion: z.literal(OUTPUT_API_VERSION),
  kind: z.literal('Explanations'),
  items: z.array(
    z.strictObject({
      /** A code, a label or an annotation. */
      subject: z.string(),
      title: z.string(),
      help: z.string(),
      /** What a label or an annotation takes. */
      values: z.string().exactOptional(),
    }),
  ),
});

type Explanations = z.infer<typeof explanationsSchema>;
export type Explanation = Explanations['items'][number];
