import * as z from 'zod';
import {
  checkOpenSearchConnection,
  openSearchConnectionFields,
} from '../../../delivery/sinks/opensearch/connection-fields.ts';

/** Shorter than the embedded store's, for whole indexes are removed; see its `retentionDays`. */
const DEFAULT_RETENTION_DAYS = 180;
const MAX_RETENTION_DAYS = 3_650;

export const openSearchStoreSchema = z
  .strictObject({
    type: z.literal('opensearch'),
    ...openSearchConnectionFields,
    /** Indexes are named `PREFIX-2026.11`; also the name of their template. */
    indexPrefix: z
      .string()
      .regex(/^[a-z0-9][a-z0-9._-]{0,100}$/, 'expected lower-case letters, digits, dots, dashes and underscores')
      .default('dbaudit-kept'),
    /** What one index has the events of. Changed later, events that come a second time are not noticed once. */
    indexEvery: z.enum(['month', 'day']).default('month'),
    /** For the template: `number_of_shards`, `number_of_replicas`. */
    indexSettings: z.record(z.string().min(1), z.union([z.string(), z.number(), z.boolean()])).default({}),
    /** Index template, and removal of indexes that are older than is kept. False: somebody else does both. */
    manageIndexes: z.boolean().default(true),
    /** An index goes when all of it is older. */
    retentionDays: z.number().min(1).max(MAX_RETENTION_DAYS).default(DEFAULT_RETENTION_DAYS),
    /** Of writing; a question has 30 s. */
    requestTimeoutMillis: z.int().min(1_000).max(600_000).default(30_000),
  })
  .check(checkOpenSearchConnection);

export type OpenSearchStoreSettings = z.infer<typeof openSearchStoreSchema>;
