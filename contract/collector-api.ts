import * as z from 'zod';
import { ACTIONS, type AuditEvent } from './audit-event.ts';
import { filterSchema } from './filter.ts';

/**
 * What the collector answers, under `/api/v1`, to whoever the API server knows: `kubectl dbaudit` and the web page. Requests
 * are JSON bodies of POST unless said otherwise; a problem is answered with `problemSchema` and a fitting status. Times are
 * milliseconds since 1970, ranges reach from `from` up to, not including, `to`.
 */
export const API_PATH = '/api/v1';
/** Where agents send events, in the words of docs/sinks/http.md. */
export const INGEST_PATH = '/v1/events';
export const COLLECTOR_SERVICE = 'dbaudit-collector';
export const COLLECTOR_PORT = 8443;

/** What Kubernetes' RBAC is asked, in the words of a Role: `get` `auditevents` of `audit.dbaudit.io`. */
export const API_GROUP = 'audit.dbaudit.io';
/**
 * `auditevents`: `get` sees a namespace's events, `read-literals` also the values in them, `query` may ask in SQL,
 * `export` takes them out, `create` brings in what other tools found. `alerts`, `silences`, `rules`, `reports`: `get`, `update`. `integrity`: `get`.
 */
export const API_RIGHTS = {
  auditevents: ['get', 'read-literals', 'query', 'export', 'create'],
  alerts: ['get', 'update'],
  silences: ['get', 'update'],
  rules: ['get', 'update'],
  reports: ['get', 'create'],
  integrity: ['get'],
} as const;

const count = z.int().min(0);
const time = z.int().min(0);
const range = z.strictObject({ from: time, to: time }).refine(({ from, to }) => from < to, 'from comes before to');
const selection = { range, filter: filterSchema.optional() };
const measure = z.enum(['events', 'errors', 'slow', 'rows', 'affected', 'bytes', 'duration', 'clients', 'sessions']);
/** An audit event as contract/audit-event.ts has it; not checked again on its way to a reader. */
const event = z.custom<AuditEvent>((value) => typeof value === 'object' && value !== null && '@timestamp' in value);

/** The answer to what cannot be answered. */
export const problemSchema = z.object({
  /** Of contract/codes.ts. */
  code: z.string(),
  message: z.string(),
  /** What helps. */
  help: z.string().optional(),
});

/**
 * GET /sign-in, open to everybody: the ways in. POST /sign-in keeps a token of the cluster as a session, in a cookie that
 * no script can read (HttpOnly, SameSite=Strict); DELETE /sign-in ends it. GET /sign-in/oidc?return=/PATH goes to the
 * identity provider and comes back to PATH of this page.
 */
export const signInAnswerSchema = z.object({
  /** The identity provider's name, where one is set up. */
  oidc: z.string().optional(),
  cluster: z.string().optional(),
});
/** A projected token with many audiences has about 2 KiB; 16 KiB is what servers take as a header. */
export const signInRequestSchema = z.strictObject({ token: z.string().min(1).max(16_384) });

/** GET /whoami */
export const whoamiSchema = z.object({
  name: z.string(),
  groups: z.array(z.string()),
  namespaces: z.union([z.literal('all'), z.array(z.string())]),
  literals: z.boolean(),
  /** Such as `alerts/update`. */
  rights: z.array(z.string()),
  cluster: z.string().optional(),
  version: z.string(),
});

/** POST /search */
export const searchRequestSchema = z.strictObject({
  ...selection,
  order: z.enum(['newest', 'oldest']).default('newest'),
  limit: z.int().min(1).max(10_000).default(100),
  cursor: z.string().max(500).optional(),
});
export const searchAnswerSchema = z.object({ events: z.array(event), cursor: z.string().optional() });

/** POST /export, with `auditevents/export`: NDJSON, or CSV of the columns of contract/event-fields.ts, as an attachment. */
export const exportRequestSchema = z.strictObject({
  ...selection,
  order: z.enum(['newest', 'oldest']).default('oldest'),
  format: z.enum(['ndjson', 'csv']).default('ndjson'),
});

/** POST /histogram */
export const histogramRequestSchema = z.strictObject({
  ...selection,
  stepSeconds: z.int().min(1),
  measure: measure.default('events'),
  by: z.string().optional(),
  lines: z.int().min(1).max(20).default(8),
});
export const histogramAnswerSchema = z.object({
  steps: z.array(time),
  lines: z.array(z.object({ value: z.string(), counts: z.array(z.number()) })),
});

