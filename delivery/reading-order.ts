import type { BatchLimits } from './batch.ts';
import type { EventStore, Reading } from './event-store.ts';
import type { TokenBucket } from './token-bucket.ts';

/** While fresh events never cease, every eighth write is the backlog's, within its rate: neither starves the other. */
const BACKLOG_TURN = 8;

export interface ReadingOrderOptions {
  readonly order: 'fresh-first' | 'oldest-first';
  readonly limits: BatchLimits;
  /** What the backlog may use. */
  readonly bucket: TokenBucket;
  /** Less than this is not worth an order of its own. */
  readonly windowBytes: number;
}

/**
 * In which order the events of a store are sent: as they came; or, once a receiver that was away is back, new ones first, and
 * what had piled up, the backlog, beside them at a capped rate.
 */
export class ReadingOrder {
  readonly #store: EventStore;
  readonly #options: ReadingOrderOptions;
  /** Ordinals before this one are the backlog's. */
  #backlogEnd = 0;
  /** Behind what was read as fresh. */
  #freshFrom = 0;
  #freshReadings = 0;

  constructor(store: EventStore, options: ReadingOrderOptions) {
    this.#store = store;
    this.#options = options;
  }

  get hasBacklog(): boolean {
    return this.#store.oldest < this.#backlogEnd;
  }

  /** Undefined where there is nothing, or nothing but a backlog whose time has not come. */
  async next(): Promise<Reading | undefined> {
    if (!this.hasBacklog) return this.#readFresh(this.#store.oldest);
    const isBacklogsTurn = this.#freshReadings >= BACKLOG_TURN;
    if (isBacklogsTurn) {
      const reading = await this.#readBacklog();
      if (reading !== undefined) return reading;
    }
    const fresh = await this.#readFresh(this.#backlogEnd);
    return fresh ?? (isBacklogsTurn ? undefined : this.#readBacklog());
  }

  /** The receiver was away and is back: what piled up becomes the backlog, where it is much. */
  endOutage(): void {
    const { order, windowBytes } = this.#options;
    const { next, pendingEvents, pendingBytes } = this.#store;
    if (order === 'oldest-first' || pendingEvents === 0) return;
    const piledEvents = next - Math.max(this.#freshFrom, this.#backlogEnd, this.#store.oldest);
    if ((piledEvents * pendingBytes) / pendingEvents > windowBytes) this.#backlogEnd = next;
  }

  async #readFresh(from: number): Promise<Reading | undefined> {
    const reading = await this.#store.read(from, this.#options.limits);
    if (reading === undefined) return undefined;
    this.#freshFrom = Math.max(this.#freshFrom, reading.end);
    this.#freshReadings += 1;
    return reading;
  }

  async #readBacklog(): Promise<Reading | undefined> {
    const { bucket, limits } = this.#options;
    if (bucket.waitMillis > 0) return undefined;
    const reading = await this.#store.read(this.#store.oldest, limits);
    if (reading === undefined) return undefined;
    bucket.take(reading.batch.bytes.length);
    this.#freshReadings = 0;
    return reading;
  }
}
