import type { Batch } from './batch.ts';

/**
 * Memories kept for the next batches. Fresh ones lie outside the heap, and each few of them make V8 collect all of it.
 * Eight of half a mebibyte are what a producer at full speed and a sink have in hand between them.
 */
const SPARES = 8;
/** Whoever keeps a batch for longer copies it where it would hold on to more than four thirds of its size. */
const WORTH_KEEPING = 3 / 4;

/** Room for one batch: its bytes, and where and what its lines are. */
export interface BatchRoom {
  readonly bytes: Buffer;
  readonly ends: Uint32Array;
  readonly classes: Uint8Array;
}

/** Rooms for batches, all of one size, which are used again once nobody keeps the batch any more. */
export class BatchMemory {
  readonly #maxBytes: number;
  readonly #maxEvents: number;
  readonly #spare: BatchRoom[] = [];

  constructor(maxBytes: number, maxEvents: number) {
    this.#maxBytes = maxBytes;
    this.#maxEvents = maxEvents;
  }

  take(): BatchRoom {
    return (
      this.#spare.pop() ?? {
        bytes: Buffer.allocUnsafeSlow(this.#maxBytes),
        ends: new Uint32Array(this.#maxEvents),
        classes: new Uint8Array(this.#maxEvents),
      }
    );
  }

  giveBack(room: BatchRoom): void {
    if (this.#spare.length < SPARES) this.#spare.push(room);
  }
}

/**
 * A batch in memory that is used again after the last `release`. Made with one hold on it, its maker's; whoever wants it for
 * longer than it is lent takes another with `retain`.
 */
export class KeepableBatch implements Batch {
  readonly bytes: Buffer;
  readonly ends: Uint32Array;
  readonly classes: Uint8Array;
  readonly #free: () => void;
  readonly #capacity: number;
  #holds = 1;

  /** `bytes` and the rest are parts of memory of `capacity` bytes; `free` is called once, when nobody holds it. */
  constructor({ bytes, ends, classes }: Batch, capacity: number, free: () => void) {
    this.bytes = bytes;
    this.ends = ends;
    this.classes = classes;
    this.#capacity = capacity;
    this.#free = free;
  }

  /** Whether keeping it costs little more memory than a copy. */
  get isWorthKeeping(): boolean {
    return this.bytes.length >= this.#capacity * WORTH_KEEPING;
  }

  retain(): void {
    this.#holds += 1;
  }

  release(): void {
    this.#holds -= 1;
    if (this.#holds === 0) this.#free();
  }
}
