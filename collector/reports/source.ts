import { setTimeout as sleep } from 'node:timers/promises';
import type { AuditEvent } from '../../contract/audit-event.ts';
import type { Filter } from '../../contract/filter.ts';
import type { Scope } from '../access/scope.ts';
import { visibleEvents, visibleFilter } from '../api/visible.ts';
import type {
  EventStore,
  Histogram,
  HistogramRequest,
  Measure,
  TimeRange,
  Top,
  TopRequest,
  Totals,
} from '../store/event-store.ts';
import { StoreBusy } from '../store/failure.ts';

/** A report waits its turn behind people who look at the page; after so many refusals it says so. */
const ATTEMPTS = 30;
/** Lengths of a step that people can name, in seconds: a minute to a week. */
const STEPS = [60, 300, 900, 1_800, 3_600, 7_200, 14_400, 28_800, 86_400, 604_800] as const;
/** As many points as a page is wide enough for. */
const MAX_STEPS = 62;

/** Every question a report asks of the store, within the scope of whom it is for, one after the other. */
export class ReportSource {
  readonly range: TimeRange;
  readonly scope: Scope;
  /** The time of equal length before; undefined where what is kept does not reach back over all of it. */
  readonly before: TimeRange | undefined;
  /** Of the oldest event kept; milliseconds since 1970. */
  readonly oldest: number | undefined;
  readonly #store: EventStore;
  readonly #signal: AbortSignal;

  private constructor(
    store: EventStore,
    scope: Scope,
    range: TimeRange,
    oldest: number | undefined,
    signal: AbortSignal,
  ) {
    this.#store = store;
    // No report shows literals, whoever asks for it: it is sent on, printed and kept.
    this.scope = { ...scope, literals: false };
    this.range = range;
    this.oldest = oldest;
    this.#signal = signal;
    const before = { from: Math.max(0, 2 * range.from - range.to), to: range.from };
    this.before = oldest !== undefined && oldest <= before.from && before.from < before.to ? before : undefined;
  }

  static async open(store: EventStore, scope: Scope, range: TimeRange, signal: AbortSignal): Promise<ReportSource> {
    const { oldest } = await patiently(() => store.status(), signal);
    return new ReportSource(store, scope, range, oldest, signal);
  }

  totals(filter: Filter, range = this.range): Promise<Totals> {
    return this.#ask(() => this.#store.totals({ range, filter: this.#visible(filter) }, this.#signal));
  }

  top(request: Omit<TopRequest, 'range'> & { readonly range?: TimeRange }): Promise<Top> {
    return this.#ask(() =>
      this.#store.top({ range: this.range, ...request, filter: this.#visible(request.filter) }, this.#signal),
    );
  }

  /** In some tens of steps, however long the time is. */
  histogram(request: Omit<HistogramRequest, 'range' | 'stepSeconds'>): Promise<Histogram> {
    const { range } = this;
    const filter = this.#visible(request.filter);
    return this.#ask(() =>
      this.#store.histogram({ ...request, filter, range, stepSeconds: this.stepSeconds }, this.#signal),
    );
  }

  get stepSeconds(): number {
    const seconds = (this.range.to - this.range.from) / 1_000;
    return STEPS.find((step) => seconds / step <= MAX_STEPS) ?? Math.ceil(seconds / MAX_STEPS / 604_800) * 604_800;
  }

  /** The newest, at most `limit`, as those see them who may not see literals. */
  async newest(filter: Filter, limit: number): Promise<readonly AuditEvent[]> {
    const { range } = this;
    const found = await this.#ask(() =>
      this.#store.search({ range, filter: this.#visible(filter), order: 'newest', limit }, this.#signal),
    );
    return visibleEvents(this.scope, found.events);
  }

  /** How many, of one measure alone. */
  async count(filter: Filter, measure: Measure = 'events', range = this.range): Promise<number> {
    return (await this.totals(filter, range))[measure];
  }

  #visible(filter: Filter): Filter {
    return visibleFilter(this.scope, filter);
  }

  #ask<Answer>(question: () => Promise<Answer>): Promise<Answer> {
    return patiently(question, this.#signal);
  }
}

async function patiently<Answer>(question: () => Promise<Answer>, signal: AbortSignal): Promise<Answer> {
  for (let attempt = 1; ; attempt += 1) {
    signal.throwIfAborted();
    try {
      return await question();
    } catch (error) {
      if (!(error instanceof StoreBusy) || attempt === ATTEMPTS) throw error;
      await sleep(error.afterMillis, undefined, { signal });
    }
  }
}
