import { randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import type { DuckDBConnection } from '@duckdb/node-api';
import { quoted, READING_SELECTION, STORED_COLUMNS } from './columns.ts';
import { PARQUET_KEY, type PartitionFiles, parquetSource, sqlText } from './relation.ts';
import { addRollup, removeRollup } from './rollup.ts';
import { PARTITIONS } from './schema.ts';

/** What is not finished yet has this name; whoever opens the store removes it. */
const UNFINISHED = '.part';
const PARTITION_SUFFIX = '.parquet';

/**
 * Rows that a reader skips or takes as a whole, by their times. Each thread that writes has them in memory, at about 3 KB;
 * four times as many would be a twentieth smaller.
 */
const ROW_GROUP = 20_480;
/** Each column of texts has such a dictionary in memory while it is written; at DuckDB's own size all of them take 80 MB. */
const DICTIONARY_BYTES = 65_536;
const NANOS_PER_DAY = 86_400_000_000_000n;

const storedNames = STORED_COLUMNS.map(({ name }) => quoted(name)).join(', ');

export interface PartitionWriting {
  readonly partitions: PartitionFiles;
  readonly layout: number;
}

/** One file of the manifest. */
export interface Partition {
  readonly file: string;
  readonly first: bigint;
  readonly last: bigint;
  readonly events: number;
  readonly bytes: number;
  /** Of LAYOUTS (schema.ts). */
  readonly layout: number;
}

/**
 * Writes the rows of `source` into a new file and names it in the manifest, within the connection's transaction: the file is
 * whole and on disk before the commit that makes it valid. A crash before leaves a file that nobody names.
 */
export async function writePartition(
  connection: DuckDBConnection,
  source: string,
  { partitions, layout }: PartitionWriting,
): Promise<void> {
  const { first, last, events } = await extentOf(connection, source);
  const unfinished = `${randomUUID()}${UNFINISHED}`;
  const pieces: string[] = [];
  // Row groups follow time, so that a question about a time reads few; within them like stands beside like. Each is sorted
  // by itself: all at once take more memory than there is.
  for (const [from, to] of await boundsOf(connection, source, { first, last, events })) {
    const piece = `${pieces.length}-${unfinished}`;
    const within = `"time" >= make_timestamp_ns(${from}) AND "time" < make_timestamp_ns(${to})`;
    await copy(
      connection,
      `SELECT ${storedNames} FROM ${source} WHERE ${within} ORDER BY session, id_number, "time"`,
      piece,
      partitions,
      'lz4_raw',
    );
    pieces.push(piece);
  }
  await copy(
    connection,
    `SELECT ${storedNames} FROM ${parquetSource(pieces, partitions)}`,
    unfinished,
    partitions,
    'zstd',
  );
  removeFiles(partitions, pieces);
  const file = `${dayOf(first)}-${randomUUID()}${PARTITION_SUFFIX}`;
  makeDurable(`${partitions.directory}${unfinished}`);
  renameSync(`${partitions.directory}${unfinished}`, `${partitions.directory}${file}`);
  makeDurable(partitions.directory);
  const { size } = statSync(`${partitions.directory}${file}`);
  await connection.run(
    `INSERT INTO ${PARTITIONS} VALUES (${sqlText(file)}, make_timestamp_ns(${first}), make_timestamp_ns(${last}), ${events}, ${size}, ${layout})`,
  );
  await addRollup(connection, file, `(SELECT ${READING_SELECTION} FROM ${parquetSource([file], partitions)})`);
}

async function copy(
  connection: DuckDBConnection,
  query: string,
  file: string,
  { directory, encrypted }: PartitionFiles,
  compression: 'lz4_raw' | 'zstd',
): Promise<void> {
  const key = encrypted ? `, ENCRYPTION_CONFIG {footer_key: '${PARQUET_KEY}'}` : '';
  await connection.run(
    `COPY (${query}) TO ${sqlText(`${directory}${file}`)} (FORMAT parquet, COMPRESSION ${compression}, ROW_GROUP_SIZE ${ROW_GROUP}, STRING_DICTIONARY_PAGE_SIZE_LIMIT ${DICTIONARY_BYTES}, PARQUET_VERSION v2${key})`,
  );
}

/** Consecutive times, from the first up to the second, of about ROW_GROUP events each. */
async function boundsOf(
  connection: DuckDBConnection,
  source: string,
  { first, last, events }: Pick<Partition, 'first' | 'last' | 'events'>,
): Promise<readonly (readonly [bigint, bigint])[]> {
  const inner = await quantilesOf(connection, source, Math.ceil(events / ROW_GROUP));
  const bounds = [...new Set([first, ...inner, last + 1n])];
  return bounds.slice(1).map((to, index) => [bounds[index] ?? first, to]);
}

/** The times that divide the events of `source` into so many parts. Events of one time stay together, however many they are. */
export async function quantilesOf(
  connection: DuckDBConnection,
  source: string,
  parts: number,
): Promise<readonly bigint[]> {
  if (parts < 2) return [];
  const shares = Array.from({ length: parts - 1 }, (_, index) => (index + 1) / parts).join(', ');
  const reader = await connection.runAndReadAll(
    `SELECT unnest(quantile_disc(epoch_ns("time"), [${shares}])) FROM ${source}`,
  );
  return reader.getRows().map(([bound]) => BigInt(String(bound)));
}

async function extentOf(
  connection: DuckDBConnection,
  source: string,
): Promise<Pick<Partition, 'first' | 'last' | 'events'>> {
  const reader = await connection.runAndReadAll(
    `SELECT epoch_ns(min("time")), epoch_ns(max("time")), count(*) FROM ${source}`,
  );
  const [first, last, events] = reader.getRows()[0] ?? [];
  return { first: BigInt(String(first)), last: BigInt(String(last)), events: Number(events) };
}

/** Takes partitions out of the manifest, within the connection's transaction. Their files go once nobody reads them. */
export async function forgetPartitions(connection: DuckDBConnection, files: readonly string[]): Promise<void> {
  if (files.length === 0) return;
  await connection.run(`DELETE FROM ${PARTITIONS} WHERE file IN (${files.map(sqlText).join(', ')})`);
  await removeRollup(connection, files);
}

export function removeFiles({ directory }: PartitionFiles, files: readonly string[]): void {
  for (const file of files) rmSync(`${directory}${file}`, { force: true });
}

/** In the order of time. */
export async function listPartitions(connection: DuckDBConnection): Promise<readonly Partition[]> {
  const reader = await connection.runAndReadAll(
    `SELECT file, epoch_ns(first), epoch_ns(last), events, bytes, layout FROM ${PARTITIONS} ORDER BY first, file`,
  );
  return reader.getRows().map(([file, first, last, events, bytes, layout]) => ({
    file: String(file),
    first: BigInt(String(first)),
    last: BigInt(String(last)),
    events: Number(events),
    bytes: Number(bytes),
    layout: Number(layout),
  }));
}

/** `2026-01-02`. */
export function dayOf(nanos: bigint): string {
  return new Date(Number(nanos / 1_000_000n)).toISOString().slice(0, 10);
}

/** The beginning of its day. */
export function dayStart(nanos: bigint): bigint {
  return nanos - (((nanos % NANOS_PER_DAY) + NANOS_PER_DAY) % NANOS_PER_DAY);
}

function makeDurable(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
