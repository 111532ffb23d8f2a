import { createHash } from 'node:crypto';
import type { AuditEvent, Party } from '../../../contract/audit-event.ts';
import { Random } from '../mutation/random.ts';

/** How busy a database is of which one agent tells. */
export interface Busyness {
  readonly seed: number;
  /** Its number among other agents. */
  readonly agent: number;
  /** Nanoseconds since 1970 of the first event. */
  readonly from: bigint;
  readonly eventsPerSecond: number;
}

const NANOS_PER_SECOND = 1_000_000_000;
/** Open connections at any time. */
const SESSIONS = 25;
/** One in so many statements is a connection's last. */
const STATEMENTS_PER_SESSION = 400;
/** Events of one batch of an agent, which the collector takes at one time. */
const EVENTS_PER_BATCH = 250;

interface Shape {
  readonly operation: string;
  readonly class: 'READ' | 'WRITE';
  readonly table: string;
  readonly template: string;
  readonly text: (random: Random) => string;
  readonly rows: (random: Random) => number;
}

const FIRST_NAMES = ['Ada', 'Grace', 'Linus', 'Edsger', 'Barbara', 'Donald', 'Ken', 'Margaret', 'Dennis', 'Radia'];

/** What a shop asks its databases, about as often as it does. */
const SHAPES: readonly Shape[] = [
  read('products', 'SELECT id, name, price FROM products WHERE id = ?', (r) => [r.below(20_000)]),
  read('products', 'SELECT id, name, price FROM products WHERE category = ? ORDER BY price LIMIT 20', (r) => [
    r.below(200),
  ]),
  read('orders', 'SELECT * FROM orders WHERE customer_id = ? AND state = ?', (r) => [r.below(100_000), "'open'"]),
  read('orders', 'SELECT count(*) FROM orders WHERE created_at > ?', (r) => [`'2026-11-${10 + r.below(18)}'`]),
  read('customers', 'SELECT id, email FROM customers WHERE email = ?', (r) => [
    `'${r.pick(FIRST_NAMES).toLowerCase()}.${r.below(50_000)}@example.org'`,
  ]),
  read('carts', 'SELECT c.id, i.sku, i.n FROM carts c JOIN items i ON i.cart = c.id WHERE c.customer_id = ?', (r) => [
    r.below(100_000),
  ]),
  read('sessions', 'SELECT data FROM sessions WHERE token = ?', (r) => [`'${hex(r, 16)}'`]),
  write('INSERT', 'orders', 'INSERT INTO orders (customer_id, total, state) VALUES (?, ?, ?)', (r) => [
    r.below(100_000),
    `${r.below(500)}.${r.below(100)}`,
    "'open'",
  ]),
  write('UPDATE', 'stock', 'UPDATE stock SET n = n - ? WHERE sku = ?', (r) => [
    1 + r.below(3),
    `'A-${r.below(20_000)}'`,
  ]),
  write('UPDATE', 'sessions', 'UPDATE sessions SET seen_at = now() WHERE token = ?', (r) => [`'${hex(r, 16)}'`]),
];

function read(table: string, template: string, literals: (random: Random) => readonly (string | number)[]): Shape {
  const text = (random: Random) => filled(template, literals(random));
  return { operation: 'SELECT', class: 'READ', table, template, text, rows: (random) => random.below(20) };
}

function write(
  operation: string,
  table: string,
  template: string,
  literals: (random: Random) => readonly (string | number)[],
): Shape {
  return {
    operation,
    class: 'WRITE',
    table,
    template,
    text: (random) => filled(template, literals(random)),
    rows: () => 0,
  };
}

function filled(template: string, literals: readonly (string | number)[]): string {
  let next = 0;
  return template.replaceAll('?', () => String(literals[next++]));
}

interface Session {
  readonly id: string;
  readonly ip: string;
  readonly port: number;
  readonly connection: string;
  readonly communityId: string;
  readonly client: Party;
  index: number;
}

/** Events as the collector appends them, enriched: the same for the same seed. They come in the order of their time. */
export class BusyEvents {
  readonly #random: Random;
  readonly #step: number;
  readonly #sessions: Session[];
  readonly #agent: number;
  #sequence = 0;
  #now: bigint;
  #ingested = '';
  #made = 0;

  constructor({ seed, agent, from, eventsPerSecond }: Busyness) {
    this.#agent = agent;
    this.#random = new Random(seed);
    this.#now = from;
    this.#step = NANOS_PER_SECOND / eventsPerSecond;
    this.#sessions = Array.from({ length: SESSIONS }, () => this.#open());
  }

