const MILLIS_PER_SECOND = 1000;

/** Keeps to a rate in bytes a second. A single amount may be larger than the bucket: it is paid for afterwards. */
export class TokenBucket {
  readonly #bytesPerSecond: number;
  #tokens: number;
  #filledAt = performance.now();
  #isLifted = false;

  /** Holds the bytes of one second; full at first. */
  constructor(bytesPerSecond: number) {
    this.#bytesPerSecond = bytesPerSecond;
    this.#tokens = bytesPerSecond;
  }

  /** Until something may be taken; 0: now. */
  get waitMillis(): number {
    if (this.#isLifted) return 0;
    this.#fill();
    return this.#tokens > 0 ? 0 : Math.ceil(((1 - this.#tokens) / this.#bytesPerSecond) * MILLIS_PER_SECOND);
  }

  take(bytes: number): void {
    this.#fill();
    this.#tokens -= bytes;
  }

  /** From now on there is no rate to keep to. */
  lift(): void {
    this.#isLifted = true;
  }

  #fill(): void {
    const now = performance.now();
    const earned = ((now - this.#filledAt) / MILLIS_PER_SECOND) * this.#bytesPerSecond;
    this.#tokens = Math.min(this.#bytesPerSecond, this.#tokens + earned);
    this.#filledAt = now;
  }
}
