import { filterToSql } from '../../query/filter-sql.ts';
import type { Selection, TimeRange } from '../event-store.ts';
import { EVENT_SELECTION } from './columns.ts';
import type { StoreDatabase } from './database.ts';
import { eventsOf } from './event-decoder.ts';
import { ALL_EVENTS } from './relation.ts';
import { nanosOfMillis } from './timestamps.ts';

/** Events in memory at once, sorted, when they are taken out. */
const PIECE_EVENTS = 4_000;
const MILLIS_PER_HOUR = 3_600_000;

/** The events of a selection as NDJSON, in the order of their time, one text for each piece. */
export async function* exportEvents(
  database: StoreDatabase,
  { range, filter }: Selection,
  signal?: AbortSignal,
): AsyncGenerator<string> {
  const { sql, parameters } = filterToSql(filter);
  for (const piece of await piecesOf(database, range, signal)) {
    const events = await database.read(piece, signal, async (connection) =>
      eventsOf(
        await connection.stream(
          `SELECT ${EVENT_SELECTION} FROM ${ALL_EVENTS} WHERE ${within(piece)} AND ${sql} ORDER BY "time", id`,
          [...parameters],
        ),
      ),
    );
    if (events.length > 0) yield `${events.map((event) => JSON.stringify(event)).join('\n')}\n`;
  }
}

/** Consecutive ranges within `range` of about PIECE_EVENTS events each; hours without events are left out. */
async function piecesOf(
  database: StoreDatabase,
  range: TimeRange,
  signal: AbortSignal | undefined,
): Promise<readonly TimeRange[]> {
  const hours = await database.read(range, signal, (connection) =>
    connection.runAndReadAll(
      `SELECT epoch_ms("time"::TIMESTAMP) // ${MILLIS_PER_HOUR} AS hour, count(*) FROM ${ALL_EVENTS} WHERE ${within(range)} GROUP BY hour ORDER BY hour`,
    ),
  );
  return hours.getRows().flatMap(([hour, count]) => {
    const from = Number(hour) * MILLIS_PER_HOUR;
    const pieces = Math.min(Math.ceil(Number(count) / PIECE_EVENTS), MILLIS_PER_HOUR);
    const step = Math.ceil(MILLIS_PER_HOUR / pieces);
    return Array.from({ length: Math.ceil(MILLIS_PER_HOUR / step) }, (_, index) => ({
      from: Math.max(range.from, from + index * step),
      to: Math.min(range.to, from + Math.min((index + 1) * step, MILLIS_PER_HOUR)),
    })).filter((piece) => piece.from < piece.to);
  });
}

function within({ from, to }: TimeRange): string {
  return `"time" >= make_timestamp_ns(${nanosOfMillis(from)}) AND "time" < make_timestamp_ns(${nanosOfMillis(to)})`;
}
