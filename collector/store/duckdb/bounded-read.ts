import type { DuckDBConnection } from '@duckdb/node-api';
import type { TimeRange } from '../event-store.ts';
import { QueryTooLarge } from '../failure.ts';
import type { StoreDatabase } from './database.ts';

/** People do not wait longer for a page, and others wait for their turn. */
const LIMIT_MILLIS = 30_000;

/**
 * Reads as `StoreDatabase.read` does, for a limited time.
 * @throws QueryTooLarge when it takes longer
 */
export async function boundedRead<T>(
  database: StoreDatabase,
  range: TimeRange | undefined,
  signal: AbortSignal | undefined,
  use: (connection: DuckDBConnection) => Promise<T>,
  limitMillis = LIMIT_MILLIS,
): Promise<T> {
  const timer = new AbortController();
  const late = setTimeout(() => {
    timer.abort(
      new QueryTooLarge(`the answer takes longer than ${limitMillis / 1_000} s: ask for less time, or more narrowly`),
    );
  }, limitMillis);
  try {
    return await database.read(
      range,
      signal === undefined ? timer.signal : AbortSignal.any([signal, timer.signal]),
      use,
    );
  } finally {
    clearTimeout(late);
  }
}