  take(count: number): AuditEvent[] {
    return Array.from({ length: count }, () => this.#next());
  }

  #next(): AuditEvent {
    const random = this.#random;
    this.#now += BigInt(1 + random.below(Math.round(this.#step * 2)));
    const slot = random.below(SESSIONS);
    if (random.below(STATEMENTS_PER_SESSION) === 0) this.#sessions[slot] = this.#open();
    const session = this.#sessions[slot];
    if (session === undefined) throw new RangeError('there is no such session');
    if (this.#made++ % EVENTS_PER_BATCH === 0) this.#ingested = timeOf(this.#now + 250_000_000n, true);
    session.index += 1;
    this.#sequence += 1;
    return this.#statement(session, this.#sequence, random.pick(SHAPES));
  }

  #statement(session: Session, sequence: number, shape: Shape): AuditEvent {
    const random = this.#random;
    const text = shape.text(random);
    const at = timeOf(this.#now);
    const rows = shape.rows(random);
    const duration = 50_000 + Math.floor((random.below(1_000_000) / 1_000_000) ** 4 * 40_000_000);
    const failed = random.below(500) === 0;
    const request = { ip: session.ip, port: session.port, bytes: text.length + 5 };
    const answer = { ip: '10.96.0.10', port: 3306, bytes: rows > 0 ? 120 + rows * (40 + random.below(30)) : 52 };
    return {
      '@timestamp': at,
      ecs: { version: '9.4.0' },
      event: {
        id: `${session.id}-${session.index}`,
        kind: 'event',
        category: ['database'],
        type: [shape.class === 'READ' ? 'access' : 'change'],
        action: 'db.query',
        outcome: failed ? 'failure' : 'success',
        dataset: 'dbaudit.mysql',
        start: at,
        end: timeOf(this.#now + BigInt(duration)),
        duration,
        sequence,
        ingested: this.#ingested,
      },
      db: {
        system: { name: 'mysql' },
        namespace: 'shop',
        operation: { name: shape.operation },
        collection: { name: shape.table },
        query: { text, summary: `${shape.operation} ${shape.table}` },
        response: { status_code: failed ? '1205' : '0', returned_rows: rows },
      },
      ...(failed ? { error: { code: '1205', message: 'Lock wait timeout exceeded; try restarting transaction' } } : {}),
      source: request,
      destination: answer,
      client: request,
      server: answer,
      user: { name: 'shop_rw' },
      kubernetes: {
        namespace: 'shop',
        pod: { name: `mysql-${this.#agent}` },
        node: { name: `node-${this.#agent % 6}` },
      },
      network: { transport: 'tcp', protocol: 'mysql', type: 'ipv4', community_id: session.communityId },
      dbaudit: {
        schema: 1,
        session: {
          id: session.id,
          index: session.index,
          connection_id: session.connection,
          program: 'orders',
          driver: 'libmysql 8.4.2',
          server_version: '8.4.2',
          captured_from_start: true,
          auth: { method: 'caching_sha2_password' },
        },
        statement: {
          kind: 'text',
          class: shape.class,
          fingerprint: fingerprintOf(shape.template),
          template: shape.template,
          tables: [shape.table],
          text_length: text.length,
          truncated: false,
          redaction: { policy: 'secrets' },
        },
        result: {
          bytes: answer.bytes,
          ...(shape.class === 'WRITE' ? { affected_rows: 1, insert_id: String(sequence) } : {}),
        },
        capture: { mode: 'sidecar', interface: 'eth0' },
        client: { k8s: session.client },
        server: { k8s: SERVER },
      },
    };
  }

  #open(): Session {
    const random = this.#random;
    const id = hex(random, 32);
    const host = 2 + random.below(200);
    const pod = `orders-7d9f8-${host.toString(36).padStart(5, 'x')}`;
    return {
      id,
      ip: `10.244.${host % 6}.${host}`,
      port: 32_768 + random.below(28_000),
      connection: String(random.below(1_000_000)),
      communityId: `1:${createHash('sha1').update(id).digest('base64')}`,
      client: {
        kind: 'pod',
        namespace: 'shop',
        pod,
        pod_uid: createHash('md5').update(pod).digest('hex'),
        node: `node-${host % 6}`,
        service_account: 'orders',
        owner: { kind: 'Deployment', name: 'orders' },
        owners: ['ReplicaSet/orders-7d9f8', 'Deployment/orders'],
        labels: { app: 'orders', 'pod-template-hash': '7d9f8' },
      },
      index: 0,
    };
  }
}

const SERVER: Party = {
  kind: 'pod',
  namespace: 'shop',
  pod: 'mysql-0',
  node: 'node-1',
  service: 'mysql',
  service_account: 'default',
  owner: { kind: 'StatefulSet', name: 'mysql' },
  owners: ['StatefulSet/mysql'],
  labels: { app: 'mysql' },
};

function hex(random: Random, digits: number): string {
  let text = '';
  while (text.length < digits) text += random.below(0x1_0000).toString(16).padStart(4, '0');
  return text;
}

function fingerprintOf(template: string): string {
  return createHash('sha1').update(template).digest('hex').slice(0, 16);
}

function timeOf(nanos: bigint, wholeMillis = false): string {
  const fraction = nanos % BigInt(NANOS_PER_SECOND);
  const second = new Date(Number(nanos / 1_000_000n)).toISOString().slice(0, 19);
  return `${second}.${String(wholeMillis ? fraction - (fraction % 1_000_000n) : fraction).padStart(9, '0')}Z`;
}
