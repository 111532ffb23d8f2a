import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { StoreDatabase } from '../collector/store/duckdb/database.ts';
import { histogram } from '../collector/store/duckdb/histogram.ts';
import { openDatabase } from '../collector/store/duckdb/opening.ts';
import { search } from '../collector/store/duckdb/search.ts';
import { top } from '../collector/store/duckdb/top.ts';
import { totals } from '../collector/store/duckdb/totals.ts';
import { EVERYTHING, type Filter } from '../contract/filter.ts';
import { temporaryDirectory } from '../test/support/leftovers.ts';
import { fillWeek, type Queries, TOPS, WEEK } from './collector-events.ts';
import { openSearchQueries, sqliteQueries } from './collector-peers.ts';

/** 10,000,000 for figures to be published: `DBAUDIT_BENCH_EVENTS=10000000`. */
const EVENTS = Number(process.env.DBAUDIT_BENCH_EVENTS ?? 1_000_000);
/** The others take minutes to fill beyond this. */
const MOST_FOR_PEERS = 1_000_000;
const RUNS = 5;
/** What a collector has. */
const MEMORY_MEBIBYTES = 300;
const HOUR_SECONDS = 3_600;
const MILLIS_PER_WEEK = WEEK.to - WEEK.from;

/** Nothing is rolled up by it, so that the events themselves are read. */
const BY_SCAN: Filter = { kind: 'is', field: 'dbaudit.capture.mode', values: ['sidecar'] };

const PEERS = { sqlite: sqliteQueries, opensearch: openSearchQueries } as const;

function duckQueries(database: StoreDatabase, filter: Filter): Queries {
  const selection = { range: WEEK, filter };
  const before = { range: { from: WEEK.from - MILLIS_PER_WEEK, to: WEEK.from }, filter };
  const byClass = { ...selection, stepSeconds: HOUR_SECONDS, measure: 'events' as const };
  return {
    totals: () => totals(database, selection),
    'totals of the week before': () => totals(database, before),
    'histogram by class': () => histogram(database, { ...byClass, by: 'dbaudit.statement.class' }),
    'histogram by outcome': () => histogram(database, { ...byClass, by: 'event.outcome' }),
    ...Object.fromEntries(
      Object.entries(TOPS).map(([name, field]) => [
        name,
        () => top(database, { ...selection, fields: [field], measure: 'events', limit: 10 }),
      ]),
    ),
    'newest 100': () => search(database, { ...selection, order: 'newest', limit: 100 }),
    'count of a word': () =>
      histogram(database, { ...byClass, filter: { kind: 'all', of: [filter, { kind: 'words', text: 'n4711' }] } }),
  };
}

/** The questions of the overview page over a week of events: medians in DuckDB, beside SQLite with FTS5 and OpenSearch. */
export async function benchCollectorQueries(names: readonly string[]): Promise<void> {
  const directory = temporaryDirectory('bench-queries');
  const database = await openDatabase({ directory: directory.path, memoryLimitMebibytes: MEMORY_MEBIBYTES });
  try {
    await fillWeek(database, EVENTS);
    const bytes = sizeOf(directory.path);
    process.stdout.write(
      `${EVENTS} events of a week, ${(bytes / EVENTS).toFixed(1)} bytes each in DuckDB; medians of ${RUNS} in milliseconds\n`,
    );
    const table: Table = new Map();
    await measure(table, 'DuckDB', duckQueries(database, EVERYTHING));
    await measure(table, 'by scan', duckQueries(database, BY_SCAN));
    if (EVENTS <= MOST_FOR_PEERS) {
      for (const [name, start] of Object.entries(PEERS)) {
        if (names.length > 0 && !names.includes(name)) continue;
        const peer = await start(database);
        if (typeof peer === 'string') process.stdout.write(`${peer}\n`);
        else {
          await measure(table, peer.name, peer.queries);
          await peer.stop();
        }
      }
    } else process.stdout.write(`SQLite and OpenSearch are left out beyond ${MOST_FOR_PEERS} events\n`);
    print(table);
    process.stdout.write(`highest memory of this process: ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB\n`);
  } finally {
    await database.close();
    directory.remove();
  }
}

/** Wall time, and what it took of this process' processor time: on a busy machine the latter tells more. */
interface Median {
  readonly millis: number;
  readonly cpuMillis: number;
}

type Table = Map<string, Map<string, Median>>;

async function measure(table: Table, name: string, queries: Queries): Promise<void> {
  process.stderr.write(`${name} …\n`);
  for (const [question, ask] of Object.entries(queries)) {
    const runs: Median[] = [];
    for (let run = 0; run < RUNS; run += 1) {
      const started = performance.now();
      const before = process.cpuUsage();
      await ask();
      const { user, system } = process.cpuUsage(before);
      runs.push({ millis: performance.now() - started, cpuMillis: (user + system) / 1_000 });
    }
    const row = table.get(question) ?? new Map<string, Median>();
    row.set(name, {
      millis: median(runs.map(({ millis }) => millis)),
      cpuMillis: median(runs.map(({ cpuMillis }) => cpuMillis)),
    });
    table.set(question, row);
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/** Of OpenSearch, a process of its own, the processor time is that of asking. */
function print(table: Table): void {
  const columns = [...new Set([...table.values()].flatMap((row) => [...row.keys()]))];
  process.stdout.write(`${''.padEnd(28)}${columns.map((column) => `${column}, CPU`.padStart(20)).join('')}\n`);
  for (const [question, row] of table) {
    const cells = columns.map((column) => {
      const { millis = 0, cpuMillis = 0 } = row.get(column) ?? {};
      return `${millis.toFixed(0)} ${cpuMillis.toFixed(0).padStart(7)}`.padStart(20);
    });
    process.stdout.write(`${question.padEnd(28)}${cells.join('')}\n`);
  }
}

function sizeOf(directory: string): number {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' }).reduce((sum, name) => {
    const { size } = statSync(join(directory, name));
    return sum + size;
  }, 0);
}
