import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api';
import type { SqlFragment } from '../../query/filter-sql.ts';
import type { Histogram, HistogramRequest } from '../event-store.ts';
import { stepsOf } from '../steps.ts';
import { boundedRead } from './bounded-read.ts';
import type { StoreDatabase } from './database.ts';
import { MEASURE_SQL, sumsOf, textOfField } from './sums.ts';

const DEFAULT_LINES = 8;
const MILLIS_PER_SECOND = 1_000;
const NANOS_PER_SECOND = 1_000_000_000;
/** The line of all values that have none of their own, and of events without one. */
const OTHERS = '';

/** A measure over time, in steps that begin at multiples of their length, so that a moving range keeps them. */
export async function histogram(
  database: StoreDatabase,
  request: HistogramRequest,
  signal?: AbortSignal,
): Promise<Histogram> {
  const { measure, by, range, stepSeconds } = request;
  const steps = stepsOf(range, stepSeconds);
  const sums = sumsOf({ ...request, fields: by === undefined ? [] : [by], measures: [measure] });
  return boundedRead(database, range, signal, async (connection) => {
    const values = by === undefined ? [] : await mostFrequent(connection, sums, request);
    const line =
      values.length === 0
        ? `''`
        : `CASE WHEN ${textOfField(0)} IN (${values.map(() => '?').join(', ')}) THEN ${textOfField(0)} ELSE '' END`;
    const reader = await connection.runAndReadAll(
      `SELECT (epoch_ns("time") // ${stepSeconds * NANOS_PER_SECOND})::DOUBLE AS step, ${line} AS line, ${MEASURE_SQL[measure]} FROM (${sums.sql}) GROUP BY step, line`,
      // The line stands before the relation, and so do its parameters.
      [...values, ...sums.parameters] satisfies DuckDBValue[],
    );
    const counts = new Map([...values, OTHERS].map((value) => [value, new Array<number>(steps.length).fill(0)]));
    const firstStep = (steps[0] ?? 0) / (stepSeconds * MILLIS_PER_SECOND);
    let hasOthers = by === undefined;
    for (const [step, value, count] of reader.getRows()) {
      const own = counts.get(String(value));
      if (own !== undefined) own[Number(step) - firstStep] = Number(count);
      hasOthers ||= value === OTHERS;
    }
    if (!hasOthers) counts.delete(OTHERS);
    return { steps, lines: [...counts].map(([value, own]) => ({ value, counts: own })) };
  });
}

async function mostFrequent(
  connection: DuckDBConnection,
  { sql, parameters }: SqlFragment,
  { measure, lines = DEFAULT_LINES }: HistogramRequest,
): Promise<readonly string[]> {
  const reader = await connection.runAndReadAll(
    `SELECT ${textOfField(0)} AS line, ${MEASURE_SQL[measure]} AS total FROM (${sql}) WHERE ${textOfField(0)} <> '' GROUP BY line ORDER BY total DESC, line LIMIT ${lines}`,
    [...parameters],
  );
  return reader.getRows().map(([line]) => String(line));
}
