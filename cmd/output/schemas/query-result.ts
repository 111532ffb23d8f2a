import * as z from 'zod';
import { OUTPUT_API_VERSION } from '../structured.ts';

/** Of `query`. */
export const queryResultSchema = z.strictObject({
  apiVersion: z.literal(OUTPUT_API_VERSION),
  kind: z.literal('QueryResult'),
  /** Types are DuckDB's. */
  columns: z.array(z.object({ name: z.string(), type: z.string() })),
  /** In the order of the columns. */
  rows: z.array(z.array(z.unknown())),
  /** There were more than `--limit`. */
  truncated: z.boolean(),
});

export type QueryResultDocument = z.infer<typeof queryResultSchema>;
