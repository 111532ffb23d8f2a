import { type DuckDBConnection, DuckDBDataChunk, type DuckDBType, type DuckDBValue } from '@duckdb/node-api';
import { CHUNK_ROWS, fillChunk } from './chunk-filling.ts';

export interface Table {
  readonly catalog: string;
  readonly table: string;
}

/**
 * Chunks are filled again and again: each holds some MiB that V8 does not know of, so that many would wait for its garbage
 * collector.
 */
const CHUNKS = new Map<string, DuckDBDataChunk>();

/** Adds rows to a table within the connection's transaction, without SQL. */
export async function appendRows(
  connection: DuckDBConnection,
  { catalog, table }: Table,
  rows: readonly (readonly DuckDBValue[])[],
): Promise<void> {
  const appender = await connection.createAppender(table, 'main', catalog);
  try {
    const types = Array.from({ length: appender.columnCount }, (_, index) => appender.columnType(index));
    const chunk = chunkOf(types);
    for (let from = 0; from < rows.length; from += CHUNK_ROWS) {
      fillChunk(chunk, rows.slice(from, from + CHUNK_ROWS));
      appender.appendDataChunk(chunk);
      chunk.reset();
    }
  } finally {
    appender.closeSync();
  }
}

function chunkOf(types: readonly DuckDBType[]): DuckDBDataChunk {
  const key = types.join();
  const chunk = CHUNKS.get(key) ?? DuckDBDataChunk.create(types);
  CHUNKS.set(key, chunk);
  return chunk;
}
