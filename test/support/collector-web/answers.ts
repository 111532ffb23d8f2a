import * as z from 'zod';
import { compileMatcher } from '../../../collector/query/matcher.ts';
import type { AuditEvent } from '../../../contract/audit-event.ts';
import type {
  HistogramAnswer,
  histogramRequestSchema,
  SearchAnswer,
  searchRequestSchema,
  TopAnswer,
  TotalsAnswer,
  topRequestSchema,
  totalsRequestSchema,
} from '../../../contract/collector-api.ts';
import { fieldValue } from '../../../contract/event-fields.ts';
import { EVERYTHING, type Filter } from '../../../contract/filter.ts';

interface Selection {
  readonly range: { readonly from: number; readonly to: number };
  readonly filter?: Filter | undefined;
}
type Measure = z.infer<typeof topRequestSchema>['measure'];

const SLOW_NANOS = 1e9;

/** Answers the questions of contract/collector-api.ts over a list of events, oldest first, by counting them each time. */
export class Answers {
  readonly #events: readonly AuditEvent[];
  readonly #copies: number;

  /** `copies`: as if each event had happened so many times, which takes no more memory. */
  constructor(events: readonly AuditEvent[], copies = 1) {
    this.#events = events;
    this.#copies = copies;
  }

  search({ order, limit, cursor, ...selection }: z.infer<typeof searchRequestSchema>): SearchAnswer {
    const found = this.#select(selection);
    if (order === 'newest') found.reverse();
    const start = Number(cursor ?? 0);
    const end = Math.min(start + limit, found.length * this.#copies);
    const events: AuditEvent[] = [];
    for (let index = start; index < end; index++) {
      const event = found[Math.floor(index / this.#copies)];
      const copy = index % this.#copies;
      if (event === undefined) break;
      events.push(copy === 0 ? event : { ...event, event: { ...event.event, id: `${event.event.id}-${copy}` } });
    }
    return end < found.length * this.#copies ? { events, cursor: String(end) } : { events };
  }

  histogram({ stepSeconds, measure, ...selection }: z.infer<typeof histogramRequestSchema>): HistogramAnswer {
    const step = stepSeconds * 1000;
    const { from, to } = selection.range;
    const first = Math.floor(from / step) * step;
    const steps = Array.from({ length: Math.ceil((to - first) / step) }, (_, index) => first + index * step);
    const buckets: AuditEvent[][] = steps.map(() => []);
    for (const event of this.#select(selection)) buckets[Math.floor((timeOf(event) - first) / step)]?.push(event);
    return { steps, lines: [{ value: '', counts: buckets.map((bucket) => this.#copies * measured(bucket, measure)) }] };
  }

  top({ fields, measure, limit, ...selection }: z.infer<typeof topRequestSchema>): TopAnswer {
    const groups = new Map<string, AuditEvent[]>();
    for (const event of this.#select(selection)) {
      for (const values of combinations(fields.map((field) => valuesOf(event, field)))) {
        const key = JSON.stringify(values);
        const group = groups.get(key) ?? [];
        group.push(event);
        groups.set(key, group);
      }
    }
    const rows = [...groups].map(([key, events]) => ({
      values: z.array(z.string()).parse(JSON.parse(key)),
      count: this.#copies * measured(events, measure),
      events: this.#copies * events.length,
      errors: measured(events, 'errors'),
      duration: measured(events, 'duration'),
      rows: measured(events, 'rows'),
      first: Math.floor(Math.min(...events.map(timeOf))),
      last: Math.floor(Math.max(...events.map(timeOf))),
    }));
    rows.sort((one, other) => other.count - one.count);
    return { rows: rows.slice(0, limit), distinct: rows.length };
  }

  totals({ before, ...selection }: z.infer<typeof totalsRequestSchema>): TotalsAnswer {
    const { from, to } = selection.range;
    const totals = this.#measured(selection);
    if (!before) return { totals };
    return {
      totals,
      before: this.#measured({ ...selection, range: { from: Math.max(0, from - (to - from)), to: from } }),
    };
  }

  #measured(selection: Selection): Record<Measure, number> {
    const events = this.#select(selection);
    const of = (measure: Measure) => this.#copies * measured(events, measure);
    return {
      events: of('events'),
      errors: of('errors'),
      slow: of('slow'),
      rows: of('rows'),
      affected: of('affected'),
      bytes: of('bytes'),
      duration: of('duration'),
      clients: measured(events, 'clients'),
      sessions: measured(events, 'sessions'),
    };
  }

  /** Oldest first. */
  #select({ range, filter }: Selection): AuditEvent[] {
    const matches = compileMatcher(filter ?? EVERYTHING);
    const from = new Date(range.from).toISOString();
    const to = new Date(range.to).toISOString();
    return this.#events.filter((event) => event['@timestamp'] >= from && event['@timestamp'] < to && matches(event));
  }
}

function timeOf(event: AuditEvent): number {
  return Date.parse(event['@timestamp']);
}

function valuesOf(event: AuditEvent, field: string): readonly string[] {
  const value = fieldValue(event, field);
  if (Array.isArray(value)) return value.length === 0 ? [''] : value.map(String);
  return [value === undefined ? '' : String(value)];
}

function combinations(lists: readonly (readonly string[])[]): readonly (readonly string[])[] {
  return lists.reduce<readonly (readonly string[])[]>(
    (made, list) => made.flatMap((values) => list.map((value) => [...values, value])),
    [[]],
  );
}

function measured(events: readonly AuditEvent[], measure: Measure): number {
  const sum = (read: (event: AuditEvent) => number | undefined) =>
    events.reduce((total, event) => total + (read(event) ?? 0), 0);
  switch (measure) {
    case 'events':
      return events.length;
    case 'errors':
      return events.filter(({ event }) => event.outcome === 'failure').length;
    case 'slow':
      return events.filter(({ event }) => (event.duration ?? 0) > SLOW_NANOS).length;
    case 'rows':
      return sum(({ db }) => db?.response?.returned_rows);
    case 'affected':
      return sum(({ dbaudit }) => dbaudit.result?.affected_rows);
    case 'bytes':
      return sum(({ dbaudit }) => dbaudit.result?.bytes);
    case 'duration':
      return sum(({ event }) => event.duration);
    case 'clients':
      return new Set(events.map(({ client }) => client?.ip)).size;
    case 'sessions':
      return new Set(events.map(({ dbaudit }) => dbaudit.session?.id)).size;
  }
}
