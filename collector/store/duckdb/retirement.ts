import type { DuckDBConnection } from '@duckdb/node-api';
import type { Retirement } from '../../integrity/seal.ts';
import type { Partition } from './partition-file.ts';
import { type PartitionFiles, parquetSource } from './relation.ts';
import { appendRows } from './rows.ts';
import { CATALOG, RECENT } from './schema.ts';

/** Signs for the removal of events of chains; collector/integrity/seal.ts. */
export type Retire = (ranges: readonly Pick<Retirement, 'chain' | 'first' | 'last'>[]) => readonly Retirement[];

/** Removes recent events before a time, and keeps that they were removed. Gives their number. */
export async function expireRecent(connection: DuckDBConnection, before: bigint, retire: Retire): Promise<number> {
  const old = `${RECENT} WHERE "time" < make_timestamp_ns(${before})`;
  const reader = await connection.runAndReadAll(`SELECT count(*) FROM ${old}`);
  const events = Number(reader.getRows()[0]?.[0]);
  if (events === 0) return 0;
  await keepRetirements(connection, `(SELECT * FROM ${old})`, retire);
  await connection.run(`DELETE FROM ${old}`);
  return events;
}

/** Keeps that the events of partitions are removed. */
export async function retirePartitions(
  connection: DuckDBConnection,
  partitions: readonly Partition[],
  files: PartitionFiles,
  retire: Retire,
): Promise<void> {
  for (const { file } of partitions) await keepRetirements(connection, parquetSource([file], files), retire);
}

/** Positions without a gap are one range: what is missing between two ranges was not removed by the collector. */
async function keepRetirements(connection: DuckDBConnection, source: string, retire: Retire): Promise<void> {
  const reader = await connection.runAndReadAll(
    `SELECT chain, min("position"), max("position") FROM (
       SELECT chain, "position", "position" - dense_rank() OVER (PARTITION BY chain ORDER BY "position") AS island
       FROM (SELECT chain, position_over_sequence + coalesce("sequence", 0) AS "position" FROM ${source} WHERE chain IS NOT NULL))
     GROUP BY chain, island ORDER BY 1, 2`,
  );
  const ranges = reader.getRows().map(([chain, first, last]) => ({
    chain: String(chain),
    first: Number(first),
    last: Number(last),
  }));
  await appendRows(
    connection,
    { catalog: CATALOG, table: 'retirements' },
    retire(ranges).map((retirement) => [retirement.chain, BigInt(retirement.first), JSON.stringify(retirement)]),
  );
}
