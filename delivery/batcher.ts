import type { Batch } from './batch.ts';
import { BatchMemory, type BatchRoom, KeepableBatch } from './batch-memory.ts';
import type { DeliverySettings } from './settings.ts';

/**
 * Which part of a batch's bytes is left for the line that fills it: few lines are longer than a sixteenth of half a
 * mebibyte, so that few batches are larger than they should be.
 */
const LAST_LINE_PART = 16;

/** Writes lines one behind the other into a buffer that it is given; `bytes[0, length)` has been written. */
export interface LineWriter {
  readonly bytes: Buffer;
  readonly length: number;
  /** Goes on at the beginning of another buffer. It may take a larger one of its own where that is too small. */
  use(buffer: Buffer): void;
}

/**
 * Gathers lines into batches where a producer writes them: `…one line into the writer…; batcher.commit(classNumber);`.
 * `onBatch` gets each batch when it is full or old enough; it may keep it with `retain`.
 */
export class Batcher {
  readonly #writer: LineWriter;
  readonly #onBatch: (batch: KeepableBatch) => void;
  readonly #memory: BatchMemory;
  readonly #fullBytes: number;
  readonly #maxEvents: number;
  readonly #ageMillis: number;
  #room: BatchRoom;
  #count = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    { events, bytes, ageMillis }: DeliverySettings['batch'],
    writer: LineWriter,
    onBatch: (batch: KeepableBatch) => void,
  ) {
    this.#writer = writer;
    this.#onBatch = onBatch;
    this.#memory = new BatchMemory(bytes, events);
    this.#fullBytes = bytes - Math.floor(bytes / LAST_LINE_PART);
    this.#maxEvents = events;
    this.#ageMillis = ageMillis;
    this.#room = this.#memory.take();
    writer.use(this.#room.bytes);
  }

  /** Bytes that were not handed on yet. */
  get waitingBytes(): number {
    return this.#writer.length;
  }

  /** The writer has one whole line more, its newline included. */
  commit(classNumber: number): void {
    const count = this.#count++;
    const length = this.#writer.length;
    const room = this.#room;
    room.ends[count] = length;
    room.classes[count] = classNumber;
    if (length >= this.#fullBytes || count + 1 === this.#maxEvents) this.handOn();
    else if (count === 0) this.#timer = setTimeout(() => this.handOn(), this.#ageMillis).unref();
  }

  /** Hands on what there is. */
  handOn(): void {
    clearTimeout(this.#timer);
    const count = this.#count;
    if (count === 0) return;
    const { bytes, length } = this.#writer;
    const room = this.#room;
    this.#count = 0;
    this.#room = this.#memory.take();
    this.#writer.use(this.#room.bytes);
    const lines: Batch = {
      bytes: bytes.subarray(0, length),
      ends: room.ends.subarray(0, count),
      classes: room.classes.subarray(0, count),
    };
    const batch = new KeepableBatch(lines, bytes.length, () => this.#memory.giveBack(room));
    this.#onBatch(batch);
    batch.release();
  }
}
