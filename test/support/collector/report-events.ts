import type { AuditEvent, Party } from '../../../contract/audit-event.ts';
import { auditEvent, type EventChanges, encryptedSession, packetGap } from '../audit-events.ts';
import { Random } from '../mutation/random.ts';

/** The day of the reports; there are events of the two days before it too. */
export const REPORT_DAY = Date.parse('2026-01-02T00:00:00Z');
const DAY_MILLIS = 86_400_000;
/** Names that do harm wherever one is not escaped. */
export const HOSTILE_ACCOUNT = '<script>alert("1")</script>';
export const HOSTILE_TABLE = `=HYPERLINK("http://203.0.113.9","a")`;

const ORDERS: Party = {
  kind: 'pod',
  namespace: 'shop',
  pod: 'orders-7d9f8-abcde',
  owner: { kind: 'Deployment', name: 'orders' },
};
const BILLING: Party = {
  kind: 'pod',
  namespace: 'billing',
  pod: 'invoices-0',
  owner: { kind: 'StatefulSet', name: 'invoices' },
};

interface Shape {
  readonly account: string;
  readonly ip: string;
  readonly party?: Party;
  readonly class: 'READ' | 'WRITE' | 'DDL' | 'ROLE';
  readonly operation: string;
  readonly template: string;
  readonly table: string;
  readonly rows?: number;
  readonly affected?: number;
  readonly weight: number;
}

const SHAPES: readonly Shape[] = [
  {
    account: 'app',
    ip: '10.244.0.7',
    party: ORDERS,
    class: 'READ',
    operation: 'SELECT',
    template: 'SELECT * FROM orders WHERE id = ?',
    table: 'orders',
    rows: 3,
    weight: 30,
  },
  {
    account: 'app',
    ip: '10.244.0.7',
    party: ORDERS,
    class: 'WRITE',
    operation: 'UPDATE',
    template: 'UPDATE stock SET n = n - ? WHERE sku = ?',
    table: 'stock',
    affected: 2,
    weight: 12,
  },
  {
    account: 'invoices',
    ip: '10.244.1.9',
    party: BILLING,
    class: 'READ',
    operation: 'SELECT',
    template: 'SELECT name, iban FROM customers WHERE id = ?',
    table: 'customers',
    rows: 1,
    weight: 10,
  },
  {
    account: 'report',
    ip: '203.0.113.9',
    party: { kind: 'external' },
    class: 'READ',
    operation: 'SELECT',
    template: 'SELECT * FROM customers',
    table: 'customers',
    rows: 25_000,
    weight: 2,
  },
  {
    account: 'root',
    ip: '10.1.0.4',
    class: 'DDL',
    operation: 'DROP TABLE',
    template: 'DROP TABLE old_orders',
    table: 'old_orders',
    weight: 2,
  },
  {
    account: 'root',
    ip: '10.1.0.4',
    class: 'ROLE',
    operation: 'GRANT',
    template: 'GRANT SELECT ON shop.* TO ?',
    table: 'shop',
    weight: 2,
  },
  {
    account: 'app',
    ip: '10.244.0.7',
    party: ORDERS,
    class: 'WRITE',
    operation: 'DELETE',
    template: 'DELETE FROM carts WHERE seen < ?',
    table: 'carts',
    affected: 4_000,
    weight: 1,
  },
  {
    account: HOSTILE_ACCOUNT,
    ip: '203.0.113.66',
    class: 'READ',
    operation: 'SELECT',
    template: 'SELECT ? FROM x',
    table: HOSTILE_TABLE,
    rows: 1,
    weight: 2,
  },
];
const WEIGHTED = SHAPES.flatMap((shape) => new Array<Shape>(shape.weight).fill(shape));

