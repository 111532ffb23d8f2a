import type { FileHandle } from 'node:fs/promises';
import {
  BLOCK_LINES,
  BLOCK_REACH,
  type BlockHead,
  ENTRY_BYTES,
  type Entry,
  HEAD_BYTES,
  writeEntry,
  writeHead,
} from './block-format.ts';
import { USUAL_BLOCK_BYTES } from './line-buffer.ts';
import type { Segment } from './segment.ts';
import { writeAll } from './segment-files.ts';

/** A head and the largest table. */
export const FRONT_BYTES = HEAD_BYTES + BLOCK_LINES * ENTRY_BYTES;
const NO_LINES = Buffer.alloc(0);

/** Used by one writer at a time. */
export interface WriterMemory {
  readonly front: Buffer;
  readonly lines: Buffer;
}

export function writerMemory(): WriterMemory {
  return { front: Buffer.allocUnsafeSlow(FRONT_BYTES), lines: Buffer.allocUnsafeSlow(USUAL_BLOCK_BYTES) };
}

/** Writes lines to the end of a segment that it makes known, in blocks as large as they may be. */
export class BlockWriter {
  readonly #file: FileHandle;
  readonly #segment: Segment;
  readonly #spool: number;
  readonly #front: Buffer;
  readonly #lines: Buffer;
  #count = 0;
  #lineBytes = 0;
  #first: number;
  #at = 0;

  /** The segment may be one that stands for what is written behind another's blocks. */
  constructor(file: FileHandle, segment: Segment, spool: number, memory: WriterMemory) {
    this.#file = file;
    this.#segment = segment;
    this.#spool = spool;
    this.#first = segment.first;
    this.#front = memory.front;
    this.#lines = memory.lines;
  }

  /** The line is copied; its CRC is taken over as it is, so that damage is not made good. */
  async write(entry: Entry, line: Buffer, at: number): Promise<void> {
    const isFull = this.#count === BLOCK_LINES || this.#lineBytes + line.length > this.#lines.length;
    if (this.#count > 0 && (isFull || entry.ordinal - this.#first > BLOCK_REACH)) {
      await this.#writeBlock(entry.ordinal, this.#lines.subarray(0, this.#lineBytes));
    }
    if (this.#count === 0) this.#at = at;
    // An empty block answers for what was dropped, where an entry's number does not reach.
    if (entry.ordinal - this.#first > BLOCK_REACH) await this.#writeBlock(entry.ordinal, NO_LINES);
    writeEntry(this.#front, this.#count, this.#first, { ...entry, start: this.#lineBytes });
    this.#count += 1;
    if (line.length > this.#lines.length) {
      await this.#writeBlock(entry.ordinal + 1, line);
      return;
    }
    line.copy(this.#lines, this.#lineBytes);
    this.#lineBytes += line.length;
  }

  /** What is left is written, and the last block answers for everything up to `end`. */
  async finish(end: number): Promise<void> {
    if (this.#count > 0) await this.#writeBlock(end, this.#lines.subarray(0, this.#lineBytes));
  }

  async #writeBlock(end: number, lines: Buffer): Promise<void> {
    const segment = this.#segment;
    const head: Omit<BlockHead, 'tableCrc'> = {
      first: this.#first,
      span: end - this.#first,
      lines: this.#count,
      lineBytes: lines.length,
      generation: segment.generation,
      at: this.#at,
      segment: segment.number,
      spool: this.#spool,
    };
    writeHead(this.#front, head);
    const front = this.#front.subarray(0, HEAD_BYTES + this.#count * ENTRY_BYTES);
    await writeAll(this.#file, [front, lines], segment.bytes);
    segment.addBlock(head, segment.bytes, 0);
    segment.bytes += front.length + lines.length;
    this.#first = end;
    this.#count = 0;
    this.#lineBytes = 0;
  }
}
