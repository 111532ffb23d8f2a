/** A receiver may ask for a longer wait than ours, up to here: beyond that it is asked again whatever it said. */
const LONGEST_ASKED_MILLIS = 60_000;

/** How long to wait after each failure of a row: twice as long each time, up to a limit, and shortened by chance by up to a half. */
export class Backoff {
  readonly #firstMillis: number;
  readonly #maxMillis: number;
  #nextMillis: number;

  constructor({ firstMillis, maxMillis }: { readonly firstMillis: number; readonly maxMillis: number }) {
    this.#firstMillis = firstMillis;
    this.#maxMillis = maxMillis;
    this.#nextMillis = firstMillis;
  }

  /** Milliseconds until the next try. `askedMillis` is what the receiver asked for: at least that, within reason. */
  next(askedMillis = 0): number {
    const full = Math.min(this.#nextMillis, this.#maxMillis);
    this.#nextMillis = full * 2;
    return Math.max(full * (1 - Math.random() / 2), Math.min(askedMillis, LONGEST_ASKED_MILLIS));
  }

  /** It worked. */
  reset(): void {
    this.#nextMillis = this.#firstMillis;
  }
}
