import { chmodSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import * as z from 'zod';
import type { AlertLevel, AuditEvent } from '../../contract/audit-event.ts';
import { silenceSchema } from '../../contract/collector-api.ts';
import { wordsOf } from '../../delivery/system-error.ts';
import type { Scope } from '../access/scope.ts';
import { type AlertRecord, alertRecordSchema, NO_NAMESPACE } from './alert-record.ts';
import { type Order, Outbox } from './outbox.ts';
import type { Silence } from './silence.ts';

const SCHEMA_VERSION = 1;
/** Another process with the file open is a mistake; a backup that reads it is gone sooner. */
const BUSY_MILLIS = 5_000;

const groupSchema = z.object({
  /** Of route and labels. */
  key: z.string(),
  route: z.string(),
  labels: z.record(z.string(), z.string()),
  /** When its next message is due. */
  dueAt: z.number(),
  /** Alerts that nobody was told of yet on this route. */
  waiting: z.array(z.string()).readonly(),
  /** Alerts that were told of, and whose end was not. */
  told: z.array(z.string()).readonly(),
  /** Of the last message. */
  toldAt: z.number().exactOptional(),
});

/** Alerts that one message of a route is about. */
export type NotificationGroup = Readonly<z.infer<typeof groupSchema>>;

/** What one step changes, all of it or nothing. Undefined: it is gone. */
export interface Changes {
  readonly alerts: ReadonlyMap<string, AlertRecord>;
  readonly groups: ReadonlyMap<string, NotificationGroup | undefined>;
  readonly silences: ReadonlyMap<string, Silence | undefined>;
  readonly orders: readonly Order[];
  readonly audit: readonly AuditEvent[];
}

export interface AlertQuery {
  readonly states: readonly string[];
  readonly levels?: readonly AlertLevel[] | undefined;
  readonly rule?: string | undefined;
  readonly range?: { readonly from: number; readonly to: number } | undefined;
  readonly namespaces: Scope['namespaces'];
  readonly limit: number;
}

const TABLES = `
  create table if not exists alerts (
    id text primary key, state text not null, kind text not null, level text not null, rule text not null,
    started_at integer not null, raised_at integer not null, ended_at integer, namespaces text not null, body text not null
  ) strict;
  create index if not exists alerts_by_state on alerts (state, id);
  create index if not exists alerts_by_rule on alerts (rule, raised_at);
  create index if not exists alerts_by_end on alerts (ended_at);
  create table if not exists notification_groups (key text primary key, body text not null) strict;
  create table if not exists silences (id text primary key, body text not null) strict;
  create table if not exists audit (seq integer primary key autoincrement, body text not null) strict;
`;

const bodyRow = z.object({ body: z.string() });
const countRow = z.object({ count: z.number() });

/**
 * The desk's memory on disk: SQLite with a write-ahead log, forced to disk with each step, so that neither a killed process
 * nor a machine without power loses a step that was taken, or has half of one. One process has it open.
 */
export class AlertDatabase {
  readonly outbox: Outbox;
  readonly #database: DatabaseSync;

  private constructor(database: DatabaseSync) {
    this.#database = database;
    this.outbox = new Outbox(database);
  }

  /** @throws Error that names the file where it cannot be used */
  static open(file: string): AlertDatabase {
    try {
      const database = new DatabaseSync(file, { timeout: BUSY_MILLIS });
      chmodSync(file, 0o600);
      database.exec('pragma journal_mode = wal; pragma synchronous = full; pragma auto_vacuum = incremental;');
      const { user_version: version } = z
        .object({ user_version: z.number() })
        .parse(database.prepare('pragma user_version').get());
      if (version > SCHEMA_VERSION) throw new Error('a newer dbaudit wrote it');
      const check = z.object({ quick_check: z.string() }).parse(database.prepare('pragma quick_check(1)').get());
      if (check.quick_check !== 'ok') throw new Error(check.quick_check);
      database.exec(`${TABLES} pragma user_version = ${SCHEMA_VERSION};`);
      return new AlertDatabase(database);
    } catch (error) {
      throw new Error(
        `alerts: ${file} cannot be used (${wordsOf(error)}); move it away to begin without the alerts in it, or correct its rights`,
      );
    }
  }

  close(): void {
    this.#database.close();
  }

  open(): AlertRecord[] {
    return this.#bodies("select body from alerts where state <> 'resolved' order by id").map((body) =>
      alertRecordSchema.parse(body),
    );
  }

  groups(): NotificationGroup[] {
    return this.#bodies('select body from notification_groups').map((body) => groupSchema.parse(body));
  }

  silences(): Silence[] {
    return this.#bodies('select body from silences').map((body) => silenceSchema.parse(body));
  }

  alert(id: string): AlertRecord | undefined {
    const [body] = this.#bodies('select body from alerts where id = ?', id);
    return body === undefined ? undefined : alertRecordSchema.parse(body);
  }

  /** How many alerts of single groups a rule raised since then. */
  raisedSince(rule: string, since: number): number {
    const sql = "select count(*) count from alerts where rule = ? and raised_at > ? and kind = 'group'";
    return countRow.parse(this.#database.prepare(sql).get(rule, since)).count;
  }

  /** Newest first, with how many there are in all. */
  list(query: AlertQuery): { readonly alerts: AlertRecord[]; readonly total: number } {
    const { where, values } = conditionsOf(query);
    const total = countRow.parse(
      this.#database.prepare(`select count(*) count from alerts where ${where}`).get(...values),
    );
    const bodies = this.#bodies(
      `select body from alerts where ${where} order by id desc limit ?`,
      ...values,
      query.limit,
    );
    return { alerts: bodies.map((body) => alertRecordSchema.parse(body)), total: total.count };
  }

  /** All of it, or nothing. @throws where the disk is full or broken */
  commit(changes: Changes): void {
    this.#transaction(() => {
      for (const alert of changes.alerts.values()) this.#putAlert(alert);
      this.#putAll('notification_groups', 'key', changes.groups);
      this.#putAll('silences', 'id', changes.silences);
      for (const event of changes.audit)
        this.#database.prepare('insert into audit (body) values (?)').run(JSON.stringify(event));
      for (const order of changes.orders) this.outbox.put(order);
    });
  }

  /** Events that were not handed on yet, oldest first, as JSON. */
  unrecorded(limit: number): { readonly seq: number; readonly event: string }[] {
    return this.#database
      .prepare('select seq, body event from audit order by seq limit ?')
      .all(limit)
      .map((row) => z.object({ seq: z.number(), event: z.string() }).parse(row));
  }

  recorded(upTo: number): void {
    this.#database.prepare('delete from audit where seq <= ?').run(upTo);
  }

  /** Removes alerts that ended before then, and the oldest of those that are over beyond `most`. */
  prune(before: number, most: number): void {
    this.#transaction(() => {
      this.#database.prepare('delete from alerts where ended_at < ?').run(before);
      const over = "select id from alerts where state = 'resolved' order by id desc limit -1 offset ?";
      this.#database.prepare(`delete from alerts where id in (${over})`).run(most);
    });
    this.#database.exec('pragma incremental_vacuum(1000)');
  }

  #putAlert(alert: AlertRecord): void {
    const { id, state, kind, level, rule, startedAt, raisedAt, endedAt, namespaces } = alert;
    this.#database
      .prepare('insert or replace into alerts values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)')
      .run(
        id,
        state,
        kind,
        level,
        rule.id,
        startedAt,
        raisedAt,
        endedAt ?? null,
        JSON.stringify(namespaces),
        JSON.stringify(alert),
      );
  }

  #putAll(
    table: 'notification_groups' | 'silences',
    key: string,
    entries: ReadonlyMap<string, object | undefined>,
  ): void {
    for (const [name, value] of entries) {
      if (value === undefined) this.#database.prepare(`delete from ${table} where ${key} = ?`).run(name);
      else this.#database.prepare(`insert or replace into ${table} values (?, ?)`).run(name, JSON.stringify(value));
    }
  }

  #bodies(sql: string, ...values: (string | number)[]): unknown[] {
    return this.#database
      .prepare(sql)
      .all(...values)
      .map((row) => JSON.parse(bodyRow.parse(row).body));
  }

  #transaction(work: () => void): void {
    this.#database.exec('begin immediate');
    try {
      work();
      this.#database.exec('commit');
    } catch (error) {
      // A full disk may have ended it already.
      if (this.#database.isTransaction) this.#database.exec('rollback');
      throw error;
    }
  }
}

function conditionsOf({ states, levels, rule, range, namespaces }: AlertQuery): {
  readonly where: string;
  readonly values: (string | number)[];
} {
  const oneOf = (column: string, list: readonly string[]) => ({
    sql: `${column} in (select value from json_each(?))`,
    values: [JSON.stringify(list)],
  });
  const conditions: { readonly sql: string; readonly values: (string | number)[] }[] = [
    oneOf('state', states),
    ...(levels === undefined ? [] : [oneOf('level', levels)]),
    ...(rule === undefined ? [] : [{ sql: 'rule = ?', values: [rule] }]),
    ...(range === undefined
      ? []
      : [{ sql: 'started_at < ? and coalesce(ended_at, ?) >= ?', values: [range.to, range.to, range.from] }]),
    ...(namespaces === 'all'
      ? []
      : [
          {
            sql: "namespaces <> '[]' and not exists (select 1 from json_each(namespaces) n where n.value not in (select value from json_each(?)))",
            values: [JSON.stringify(namespaces.filter((name) => name !== NO_NAMESPACE))],
          },
        ]),
  ];
  return {
    where: conditions.map(({ sql }) => `(${sql})`).join(' and '),
    values: conditions.flatMap(({ values }) => values),
  };
}
