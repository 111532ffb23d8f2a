import * as z from 'zod';
import { OUTPUT_API_VERSION } from '../structured.ts';

const count = z.int().min(0);

/** What `top -o json` prints. Durations are in nanoseconds. */
export const topSchema = z.strictObject({
  apiVersion: z.literal(OUTPUT_API_VERSION),
  kind: z.literal('Top'),
  /** What was grouped, and by what it is ranked. */
  of: z.enum(['statements', 'clients', 'tables', 'users']),
  by: z.enum(['count', 'latency', 'errors', 'rows', 'bytes']),
  /** The window that was counted. */
  since: z.iso.datetime(),
  until: z.iso.datetime(),
  statements: count,
  /** Above 0: something was not seen, so the numbers are too low. */
  gaps: count,
  items: z.array(
    z.strictObject({
      name: z.string(),
      count,
      errors: count,
      /** Null where no answer was seen. */
      averageNanos: count.nullable(),
      longestNanos: count.nullable(),
      rows: count,
      bytes: count,
    }),
  ),
});

export type Top = z.infer<typeof topSchema>;
