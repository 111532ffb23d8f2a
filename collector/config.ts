import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, YAMLParseError } from 'yaml';
import * as z from 'zod';
import { COLLECTOR_PORT } from '../contract/collector-api.ts';
import { COLLECTOR_DATA_DIRECTORY } from '../contract/collector-objects.ts';
import { UserError } from '../contract/user-error.ts';
import { wordsOf } from '../delivery/system-error.ts';
import { oidcSchema } from './access/oidc.ts';
import { alertsSchema } from './alerts/settings.ts';
import { kafkaSourceSchema } from './ingest/kafka/settings.ts';
import { reportsSchema } from './reports/settings.ts';
import { DEFAULT_LEARNING_DAYS } from './rules/baseline.ts';
import { ruleListsSchema } from './rules/lists.ts';
import { openSearchStoreSchema } from './store/opensearch/settings.ts';

/** A year and a half: what PCI DSS asks for, and some. */
const MAX_RETENTION_DAYS = 3_650;
const path = z.string().min(1);
const network = z.string().regex(/^[0-9a-fA-F:.]+\/\d{1,3}$/, 'expected a range of addresses such as 10.244.0.0/16');

const embeddedStoreSchema = z.strictObject({
  type: z.literal('duckdb').default('duckdb'),
  retentionDays: z.number().min(1).max(MAX_RETENTION_DAYS).default(180),
  /** Of all that is kept; the oldest go first. */
  retentionMebibytes: z.int().min(100).optional(),
  /** Afterwards events are kept in files of their own, which are a quarter of the size. */
  recentHours: z.number().min(0.1).max(48).default(2),
  memoryMebibytes: z.int().min(100).max(65_536).default(256),
  encrypt: z.boolean().default(true),
  /** With DuckDB's extension httpfs, without which it encrypts nothing. In the image it is beside the program. */
  extensionDirectory: path.default(join(import.meta.dirname, 'duckdb-extensions')),
});

const configSchema = z.strictObject({
  address: z.string().min(1).default('::'),
  /** 0: any that is free. */
  port: z.int().min(0).max(65_535).default(COLLECTOR_PORT),
  logLevel: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
  /** In alerts, reports and on the page, for people who have several. */
  cluster: z.string().min(1).max(100).optional(),
  /** All that is kept is below it. */
  directory: path.default(COLLECTOR_DATA_DIRECTORY),
  /** The built page; in the image it is beside the program. */
  webDirectory: path.default(join(import.meta.dirname, 'web')),
  /**
   * `kubernetes`: the API server knows everybody, and says what they may. `token`: outside of Kubernetes, whoever has the token
   * of this file may do everything, from this machine alone.
   */
  access: z
    .discriminatedUnion('type', [
      z.strictObject({ type: z.literal('kubernetes'), oidc: oidcSchema.optional() }),
      z.strictObject({ type: z.literal('token'), tokenFile: path }),
    ])
    .prefault({ type: 'kubernetes' }),
  /** `duckdb`: below `directory`, for one collector. `opensearch`: for as many as there are. */
  store: z.discriminatedUnion('type', [embeddedStoreSchema, openSearchStoreSchema]).prefault({ type: 'duckdb' }),
  /** Where events come from, beside the agents that send them here. */
  sources: z.array(kafkaSourceSchema).max(20).default([]),
  integrity: z
    .strictObject({
      /** On another volume than `directory`. Absent: a ConfigMap is the second place for checkpoints. */
      checkpointDirectory: path.optional(),
    })
    .prefault({}),
  identity: z
    .strictObject({
      /** Of pods and services, where nodes and the API server do not tell them. */
      ranges: z.array(network).default([]),
      keepHours: z.number().min(1).max(168).default(24),
    })
    .prefault({}),
  /** Whether the cluster's own Events are kept. */
  kubernetesEvents: z.boolean().default(true),
  rules: ruleListsSchema
    .extend({ learningDays: z.number().min(0).max(90).default(DEFAULT_LEARNING_DAYS) })
    .prefault({}),
  alerts: alertsSchema,
  reports: reportsSchema,
});

export type CollectorConfig = z.infer<typeof configSchema>;

/** @throws UserError DBA1001 where a value or the YAML is wrong, DBA1002 where the file cannot be read */
export async function readCollectorConfig(file: string | undefined): Promise<CollectorConfig> {
  const result = configSchema.safeParse(file === undefined ? {} : parseYaml(file, await read(file)));
  if (result.success) return result.data;
  const problems = result.error.issues.map(
    ({ path, message }) => `${path.join('.') || '(the whole file)'}: ${message}`,
  );
  throw new UserError(
    'DBA1001',
    `the configuration is not valid: ${problems.join('; ')}`,
    'correct these values; docs/collector.md has them all',
  );
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new UserError(
      'DBA1002',
      `the configuration ${file} cannot be read: ${wordsOf(error)}`,
      'check the path and its rights',
    );
  }
}

function parseYaml(file: string, text: string): unknown {
  try {
    return parse(text) ?? {};
  } catch (error) {
    if (!(error instanceof YAMLParseError)) throw error;
    throw new UserError('DBA1001', `${file} is not YAML: ${error.message}`, 'correct the file at that place');
  }
}
