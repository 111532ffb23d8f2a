import type { EncodedBatch, Sink } from './sinks/sink.ts';

/** A batch is handed on when it has this much: one write of that size costs a sink little more than a small one. */
const BATCH_BYTES = 262_144;
/** A batch is handed on after this time however small it is: a quiet agent must not be a late one. */
const BATCH_AGE_MILLIS = 200;
/** What may wait for the sinks in memory: some 6,000 events, which is a pause of 60 ms at 100,000 events a second. */
const WAITING_BYTES = 8_388_608;
/** Buffers kept for the next batches: one is written while the other is filled. */
const SPARE_BUFFERS = 2;

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

interface Batch {
  buffer: Buffer;
  length: number;
  count: number;
}

/** Stands between producers and sinks: gathers lines into batches, bounded in memory. */
export class Delivery {
  readonly counts: readonly SinkCounts[];
  droppedEvents = 0;
  readonly #options: DeliveryOptions;
  readonly #batchBytes: number;
  readonly #batchAgeMillis: number;
  readonly #waitingLimit: number;
  #filling: Batch;
  readonly #waiting: Batch[] = [];
  readonly #spare: Buffer[] = [];
  #waitingBytes = 0;
  #unreportedDrops = 0;
  #writing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  readonly #waitingForRoom: (() => void)[] = [];

  constructor(options: DeliveryOptions) {
    this.#options = options;
    this.#batchBytes = options.batchBytes ?? BATCH_BYTES;
    this.#batchAgeMillis = options.batchAgeMillis ?? BATCH_AGE_MILLIS;
    this.#waitingLimit = options.waitingBytes ?? WAITING_BYTES;
    this.counts = options.sinks.map((sink) => ({ sink, sentEvents: 0, sentBytes: 0, failedEvents: 0 }));
    this.#filling = { buffer: Buffer.allocUnsafeSlow(this.#batchBytes), length: 0, count: 0 };
  }

  /** Bytes that no sink has settled yet. */
  get waitingBytes(): number {
    return this.#waitingBytes + this.#filling.length;
  }

  /** Copies one event's line, `line[start, end)`, its newline included. */
  push(line: Buffer, start: number, end: number): void {
    const size = end - start;
    if (this.#options.whenFull === 'drop' && this.waitingBytes + size > this.#waitingLimit) {
      this.droppedEvents += 1;
      this.#unreportedDrops += 1;
      return;
    }
    if (this.#filling.length > 0 && this.#filling.length + size > this.#batchBytes) this.#handOn();
    this.#timer ??= setTimeout(() => this.#handOn(), this.#batchAgeMillis).unref();
    const batch = this.#filling;
    if (batch.buffer.length < batch.length + size) batch.buffer = grown(batch, size);
    line.copy(batch.buffer, batch.length, start, end);
    batch.length += size;
    batch.count += 1;
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
    if (this.#filling.length === 0) return;
    this.#waiting.push(this.#filling);
    this.#waitingBytes += this.#filling.length;
    this.#filling = { buffer: this.#spare.pop() ?? Buffer.allocUnsafeSlow(this.#batchBytes), length: 0, count: 0 };
    this.#writing ??= this.#writeWaiting();
  }

  async #writeWaiting(): Promise<void> {
    for (let batch = this.#waiting.shift(); batch !== undefined; batch = this.#waiting.shift()) {
      const lines = batch.buffer.subarray(0, batch.length);
      const encoded = { lines, count: batch.count };
      await Promise.all(this.counts.map((counts) => this.#write(counts, encoded)));
      this.#waitingBytes -= batch.length;
      if (batch.buffer.length === this.#batchBytes && this.#spare.length < SPARE_BUFFERS)
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

/** A line longer than a batch makes a batch of its own. */
function grown({ buffer, length }: Batch, size: number): Buffer {
  const larger = Buffer.allocUnsafeSlow(length + size);
  buffer.copy(larger, 0, 0, length);
  return larger;
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
