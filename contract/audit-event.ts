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
  /** Somebody read what the collector keeps. */
  'dbaudit.access',
  /** Something was refused at the collector's door: a token, a claim, a query. */
  'dbaudit.refused',
  'alert.raised',
  'alert.acknowledged',
  'alert.resolved',
  /** What others saw. */
  'k8s.event',
  'falco.alert',
  'kube_bench.check',
  'http.access',
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
  kind: z.enum(['event', 'alert']),
  /** ECS' own words. https://www.elastic.co/docs/reference/ecs/ecs-allowed-values-event-category */
  category: z
    .array(
      z.enum([
        'database',
        'authentication',
        'session',
        'process',
        'api',
        'web',
        'configuration',
        'intrusion_detection',
      ]),
    )
    .min(1),
  type: z
    .array(z.enum(['access', 'change', 'info', 'start', 'end', 'creation', 'deletion', 'error', 'denied', 'indicator']))
    .min(1),
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
  /** When the collector took it. */
  ingested: timestamp.optional(),
  /** What its source makes of it, in syslog's numbers: 0 is the worst, 7 the least. */
  severity: z.int().min(0).max(7).optional(),
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
  /** The text without its literals, from the collector: what readers see who may not see literals. */
  template: z.string().optional(),
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
  mode: z.enum(['sidecar', 'node', 'control-plane', 'host', 'replay', 'collector']),
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

/**
 * Who has an address, as far as the collector could tell for the time of the event. `pod`, and `host-network` (one pod of
 * several on its node's address) only where there is one answer; `ambiguous`: several may have had it, `candidates` says how
 * many; `node`: a node's own address, which also stands for what was translated behind it; `external`: an address outside
 * the cluster's ranges; `unknown`: within them, but nobody is known to have had it then.
 */
const party = z.strictObject({
  kind: z.enum(['pod', 'host-network', 'service', 'node', 'external', 'ambiguous', 'unknown']),
  namespace: z.string().optional(),
  pod: z.string().optional(),
  pod_uid: z.string().optional(),
  node: z.string().optional(),
  service: z.string().optional(),
  service_account: z.string().optional(),
  /** The controller at the end of the chain, such as the Deployment behind a ReplicaSet. */
  owner: z.strictObject({ kind: z.string(), name: z.string() }).optional(),
  /** From the pod up, `ReplicaSet/orders-7c9f`, `Deployment/orders`. */
  owners: z.array(z.string()).optional(),
  labels: z.record(z.string(), z.string()).optional(),
  candidates: count.optional(),
});

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
 * The API server's own event, under its own names, as far as they are searched by; secrets masked. Others' rules for
 * Kubernetes match it as it is. https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/
 */
const apiAudit = z.looseObject({
  auditID: z.string(),
  stage: z.string(),
  verb: z.string(),
  requestURI: z.string().optional(),
  user: z.looseObject({ username: z.string().optional(), groups: z.array(z.string()).optional() }).optional(),
  sourceIPs: z.array(z.string()).optional(),
  userAgent: z.string().optional(),
  objectRef: z
    .looseObject({
      apiGroup: z.string().optional(),
      resource: z.string().optional(),
      subresource: z.string().optional(),
      namespace: z.string().optional(),
      name: z.string().optional(),
    })
    .optional(),
  responseStatus: z.looseObject({ code: z.int().optional(), reason: z.string().optional() }).optional(),
});

/** What somebody asked of the collector, or was refused. Who: `dbaudit.actor`; from where: `client`. */
const access = z.strictObject({
  /** `search`, `query`, `tail`, `report`, `export`, `ingest`, … */
  resource: z.string(),
  verb: z.string(),
  /** As it was asked, without secrets. */
  query: z.string().optional(),
  /** Absent: all. */
  namespaces: z.array(z.string()).optional(),
  /** Whether literals were shown. */
  literals: z.boolean().optional(),
  /** Events given. */
  events: count.optional(),
});

const alert = z.strictObject({
  id: z.string(),
  level: z.enum(['informational', 'low', 'medium', 'high', 'critical']),
  /** What its events have in common: `client.ip=10.0.0.7`. */
  group: z.record(z.string(), z.string()).optional(),
  events: count.optional(),
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
      /** Of an object that has none: `-`. */
      namespace: z.string(),
      pod: z.strictObject({ name: z.string() }).optional(),
      node: z.strictObject({ name: z.string() }).optional(),
      audit: apiAudit.optional(),
    })
    .optional(),
  orchestrator: z.looseObject({}).optional(),
  rule: z
    .strictObject({
      id: z.string(),
      name: z.string(),
      ruleset: z.string().optional(),
      reference: z.string().optional(),
    })
    .optional(),
  http: z
    .strictObject({
      request: z.strictObject({ method: z.string(), bytes: count.optional(), id: z.string().optional() }).optional(),
      response: z.strictObject({ status_code: z.int().min(100).max(599), bytes: count.optional() }).optional(),
    })
    .optional(),
  url: z.strictObject({ path: z.string(), domain: z.string().optional(), query: z.string().optional() }).optional(),
  user_agent: z.strictObject({ original: z.string() }).optional(),
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
    client: z.strictObject({ k8s: party }).optional(),
    server: z.strictObject({ k8s: party }).optional(),
    /** What stands out in the object of a request: `privileged`, `host-network`, `cluster-admin`, `wildcard`, … */
    traits: z.array(z.string()).optional(),
    access: access.optional(),
    alert: alert.optional(),
  }),
});

export type AuditEvent = z.infer<typeof auditEventSchema>;
export type Action = AuditEvent['event']['action'];
/** Who has one of an event's two addresses. */
export type Party = z.infer<typeof party>;
export type AlertLevel = z.infer<typeof alert>['level'];
export type CaptureMode = AuditEvent['dbaudit']['capture']['mode'];
