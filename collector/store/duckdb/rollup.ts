import type { DuckDBConnection } from '@duckdb/node-api';
import { quoted } from './columns.ts';
import { CATALOG } from './schema.ts';

/** Sums of the events in partitions, by minute; recent events are counted as they are. */
export const ROLLUP = `${CATALOG}.rollup`;

/** Few values each: every sum is kept by all of them, so that these fields can be filtered and grouped by together. */
export const ROLLUP_KEYS: readonly string[] = ['namespace', 'system', 'action', 'class', 'outcome'];
/** Many values: sums are kept by one of them at a time, beside the keys. */
export const ROLLUP_DIMENSIONS: readonly string[] = ['user', 'database', 'client_ip', 'fingerprint', 'tables'];
/** The dimension of sums by the keys alone. */
export const NO_DIMENSION = '';

/** `slow` is what takes longer. */
export const SLOW_NANOS = 1_000_000_000;

/** Beside `events`; floating, so that no event can make them overflow. Exact up to 2^53, as all numbers of an answer. */
export const ROLLUP_SUMS: Readonly<Record<string, string>> = {
  rows: 'returned_rows',
  affected: 'affected_rows',
  bytes: 'result_bytes',
  duration: 'duration_ns',
};

const COLUMNS = [
  'file VARCHAR',
  'minute TIMESTAMP_NS',
  ...ROLLUP_KEYS.map((name) => `${quoted(name)} VARCHAR`),
  'dimension VARCHAR',
  '"value" VARCHAR',
  'events BIGINT',
  'slow BIGINT',
  ...Object.keys(ROLLUP_SUMS).map((name) => `${quoted(name)} DOUBLE`),
  'first TIMESTAMP_NS',
  'last TIMESTAMP_NS',
];

/** Makes the table where it is not there. */
export async function prepareRollup(connection: DuckDBConnection): Promise<void> {
  await connection.run(`CREATE TABLE IF NOT EXISTS ${ROLLUP} (${COLUMNS.join(', ')})`);
}

/**
 * Adds the sums of a partition's events, in the transaction that makes the partition valid. `relation` has them under the
 * names of EVENT_COLUMNS: a table's name, or a SELECT in parentheses.
 */
export async function addRollup(connection: DuckDBConnection, file: string, relation: string): Promise<void> {
  for (const statement of rollupStatements(relation)) await connection.run(statement, [file]);
}

/** Takes away the sums of partitions, in the transaction that makes them invalid. */
export async function removeRollup(connection: DuckDBConnection, files: readonly string[]): Promise<void> {
  for (const file of files) await connection.run(`DELETE FROM ${ROLLUP} WHERE file = ?`, [file]);
}

const SUMMED = [
  'count(*)',
  `count(*) FILTER (duration_ns > ${SLOW_NANOS})`,
  ...Object.values(ROLLUP_SUMS).map((column) => `coalesce(sum(${column}::DOUBLE), 0)`),
  'min("time")',
  'max("time")',
].join(', ');

function rollupStatements(relation: string): readonly string[] {
  return [NO_DIMENSION, ...ROLLUP_DIMENSIONS].map((dimension) => {
    const value = dimension === NO_DIMENSION ? 'NULL' : eachValue(dimension);
    return `INSERT INTO ${ROLLUP} SELECT ?, minute, ${ROLLUP_KEYS.map(quoted).join(', ')}, '${dimension}', "value", ${SUMMED} FROM (SELECT *, ${MINUTE} AS minute, ${value} AS "value" FROM ${relation}) GROUP BY ALL ORDER BY minute`;
  });
}

const MINUTE = `time_bucket(INTERVAL 1 MINUTE, "time"::TIMESTAMP)::TIMESTAMP_NS`;

/** An event with several values is counted with each; with none, once. */
export function eachValue(column: string, isList = column === 'tables'): string {
  return isList
    ? `unnest(CASE WHEN len(${quoted(column)}) > 0 THEN ${quoted(column)} ELSE [NULL] END)`
    : quoted(column);
}
