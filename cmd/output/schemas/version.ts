import * as z from 'zod';
import { OUTPUT_API_VERSION } from '../structured.ts';

/** Of `version`. */
export const versionDocumentSchema = z.strictObject({
  apiVersion: z.literal(OUTPUT_API_VERSION),
  kind: z.literal('Version'),
  plugin: z.string(),
  /** Absent where none is installed or no cluster was asked. */
  injector: z.string().exactOptional(),
  /** Of the API server. */
  kubernetes: z.string().exactOptional(),
});

export type VersionDocument = z.infer<typeof versionDocumentSchema>;
