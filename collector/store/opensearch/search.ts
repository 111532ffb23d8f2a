import * as z from 'zod';
import type { AuditEvent } from '../../../contract/audit-event.ts';
import type { SearchPage, SearchRequest } from '../event-store.ts';
import { QueryProblem, QueryTooLarge } from '../failure.ts';
import type { SearchCluster } from './cluster.ts';
import { eventOf } from './document.ts';
import { selectionQuery } from './selection.ts';

/** Whole events of one answer: more are asked for in pieces. */
const PIECE = 500;
/** Where a piece is too large, one of fewer is asked for. */
const SMALLER = 5;

const reply = z.object({
  hits: z.object({
    hits: z.array(
      z.object({
        _source: z.looseObject({ '@timestamp': z.string(), event: z.looseObject({ id: z.string() }) }),
      }),
    ),
  }),
});

/** The last event of a page, as the index has it. Events have an order, of time and then of id, that later ones do not change. */
interface Place {
  readonly time: string;
  readonly id: string;
}

interface Found {
  readonly event: AuditEvent;
  readonly place: Place;
}

/** Finds events page by page; those that come in meanwhile neither repeat nor hide others. */
export async function search(
  cluster: SearchCluster,
  indexes: string,
  request: SearchRequest,
  signal?: AbortSignal,
): Promise<SearchPage> {
  const { limit } = request;
  const found: Found[] = [];
  let after = request.cursor === undefined ? undefined : parseCursor(request.cursor);
  for (let piece = PIECE; found.length <= limit; ) {
    const size = Math.min(piece, limit + 1 - found.length);
    let more: readonly Found[];
    try {
      more = await pieceOf(cluster, indexes, request, size, after, signal);
    } catch (error) {
      if (!(error instanceof QueryTooLarge) || size === 1 || !error.message.includes('too large')) throw error;
      piece = Math.ceil(size / SMALLER);
      continue;
    }
    found.push(...more);
    after = more.at(-1)?.place;
    if (more.length < size) break;
  }
  const shown = found.slice(0, limit);
  const last = shown.at(-1);
  const events = shown.map(({ event }) => event);
  return found.length > limit && last !== undefined ? { events, cursor: cursorOf(last.place) } : { events };
}

async function pieceOf(
  cluster: SearchCluster,
  indexes: string,
  request: SearchRequest,
  size: number,
  after: Place | undefined,
  signal: AbortSignal | undefined,
): Promise<readonly Found[]> {
  const direction = request.order === 'newest' ? 'desc' : 'asc';
  const body = {
    size,
    query: selectionQuery(request, ...(after === undefined ? [] : [beyond(after, request.order)])),
    sort: [{ '@timestamp': direction }, { 'event.id': direction }],
    track_total_hits: false,
  };
  const { hits } = await cluster.search(indexes, body, reply, signal);
  return hits.hits.map(({ _source }) => ({
    event: eventOf(_source),
    place: { time: _source['@timestamp'], id: _source.event.id },
  }));
}

/** Not by `search_after`, whose numbers for times with nanoseconds are too large for JSON. */
function beyond({ time, id }: Place, order: SearchRequest['order']): object {
  const sign = order === 'newest' ? 'lt' : 'gt';
  return {
    bool: {
      should: [
        { range: { '@timestamp': { [sign]: time } } },
        { bool: { filter: [{ term: { '@timestamp': time } }, { range: { 'event.id': { [sign]: id } } }] } },
      ],
      minimum_should_match: 1,
    },
  };
}

const cursorSchema = z.tuple([z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/), z.string()]);

function cursorOf({ time, id }: Place): string {
  return Buffer.from(JSON.stringify([time, id])).toString('base64url');
}

function parseCursor(cursor: string): Place {
  try {
    const [time, id] = cursorSchema.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()));
    return { time, id };
  } catch {
    throw new QueryProblem('the cursor is none that a page before gave');
  }
}
