import { MEASURES, type Selection, type Totals } from '../event-store.ts';
import { boundedRead } from './bounded-read.ts';
import type { StoreDatabase } from './database.ts';
import { MEASURE_SQL, sumsOf } from './sums.ts';

/** What is counted by distinct values cannot be summed: each takes a pass of its own, the others one together. */
const DISTINCT = ['clients', 'sessions'] as const;
const SUMMED = MEASURES.filter((measure) => measure !== 'clients' && measure !== 'sessions');

/** Every measure of a selection. */
export async function totals(database: StoreDatabase, selection: Selection, signal?: AbortSignal): Promise<Totals> {
  return boundedRead(database, selection.range, signal, async (connection) => {
    const values: Record<string, number> = {};
    for (const measures of [SUMMED, ...DISTINCT.map((measure) => [measure])]) {
      const { sql, parameters } = sumsOf({ ...selection, fields: [], measures });
      const columns = measures.map((measure) => MEASURE_SQL[measure]).join(', ');
      const reader = await connection.runAndReadAll(`SELECT ${columns} FROM (${sql})`, [...parameters]);
      const row = reader.getRows()[0] ?? [];
      for (const [index, measure] of measures.entries()) values[measure] = Number(row[index] ?? 0);
    }
    const of = (measure: (typeof MEASURES)[number]) => values[measure] ?? 0;
    return {
      events: of('events'),
      errors: of('errors'),
      slow: of('slow'),
      rows: of('rows'),
      affected: of('affected'),
      bytes: of('bytes'),
      duration: of('duration'),
      clients: of('clients'),
      sessions: of('sessions'),
    };
  });
}
