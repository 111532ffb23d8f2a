import type { StoreDatabase } from '../collector/store/duckdb/database.ts';
import { writePartition } from '../collector/store/duckdb/partition-file.ts';
import { RECENT } from '../collector/store/duckdb/schema.ts';
import type { TimeRange } from '../collector/store/event-store.ts';

/** A week of a shop-like application: 40 kinds of statements, 24 tables, 12 users, 200 clients, short sessions. */
const WEEK_MILLIS = 7 * 86_400_000;
const END = Date.parse('2026-11-02T00:00:00Z');
export const WEEK: TimeRange = { from: END - WEEK_MILLIS, to: END };
/** As keeping does it. */
const PARTITION_EVENTS = 1_000_000;
const NANOS_PER_MILLI = 1_000_000n;

/** The values of event number `i`; the same for the same number. */
const COLUMNS: Readonly<Record<string, (events: number) => string>> = {
  time: (events) =>
    `make_timestamp_ns(${BigInt(WEEK.from) * NANOS_PER_MILLI} + (i * ${Math.floor((WEEK_MILLIS / events) * 1e6)})::BIGINT + (h % 1000)::BIGINT)`,
  id_prefix: () => 'md5((i // 60)::VARCHAR)',
  id_number: () => 'i % 60',
  kind: () => "'event'",
  action: () => "CASE WHEN h % 3 = 0 THEN 'db.execute' ELSE 'db.query' END",
  outcome: () => "CASE WHEN h % 97 = 0 THEN 'failure' ELSE 'success' END",
  dataset: () => "'dbaudit.mysql'",
  categories: () => "['database']",
  types: () => "['access']",
  started_after: () => '0',
  duration_ns: () => 'CASE WHEN h % 4001 = 0 THEN 1500000000 ELSE 80000 + h % 4000000 END',
  sequence: () => 'i',
  system: () => "'mysql'",
  database: () => "'shop_' || k % 5",
  operation: () => "['SELECT', 'UPDATE', 'INSERT', 'DELETE'][1 + k % 4]",
  statement: () => `statement_of`,
  template: () => "'SELECT c' || k || ' FROM table_' || k % 24 || ' WHERE id = ? AND note = ?'",
  status: () => "CASE WHEN h % 97 = 0 THEN '1062' ELSE '0' END",
  error_code: () => "CASE WHEN h % 97 = 0 THEN '1062' END",
  error_message: () => "CASE WHEN h % 97 = 0 THEN 'Duplicate entry ' || i END",
  returned_rows: () => 'h % 50',
  user: () => "'user_' || k % 12",
  client_ip: () => "'10.1.' || (i // 60) % 4 || '.' || (i // 60) % 200",
  client_port: () => '30000 + (i // 60) % 30000',
  server_ip: () => "'10.96.0.10'",
  server_port: () => '3306',
  server_bytes: () => '100 + h % 4000',
  protocol: () => "'mysql'",
  namespace: () => "'shop-' || k % 3",
  pod: () => "'mysql-' || k % 3",
  session: () => 'md5((i // 60)::VARCHAR)',
  session_index_over_id: () => '0',
  captured_from_start: () => 'true',
  statement_kind: () => "'text'",
  class: () => "['READ', 'WRITE', 'WRITE', 'WRITE'][1 + k % 4]",
  fingerprint: () => 'substr(md5(k::VARCHAR), 1, 16)',
  tables: () => "['table_' || k % 24]",
  text_length_over_text: () => '0',
  truncated: () => 'false',
  result_bytes_over_server: () => '0',
  capture_mode: () => "'sidecar'",
};

/** Fills a database with this many events of a week; the last twentieth stays in the table, the rest is in partitions. */
export async function fillWeek(database: StoreDatabase, events: number): Promise<void> {
  const names = Object.keys(COLUMNS).map((name) => `"${name}"`);
  const values = Object.values(COLUMNS).map((value) => value(events));
  const recent = Math.floor(events * 0.95);
  const bounds = [...pieces(recent, PARTITION_EVENTS), { from: recent, to: events }];
  for (const { from, to } of bounds) {
    await database.write(async (connection) => {
      await connection.run(
        `INSERT INTO ${RECENT} (${names.join(', ')}) SELECT ${values.join(', ')} FROM
         (SELECT i, h, k, 'SELECT c' || k || ' FROM table_' || k % 24 || ' WHERE id = ' || h || ' AND note = ''n' || h % 9973 || '''' AS statement_of FROM
         (SELECT i, (hash(i) % 1000000007)::BIGINT AS h, (hash(i) % 40)::BIGINT AS k FROM range(${from}, ${to}) t(i)))`,
      );
      if (to === events) return;
      await writePartition(connection, `(SELECT * FROM ${RECENT})`, database);
      await connection.run(`DELETE FROM ${RECENT}`);
    });
  }
}

function pieces(total: number, size: number): readonly { readonly from: number; readonly to: number }[] {
  return Array.from({ length: Math.ceil(total / size) }, (_, index) => ({
    from: index * size,
    to: Math.min(total, (index + 1) * size),
  }));
}

/** A question of the overview page, as each of the databases answers it. Names are the rows of the table. */
export type Queries = Readonly<Record<string, () => Promise<unknown>>>;

export const TOPS = {
  'top tables': 'dbaudit.statement.tables',
  'top users': 'user.name',
  'top clients': 'client.ip',
  'top statements': 'dbaudit.statement.fingerprint',
  'top databases': 'db.namespace',
} as const;
