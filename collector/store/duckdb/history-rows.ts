import type { HistorySql } from '../../rules/history.ts';
import { boundedRead } from './bounded-read.ts';
import type { StoreDatabase } from './database.ts';

/** SQL over `all_events` for rules that are tested on what is kept; bounded as every question is. */
export function historyRows(database: StoreDatabase): HistorySql {
  return {
    rows: (range, { sql, parameters }, signal) =>
      boundedRead(database, range, signal, async (connection) => {
        const reader = await connection.runAndReadAll(sql, [...parameters]);
        return reader.getRows();
      }),
  };
}
