import type { Batch, BatchLimits } from '../batch.ts';
import { ENTRY_BYTES, type Entry, readEntry } from './block-format.ts';
import { type Block, BlockWalker } from './block-walker.ts';
import type { OrdinalRange } from './ordinal-ranges.ts';
import type { ReadMemory } from './read-memory.ts';
import type { Segment } from './segment.ts';
import type { SpoolState } from './spool-state.ts';
import { isGenuine } from './survey.ts';

export interface FoundLines {
  /** Undefined where there is no line. Its bytes begin the memory. */
  readonly batch: Batch | undefined;
  readonly memory: Buffer;
  /** Ordinal of the first line. */
  readonly first: number;
  /** Between the last line and this ordinal there is none. */
  readonly end: number;
  /** Not everything was as it was written. What is no genuine line was left out. */
  readonly damaged: boolean;
}

/** Reads the first lines of a segment within the range. */
export async function readLines(
  state: SpoolState,
  segment: Segment,
  range: OrdinalRange,
  limits: BatchLimits,
  pool: ReadMemory,
): Promise<FoundLines> {
  const file = await state.files.open(segment.number);
  const offset = segment.offsetOf(range.start);
  const search = { segment: segment.number, spool: state.spool, offset, first: 0, limit: Infinity };
  const walker = new BlockWalker(file, segment.bytes, search, state.chunk);
  const gathering = new Gathering(limits, pool.take(Math.min(limits.bytes, segment.allWaitingBytes)));
  let damaged = false;
  let end = Math.min(range.end, segment.end);
  for (let block = await walker.next(); block !== undefined; block = await walker.next()) {
    damaged ||= block.behindDamage || !block.tableIsWhole || !block.isWhole;
    if (block.head.first >= range.end) break;
    const stopped = await gathering.gather(walker, block, range);
    if (stopped !== undefined) {
      segment.readTo(block.head.first, block.offset);
      end = stopped;
      break;
    }
  }
  damaged ||= walker.damaged || gathering.damaged;
  return { batch: gathering.batch(), memory: gathering.memory, first: gathering.first, end, damaged };
}

/** Lines of several blocks, one behind the other. */
class Gathering {
  memory: Buffer;
  first = 0;
  damaged = false;
  readonly #limits: BatchLimits;
  readonly #ends: number[] = [];
  readonly #classes: number[] = [];
  #bytes = 0;

  constructor(limits: BatchLimits, memory: Buffer) {
    this.#limits = limits;
    this.memory = memory;
  }

  batch(): Batch | undefined {
    if (this.#ends.length === 0) return undefined;
    return {
      bytes: this.memory.subarray(0, this.#bytes),
      ends: Uint32Array.from(this.#ends),
      classes: Uint8Array.from(this.#classes),
    };
  }

  /** Gives the ordinal at which it stopped for a limit or the range's end; undefined where the block was not enough. */
  async gather(walker: BlockWalker, block: Block, range: OrdinalRange): Promise<number | undefined> {
    const { head, table } = block;
    const count = Math.min(head.lines, Math.floor(table.length / ENTRY_BYTES));
    let run: Entry[] = [];
    let [events, bytes, runEnd, reached] = [this.#ends.length, this.#bytes, 0, range.start];
    let stopped: number | undefined;
    for (let index = firstIndexFrom(block, count, range.start); index < count; index++) {
      const entry = readEntry(table, index, head.first);
      if (!block.tableIsWhole && (entry.ordinal < reached || entry.start + entry.length > head.lineBytes)) continue;
      const isTooMuch = events > 0 && bytes + entry.length > this.#limits.bytes;
      if (entry.ordinal >= range.end || events === this.#limits.events || isTooMuch) {
        stopped = Math.min(entry.ordinal, range.end);
        break;
      }
      if (run.length > 0 && entry.start !== runEnd) {
        await this.#take(walker, block, run);
        run = [];
      }
      run.push(entry);
      events += 1;
      bytes += entry.length;
      runEnd = entry.start + entry.length;
      reached = entry.ordinal + 1;
    }
    if (run.length > 0) await this.#take(walker, block, run);
    return stopped;
  }

  /** Entries whose lines are neighbours in the file. */
  async #take(walker: BlockWalker, block: Block, run: readonly Entry[]): Promise<void> {
    const start = run[0]?.start ?? 0;
    const last = run.at(-1);
    const length = (last === undefined ? 0 : last.start + last.length) - start;
    this.#makeRoom(length);
    const base = this.#bytes;
    const there = base + (await walker.copyLines(block, start, start + length, this.memory, base));
    for (const entry of run) {
      const from = base + entry.start - start;
      const line = this.memory.subarray(from, Math.min(from + entry.length, there));
      if (!isGenuine({ ...entry, start: 0 }, line)) {
        this.damaged = true;
        continue;
      }
      if (this.#ends.length === 0) this.first = entry.ordinal;
      if (from !== this.#bytes) this.memory.copyWithin(this.#bytes, from, from + entry.length);
      this.#bytes += entry.length;
      this.#ends.push(this.#bytes);
      this.#classes.push(entry.classNumber);
    }
  }

  #makeRoom(more: number): void {
    if (this.#bytes + more <= this.memory.length) return;
    const larger = Buffer.allocUnsafeSlow(this.#bytes + more);
    this.memory.copy(larger, 0, 0, this.#bytes);
    this.memory = larger;
  }
}

/** Entries of a whole table ascend; any other is looked through from its beginning. */
function firstIndexFrom({ head, table, tableIsWhole }: Block, count: number, ordinal: number): number {
  if (!tableIsWhole || head.first >= ordinal) return 0;
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (readEntry(table, middle, head.first).ordinal < ordinal) low = middle + 1;
    else high = middle;
  }
  return low;
}
