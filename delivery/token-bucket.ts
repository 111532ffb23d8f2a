const MILLIS_PER_SECOND = 1000;

/** Keeps to a rate in bytes a second. A single amount may be larger than the bucket: it is paid for afterwards. */
export class TokenBucket {
  readonly #bytesPerSecond: number;
  readonly #uptime: () => number;
  #tokens: number;
  #filledAt: number;
  #isLifted = false;

  /**
   * Holds the bytes of one second; full at first.
   * @param uptime milliseconds that never go back
   */
  constructor(bytesPerSecond: number, uptime: () => number = () => performance.now()) {
    this.#bytesPerSecond = bytesPerSecond;
    this.#uptime = uptime;
    this.#tokens = bytesPerSecond;
    this.#filledAt = uptime();
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
    const now = this.#uptime();
    const earned = ((now - this.#filledAt) / MILLIS_PER_SECOND) * this.#bytesPerSecond;
    this.#tokens = Math.min(this.#bytesPerSecond, this.#tokens + earned);
    this.#filledAt = now;
  }
}