/** Some hundred events of three days, the same every time: statements, logins, gaps, requests to the API server, reads. */
export function reportEvents(): readonly AuditEvent[] {
  const random = new Random(7);
  const events: AuditEvent[] = [];
  const at = (day: number, millis: number) =>
    new Date(REPORT_DAY + day * DAY_MILLIS + millis).toISOString().replace('Z', '000000Z');
  const add = (make: (changes: EventChanges) => AuditEvent, changes: EventChanges, drop: readonly string[] = []) => {
    const sequence = events.length + 1;
    const event = make({ ...changes, sequence });
    // As JSON has it: what is undefined is not there.
    events.push(
      JSON.parse(
        JSON.stringify({ ...event, event: { ...event.event, id: `event-${sequence}` } }, (key, value) =>
          drop.includes(key) ? undefined : value,
        ),
      ),
    );
  };
  for (const [day, count] of [
    [-2, 80],
    [-1, 160],
    [0, 400],
  ] as const) {
    for (let index = 0; index < count; index += 1) {
      const shape = random.pick(day === -2 ? WEIGHTED.filter(({ account }) => account !== 'report') : WEIGHTED);
      add(auditEvent, statement(shape, at(day, random.below(DAY_MILLIS)), random), shape.party === undefined ? [] : []);
    }
  }
  add(auditEvent, statement({ ...(SHAPES[0] as Shape), account: 'gone', table: 'archive' }, at(-1, 5_000), random));
  for (let index = 0; index < 12; index += 1) {
    const failed = index % 3 === 0;
    add(auditEvent, {
      at: at(0, random.below(DAY_MILLIS)),
      event: {
        category: ['authentication'],
        action: failed ? 'db.session.auth_failed' : 'db.session.start',
        outcome: failed ? 'failure' : 'success',
      },
      db: { operation: undefined, query: undefined, response: undefined },
      dbaudit: {
        statement: undefined,
        result: undefined,
        session: {
          id: hex(900 + index),
          index: 0,
          captured_from_start: true,
          program: 'mysql',
          auth: { method: 'caching_sha2_password' },
        },
      },
      rest: {
        user: { name: failed ? 'root' : 'app' },
        ...(failed ? { error: { code: '1045', message: 'Access denied' } } : {}),
      },
    });
  }
  for (let index = 0; index < 5; index += 1)
    add(packetGap, { at: at(0, index * 1_000), capture: { gap_packets: 10 + index } });
  for (let index = 0; index < 3; index += 1) {
    add((changes) => encryptedSession(changes), {
      at: at(0, 7_000 + index),
      dbaudit: {
        statement: undefined,
        result: undefined,
        session: { id: hex(800 + index), index: 0, captured_from_start: true },
      },
    });
  }
  for (const [action, name] of [
    ['k8s.session.exec', 'mysql-0'],
    ['k8s.session.portforward', 'mysql-0'],
    ['k8s.api', 'orders-db'],
    ['k8s.api', 'tls-cert'],
  ] as const) {
    add(bare, {
      at: at(0, 9_000_000),
      event: { action, category: ['api'], dataset: 'kubernetes.audit' },
      rest: {
        kubernetes: {
          namespace: 'shop',
          audit: {
            auditID: `a-${events.length}`,
            stage: 'ResponseComplete',
            verb: action === 'k8s.api' ? 'get' : 'create',
            user: { username: 'alice' },
            objectRef: { resource: action === 'k8s.api' ? 'secrets' : 'pods', namespace: 'shop', name },
            responseStatus: { code: 200 },
          },
        },
      },
    });
  }
  for (const action of [
    'dbaudit.agent.start',
    'dbaudit.agent.stop',
    'dbaudit.agent.start',
    'dbaudit.refused',
    'dbaudit.access',
    'dbaudit.access',
    'dbaudit.access',
  ] as const) {
    add(bare, { at: at(0, 50_000), event: { action, category: ['process'], dataset: 'dbaudit' } });
  }
  return events;
}

function statement(shape: Shape, at: string, random: Random): EventChanges {
  const { account, ip, party, class: kind, operation, template, table, rows, affected } = shape;
  const failed = random.below(12) === 0;
  const bytes = 60 + (rows ?? 0) * 40;
  return {
    at,
    event: {
      outcome: failed ? 'failure' : 'success',
      start: at,
      duration:
        random.below(20) === 0 ? 1_500_000_000 + random.below(3_000_000_000) : 100_000 + random.below(30_000_000),
    },
    db: {
      namespace: party === BILLING ? 'billing' : 'shop',
      operation: { name: operation },
      query: { text: template.replaceAll('?', `'secret-${random.below(99)}'`) },
      response: {
        status_code: failed ? '1142' : '0',
        ...(rows === undefined || failed ? {} : { returned_rows: rows }),
      },
    },
    dbaudit: {
      session: { id: hex(random.below(40)), index: 1, captured_from_start: true, program: 'orders' },
      statement: {
        kind: 'text',
        class: kind,
        fingerprint: hex(template.length).slice(0, 16),
        template,
        tables: [table],
        text_length: template.length,
        truncated: false,
        redaction: { policy: 'none' },
      },
      result: { bytes, ...(affected === undefined || failed ? {} : { affected_rows: affected }) },
      ...(party === undefined ? {} : { client: { k8s: party } }),
    },
    rest: {
      user: { name: account },
      client: { ip, port: 40_000, bytes: 60 },
      kubernetes: { namespace: party === BILLING ? 'billing' : 'shop', pod: { name: 'mysql-0' } },
      ...(failed ? { error: { code: '1142', message: "denied to 'secret-1'" } } : {}),
    },
  };
}

/** Of no database. */
function bare(changes: EventChanges): AuditEvent {
  const { '@timestamp': time, ecs, event, kubernetes } = auditEvent(changes);
  const { duration: _, start: _start, ...own } = event;
  return {
    '@timestamp': time,
    ecs,
    event: own,
    ...(changes.rest?.kubernetes === undefined || kubernetes === undefined ? {} : { kubernetes }),
    dbaudit: { schema: 1, capture: { mode: 'collector' } },
  };
}

function hex(number: number): string {
  return number.toString(16).padStart(32, '0');
}
