import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { filterToSql } from '../../../../collector/query/filter-sql.ts';
import { foldCase } from '../../../../collector/query/fold-case.ts';
import { compileMatcher } from '../../../../collector/query/matcher.ts';
import type { AuditEvent } from '../../../../contract/audit-event.ts';
import type { Filter } from '../../../../contract/filter.ts';
import { generatedEvent, generatedFilter } from '../../../support/collector/generated-filters.ts';
import { KeptEvents } from '../../../support/collector/kept-events.ts';

let kept: KeptEvents;
beforeAll(async () => {
  kept = await KeptEvents.open();
});
afterAll(() => kept.close());

/** For each filter the events it finds, all in one query: planning it takes longer than the search. */
async function foundBySql(filters: readonly Filter[]): Promise<readonly number[][]> {
  const conditions = filters.map(filterToSql);
  const columns = conditions.map(({ sql }) => `list(sequence ORDER BY sequence) FILTER (${sql})`);
  const rows = await kept.database.read(undefined, undefined, async (connection) => {
    const parameters = conditions.flatMap((condition) => condition.parameters);
    const reader = await connection.runAndReadAll(`SELECT ${columns.join(', ')} FROM all_events`, parameters);
    return reader.getRowsJS();
  });
  return (rows[0] ?? []).map((found) => (Array.isArray(found) ? found.map(Number) : []));
}

async function foundByWhere(filter: Filter): Promise<number[]> {
  const { sql, parameters } = filterToSql(filter);
  const rows = await kept.database.read(undefined, undefined, async (connection) => {
    const query = `SELECT sequence FROM all_events WHERE ${sql} ORDER BY sequence`;
    return (await connection.runAndReadAll(query, [...parameters])).getRows();
  });
  return rows.map(([sequence]) => Number(sequence));
}

function foundByMatcher(filter: Filter, events: readonly AuditEvent[]): number[] {
  return events.filter(compileMatcher(filter)).map(({ event }) => event.sequence);
}

const ROUNDS = 20;
const EVENTS = 50;
const FILTERS = 50;

test('a filter means the same as a function and in DuckDB', async () => {
  const generated = fc.sample(generatedEvent, ROUNDS * EVENTS);
  const filters = fc.sample(generatedFilter, ROUNDS * FILTERS);
  let found = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const events = generated
      .slice(round * EVENTS, (round + 1) * EVENTS)
      .map((event, sequence) => ({ ...event, event: { ...event.event, sequence } }));
    await kept.clear();
    await kept.add(events);
    const own = filters.slice(round * FILTERS, (round + 1) * FILTERS);
    const bySql = await foundBySql(own);
    for (const [index, filter] of own.entries()) {
      const expected = foundByMatcher(filter, events);
      const sql = index === 0 ? await foundByWhere(filter) : (bySql[index] ?? []);
      const differing = events.filter(
        ({ event }) => sql.includes(event.sequence) !== expected.includes(event.sequence),
      );
      if (differing.length > 0) throw new Error(`${JSON.stringify(filter)}\n${JSON.stringify(differing.slice(0, 2))}`);
      found += expected.length;
    }
  }
  expect(found).toBeGreaterThan(1_000);
});

test('every character is the same in lower case as a function and in DuckDB', async () => {
  const rows = await kept.database.read(undefined, undefined, async (connection) => {
    // Bytes, since a mark of byte order at a text's beginning is lost on its way out.
    const every =
      'SELECT i::INTEGER, hex(encode(lower(chr(i::INTEGER)))) FROM range(1, 1114112) t(i) WHERE i < 55296 OR i > 57343';
    return (await connection.runAndReadAll(every)).getRows();
  });
  const differing = rows.filter(([code, bytes]) => {
    const folded = foldCase(String.fromCodePoint(Number(code)));
    return Buffer.from(folded).toString('hex').toUpperCase() !== bytes;
  });
  expect(differing.map(([code]) => code)).toEqual([]);
});
