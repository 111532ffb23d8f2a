import type { AuditEvent } from '../../../contract/audit-event.ts';
import type { SearchAnswer } from '../../../contract/collector-api.ts';

/** Events of a page: a few screens, so that scrolling seldom waits. */
export const PAGE_EVENTS = 200;
/** Pages kept, 20,000 events or some 40 MB; those farther from where the reader is are fetched again when they return. */
const MAX_PAGES = 100;

type FetchPage = (cursor: string | undefined, signal: AbortSignal) => Promise<SearchAnswer>;

/** A result of any length, of which only what the reader is near is in memory. Ends with `close`. */
export class ResultPages {
  readonly #fetch: FetchPage;
  readonly #changed: () => void;
  readonly #pages = new Map<number, readonly AuditEvent[]>();
  /** Where each page begins; the first from nowhere. The last one known is where the next page would be. */
  readonly #cursors: (string | undefined)[] = [undefined];
  readonly #abort = new AbortController();
  #fetching = false;
  #wanted = { first: 0, last: 0 };
  #end: number | undefined;
  /** What the last attempt failed of; `retry` tries again. */
  failure: unknown;

  constructor(fetch: FetchPage, changed: () => void) {
    this.#fetch = fetch;
    this.#changed = changed;
    this.want(0, 0);
  }

  /** Rows that can be scrolled to: all of them once the end was seen, until then one page beyond those seen. */
  get rows(): number {
    return this.#end ?? this.#cursors.length * PAGE_EVENTS;
  }

  get ended(): boolean {
    return this.#end !== undefined;
  }

  /** Undefined while it is being fetched. */
  at(row: number): AuditEvent | undefined {
    return this.#pages.get(Math.floor(row / PAGE_EVENTS))?.[row % PAGE_EVENTS];
  }

  /** The reader sees these rows now. */
  want(first: number, last: number): void {
    this.#wanted = { first: Math.floor(first / PAGE_EVENTS), last: Math.floor(last / PAGE_EVENTS) };
    if (this.failure !== undefined || this.#fetching || this.#missing() === undefined) return;
    this.#fetching = true;
    void this.#fetchWanted();
  }

  retry(): void {
    this.failure = undefined;
    this.want(this.#wanted.first * PAGE_EVENTS, this.#wanted.last * PAGE_EVENTS);
  }

  close(): void {
    this.#abort.abort();
  }

  async #fetchWanted(): Promise<void> {
    try {
      for (let page = this.#missing(); page !== undefined; page = this.#missing()) {
        const { events, cursor } = await this.#fetch(this.#cursors[page], this.#abort.signal);
        this.#pages.set(page, events);
        if (cursor === undefined) this.#end = page * PAGE_EVENTS + events.length;
        else if (page + 1 === this.#cursors.length) this.#cursors.push(cursor);
        this.#forgetFarthest();
        this.#changed();
      }
    } catch (error) {
      if (this.#abort.signal.aborted) return;
      this.failure = error;
      this.#changed();
    } finally {
      this.#fetching = false;
    }
  }

  #missing(): number | undefined {
    const last = Math.min(this.#wanted.last, this.#cursors.length - 1);
    for (let page = this.#wanted.first; page <= last; page++) if (!this.#pages.has(page)) return page;
    return undefined;
  }

  #forgetFarthest(): void {
    while (this.#pages.size > MAX_PAGES) {
      const distance = (page: number) => Math.abs(page - this.#wanted.first);
      const farthest = [...this.#pages.keys()].reduce((far, page) => (distance(page) > distance(far) ? page : far));
      this.#pages.delete(farthest);
    }
  }
}
