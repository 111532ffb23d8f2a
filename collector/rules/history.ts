import type { DuckDBValue } from '@duckdb/node-api';
import type { AuditEvent } from '../../contract/audit-event.ts';
import { both, type Filter } from '../../contract/filter.ts';
import type { SqlFragment } from '../query/filter-sql.ts';
import type { EventStore, TimeRange } from '../store/event-store.ts';
import { QueryTooLarge } from '../store/failure.ts';
import { windowQuery } from './history-sql.ts';
import type { Detection, Rule } from './rule.ts';
import { RuleStream } from './stream.ts';
import { hasWindow, type WindowRule } from './windows/group-window.ts';
import { groupOf } from './windows/moment.ts';

/** SQL over `all_events`, for parts of the collector that need more than the questions of `EventStore`. */
export interface HistorySql {
  /** On the connection, `all_events` has every event of `range`, and maybe others. */
  rows(range: TimeRange, query: SqlFragment, signal: AbortSignal): Promise<readonly (readonly DuckDBValue[])[]>;
}

export interface History {
  readonly store: EventStore;
  /** Absent: events are read one after the other. */
  readonly sql?: HistorySql | undefined;
}

export interface HistoryRequest {
  readonly range: TimeRange;
  /** Which events may be looked at at all. */
  readonly filter: Filter;
  /** The newest so many detections. */
  readonly limit: number;
}

export interface HistoryAnswer {
  /** The newest first. */
  readonly detections: readonly Detection[];
  readonly total: number;
  /** Events that the rule's own filter matched. */
  readonly matched: number;
}

const PAGE = 1_000;
/** Without SQL, events come over the network: two million take a minute or more. */
const MAX_READ_EVENTS = 2_000_000;
/** Ids asked for at once. */
const IDS_AT_ONCE = 1_000;

/** What a rule would have found in a time that is kept. @throws QueryTooLarge */
export function testOnHistory(
  rule: Rule,
  history: History,
  request: HistoryRequest,
  signal: AbortSignal,
): Promise<HistoryAnswer> {
  if (!hasWindow(rule)) return matchingEvents(rule, history.store, request, signal);
  return history.sql === undefined
    ? replayed(rule, history.store, request, signal)
    : windowed(rule, history.store, history.sql, request, signal);
}

async function matchingEvents(
  rule: Rule,
  store: EventStore,
  { range, filter, limit }: HistoryRequest,
  signal: AbortSignal,
): Promise<HistoryAnswer> {
  const selection = { range, filter: both(rule.filter, filter) };
  const [{ events }, { events: total }] = await Promise.all([
    store.search({ ...selection, order: 'newest', limit }, signal),
    store.totals(selection, signal),
  ]);
  return { detections: events.map((event) => detectionOf(rule, event, 1, [event])), total, matched: total };
}

async function windowed(
  rule: WindowRule,
  store: EventStore,
  sql: HistorySql,
  { range, filter, limit }: HistoryRequest,
  signal: AbortSignal,
): Promise<HistoryAnswer> {
  const rows = await sql.rows(range, windowQuery(rule, filter, range, limit), signal);
  const found = rows.map(([id, , count, , , ids]) => ({ id: String(id), count: Number(count), ids: idsOf(ids) }));
  const events = await eventsOf(
    found.flatMap(({ ids }) => ids),
    range,
    store,
    signal,
  );
  const [first] = rows;
  return {
    detections: found.flatMap(({ id, count, ids }) => {
      const event = events.get(id);
      const shown = ids.flatMap((one) => events.get(one) ?? []);
      return event === undefined ? [] : [detectionOf(rule, event, count, shown)];
    }),
    total: Number(first?.[3] ?? 0),
    matched:
      first === undefined
        ? (await store.totals({ range, filter: both(rule.filter, filter) }, signal)).events
        : Number(first[4]),
  };
}

async function replayed(
  rule: Rule,
  store: EventStore,
  { range, filter, limit }: HistoryRequest,
  signal: AbortSignal,
): Promise<HistoryAnswer> {
  const stream = new RuleStream([rule]);
  const newest: Detection[] = [];
  let total = 0;
  let matched = 0;
  let cursor: string | undefined;
  do {
    const asked = { range, filter: both(rule.filter, filter), order: 'oldest' as const, limit: PAGE };
    const page = await store.search(cursor === undefined ? asked : { ...asked, cursor }, signal);
    matched += page.events.length;
    if (matched > MAX_READ_EVENTS) throw new QueryTooLarge('the rule matches too many events; ask for a shorter time');
    for (const detection of stream.see(page.events)) {
      total += 1;
      newest.unshift(detection);
      if (newest.length > limit) newest.pop();
    }
    cursor = page.cursor;
  } while (cursor !== undefined);
  return { detections: newest, total, matched };
}

async function eventsOf(
  ids: readonly string[],
  range: TimeRange,
  store: EventStore,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, AuditEvent>> {
  const wanted = [...new Set(ids)];
  const events = new Map<string, AuditEvent>();
  for (let at = 0; at < wanted.length; at += IDS_AT_ONCE) {
    const filter: Filter = { kind: 'is', field: 'event.id', values: wanted.slice(at, at + IDS_AT_ONCE) };
    const page = await store.search({ range, filter, order: 'oldest', limit: IDS_AT_ONCE }, signal);
    for (const event of page.events) events.set(event.event.id, event);
  }
  return events;
}

function idsOf(value: DuckDBValue | undefined): readonly string[] {
  return typeof value === 'object' && value !== null && 'items' in value ? value.items.map(String) : [];
}

function detectionOf(rule: Rule, event: AuditEvent, count: number, events: readonly AuditEvent[]): Detection {
  return { rule, at: event['@timestamp'], group: groupOf(event, rule.groupBy), count, events };
}
