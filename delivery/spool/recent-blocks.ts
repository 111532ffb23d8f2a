import { type Batch, type BatchLimits, countOf } from '../batch.ts';
import type { OrdinalRange } from './ordinal-ranges.ts';
import type { ReadMemory } from './read-memory.ts';
import type { FoundLines } from './reader.ts';

/** A sink that keeps up is a few blocks behind at most; one that does not reads from disk anyway. */
const MAX_BYTES = 2_097_152;
/** Smaller ones are read from disk when others wait behind them, so that they go together. */
const WORTH_SENDING_ALONE = 1 / 4;

interface RecentBlock {
  readonly first: number;
  readonly end: number;
  readonly batch: Batch;
  readonly memory: Buffer;
}

/**
 * Copies of blocks that were appended a moment ago: a sink that keeps up is given them, and what was just written need not
 * be read back and checked. Only ever what is in a file too, in the same place: `clear` whenever a file is written anew.
 */
export class RecentBlocks {
  readonly #pool: ReadMemory;
  /** Ascending. */
  #blocks: RecentBlock[] = [];
  #bytes = 0;

  constructor(pool: ReadMemory) {
    this.#pool = pool;
  }

  /** The block is copied, unless there is no room: those before it are wanted first. */
  keep(first: number, block: Batch): void {
    const length = block.bytes.length;
    if (this.#bytes + length > MAX_BYTES) return;
    const memory = this.#pool.take(length);
    block.bytes.copy(memory);
    const batch = { bytes: memory.subarray(0, length), ends: block.ends.slice(), classes: block.classes.slice() };
    this.#blocks.push({ first, end: first + countOf(block), batch, memory });
    this.#bytes += length;
  }

  /** The block that begins where the range does, if it is here whole and may be sent by itself. `next`: behind the last of all events. */
  take(range: OrdinalRange, limits: BatchLimits, next: number): FoundLines | undefined {
    while ((this.#blocks[0]?.first ?? Infinity) < range.start) this.#forgetFirst();
    const block = this.#blocks[0];
    if (block === undefined || block.first !== range.start || block.end > range.end) return undefined;
    const { batch, memory, first, end } = block;
    if (countOf(batch) > limits.events || (batch.bytes.length > limits.bytes && countOf(batch) > 1)) return undefined;
    if (end < next && batch.bytes.length < Math.min(limits.bytes, MAX_BYTES) * WORTH_SENDING_ALONE) return undefined;
    this.#blocks.shift();
    this.#bytes -= batch.bytes.length;
    return { batch, memory, first, end, damaged: false };
  }

  clear(): void {
    while (this.#blocks.length > 0) this.#forgetFirst();
  }

  #forgetFirst(): void {
    const block = this.#blocks.shift();
    if (block === undefined) return;
    this.#bytes -= block.batch.bytes.length;
    this.#pool.giveBack(block.memory);
  }
}
