import { createHash } from 'node:crypto';
import type { AuditEvent } from '../../../contract/audit-event.ts';
import { CLIENTS, SERVER, STATEMENTS, SYSTEMS, USERS, workload } from './shop.ts';

/** Statements that try to become part of the page; each must be text, wherever it is shown. */
export const HOSTILE = {
  statement: `SELECT '</script><script>window.hacked = 1</script><img src=x onerror="window.hacked = 2">' FROM orders`,
  user: '<img src=x onerror="window.hacked=3">',
  table: '"><svg onload="window.hacked=4">',
  database: "javascript:window.hacked=5//'",
} as const;

export const MASKED_STATEMENT = "ALTER USER 'report' IDENTIFIED BY '<masked>'";

const HOUR = 3_600_000;
/** A trail of a day before `now`, oldest first: the same for the same `now`, with everything that the page has to show. */
export function auditTrail(now: number, count: number): readonly AuditEvent[] {
  const events: AuditEvent[] = [];
  const begin = now - 24 * HOUR;
  for (let index = 0; index < count; index++) {
    // More by day than by night, so that the chart has a shape.
    const share = index / count;
    const bent = share + 0.05 * Math.sin(share * 4 * Math.PI) + 0.012 * Math.sin(share * 26 * Math.PI);
    events.push(statementEvent(index, begin + bent * 24 * HOUR));
  }
  events.push(
    ...session(now - 2 * HOUR),
    ...session(now - 26 * HOUR).map(older),
    ...hostile(now - HOUR),
    masked(now - HOUR / 2),
  );
  return events.sort((one, other) => (one['@timestamp'] < other['@timestamp'] ? -1 : 1));
}

/** The session with a gap, whose login and end were seen. */
export const SESSION_ID = hex(32, 'the session with a gap');

function statementEvent(index: number, at: number): AuditEvent {
  const statement = pick(STATEMENTS, index * 7 + (index % 5));
  const client = pick(CLIENTS, index % 23 === 0 ? 3 + (index % 3) : index % 3);
  const failed = index % 41 === 7;
  const slow = index % 97 === 3;
  return {
    ...base(`statement ${index}`, at, index),
    event: {
      ...base(`statement ${index}`, at, index).event,
      action: index % 4 === 0 ? 'db.execute' : 'db.query',
      outcome: failed ? 'failure' : index % 61 === 9 ? 'unknown' : 'success',
      duration: slow ? 1_700_000_000 + index * 1000 : 180_000 + (index % 50) * 41_000,
    },
    db: {
      system: { name: pick(SYSTEMS, index % 5 === 0 ? 1 : 0).name },
      namespace: pick(SYSTEMS, index % 5 === 0 ? 1 : 0).namespace,
      operation: { name: statement.operation },
      query: {
        text: statement.text,
        ...(index % 4 === 0 ? { parameter: { '0': 'c-4711', '1': null } } : {}),
      },
      response: {
        status_code: failed ? '42P01' : '00000',
        returned_rows: statement.class === 'READ' ? index % 300 : 0,
      },
    },
    ...(failed ? { error: { code: '42P01', message: 'relation "ordres" does not exist' } } : {}),
    user: { name: pick(USERS, index % 37 === 0 ? 3 : index % 3) },
    dbaudit: {
      ...base('', at, index).dbaudit,
      client: { k8s: client.k8s },
      session: { id: hex(32, `session ${index % 40}`), index, captured_from_start: true, program: 'orders-api' },
      statement: {
        kind: index % 4 === 0 ? 'prepared' : 'text',
        class: statement.class,
        fingerprint: hex(16, statement.template),
        template: statement.template,
        tables: [...statement.tables],
        text_length: statement.text.length,
        truncated: false,
        redaction: { policy: 'secrets' },
      },
      result: { bytes: 40 + (index % 9000), ...(statement.class === 'WRITE' ? { affected_rows: 1 } : {}) },
    },
    client: { ip: client.ip, port: 40_000 + (index % 2000) },
  };
}

