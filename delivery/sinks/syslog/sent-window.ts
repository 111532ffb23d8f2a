/**
 * What was sent and may not have been read yet, as it was sent, in one piece of memory: fresh buffers for each batch would
 * keep the garbage collector busy.
 */
export class SentWindow {
  readonly #bytes: Buffer;
  #length = 0;
  #events = 0;
  #since = 0;

  constructor(size: number) {
    this.#bytes = Buffer.allocUnsafeSlow(size);
  }

  /** All of it; the same memory. Never changed while it is in here. */
  get sent(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** What comes next is written into this, then kept. */
  get free(): Buffer {
    return this.#bytes.subarray(this.#length);
  }

  get events(): number {
    return this.#events;
  }

  /** How long the oldest of it has been here; 0 where there is none. */
  ageMillis(now: number): number {
    return this.#length === 0 ? 0 : now - this.#since;
  }

  /** The first bytes of `free` have been sent. */
  keep(bytes: number, events: number, now: number): void {
    if (this.#length === 0) this.#since = now;
    this.#length += bytes;
    this.#events += events;
  }

  clear(): void {
    this.#length = 0;
    this.#events = 0;
  }
}
