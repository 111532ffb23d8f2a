import type { Loss, LossReason } from './event-store.ts';

/** A report is an event itself: it must not be one for each event that was lost. */
const REPORT_EVERY_MILLIS = 1_000;
/** A damaged spool has a sentence for each place; the first few say enough. */
const DETAILS = 5;

interface Gathered {
  count: number;
  readonly details: Set<string>;
}

/** Gathers the losses of one sink: at most one report a second for each reason, and none before `start`. The sum is exact. */
export class LossReports {
  readonly #report: (loss: Loss) => void;
  readonly #gathered = new Map<LossReason, Gathered>();
  readonly #totals = new Map<LossReason, number>();
  #started = false;
  #timer: NodeJS.Timeout | undefined;

  /** `report` is never called from within `add`: whoever loses an event is in the middle of something. */
  constructor(report: (loss: Loss) => void) {
    this.#report = report;
  }

  add({ reason, count, detail }: Loss): void {
    this.#totals.set(reason, this.total(reason) + count);
    const gathered = this.#gathered.get(reason) ?? { count: 0, details: new Set() };
    this.#gathered.set(reason, gathered);
    gathered.count += count;
    if (gathered.details.size < DETAILS) gathered.details.add(detail);
    if (this.#started) this.#arm();
  }

  /** Events lost so far, reported or not. */
  total(reason: LossReason): number {
    return this.#totals.get(reason) ?? 0;
  }

  /** Whether something is not reported yet. */
  get isPending(): boolean {
    return this.#gathered.size > 0;
  }

  /** What was lost before is reported at once: an agent that keeps being killed may not live for a second. */
  start(): void {
    this.#started = true;
    this.flush();
  }

  /** Reports at once. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const gathered = [...this.#gathered];
    this.#gathered.clear();
    for (const [reason, { count, details }] of gathered) {
      this.#report({ reason, count, detail: [...details].join('; ') });
    }
  }

  #arm(): void {
    this.#timer ??= setTimeout(() => this.flush(), REPORT_EVERY_MILLIS).unref();
  }
}
