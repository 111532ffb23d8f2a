import { compileMatcher } from '../../../collector/query/matcher.ts';
import type {
  AppendResult,
  EventStore,
  Histogram,
  HistogramRequest,
  SearchPage,
  SearchRequest,
  Selection,
  SqlQueries,
  SqlRequest,
  StoreStatus,
  Top,
  TopRequest,
  Totals,
} from '../../../collector/store/event-store.ts';
import { StoreBusy } from '../../../collector/store/failure.ts';
import type { AuditEvent } from '../../../contract/audit-event.ts';
import { fieldValue } from '../../../contract/event-fields.ts';

/** Keeps events in an array and finds them by the stream matcher; remembers what it was asked. */
export class MemoryStore implements EventStore {
  readonly events: AuditEvent[] = [];
  readonly chains: string[] = [];
  readonly asked: (Selection | SqlRequest)[] = [];
  readonly #ids = new Set<string>();
  /** Set: it takes nothing and says when to come again. */
  busyMillis: number | undefined;
  /** Set: what is appended waits for it. */
  gate: Promise<void> | undefined;
  /** Calls of `append` that have not settled. */
  appending = 0;

  readonly sql: SqlQueries = {
    query: async (request) => {
      this.asked.push(request);
      return { columns: [{ name: 'n', type: 'BIGINT' }], rows: [[1]], truncated: false };
    },
  };

  async append(events: readonly AuditEvent[], chain: string): Promise<AppendResult> {
    this.appending += 1;
    await this.gate;
    this.appending -= 1;
    if (this.busyMillis !== undefined) throw new StoreBusy('the store is busy', this.busyMillis);
    const added = events.filter(({ event: { id } }) => !this.#ids.has(id) && this.#ids.add(id));
    this.events.push(...added);
    this.chains.push(chain);
    return { added, repeated: events.length - added.length };
  }

  async search({ cursor = '0', limit, order, ...selection }: SearchRequest): Promise<SearchPage> {
    const all = this.#select(selection);
    if (order === 'newest') all.reverse();
    const from = Number(cursor);
    const more = from + limit < all.length;
    return { events: all.slice(from, from + limit), ...(more ? { cursor: String(from + limit) } : {}) };
  }

  async histogram({ by, ...request }: HistogramRequest): Promise<Histogram> {
    const events = this.#select(request);
    const values = [...new Set(events.map((event) => (by === undefined ? '' : String(fieldValue(event, by) ?? ''))))];
    return {
      steps: [request.range.from],
      lines: values.map((value) => ({
        value,
        counts: [events.filter((event) => by === undefined || String(fieldValue(event, by) ?? '') === value).length],
      })),
    };
  }

  async top({ fields, ...request }: TopRequest): Promise<Top> {
    const counts = new Map<string, number>();
    for (const event of this.#select(request)) {
      const key = JSON.stringify(fields.map((name) => String(fieldValue(event, name) ?? '')));
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    const rows = [...counts].map(([key, count]) => {
      const values: string[] = JSON.parse(key);
      return { values, count, events: count, errors: 0, duration: 0, rows: 0, first: 0, last: 0 };
    });
    return { rows, distinct: rows.length };
  }

  async totals(request: Selection): Promise<Totals> {
    const events = this.#select(request).length;
    return { events, errors: 0, slow: 0, rows: 0, affected: 0, bytes: 0, duration: 0, clients: 0, sessions: 0 };
  }

  async status(): Promise<StoreStatus> {
    return { kind: 'duckdb', events: this.events.length, bytes: 0, partitions: 0, encrypted: true };
  }

  async close(): Promise<void> {}

  #select(selection: Selection): AuditEvent[] {
    this.asked.push(selection);
    return this.events.filter(compileMatcher(selection.filter));
  }
}
