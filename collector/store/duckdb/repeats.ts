import { type DuckDBConnection, DuckDBTimestampNanosecondsValue } from '@duckdb/node-api';
import { ID_NUMBER, ID_PREFIX } from './columns.ts';
import type { EventKey } from './event-encoder.ts';
import { type PartitionFiles, parquetSource } from './relation.ts';
import { appendRows } from './rows.ts';
import { PARTITIONS, RECENT } from './schema.ts';

/** Keys of the events that are looked for; of one connection, never on disk. */
const PROBE = 'probe';

/**
 * Which of `keys` are kept already, by their index: exact, over all that is kept. It costs little because a repeat has the same
 * time: of the recent events, and of a partition, only the row groups of these times are read, and only partitions that hold them.
 */
export async function keptOnes(
  connection: DuckDBConnection,
  keys: readonly EventKey[],
  partitions: PartitionFiles,
): Promise<ReadonlySet<number>> {
  const times = keys.map(({ nanos }) => nanos).sort((one, other) => (one < other ? -1 : Number(one > other)));
  const [first, last] = [times[0], times.at(-1)];
  if (first === undefined || last === undefined) return new Set();
  await connection.run(
    `CREATE OR REPLACE TEMP TABLE ${PROBE} (row INTEGER, time TIMESTAMP_NS, ${ID_PREFIX} VARCHAR, ${ID_NUMBER} BIGINT)`,
  );
  await appendRows(
    connection,
    { catalog: 'temp', table: PROBE },
    keys.map(({ nanos, prefix, number }, row) => [row, new DuckDBTimestampNanosecondsValue(nanos), prefix, number]),
  );
  const kept = await matches(connection, RECENT, first, last);
  const files = await partitionsWith(connection, times, first, last);
  for (const file of files) {
    for (const row of await matches(connection, parquetSource([file], partitions), first, last)) kept.add(row);
  }
  return kept;
}

async function matches(
  connection: DuckDBConnection,
  source: string,
  first: bigint,
  last: bigint,
): Promise<Set<number>> {
  const reader = await connection.runAndReadAll(
    `SELECT row FROM ${PROBE} p WHERE EXISTS (
       SELECT 1 FROM ${source} k
       WHERE k.time BETWEEN make_timestamp_ns(${first}) AND make_timestamp_ns(${last})
         AND k.time = p.time AND k.${ID_PREFIX} = p.${ID_PREFIX} AND k.${ID_NUMBER} IS NOT DISTINCT FROM p.${ID_NUMBER})`,
  );
  return new Set(reader.getRows().map(([row]) => Number(row)));
}

/** The partitions within whose time one of the sorted `times` is. */
async function partitionsWith(
  connection: DuckDBConnection,
  times: readonly bigint[],
  first: bigint,
  last: bigint,
): Promise<readonly string[]> {
  const reader = await connection.runAndReadAll(
    `SELECT file, epoch_ns(first), epoch_ns(last) FROM ${PARTITIONS} WHERE epoch_ns(last) >= ${first} AND epoch_ns(first) <= ${last}`,
  );
  return reader
    .getRowsJS()
    .filter(([, from, to]) => times.some((time) => time >= BigInt(String(from)) && time <= BigInt(String(to))))
    .map(([file]) => String(file));
}