/** POST /top */
export const topRequestSchema = z.strictObject({
  ...selection,
  fields: z.array(z.string()).min(1).max(6),
  measure: measure.default('events'),
  limit: z.int().min(1).max(1_000).default(10),
});
export const topAnswerSchema = z.object({
  rows: z.array(
    z.object({
      values: z.array(z.string()),
      count: z.number(),
      events: count,
      errors: count,
      duration: z.number(),
      rows: z.number(),
      first: time,
      last: time,
    }),
  ),
  distinct: count,
});

/** POST /totals; with `before`, also of the time of equal length before it. */
export const totalsRequestSchema = z.strictObject({ ...selection, before: z.boolean().default(false) });
const totals = z.record(measure, z.number());
export const totalsAnswerSchema = z.object({ totals, before: totals.optional() });

/** POST /query */
export const queryRequestSchema = z.strictObject({
  sql: z.string().min(1).max(100_000),
  limit: z.int().min(1).max(100_000).default(1_000),
});
export const queryAnswerSchema = z.object({
  columns: z.array(z.object({ name: z.string(), type: z.string() })),
  rows: z.array(z.array(z.unknown())),
  truncated: z.boolean(),
});

/** POST /tail: NDJSON that goes on until the client leaves: events, and `{"behind": n}` where it was too slow for `n`. */
export const tailRequestSchema = z.strictObject({ filter: filterSchema.optional() });
export const tailBehindSchema = z.object({ behind: count });

const level = z.enum(['informational', 'low', 'medium', 'high', 'critical']);
export const alertSchema = z.object({
  id: z.string(),
  rule: z.object({ id: z.string(), title: z.string() }),
  level,
  state: z.enum(['firing', 'acknowledged', 'resolved']),
  group: z.record(z.string(), z.string()),
  startedAt: time,
  lastAt: time,
  endedAt: time.optional(),
  detections: count,
  events: count,
  eventIds: z.array(z.string()),
  summary: z.string(),
  namespaces: z.array(z.string()),
  assignee: z.string().optional(),
  silencedBy: z.string().optional(),
  escalation: count,
  history: z.array(z.object({ at: time, what: z.string(), who: z.string().optional(), text: z.string().optional() })),
});
/** POST /alerts */
export const alertsRequestSchema = z.strictObject({
  states: z.array(z.enum(['firing', 'acknowledged', 'resolved'])).default(['firing', 'acknowledged']),
  range: range.optional(),
  levels: z.array(level).optional(),
  rule: z.string().optional(),
  limit: z.int().min(1).max(1_000).default(200),
});
export const alertsAnswerSchema = z.object({ alerts: z.array(alertSchema), total: count });
/** POST /alerts/ID/change; answers the alert. */
export const alertChangeSchema = z.strictObject({
  what: z.enum(['acknowledge', 'resolve', 'assign', 'comment']),
  text: z.string().max(2_000).optional(),
  assignee: z.string().max(200).optional(),
});

/** GET /silences, POST /silences (creates one), DELETE /silences/ID */
export const silenceRequestSchema = z.strictObject({
  /** Rules by their id; absent: all. */
  rules: z.array(z.string()).optional(),
  /** What the alert's group must have. */
  group: z.record(z.string(), z.string()).default({}),
  until: time,
  reason: z.string().min(1).max(500),
});
export const silenceSchema = z.object({
  id: z.string(),
  rules: z.array(z.string()).optional(),
  group: z.record(z.string(), z.string()),
  from: time,
  until: time,
  reason: z.string(),
  by: z.string(),
});
export const silencesAnswerSchema = z.object({ silences: z.array(silenceSchema) });