function session(at: number): AuditEvent[] {
  const part = (index: number, action: AuditEvent['event']['action'], more: Partial<AuditEvent> = {}): AuditEvent => {
    const plain = base(`session ${index} ${at}`, at + index * 1500, index);
    return {
      ...plain,
      ...more,
      event: { ...plain.event, action, ...more.event },
      user: { name: 'root' },
      dbaudit: {
        ...plain.dbaudit,
        ...more.dbaudit,
        session: {
          id: SESSION_ID,
          index,
          captured_from_start: true,
          program: 'psql',
          driver: 'libpq',
          server_version: '17.2',
          auth: { method: 'scram-sha-256' },
        },
        actor: { type: 'human', name: 'alice@example.com', method: 'k8s-exec', confidence: 0.95 },
        client: { k8s: workload('shop', 'orders', 'orders-7c9f5d-x2k') },
      },
    };
  };
  const ran = (index: number, text: string, more: Partial<AuditEvent> = {}): AuditEvent => ({
    ...part(index, 'db.query', more),
    db: { system: { name: 'postgresql' }, namespace: 'shop', query: { text }, response: { returned_rows: 42 } },
  });
  const gap = part(3, 'db.gap');
  return [
    part(0, 'db.session.start'),
    ran(1, "SELECT * FROM customers WHERE country = 'DE'"),
    ran(2, 'DELETE FROM orders'),
    {
      ...gap,
      event: { ...gap.event, reason: 'bytes-lost', outcome: 'unknown' },
      dbaudit: { ...gap.dbaudit, capture: { mode: 'sidecar', gap_bytes: 18_432 } },
    },
    ran(6, 'SELECT count(*) FROM orders'),
    part(7, 'db.session.end'),
  ];
}

/** Of the day before, so that the overview has something to compare with. */
function older(event: AuditEvent): AuditEvent {
  const { session } = event.dbaudit;
  if (session === undefined) return event;
  return {
    ...event,
    dbaudit: { ...event.dbaudit, session: { ...session, id: hex(32, 'the session of the day before') } },
  };
}

function hostile(at: number): AuditEvent[] {
  const event = statementEvent(1, at);
  const { dbaudit, db } = event;
  if (db === undefined || dbaudit.statement === undefined) return [];
  return [
    {
      ...event,
      event: { ...event.event, id: 'hostile', duration: 60_000_000_000 },
      user: { name: HOSTILE.user },
      db: { ...db, namespace: HOSTILE.database, query: { text: HOSTILE.statement } },
      error: { code: '1064', message: HOSTILE.statement },
      dbaudit: {
        ...dbaudit,
        statement: {
          ...dbaudit.statement,
          template: HOSTILE.statement,
          fingerprint: 'hostile',
          tables: [HOSTILE.table],
        },
        client: { k8s: { kind: 'pod', namespace: 'shop', owner: { kind: 'Deployment', name: HOSTILE.table } } },
      },
    },
  ];
}

function masked(at: number): AuditEvent {
  const event = statementEvent(2, at);
  const { dbaudit, db } = event;
  if (db === undefined || dbaudit.statement === undefined) throw new Error('a statement has a statement');
  return {
    ...event,
    event: { ...event.event, id: 'masked' },
    db: { ...db, query: { text: MASKED_STATEMENT } },
    dbaudit: {
      ...dbaudit,
      statement: {
        ...dbaudit.statement,
        class: 'ROLE',
        template: MASKED_STATEMENT,
        redaction: { policy: 'secrets', secrets: 1 },
      },
    },
  };
}

function base(name: string, at: number, sequence: number): AuditEvent {
  const timestamp = `${new Date(at).toISOString().slice(0, -1)}000000Z`;
  return {
    '@timestamp': timestamp,
    ecs: { version: '8.17.0' },
    event: {
      id: hex(20, name),
      kind: 'event',
      category: ['database'],
      type: ['access'],
      action: 'db.query',
      outcome: 'success',
      dataset: 'dbaudit.database',
      sequence,
    },
    client: { ip: '10.42.0.11', port: 41_000 },
    server: { ip: '10.42.0.50', port: 5432 },
    kubernetes: { namespace: 'shop', pod: { name: 'pg-0' } },
    dbaudit: { schema: 1, capture: { mode: 'sidecar' }, server: { k8s: SERVER } },
  };
}

function pick<T>(list: readonly T[], index: number): T {
  const item = list[index % list.length];
  if (item === undefined) throw new Error('an empty list has no items');
  return item;
}

function hex(length: number, name: string): string {
  return createHash('sha256').update(name).digest('hex').slice(0, length);
}
