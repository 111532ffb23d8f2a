import type { EncodedBatch, Sink } from './sinks/sink.ts';

/** A batch is handed on when it has this much: one write of that size costs a sink little more than a small one. */
const BATCH_BYTES = 262_144;
/** Room behind that for the line that fills a batch; a longer one makes the writer grow. */
const LAST_LINE_BYTES = 16_384;
/** A batch is handed on after this time however small it is: a quiet agent must not be a late one. */
const BATCH_AGE_MILLIS = 200;
/** What may wait for the sinks in memory: some 25,000 events, which is a pause of half a second at 50,000 events a second. */
const WAITING_BYTES = 33_554_432;
/** Buffers kept for the next batches. Fresh ones are memory outside the heap, and each few make V8 collect all of it. */
const SPARE_BUFFERS = 16;

export interface DeliveryOptions {
  /** Each gets every batch, in order; a slow one holds back the others, for batches are not kept twice. */
  readonly sinks: readonly Sink[];
  /** `drop`: what comes while the memory is full is dropped and counted. `wait`: `flush` makes the producer wait. */
  readonly whenFull: 'drop' | 'wait';
  /** There is room again, and `count` events were dropped since there was none. */
  onDropped(count: number): void;
  /** `sink` did not take a batch of `count` events. The other sinks are not affected. */
  onFailed(sink: Sink, error: Error, count: number): void;
  readonly batchBytes?: number;
  readonly batchAgeMillis?: number;
  /** Bound of what waits, whole batches included. */
  readonly waitingBytes?: number;
}

/** What has become of the events, for one sink. */
export interface SinkCounts {
  readonly sink: Sink;
  sentEvents: number;
  sentBytes: number;
  failedEvents: number;
}

/** Writes lines one behind the other into a buffer that it is given; `bytes[0, length)` has been written. */
export interface LineWriter {
  readonly bytes: Buffer;
  readonly length: number;
  /** Goes on at the beginning of another buffer. It may take a larger one of its own where that is too small. */
  use(buffer: Buffer): void;
}

interface Batch {
  readonly buffer: Buffer;
  readonly length: number;
  readonly count: number;
}

/**
 * Stands between a producer and sinks: gathers lines into batches, bounded in memory. The producer writes them where they
 * stay until the sinks have them: `if (delivery.admits()) { …one line into the writer…; delivery.commit(); }`
 */
export class Delivery {
  readonly counts: readonly SinkCounts[];
  droppedEvents = 0;
  readonly #options: DeliveryOptions;
  readonly #batchBytes: number;
  readonly #batchAgeMillis: number;
  readonly #waitingLimit: number;
  readonly #writer: LineWriter;
  #count = 0;
  readonly #waiting: Batch[] = [];
  readonly #spare: Buffer[] = [];
  #waitingBytes = 0;
  #unreportedDrops = 0;
  #writing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  readonly #waitingForRoom: (() => void)[] = [];

  constructor(options: DeliveryOptions, writer: LineWriter) {
    this.#options = options;
    this.#writer = writer;
    this.#batchBytes = options.batchBytes ?? BATCH_BYTES;
    this.#batchAgeMillis = options.batchAgeMillis ?? BATCH_AGE_MILLIS;
    this.#waitingLimit = options.waitingBytes ?? WAITING_BYTES;
    this.counts = options.sinks.map((sink) => ({ sink, sentEvents: 0, sentBytes: 0, failedEvents: 0 }));
    writer.use(this.#emptyBuffer());
  }

  /** Bytes that no sink has settled yet. */
  get waitingBytes(): number {
    return this.#waitingBytes + this.#writer.length;
  }

  /** Whether there is room for one more event; where there is none, it is counted as dropped. */
  admits(): boolean {
    if (this.#options.whenFull === 'wait' || this.waitingBytes < this.#waitingLimit) return true;
    this.droppedEvents += 1;
    this.#unreportedDrops += 1;
    return false;
  }

  /** The writer has one whole line more, its newline included. */
  commit(): void {
    this.#count += 1;
    if (this.#writer.length >= this.#batchBytes) this.#handOn();
    else this.#timer ??= setTimeout(() => this.#handOn(), this.#batchAgeMillis).unref();
  }

  /** The producer pauses. In `wait` mode a promise is given while the memory is full; it settles when half is free. */
  flush(): void | Promise<void> {
    if (this.#options.whenFull === 'drop' || this.waitingBytes < this.#waitingLimit) return;
    return new Promise((resolve) => {
      this.#waitingForRoom.push(resolve);
      this.#handOn();
    });
  }

  /** Settles when every sink has settled everything. Whoever has a deadline does not wait for that. */
  async drain(): Promise<void> {
    while (this.waitingBytes > 0) {
      this.#handOn();
      await this.#writing;
    }
  }

  /** Drains, then closes every sink; a sink that fails to close is reported like one that fails to write. */
  async close(): Promise<void> {
    await this.drain();
    for (const { sink } of this.counts) {
      try {
        await sink.close();
      } catch (error) {
        this.#options.onFailed(sink, asError(error), 0);
      }
    }
  }

  #handOn(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { bytes, length } = this.#writer;
    if (length === 0) return;
    this.#waiting.push({ buffer: bytes, length, count: this.#count });
    this.#waitingBytes += length;
    this.#count = 0;
    this.#writer.use(this.#emptyBuffer());
    this.#writing ??= this.#writeWaiting();
  }

  #emptyBuffer(): Buffer {
    return this.#spare.pop() ?? Buffer.allocUnsafeSlow(this.#batchBytes + LAST_LINE_BYTES);
  }

  async #writeWaiting(): Promise<void> {
    for (let batch = this.#waiting.shift(); batch !== undefined; batch = this.#waiting.shift()) {
      const lines = batch.buffer.subarray(0, batch.length);
      const encoded = { lines, count: batch.count };
      await Promise.all(this.counts.map((counts) => this.#write(counts, encoded)));
      this.#waitingBytes -= batch.length;
      if (batch.buffer.length === this.#batchBytes + LAST_LINE_BYTES && this.#spare.length < SPARE_BUFFERS)
        this.#spare.push(batch.buffer);
      this.#roomMade();
    }
    this.#writing = undefined;
  }

  async #write(counts: SinkCounts, batch: EncodedBatch): Promise<void> {
    try {
      await counts.sink.write(batch);
      counts.sentEvents += batch.count;
      counts.sentBytes += batch.lines.length;
    } catch (error) {
      counts.failedEvents += batch.count;
      this.#options.onFailed(counts.sink, asError(error), batch.count);
    }
  }

  /** Waits for half of the memory, so that neither drops nor pauses come one by one. */
  #roomMade(): void {
    if (this.waitingBytes > this.#waitingLimit / 2) return;
    const dropped = this.#unreportedDrops;
    this.#unreportedDrops = 0;
    if (dropped > 0) this.#options.onDropped(dropped);
    for (const resolve of this.#waitingForRoom.splice(0)) resolve();
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
