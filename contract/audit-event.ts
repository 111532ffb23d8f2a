import * as z from 'zod';

/** `event.action`: what an event can say. The list is closed; a new word is a new schema version. */
export const ACTIONS = [
  'db.session.start',
  'db.session.end',
  'db.session.auth_failed',
  'db.session.change_user',
  'db.session.undecodable',
  'db.session.midstream',
  'db.query',
  'db.prepare',
  'db.execute',
  'db.command',
  'db.copy',
  'db.cancel',
  'db.replication.start',
  'db.gap',
  'k8s.api',
  'k8s.session.exec',
  'k8s.session.attach',
  'k8s.session.portforward',
  'k8s.session.debug',
  'dbaudit.agent.start',
  'dbaudit.agent.stop',
  'dbaudit.agent.config_change',
  'dbaudit.agent.overload',
  'dbaudit.sink.test',
  'dbaudit.access',
] as const;

/** RFC 3339 in UTC with nanoseconds. */
const timestamp = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
const count = z.int().min(0);
/** What may be above 2^53 is written as decimal text. */
const decimal = z.string().regex(/^-?\d+$/);
const endpoint = z.strictObject({
  ip: z.union([z.ipv4(), z.ipv6()]),
  port: z.int().min(0).max(65_535),
  bytes: count.optional(),
});

const event = z.strictObject({
  /** Unique. Two events with the same id are the same event, delivered twice. */
  id: z.string().min(1),
  kind: z.literal('event'),
  /** ECS' own words. https://www.elastic.co/docs/reference/ecs/ecs-allowed-values-event-category */
  category: z.array(z.enum(['database', 'authentication', 'session', 'process', 'api'])).min(1),
  type: z.array(z.enum(['access', 'change', 'info', 'start', 'end'])).min(1),
  action: z.enum(ACTIONS),
  /** `unknown`: the answer was not seen. */
  outcome: z.enum(['success', 'failure', 'unknown']),
  dataset: z.string(),
  start: timestamp.optional(),
  end: timestamp.optional(),
  /** Nanoseconds from start to end. */
  duration: count.optional(),
  /** Counts all events of one agent since it started; a missing number is a lost event. */
  sequence: count,
  /** Why a session ended or could not be seen, or why there is a gap. */
  reason: z.string().optional(),
});

const db = z.strictObject({
  system: z.strictObject({ name: z.string() }),
  namespace: z.string().optional(),
  operation: z.strictObject({ name: z.string() }).optional(),
  collection: z.strictObject({ name: z.string() }).optional(),
  query: z
    .strictObject({
      text: z.string().optional(),
      summary: z.string().optional(),
      /** By position from 0; null is SQL's NULL. */
      parameter: z.record(z.string(), z.string().nullable()).optional(),
    })
    .optional(),
  response: z
    .strictObject({
      /** `0` or `00000`, or the database's error code. Absent: the answer was not seen. */
      status_code: z.string().optional(),
      returned_rows: count.optional(),
    })
    .optional(),
});

const session = z.strictObject({
  /** 32 hex digits. */
  id: z.string().regex(/^[0-9a-f]{32}$/),
  /** Counts the events of one session from 0. */
  index: count,
  connection_id: z.string().optional(),
  program: z.string().optional(),
  driver: z.string().optional(),
  server_version: z.string().optional(),
  tls: z.strictObject({ version: z.string().optional(), server_name: z.string().optional() }).optional(),
  captured_from_start: z.boolean(),
  auth: z.strictObject({ method: z.string() }).optional(),
  /** What the client told of itself; on the session's own events, not on each statement. */
  attributes: z.record(z.string(), z.string().nullable()).optional(),
});

const statement = z.strictObject({
  kind: z.enum(['text', 'prepared', 'bulk', 'prepare', 'copy', 'command', 'function', 'cancel', 'replication']),
  /** pgAudit's words. https://github.com/pgaudit/pgaudit */
  class: z.enum(['READ', 'WRITE', 'DDL', 'ROLE', 'FUNCTION', 'MISC']).optional(),
  fingerprint: z.string().optional(),
  /** Tables, or keys where the database has keys. */
  tables: z.array(z.string()).optional(),
  /** Bytes of the whole text on the wire. */
  text_length: count,
  /** Of the whole text; only where it was cut. */
  text_sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  truncated: z.boolean(),
  redaction: z.strictObject({
    policy: z.enum(['secrets', 'literals', 'none']),
    secrets: count.optional(),
    literals: count.optional(),
  }),
});

const result = z.strictObject({
  bytes: count,
  affected_rows: count.optional(),
  insert_id: decimal.optional(),
  warnings: count.optional(),
  sqlstate: z.string().optional(),
});

const capture = z.strictObject({
  mode: z.enum(['sidecar', 'node', 'control-plane', 'host', 'replay']),
  interface: z.string().optional(),
  /** Bytes of a session that were not seen. */
  gap_bytes: count.optional(),
  /** Packets, connections or events that were lost before they belonged to a session. */
  gap_packets: count.optional(),
  gap_connections: count.optional(),
  gap_events: count.optional(),
  /** The sink whose receiver misses these events; absent: all of them do. */
  sink: z.string().optional(),
  /** What a reader must know to trust the rest. */
  notes: z.array(z.string()).optional(),
});

const pod = z.looseObject({ namespace: z.string(), pod: z.string() });

/** Who is behind a session, as far as the collector could tell. */
const actor = z.strictObject({
  type: z.string(),
  name: z.string(),
  method: z.string(),
  confidence: z.number().min(0).max(1),
  candidates: count.optional(),
  k8s_audit_id: z.string().optional(),
});

/**
 * One audit event, schema 1, as it is written on one line of NDJSON: ECS' envelope, OpenTelemetry's `db.*` and our own
 * `dbaudit.*`. Strict: what is not named here is not written.
 */
export const auditEventSchema = z.strictObject({
  '@timestamp': timestamp,
  /** A detail in words; never holds payload. */
  message: z.string().optional(),
  ecs: z.strictObject({ version: z.string() }),
  event,
  db: db.optional(),
  error: z.strictObject({ code: z.string(), message: z.string() }).optional(),
  source: endpoint.optional(),
  destination: endpoint.optional(),
  client: endpoint.optional(),
  server: endpoint.optional(),
  /** The database account, never the human behind it. */
  user: z.strictObject({ name: z.string() }).optional(),
  /** The pod whose traffic this is. */
  kubernetes: z
    .strictObject({
      namespace: z.string(),
      pod: z.strictObject({ name: z.string() }),
      node: z.strictObject({ name: z.string() }).optional(),
    })
    .optional(),
  orchestrator: z.looseObject({}).optional(),
  network: z
    .strictObject({
      transport: z.literal('tcp'),
      protocol: z.string().optional(),
      type: z.enum(['ipv4', 'ipv6']),
      community_id: z.string().optional(),
    })
    .optional(),
  dbaudit: z.strictObject({
    schema: z.literal(1),
    session: session.optional(),
    statement: statement.optional(),
    result: result.optional(),
    capture,
    actor: actor.optional(),
    client: z.strictObject({ k8s: pod }).optional(),
    server: z.strictObject({ k8s: pod }).optional(),
  }),
});

export type AuditEvent = z.infer<typeof auditEventSchema>;
export type Action = AuditEvent['event']['action'];
export type CaptureMode = AuditEvent['dbaudit']['capture']['mode'];
