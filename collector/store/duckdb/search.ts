import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api';
import * as z from 'zod';
import type { AuditEvent } from '../../../contract/audit-event.ts';
import { filterToSql, type SqlFragment } from '../../query/filter-sql.ts';
import type { SearchPage, SearchRequest } from '../event-store.ts';
import { QueryProblem } from '../failure.ts';
import { boundedRead } from './bounded-read.ts';
import { EVENT_SELECTION } from './columns.ts';
import type { StoreDatabase } from './database.ts';
import { eventsOf } from './event-decoder.ts';
import { ALL_EVENTS } from './relation.ts';
import { nanosOfMillis } from './timestamps.ts';

/** The first stretch of time that is looked through; as long as there is too little in it, the next is longer. */
const FIRST_STRETCH_NANOS = 60_000_000_000n;
const STRETCH_GROWTH = 8n;

/** The last event of a page. Events have an order, of time and then of id, that later ones do not change. */
interface Place {
  readonly nanos: bigint;
  readonly id: string;
}

type Order = SearchRequest['order'];

/** Finds events page by page; those that come in meanwhile neither repeat nor hide others. */
export async function search(
  database: StoreDatabase,
  { range, filter, order, limit, cursor }: SearchRequest,
  signal?: AbortSignal,
): Promise<SearchPage> {
  const after = cursor === undefined ? undefined : parseCursor(cursor);
  const condition = filterToSql(filter);
  const bounds = { from: nanosOfMillis(range.from), to: nanosOfMillis(range.to) };
  return boundedRead(database, range, signal, async (connection) => {
    const places: Place[] = [];
    for (const stretch of stretches(bounds, order, after)) {
      const found = await placesWithin(connection, {
        stretch,
        condition,
        order,
        after,
        limit: limit + 1 - places.length,
      });
      places.push(...found);
      if (places.length > limit) break;
    }
    const shown = places.slice(0, limit);
    const events = await eventsBetween(connection, shown, condition, order);
    const last = shown.at(-1);
    return places.length > limit && last !== undefined ? { events, cursor: cursorOf(last) } : { events };
  });
}

interface Stretch {
  readonly from: bigint;
  readonly to: bigint;
}

/** The range in pieces, in the order of the search, each longer than the one before: most searches end in the first. */
function* stretches({ from, to }: Stretch, order: Order, after: Place | undefined): Generator<Stretch> {
  let length = FIRST_STRETCH_NANOS;
  if (order === 'newest') {
    for (
      let end = after === undefined || after.nanos >= to ? to : after.nanos + 1n;
      end > from;
      length *= STRETCH_GROWTH
    ) {
      const start = end - length > from ? end - length : from;
      yield { from: start, to: end };
      end = start;
    }
    return;
  }
  for (
    let start = after === undefined || after.nanos < from ? from : after.nanos;
    start < to;
    length *= STRETCH_GROWTH
  ) {
    const end = start + length < to ? start + length : to;
    yield { from: start, to: end };
    start = end;
  }
}

interface PlacesRequest {
  readonly stretch: Stretch;
  readonly condition: SqlFragment;
  readonly order: Order;
  readonly after: Place | undefined;
  readonly limit: number;
}

/** Only times and ids: whole events are wide, and read once it is known which. */
async function placesWithin(
  connection: DuckDBConnection,
  { stretch, condition, order, after, limit }: PlacesRequest,
): Promise<readonly Place[]> {
  const parameters: DuckDBValue[] = [...condition.parameters];
  let beyond = '';
  if (after !== undefined) {
    const sign = order === 'newest' ? '<' : '>';
    const time = timestamp(after.nanos);
    beyond = ` AND ("time" ${sign} ${time} OR ("time" = ${time} AND id ${sign} ?))`;
    parameters.push(after.id);
  }
  const reader = await connection.runAndReadAll(
    `SELECT epoch_ns("time")::VARCHAR, id FROM ${ALL_EVENTS}
     WHERE "time" >= ${timestamp(stretch.from)} AND "time" < ${timestamp(stretch.to)} AND ${condition.sql}${beyond}
     ORDER BY ${orderBy(order)} LIMIT ${limit}`,
    parameters,
  );
  return reader.getRows().map(([nanos, id]) => ({ nanos: BigInt(String(nanos)), id: String(id) }));
}

/** The events of these places, which are all that pass between the first and the last. */
async function eventsBetween(
  connection: DuckDBConnection,
  places: readonly Place[],
  condition: SqlFragment,
  order: Order,
): Promise<readonly AuditEvent[]> {
  const [first, last] = order === 'newest' ? [places.at(-1), places[0]] : [places[0], places.at(-1)];
  if (first === undefined || last === undefined) return [];
  const from = timestamp(first.nanos);
  const to = timestamp(last.nanos);
  const result = await connection.stream(
    `SELECT ${EVENT_SELECTION} FROM ${ALL_EVENTS}
     WHERE "time" >= ${from} AND "time" <= ${to} AND ${condition.sql}
       AND ("time" > ${from} OR id >= ?) AND ("time" < ${to} OR id <= ?)
     ORDER BY ${orderBy(order)}`,
    [...condition.parameters, first.id, last.id],
  );
  return eventsOf(result);
}

function orderBy(order: Order): string {
  const direction = order === 'newest' ? 'DESC' : 'ASC';
  return `"time" ${direction}, id ${direction}`;
}

function timestamp(nanos: bigint): string {
  return `make_timestamp_ns(${nanos})`;
}

const cursorSchema = z.tuple([z.string().regex(/^-?\d{1,19}$/), z.string()]);

function cursorOf({ nanos, id }: Place): string {
  return Buffer.from(JSON.stringify([String(nanos), id])).toString('base64url');
}

function parseCursor(cursor: string): Place {
  try {
    const [nanos, id] = cursorSchema.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()));
    return { nanos: BigInt(nanos), id };
  } catch {
    throw new QueryProblem('the cursor is none that a page before gave');
  }
}