/** GET /rules */
export const ruleSchema = z.object({
  id: z.string(),
  title: z.string(),
  description: z.string(),
  level,
  mode: z.enum(['on', 'observe', 'off']),
  ruleset: z.enum(['builtin', 'custom']),
  tags: z.array(z.string()),
  groupBy: z.array(z.string()),
  source: z.string(),
  /** Detections since the collector started, also of rules in `observe`. */
  detections: count,
  /** Why it is not evaluated, in words. */
  problem: z.string().optional(),
});
export const rulesAnswerSchema = z.object({ rules: z.array(ruleSchema) });
/** POST /rules/ID/change */
export const ruleChangeSchema = z.strictObject({ mode: z.enum(['on', 'observe', 'off']) });
/** POST /rules (a custom rule's YAML; replaces one of the same id), DELETE /rules/ID */
export const ruleSourceSchema = z.strictObject({ source: z.string().min(1).max(100_000) });
/** POST /rules/test: on what is kept. `id` of a known rule, or `source`. */
export const ruleTestRequestSchema = z.strictObject({
  id: z.string().optional(),
  source: z.string().max(100_000).optional(),
  range,
  limit: z.int().min(1).max(1_000).default(100),
});
export const ruleTestAnswerSchema = z.object({
  detections: z.array(
    z.object({ at: z.string(), group: z.record(z.string(), z.string()), count: z.number(), events: z.array(event) }),
  ),
  total: count,
  /** Events that the rule's own condition matched. */
  matched: count,
});

/** GET /reports: kinds, and those that were made. POST /reports makes one. GET /reports/ID.{html,pdf,csv} */
export const reportRequestSchema = z.strictObject({
  kind: z.string(),
  range,
  language: z.enum(['en', 'zh']).default('en'),
});
export const reportSchema = z.object({
  id: z.string(),
  kind: z.string(),
  title: z.string(),
  range: z.object({ from: time, to: time }),
  language: z.enum(['en', 'zh']),
  madeAt: time,
  by: z.string(),
});
export const reportsAnswerSchema = z.object({
  kinds: z.array(z.object({ kind: z.string(), title: z.string(), description: z.string() })),
  reports: z.array(reportSchema),
});

/** POST /verify */
export const verifyRequestSchema = z.strictObject({ range: range.optional(), chain: z.string().optional() });
export const verifyAnswerSchema = z.object({
  intact: z.boolean(),
  chains: count,
  events: count,
  checkpoints: count,
  findings: z.array(
    z.object({
      chain: z.string(),
      kind: z.enum([
        'changed',
        'removed',
        'inserted',
        'reordered',
        'truncated',
        'checkpoint-replaced',
        'checkpoint-missing',
        'bad-signature',
        'missing-numbers',
        'agent-restarted',
      ]),
      /** Of the first event concerned, where one is. */
      position: count.optional(),
      eventId: z.string().optional(),
      at: time.optional(),
      message: z.string(),
    }),
  ),
});

/** GET /status */
export const statusSchema = z.object({
  version: z.string(),
  startedAt: time,
  store: z.object({
    kind: z.enum(['duckdb', 'opensearch']),
    events: count,
    bytes: count,
    oldest: time.optional(),
    newest: time.optional(),
    partitions: count,
    encrypted: z.boolean(),
    problem: z.string().optional(),
  }),
  ingest: z.object({ received: count, added: count, repeated: count, refused: count, perSecond: z.number() }),
  sources: z.array(
    z.object({
      name: z.string(),
      kind: z.string(),
      events: count,
      lastAt: time.optional(),
      /** Of a queue: what it has that is not taken yet. */
      lag: count.optional(),
      problem: z.string().optional(),
    }),
  ),
  identity: z.object({ synced: z.boolean(), pods: count }),
  retention: z.object({ days: z.number(), bytes: count.optional() }),
});

/** GET /actions, for lists to choose from. */
export const actionsAnswerSchema = z.object({ actions: z.array(z.enum(ACTIONS)) });

export type SearchAnswer = z.infer<typeof searchAnswerSchema>;
export type HistogramAnswer = z.infer<typeof histogramAnswerSchema>;
export type TopAnswer = z.infer<typeof topAnswerSchema>;
export type TotalsAnswer = z.infer<typeof totalsAnswerSchema>;
export type QueryAnswer = z.infer<typeof queryAnswerSchema>;
export type AlertAnswer = z.infer<typeof alertSchema>;
export type RuleAnswer = z.infer<typeof ruleSchema>;
export type RuleTestAnswer = z.infer<typeof ruleTestAnswerSchema>;
export type VerifyAnswer = z.infer<typeof verifyAnswerSchema>;
export type StatusAnswer = z.infer<typeof statusSchema>;
export type Whoami = z.infer<typeof whoamiSchema>;
