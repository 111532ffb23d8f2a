import type { AuditEvent } from '../../contract/audit-event.ts';

/** What a test wants to be otherwise; the rest is that of a quick SELECT that a pod sent to MySQL. */
export interface EventChanges {
  readonly at?: string;
  readonly sequence?: number;
  readonly event?: Partial<AuditEvent['event']>;
  readonly db?: Partial<AuditEvent['db']>;
  readonly statement?: Partial<AuditEvent['dbaudit']['statement']>;
  readonly capture?: Partial<AuditEvent['dbaudit']['capture']>;
  readonly dbaudit?: Partial<AuditEvent['dbaudit']>;
  readonly rest?: Partial<AuditEvent>;
}

const SESSION = '43276fc6223d03d4037542b8b8c3d71d';

/** A valid event of pod `shop/orders-7d9f8-abcde`, which asks 10.96.0.10:3306 as app@shop. */
export function auditEvent(changes: EventChanges = {}): AuditEvent {
  const { at = '2026-01-02T03:04:05.678901234Z', sequence = 1 } = changes;
  return {
    '@timestamp': at,
    ecs: { version: '9.4.0' },
    event: {
      id: `${SESSION}-${sequence}`,
      kind: 'event',
      category: ['database'],
      type: ['access'],
      action: 'db.query',
      outcome: 'success',
      dataset: 'dbaudit.mysql',
      start: at,
      duration: 2_100_000,
      sequence,
      ...changes.event,
    },
    db: {
      system: { name: 'mysql' },
      namespace: 'shop',
      operation: { name: 'SELECT' },
      query: { text: 'SELECT *\n  FROM orders WHERE id = ?', parameter: { 0: '42' } },
      response: { status_code: '0', returned_rows: 1 },
      ...changes.db,
    },
    client: { ip: '10.244.0.7', port: 40_000, bytes: 61 },
    server: { ip: '10.96.0.10', port: 3306, bytes: 180 },
    user: { name: 'app' },
    kubernetes: { namespace: 'shop', pod: { name: 'orders-7d9f8-abcde' } },
    network: { transport: 'tcp', protocol: 'mysql', type: 'ipv4' },
    ...changes.rest,
    dbaudit: {
      schema: 1,
      session: { id: SESSION, index: sequence, captured_from_start: true, program: 'orders' },
      statement: {
        kind: 'prepared',
        class: 'READ',
        fingerprint: '3782519c6e1d5d9d',
        tables: ['orders'],
        text_length: 35,
        truncated: false,
        redaction: { policy: 'secrets' },
        ...changes.statement,
      },
      result: { bytes: 180 },
      capture: { mode: 'sidecar', interface: 'eth0', ...changes.capture },
      ...changes.dbaudit,
    },
  };
}

/** A gap in which the kernel dropped packets of that pod. */
export function packetGap(changes: EventChanges = {}): AuditEvent {
  const { kubernetes, ...event } = auditEvent(changes);
  return {
    '@timestamp': event['@timestamp'],
    message: 'packets came faster than they were read',
    ecs: event.ecs,
    event: {
      ...withoutSpan(event.event),
      id: `agent-${event.event.sequence}`,
      type: ['info'],
      action: 'db.gap',
      outcome: 'unknown',
      dataset: 'dbaudit.agent',
      reason: 'kernel-drops',
    },
    ...(kubernetes === undefined ? {} : { kubernetes }),
    dbaudit: { schema: 1, capture: { mode: 'sidecar', gap_packets: 14, ...changes.capture } },
  };
}

/** A session that is encrypted from its beginning. */
export function encryptedSession(changes: EventChanges = {}): AuditEvent {
  const { db: _, dbaudit, ...event } = auditEvent(changes);
  const { statement: _statement, result: _result, ...rest } = dbaudit;
  return {
    ...event,
    message: 'the client asked for TLS',
    db: { system: { name: 'mysql' } },
    event: {
      ...withoutSpan(event.event),
      category: ['session'],
      type: ['info'],
      action: 'db.session.undecodable',
      outcome: 'unknown',
      reason: 'encrypted',
    },
    dbaudit: rest,
  };
}

function withoutSpan({ start: _, duration: _duration, ...event }: AuditEvent['event']): AuditEvent['event'] {
  return event;
}

/** One of each sort that formats tell apart. */
export function sampleEvents(): readonly AuditEvent[] {
  const at = (millis: number) => `2026-01-02T03:04:05.${String(millis).padStart(3, '0')}000000Z`;
  return [
    auditEvent({
      at: at(100),
      sequence: 1,
      event: { category: ['authentication', 'session'], action: 'db.session.start', type: ['start'] },
      db: { operation: undefined, query: undefined, response: { status_code: '0' } },
      dbaudit: {
        statement: undefined,
        result: undefined,
        session: {
          id: SESSION,
          index: 0,
          captured_from_start: true,
          program: 'orders',
          auth: { method: 'caching_sha2_password' },
        },
      },
    }),
    auditEvent({ at: at(203), sequence: 2 }),
    auditEvent({
      at: at(260),
      sequence: 3,
      event: { duration: 340_000_000, type: ['change'] },
      db: {
        operation: { name: 'UPDATE' },
        query: {
          text: "UPDATE stock SET n = n - 1 WHERE sku = 'A-1' AND warehouse IN ('north', 'south', 'east') AND reserved < n",
        },
        response: { status_code: '0' },
      },
      statement: { class: 'WRITE', tables: ['stock'] },
      dbaudit: { result: { bytes: 52, affected_rows: 1200 } },
    }),
    auditEvent({
      at: at(300),
      sequence: 4,
      event: { outcome: 'failure', duration: 900_000, type: ['change'] },
      db: { operation: { name: 'DROP TABLE' }, query: { text: 'DROP TABLE users' }, response: { status_code: '1142' } },
      statement: { class: 'DDL', tables: ['users'] },
      dbaudit: { result: { bytes: 52, sqlstate: '42000' } },
      rest: { error: { code: '1142', message: "DROP command denied to user 'app'@'10.244.0.7' for table 'users'" } },
    }),
    packetGap({ at: at(400), sequence: 5 }),
    encryptedSession({ at: at(500), sequence: 6 }),
    auditEvent({
      at: at(600),
      sequence: 7,
      event: { duration: 300_000, action: 'db.command', dataset: 'dbaudit.redis' },
      db: {
        system: { name: 'redis' },
        namespace: undefined,
        operation: { name: 'HGETALL' },
        collection: { name: 'cart:7' },
        query: { text: 'HGETALL cart:7' },
        response: { status_code: '0', returned_rows: 6 },
      },
      statement: { class: undefined, fingerprint: undefined, tables: ['cart:7'], kind: 'command' },
      rest: { user: undefined, server: { ip: 'fd00::2', port: 6379, bytes: 90 } },
    }),
    auditEvent({
      at: at(700),
      sequence: 8,
      db: { query: { text: 'SELECT \u001b[2J\u202e evil, 名前 FROM 顧客 -- \u0007' } },
    }),
  ].map(withoutUndefined);
}

/** As JSON has it: what is undefined is not there. */
function withoutUndefined(event: AuditEvent): AuditEvent {
  return JSON.parse(JSON.stringify(event));
}
