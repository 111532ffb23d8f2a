import type { Top, TopRequest } from '../event-store.ts';
import { boundedRead } from './bounded-read.ts';
import type { StoreDatabase } from './database.ts';
import { MEASURE_SQL, sumsOf, textOfField } from './sums.ts';

/** Milliseconds, rounded down. */
const MILLIS = (column: string) => `(epoch_ns(${column}) // 1000000)::DOUBLE`;

/** The values, or combinations of values, with most of a measure; equal ones in the order of their values. */
export async function top(database: StoreDatabase, request: TopRequest, signal?: AbortSignal): Promise<Top> {
  const { measure, limit } = request;
  const measures = [measure];
  const { sql, parameters } = sumsOf({ ...request, measures });
  const names = request.fields.map((_, index) => `value${index}`);
  const values = names.map((name, index) => `${textOfField(index)} AS ${name}`);
  const grouped = `SELECT ${values.join(', ')}, ${MEASURE_SQL[measure]} AS count_, ${MEASURE_SQL.events} AS events_, ${MEASURE_SQL.errors} AS errors_,
    ${MEASURE_SQL.duration} AS duration_, ${MEASURE_SQL.rows} AS rows_, ${MILLIS('min(first)')} AS first_, ${MILLIS('max(last)')} AS last_,
    count(*) OVER ()::DOUBLE AS distinct_ FROM (${sql}) GROUP BY ${names.join(', ')}`;
  return boundedRead(database, request.range, signal, async (connection) => {
    const reader = await connection.runAndReadAll(
      `${grouped} ORDER BY count_ DESC, ${names.join(', ')} LIMIT ${limit}`,
      [...parameters],
    );
    const rows = reader.getRows();
    const number = (row: (typeof rows)[number], offset: number) => Number(row[names.length + offset] ?? 0);
    return {
      distinct: rows[0] === undefined ? 0 : number(rows[0], 7),
      rows: rows.map((row) => ({
        values: names.map((_, index) => String(row[index])),
        count: number(row, 0),
        events: number(row, 1),
        errors: number(row, 2),
        duration: number(row, 3),
        rows: number(row, 4),
        first: number(row, 5),
        last: number(row, 6),
      })),
    };
  });
}
