/** Lines `from` up to, not including, `to` are to be written; or the line `refuse` is the one that the receiver never takes. */
export type IsolationStep = { readonly from: number; readonly to: number } | { readonly refuse: number };

/**
 * Finds the lines of a batch that a receiver refuses without saying which, in order: every line before the one it is at has
 * been taken or refused. A single bad line of n is known after 1 + ⌈log2 n⌉ tries, and one more takes what is behind it.
 * Where the first half of bad lines passes, the second is bad without a try.
 */
export class Isolation {
  readonly #count: number;
  #position = 0;
  /** One of the lines from `#position` up to here is bad. */
  #badEnd: number | undefined;
  #triedEnd = 0;
  #refused = 0;

  constructor(count: number) {
    this.#count = count;
  }

  /** The first line that is neither taken nor refused. */
  get position(): number {
    return this.#position;
  }

  /** What to do now; undefined at the end. A write must be answered by `taken` or `poisoned` before the next step. */
  next(): IsolationStep | undefined {
    if (this.#position >= this.#count) return undefined;
    const from = this.#position;
    const bad = this.#badEnd === undefined ? undefined : this.#badEnd - from;
    if (bad === 1) {
      this.#badEnd = undefined;
      this.#position += 1;
      this.#refused += 1;
      return { refuse: from };
    }
    this.#triedEnd = bad === undefined ? Math.min(this.#count, from + this.#stride()) : from + (bad >> 1);
    return { from, to: this.#triedEnd };
  }

  taken(): void {
    this.#position = this.#triedEnd;
    if (this.#position === this.#badEnd) this.#badEnd = undefined;
  }

  poisoned(): void {
    this.#badEnd = this.#triedEnd;
  }

  /**
   * How many lines of which nothing is known are tried at once: all of them, until a second one is bad; then as many as
   * came for each bad one so far, twice. A batch that is bad throughout then takes not many more tries than it has lines.
   */
  #stride(): number {
    return this.#refused < 2 ? this.#count : Math.max(1, Math.floor((2 * this.#position) / this.#refused) - 1);
  }
}
