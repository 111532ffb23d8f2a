import { CLOCK_SKEW_MILLIS, LINGER_MILLIS } from './span.ts';

/** An idle watch is renewed by its client every 30 s; one that is silent for longer than that and a renewal is dead. */
const SILENCE_MILLIS = 45_000;
/** What was on its way when a watch was cut off is lost with it: how late a watch under load may be. */
const LAG_MILLIS = 5_000;
/** Gaps in a watch are rare; beyond this the oldest are taken for one. */
const MAX_GAPS = 64;

interface Gap {
  readonly from: number;
  readonly to: number;
}

/**
 * For which times a watch has told everything. What came and went while it was cut off and too late to resume (410 Gone) was
 * never told; before the first list nothing was. Times are milliseconds since 1970.
 */
export class WatchKnowledge {
  #gaps: readonly Gap[] = [];
  #listed = false;
  #heardAt = Number.NEGATIVE_INFINITY;
  /** What was heard before the latest connection, which may turn out to have been refused. */
  #heardBefore = Number.NEGATIVE_INFINITY;

  get synced(): boolean {
    return this.#listed;
  }

  /** The last sign of life; everything older has been told or is in a gap. */
  get heardAt(): number {
    return this.#heardAt;
  }

  /** A watch was granted, from where the last one ended. */
  connected(now: number): void {
    this.#heardBefore = this.#heardAt;
    this.heard(now);
  }

  heard(now: number): void {
    this.#heardAt = Math.max(this.#heardAt, now);
  }

  /** All objects were listed anew. Gives since when changes may have been missed. */
  listed(now: number): number {
    // Objects that went meanwhile may have left pods running.
    const from = this.#heardBefore - LAG_MILLIS;
    this.#addGap({ from: from - CLOCK_SKEW_MILLIS, to: now + LINGER_MILLIS });
    this.#listed = true;
    this.#heardAt = now;
    this.#heardBefore = now;
    return from;
  }

  /** What was known before a time has been forgotten, to stay within bounds. */
  forgetBefore(time: number): void {
    if (time > this.#end(0)) this.#addGap({ from: Number.NEGATIVE_INFINITY, to: time });
  }

  /** Whether nothing about `at` is missing, as far as that can be told at `now`. */
  isComplete(at: number, now: number): boolean {
    return this.#listed && this.isCurrent(at, now) && !this.#gaps.some(({ from, to }) => from <= at && at <= to);
  }

  /** Whether what was last told still held at `at`. */
  isCurrent(at: number, now: number): boolean {
    return at <= this.#heardAt || now - this.#heardAt <= SILENCE_MILLIS;
  }

  /** Of an earlier process, before the first list. */
  restore(gaps: readonly Gap[], heardAt: number): void {
    this.#gaps = gaps;
    this.#heardAt = heardAt;
    this.#heardBefore = heardAt;
  }

  /** What `restore` takes. */
  get gaps(): readonly Gap[] {
    return this.#gaps;
  }

  #addGap(gap: Gap): void {
    const apart = this.#gaps.filter(({ from, to }) => to < gap.from || gap.to < from);
    const touching = this.#gaps.filter((other) => !apart.includes(other));
    const from = Math.min(gap.from, ...touching.map((other) => other.from));
    const to = Math.max(gap.to, ...touching.map((other) => other.to));
    const gaps = [...apart, { from, to }].sort((one, other) => one.from - other.from);
    const [first, second] = gaps;
    this.#gaps =
      gaps.length > MAX_GAPS && first !== undefined && second !== undefined
        ? [{ from: first.from, to: second.to }, ...gaps.slice(2)]
        : gaps;
  }

  #end(index: number): number {
    const gap = this.#gaps[index];
    return gap !== undefined && gap.from === Number.NEGATIVE_INFINITY ? gap.to : Number.NEGATIVE_INFINITY;
  }
}
