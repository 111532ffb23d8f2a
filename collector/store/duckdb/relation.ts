import type { DuckDBConnection } from '@duckdb/node-api';
import type { TimeRange } from '../event-store.ts';
import { quoted, READING_SELECTION, STORED_COLUMNS } from './columns.ts';
import { LAYOUTS, PARTITIONS, RECENT } from './schema.ts';
import { nanosOfMillis } from './timestamps.ts';

/** What queries read: recent events and those in partitions, with the columns of EVENT_COLUMNS. */
export const ALL_EVENTS = 'all_events';
/** The same as it is stored, with STORED_COLUMNS. */
const STORED_EVENTS = 'stored_events';

/** Under this name DuckDB knows the key of Parquet files. */
export const PARQUET_KEY = 'dbaudit';

export interface PartitionFiles {
  /** With a slash at its end. */
  readonly directory: string;
  readonly encrypted: boolean;
}

const storedNames = STORED_COLUMNS.map(({ name }) => quoted(name)).join(', ');

/** A text as SQL writes it. */
export function sqlText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** The call that reads these files. */
export function parquetSource(files: readonly string[], { directory, encrypted }: PartitionFiles): string {
  const paths = files.map((file) => sqlText(`${directory}${file}`)).join(', ');
  const key = encrypted ? `, encryption_config = {footer_key: '${PARQUET_KEY}'}` : '';
  return `read_parquet([${paths}]${key}, hive_partitioning = false)`;
}

/**
 * The statements that make the relations on a connection, for the partitions that may hold events of `range`. Run within the
 * transaction that uses them: partitions and recent events are of one moment then.
 */
export async function relationStatements(
  connection: DuckDBConnection,
  range: TimeRange | undefined,
  partitions: PartitionFiles,
): Promise<readonly string[]> {
  const within =
    range === undefined
      ? ''
      : `WHERE epoch_ns(last) >= ${nanosOfMillis(range.from)} AND epoch_ns(first) < ${nanosOfMillis(range.to)}`;
  const reader = await connection.runAndReadAll(
    `SELECT list(file ORDER BY first, file), any_value(columns) FROM ${PARTITIONS} JOIN ${LAYOUTS} ON id = layout ${within} GROUP BY id ORDER BY id`,
  );
  const sources = reader
    .getRowsJS()
    .map(([files, columns]) => partitionSelect(texts(files), texts(columns), partitions));
  const stored = [`SELECT ${storedNames} FROM ${RECENT}`, ...sources].join(' UNION ALL ');
  return [
    `CREATE OR REPLACE TEMP VIEW ${STORED_EVENTS} AS ${stored}`,
    `CREATE OR REPLACE TEMP VIEW ${ALL_EVENTS} AS SELECT ${READING_SELECTION} FROM (${stored})`,
  ];
}

function partitionSelect(files: readonly string[], columns: readonly string[], partitions: PartitionFiles): string {
  const selection = STORED_COLUMNS.map(({ name, type }) =>
    columns.includes(name) ? quoted(name) : `NULL::${type} AS ${quoted(name)}`,
  );
  return `SELECT ${selection.join(', ')} FROM ${parquetSource(files, partitions)}`;
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
