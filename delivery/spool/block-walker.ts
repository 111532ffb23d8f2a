import type { FileHandle } from 'node:fs/promises';
import {
  BLOCK_LINES,
  type BlockHead,
  bodyBytes,
  ENTRY_BYTES,
  HEAD_BYTES,
  MAGIC,
  readHead,
  tableIsWhole,
} from './block-format.ts';

/** A head with the largest table fits, and many small blocks do. */
export const CHUNK_BYTES = 98_304;

/** One block of a file that may be damaged. */
export interface Block {
  readonly head: BlockHead;
  readonly offset: number;
  /** Entries as far as the file has them. Lent until the next block is asked for. */
  readonly table: Buffer;
  /** Without it each line has to prove itself. */
  readonly tableIsWhole: boolean;
  /** The file has all of its lines, be they genuine or not. */
  readonly isWhole: boolean;
  /** There was something else between the block before it and this one. */
  readonly behindDamage: boolean;
}

/** Which blocks are to be found. */
export interface BlockSearch {
  readonly segment: number;
  /** Undefined: of whatever spool. */
  readonly spool: number | undefined;
  readonly offset: number;
  /** Blocks before this ordinal are repetitions. */
  readonly first: number;
  /** Blocks at or behind this ordinal are those of an append that failed; the next segment has what came instead. */
  readonly limit: number;
}

/** Goes from block to block through a segment file; behind damage it looks for the next genuine head. */
export class BlockWalker {
  /** Behind the last block that was found, as far as the file goes. */
  position: number;
  /** Something that is no block was met. */
  damaged = false;
  readonly #file: FileHandle;
  readonly #search: BlockSearch;
  readonly #size: number;
  readonly #chunk: Buffer;
  #chunkStart = 0;
  #chunkLength = 0;
  #expected: number;
  /** Where to look when the next head is not where it should be: lines may have been cut out before it. */
  #lookFrom: number;
  /** The last block has fewer lines than it says, and another one may be among what remains of them. */
  #wasCut = false;

  /** `size`: of the file. `chunk` has CHUNK_BYTES and is used by one walker at a time. */
  constructor(file: FileHandle, size: number, search: BlockSearch, chunk: Buffer) {
    this.#file = file;
    this.#size = size;
    this.#search = search;
    this.#chunk = chunk;
    this.position = search.offset;
    this.#lookFrom = search.offset + 1;
    this.#expected = search.first;
  }

  async next(): Promise<Block | undefined> {
    if (this.position >= this.#size && !this.#wasCut) return undefined;
    const here = await this.#headAt(this.position);
    if (here !== undefined) return this.#blockAt(this.position, here, false);
    if (await this.#isBehindLimit(this.position)) return undefined;
    for (let at = await this.#magicFrom(this.#lookFrom); at !== undefined; at = await this.#magicFrom(at + 1)) {
      const head = await this.#headAt(at);
      if (head !== undefined) return this.#blockAt(at, head, true);
    }
    this.damaged = true;
    this.#wasCut = false;
    this.#lookFrom = this.#size;
    return undefined;
  }

  /** Copies bytes `from` to `to` of the block's lines; gives how many there are. */
  async copyLines(block: Block, from: number, to: number, target: Buffer, targetAt: number): Promise<number> {
    const start = block.offset + HEAD_BYTES + block.head.lines * ENTRY_BYTES + from;
    const inChunk = start - this.#chunkStart;
    if (inChunk >= 0 && inChunk + to - from <= this.#chunkLength) {
      return this.#chunk.copy(target, targetAt, inChunk, inChunk + to - from);
    }
    let length = 0;
    while (length < to - from) {
      const { bytesRead } = await this.#file.read(target, targetAt + length, to - from - length, start + length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return length;
  }

  async #headAt(offset: number): Promise<BlockHead | undefined> {
    const head = await this.#anyHeadAt(offset);
    return head !== undefined && head.first >= this.#expected && head.first < this.#search.limit ? head : undefined;
  }

  async #isBehindLimit(offset: number): Promise<boolean> {
    const head = await this.#anyHeadAt(offset);
    return head !== undefined && head.first >= this.#search.limit;
  }

  async #anyHeadAt(offset: number): Promise<BlockHead | undefined> {
    if (!(await this.#load(offset, HEAD_BYTES))) return undefined;
    const head = readHead(this.#chunk.subarray(0, this.#chunkLength), offset - this.#chunkStart);
    const { segment, spool = head?.spool } = this.#search;
    if (head === undefined || head.segment !== segment || head.spool !== spool) return undefined;
    return head.lines <= BLOCK_LINES ? head : undefined;
  }

  async #blockAt(offset: number, head: BlockHead, behindDamage: boolean): Promise<Block> {
    const tableBytes = head.lines * ENTRY_BYTES;
    await this.#load(offset, HEAD_BYTES + tableBytes);
    const start = offset - this.#chunkStart + HEAD_BYTES;
    const table = this.#chunk.subarray(start, Math.min(start + tableBytes, this.#chunkLength));
    const end = offset + HEAD_BYTES + bodyBytes(head);
    this.position = Math.min(end, this.#size);
    this.#lookFrom = offset + HEAD_BYTES;
    this.#expected = head.first + head.span;
    this.#wasCut = end > this.#size;
    this.damaged ||= behindDamage;
    return {
      head,
      offset,
      table,
      tableIsWhole: table.length === tableBytes && tableIsWhole(head, table),
      isWhole: end <= this.#size,
      behindDamage,
    };
  }

  async #magicFrom(from: number): Promise<number | undefined> {
    for (let at = from; at < this.#size; ) {
      if (!(await this.#load(at, HEAD_BYTES))) return undefined;
      const found = this.#chunk.subarray(0, this.#chunkLength).indexOf(MAGIC, at - this.#chunkStart);
      if (found >= 0) return this.#chunkStart + found;
      at = this.#chunkStart + this.#chunkLength - MAGIC.length + 1;
    }
    return undefined;
  }

  /** Whether the file has that many bytes there; what there is is in the chunk. */
  async #load(offset: number, length: number): Promise<boolean> {
    const end = Math.min(offset + length, this.#size);
    if (offset < this.#chunkStart || end > this.#chunkStart + this.#chunkLength) {
      this.#chunkStart = offset;
      this.#chunkLength = 0;
      while (this.#chunkLength < end - offset) {
        const { bytesRead } = await this.#file.read(
          this.#chunk,
          this.#chunkLength,
          CHUNK_BYTES - this.#chunkLength,
          offset + this.#chunkLength,
        );
        if (bytesRead === 0) break;
        this.#chunkLength += bytesRead;
      }
    }
    return offset + length <= this.#chunkStart + this.#chunkLength;
  }
}
