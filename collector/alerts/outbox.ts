import type { DatabaseSync } from 'node:sqlite';
import * as z from 'zod';

/** Lines of the delivery log, and dead letters: what an operator looks through. */
const MAX_LOG_LINES = 2_000;
const MAX_DEAD_LETTERS = 1_000;

const orderSchema = z.object({
  id: z.string(),
  channel: z.string(),
  /** Milliseconds since 1970. */
  at: z.number(),
  kind: z.enum(['alerts', 'escalation']),
  alerts: z.array(z.string()).readonly(),
  people: z
    .array(
      z.object({
        name: z.string(),
        mentions: z.object({
          slack: z.string().optional(),
          dingtalk: z.string().optional(),
          feishu: z.string().optional(),
          wecom: z.string().optional(),
        }),
      }),
    )
    .readonly(),
});

/** A message that a channel shall send; what it says is written when it is sent. */
export type Order = Readonly<z.infer<typeof orderSchema>>;

export type QueuedOrder = Order & { readonly seq: number };

/** A line of the delivery log. */
export interface DeliveryLine {
  readonly at: number;
  readonly channel: string;
  readonly outcome: 'sent' | 'failed' | 'dead' | 'test';
  /** Alerts in it. */
  readonly alerts: number;
  /** Why not, or what to know. */
  readonly text?: string | undefined;
}

const TABLES = `
  create table if not exists outbox (seq integer primary key autoincrement, channel text not null, body text not null) strict;
  create index if not exists outbox_by_channel on outbox (channel, seq);
  create table if not exists deliveries (
    seq integer primary key autoincrement, at integer not null, channel text not null, outcome text not null,
    alerts integer not null, text text
  ) strict;
  create table if not exists dead_letters (seq integer primary key autoincrement, at integer not null, reason text not null, body text not null) strict;
`;

const lineRow = z.object({
  at: z.number(),
  channel: z.string(),
  outcome: z.enum(['sent', 'failed', 'dead', 'test']),
  alerts: z.number(),
  text: z.string().nullable(),
});

/** What channels still have to send, what became of it, and what could not be sent: all of it bounded. */
export class Outbox {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
    database.exec(TABLES);
  }

  /** Within the transaction that is open, so that an order and its reason are kept together. */
  put(order: Order): void {
    this.#database
      .prepare('insert into outbox (channel, body) values (?, ?)')
      .run(order.channel, JSON.stringify(order));
  }

  /** Oldest first. */
  waiting(channel: string, limit: number): QueuedOrder[] {
    return this.#database
      .prepare('select seq, body from outbox where channel = ? order by seq limit ?')
      .all(channel, limit)
      .map((row) => {
        const { seq, body } = z.object({ seq: z.number(), body: z.string() }).parse(row);
        return { ...orderSchema.parse(JSON.parse(body)), seq };
      });
  }

  count(channel: string): number {
    const row = this.#database.prepare('select count(*) count from outbox where channel = ?').get(channel);
    return z.object({ count: z.number() }).parse(row).count;
  }

  /** Channels that have something to send, whether they are configured or not. */
  channels(): string[] {
    const rows = this.#database.prepare('select distinct channel from outbox').all();
    return rows.map((row) => z.object({ channel: z.string() }).parse(row).channel);
  }

  /** The receiver has these. */
  sent(orders: readonly QueuedOrder[], line: DeliveryLine): void {
    this.#together(() => {
      this.#forget(orders);
      this.#write(line);
    });
  }

  /** These will never be sent; they are kept with the reason. */
  bury(orders: readonly QueuedOrder[], line: DeliveryLine): void {
    this.#together(() => {
      const insert = this.#database.prepare('insert into dead_letters (at, reason, body) values (?, ?, ?)');
      for (const { seq, ...order } of orders) insert.run(line.at, line.text ?? '', JSON.stringify(order));
      this.#forget(orders);
      this.#write(line);
      this.#trim('dead_letters', MAX_DEAD_LETTERS);
    });
  }

  log(line: DeliveryLine): void {
    this.#together(() => this.#write(line));
  }

  /** Newest first. */
  lines(limit: number): DeliveryLine[] {
    const rows = this.#database
      .prepare('select at, channel, outcome, alerts, text from deliveries order by seq desc limit ?')
      .all(limit);
    return rows.map((row) => {
      const { text, ...line } = lineRow.parse(row);
      return { ...line, ...(text === null ? {} : { text }) };
    });
  }

  /** Newest first. */
  deadLetters(limit: number): (Order & { readonly diedAt: number; readonly reason: string })[] {
    const rows = this.#database
      .prepare('select at, reason, body from dead_letters order by seq desc limit ?')
      .all(limit);
    return rows.map((row) => {
      const { at, reason, body } = z.object({ at: z.number(), reason: z.string(), body: z.string() }).parse(row);
      return { ...orderSchema.parse(JSON.parse(body)), diedAt: at, reason };
    });
  }

  #forget(orders: readonly QueuedOrder[]): void {
    const remove = this.#database.prepare('delete from outbox where seq = ?');
    for (const { seq } of orders) remove.run(seq);
  }

  #write({ at, channel, outcome, alerts, text }: DeliveryLine): void {
    this.#database
      .prepare('insert into deliveries (at, channel, outcome, alerts, text) values (?, ?, ?, ?, ?)')
      .run(at, channel, outcome, alerts, text ?? null);
    this.#trim('deliveries', MAX_LOG_LINES);
  }

  #trim(table: 'deliveries' | 'dead_letters', most: number): void {
    this.#database.prepare(`delete from ${table} where seq <= (select max(seq) from ${table}) - ?`).run(most);
  }

  #together(work: () => void): void {
    this.#database.exec('begin immediate');
    try {
      work();
      this.#database.exec('commit');
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('rollback');
      throw error;
    }
  }
}
