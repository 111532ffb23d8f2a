import { DatabaseSync } from 'node:sqlite';
import type { StoreDatabase } from '../collector/store/duckdb/database.ts';
import { availableOpenSearchVersions, startOpenSearch } from '../test/support/servers/opensearch.ts';
import { type Queries, type TOPS, WEEK } from './collector-events.ts';

interface Peer {
  readonly name: string;
  readonly queries: Queries;
  stop(): Promise<void>;
}

/** What both get of each event: what the questions are about. */
interface Row {
  readonly time: number;
  readonly class: string;
  readonly outcome: string;
  readonly user: string;
  readonly database: string;
  readonly client: string;
  readonly fingerprint: string;
  readonly table: string;
  readonly session: string;
  readonly statement: string;
  readonly duration: number;
  readonly rows: number;
}

const HOUR_MILLIS = 3_600_000;
const COLUMNS: Readonly<Record<keyof typeof TOPS, keyof Row>> = {
  'top tables': 'table',
  'top users': 'user',
  'top clients': 'client',
  'top statements': 'fingerprint',
  'top databases': 'database',
};

/** Hands all events to `take`, some thousands at a time. */
async function visitRows(database: StoreDatabase, take: (rows: readonly Row[]) => Promise<void>): Promise<void> {
  await database.read(undefined, undefined, async (connection) => {
    const result = await connection.stream(
      `SELECT epoch_ms("time")::DOUBLE AS time, class, outcome, "user", database, client_ip AS client, fingerprint, tables[1] AS "table", session, statement, duration_ns::DOUBLE AS duration, returned_rows::DOUBLE AS "rows" FROM all_events`,
    );
    const names = result.columnNames();
    for (
      let chunk = await result.fetchChunk();
      chunk !== null && chunk.rowCount > 0;
      chunk = await result.fetchChunk()
    ) {
      await take(chunk.getRowObjects(names) as unknown as readonly Row[]);
    }
  });
}

/** A table with an index on time and what is counted, and FTS5 over the statements. */
export async function sqliteQueries(database: StoreDatabase): Promise<Peer> {
  const sqlite = new DatabaseSync(':memory:');
  sqlite.exec(`CREATE TABLE events (id INTEGER PRIMARY KEY, time, class, outcome, user, database, client, fingerprint, "table", session, duration, "rows");
    CREATE VIRTUAL TABLE statements USING fts5(statement, content='');`);
  const insert = sqlite.prepare('INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
  const insertText = sqlite.prepare('INSERT INTO statements (rowid, statement) VALUES (?, ?)');
  let id = 0;
  await visitRows(database, async (rows) => {
    sqlite.exec('BEGIN');
    for (const row of rows) {
      id += 1;
      insert.run(
        id,
        row.time,
        row.class,
        row.outcome,
        row.user,
        row.database,
        row.client,
        row.fingerprint,
        row.table,
        row.session,
        row.duration,
        row.rows,
      );
      insertText.run(id, row.statement);
    }
    sqlite.exec('COMMIT');
  });
  sqlite.exec('CREATE INDEX by_time ON events (time)');
  const all = (sql: string) => async () => sqlite.prepare(sql).all();
  const within = `time >= ${WEEK.from} AND time < ${WEEK.to}`;
  const sums = `count(*), sum(outcome = 'failure'), sum(duration > 1e9), sum("rows"), sum(duration)`;
  const totalsOf = (range: string) =>
    all(`SELECT ${sums}, count(DISTINCT client), count(DISTINCT session) FROM events WHERE ${range}`);
  const histogramBy = (column: string) =>
    all(`SELECT time / ${HOUR_MILLIS}, ${column}, count(*) FROM events WHERE ${within} GROUP BY 1, 2`);
  return {
    name: 'SQLite',
    queries: {
      totals: totalsOf(within),
      'totals of the week before': totalsOf(`time < ${WEEK.from}`),
      'histogram by class': histogramBy('class'),
      'histogram by outcome': histogramBy('outcome'),
      ...Object.fromEntries(
        Object.entries(COLUMNS).map(([name, column]) => [
          name,
          all(
            `SELECT "${column}", ${sums}, min(time), max(time) FROM events WHERE ${within} GROUP BY 1 ORDER BY 2 DESC LIMIT 10`,
          ),
        ]),
      ),
      'newest 100': all(`SELECT * FROM events WHERE ${within} ORDER BY time DESC LIMIT 100`),
      'count of a word': all(
        `SELECT time / ${HOUR_MILLIS}, count(*) FROM statements s CROSS JOIN events e ON e.id = s.rowid WHERE statements MATCH 'n4711' AND ${within} GROUP BY 1`,
      ),
    },
    stop: async () => sqlite.close(),
  };
}

/** One index with keyword fields; its cache of answers is not asked. */
export async function openSearchQueries(database: StoreDatabase): Promise<Peer | string> {
  if (!availableOpenSearchVersions().includes('3.8')) return 'OpenSearch: left out: 3.8 is not here';
  const node = await startOpenSearch({ version: '3.8' });
  const keyword = { type: 'keyword' };
  const names = ['class', 'outcome', 'user', 'database', 'client', 'fingerprint', 'table', 'session'];
  await node.request('PUT', 'events', {
    settings: { number_of_shards: 1, number_of_replicas: 0, refresh_interval: '-1' },
    mappings: {
      properties: {
        ...Object.fromEntries(names.map((name) => [name, keyword])),
        time: { type: 'date' },
        statement: { type: 'text' },
        duration: { type: 'long' },
        rows: { type: 'long' },
      },
    },
  });
  await visitRows(database, async (rows) => {
    await node.request('POST', 'events/_bulk', rows.map((row) => `{"index":{}}\n${JSON.stringify(row)}\n`).join(''));
  });
  await node.request('POST', 'events/_refresh');
  const range = { range: { time: { gte: WEEK.from, lt: WEEK.to } } };
  const sums = {
    failures: { filter: { term: { outcome: 'failure' } } },
    slow: { filter: { range: { duration: { gt: 1e9 } } } },
    rows: { sum: { field: 'rows' } },
    duration: { sum: { field: 'duration' } },
  };
  const ask = (body: object) => () =>
    node.request('POST', 'events/_search?request_cache=false', {
      size: 0,
      track_total_hits: true,
      query: range,
      ...body,
    });
  const distinct = { clients: { cardinality: { field: 'client' } }, sessions: { cardinality: { field: 'session' } } };
  const overTime = (aggs: object) => ({ over: { date_histogram: { field: 'time', fixed_interval: '1h' }, aggs } });
  return {
    name: 'OpenSearch',
    queries: {
      totals: ask({ aggs: { ...sums, ...distinct } }),
      'totals of the week before': ask({
        query: { range: { time: { lt: WEEK.from } } },
        aggs: { ...sums, ...distinct },
      }),
      'histogram by class': ask({ aggs: overTime({ by: { terms: { field: 'class' } } }) }),
      'histogram by outcome': ask({ aggs: overTime({ by: { terms: { field: 'outcome' } } }) }),
      ...Object.fromEntries(
        Object.entries(COLUMNS).map(([name, field]) => [
          name,
          ask({
            aggs: {
              top: {
                terms: { field, size: 10 },
                aggs: { ...sums, first: { min: { field: 'time' } }, last: { max: { field: 'time' } } },
              },
            },
          }),
        ]),
      ),
      'newest 100': ask({ size: 100, sort: [{ time: 'desc' }] }),
      'count of a word': ask({
        query: { bool: { filter: [range, { match: { statement: 'n4711' } }] } },
        aggs: overTime({}),
      }),
    },
    stop: () => node.stop(),
  };
}
