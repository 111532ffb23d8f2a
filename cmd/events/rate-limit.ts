import { InvalidArgumentError } from 'commander';

const SECOND_MILLIS = 1_000;

/** No more than so many events a second; tells how many it kept back. */
export class RateLimit {
  readonly perSecond: number;
  #second = 0;
  #passed = 0;
  #hidden = 0;

  /** Infinity: all pass. */
  constructor(perSecond: number) {
    this.perSecond = perSecond;
  }

  /** Whether an event at `now` (milliseconds) passes. */
  admits(now: number): boolean {
    const second = Math.floor(now / SECOND_MILLIS);
    if (second !== this.#second) {
      this.#second = second;
      this.#passed = 0;
    }
    if (this.#passed >= this.perSecond) {
      this.#hidden++;
      return false;
    }
    this.#passed++;
    return true;
  }

  /** How many were kept back since the last call. */
  takeHidden(): number {
    const hidden = this.#hidden;
    this.#hidden = 0;
    return hidden;
  }
}

/**
 * `50/s`, `50` or `all`.
 * @throws InvalidArgumentError
 */
export function parseRate(text: string): number {
  if (text === 'all') return Number.POSITIVE_INFINITY;
  const [, count] = /^([1-9]\d{0,8})(?:\/s)?$/.exec(text) ?? [];
  if (count === undefined) throw new InvalidArgumentError('A rate such as 200/s is expected, or all.');
  return Number(count);
}
