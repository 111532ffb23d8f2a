import { crc32 } from 'node:zlib';

/*
 * A segment file is blocks and nothing else. A block is a head, a table with one entry for each line, and the lines, one
 * behind the other. All numbers are little endian.
 *
 *   head    0 magic · 8 first ordinal f64 · 16 ordinals spanned f64 · 24 lines u32 · 28 bytes of lines u32 · 32 CRC of the
 *           table u32 · 36 generation of the file u32 · 40 time of appending f64 · 48 number of the segment f64 · 56 spool
 *           u32 · 60 CRC of the head u32
 *   entry   0 start in the lines u32 · 4 length u32 · 8 ordinal behind the first, times 8, plus class u32 · 12 CRC of the line u32
 *
 * The table stands apart from the lines so that lines are written and read without being copied one by one. An entry does
 * not depend on the entries before it: damage in one costs one line. A line's CRC begins from its ordinal and class, so that
 * a line is only genuine in its place.
 */

export const HEAD_BYTES = 64;
export const ENTRY_BYTES = 16;
/** So that the largest table is 64 KiB, and one read of a table is a small one. */
export const BLOCK_LINES = 4096;
/** What an ordinal may lie behind its block's first: an entry has 29 bits for it. */
export const BLOCK_REACH = 0x1fff_ffff;
/** A longer line cannot be kept. Far above what the agent makes, and sums of it stay below 2^31. */
export const MAX_LINE_BYTES = 0x2000_0000;

/** 0xff and 0xfe never occur in UTF-8: no line has it. The last number but one is the format's version. */
export const MAGIC = Buffer.from([0xff, 0x64, 0x62, 0x61, 0x73, 0x70, 0x01, 0xfe]);

export interface BlockHead {
  readonly first: number;
  /** Ordinals that this block answers for; those without a line were dropped. */
  readonly span: number;
  readonly lines: number;
  readonly lineBytes: number;
  readonly tableCrc: number;
  /** How often the file was written anew. */
  readonly generation: number;
  /** Unix time in milliseconds. */
  readonly at: number;
  readonly segment: number;
  /** Tells the blocks of one spool from those of others. */
  readonly spool: number;
}

export interface Entry {
  readonly start: number;
  readonly length: number;
  readonly ordinal: number;
  readonly classNumber: number;
  readonly crc: number;
}

/** Bytes of table and lines together, without the head. */
export function bodyBytes(head: BlockHead): number {
  return head.lines * ENTRY_BYTES + head.lineBytes;
}

/** Of a line in its place. */
export function lineCrc(line: Buffer, ordinal: number, classNumber: number): number {
  return crc32(line, (ordinal * 8 + classNumber) % 0x1_0000_0000);
}

/** Writes the head to the start of `target`; the table behind it has been written already. */
export function writeHead(target: Buffer, head: Omit<BlockHead, 'tableCrc'>): void {
  MAGIC.copy(target);
  target.writeDoubleLE(head.first, 8);
  target.writeDoubleLE(head.span, 16);
  target.writeUInt32LE(head.lines, 24);
  target.writeUInt32LE(head.lineBytes, 28);
  target.writeUInt32LE(crc32(target.subarray(HEAD_BYTES, HEAD_BYTES + head.lines * ENTRY_BYTES)), 32);
  target.writeUInt32LE(head.generation, 36);
  target.writeDoubleLE(head.at, 40);
  target.writeDoubleLE(head.segment, 48);
  target.writeUInt32LE(head.spool, 56);
  target.writeUInt32LE(crc32(target.subarray(0, 60)), 60);
}

/** Entry `index` of the block whose head is at the start of `target`. */
export function writeEntry(target: Buffer, index: number, first: number, entry: Entry): void {
  const at = HEAD_BYTES + index * ENTRY_BYTES;
  target.writeUInt32LE(entry.start, at);
  target.writeUInt32LE(entry.length, at + 4);
  target.writeUInt32LE((entry.ordinal - first) * 8 + entry.classNumber, at + 8);
  target.writeUInt32LE(entry.crc, at + 12);
}

/** Undefined where there is no head at `at`, or not a whole and genuine one. */
export function readHead(source: Buffer, at: number): BlockHead | undefined {
  if (at + HEAD_BYTES > source.length || source.compare(MAGIC, 0, MAGIC.length, at, at + MAGIC.length) !== 0)
    return undefined;
  if (crc32(source.subarray(at, at + 60)) !== source.readUInt32LE(at + 60)) return undefined;
  return {
    first: source.readDoubleLE(at + 8),
    span: source.readDoubleLE(at + 16),
    lines: source.readUInt32LE(at + 24),
    lineBytes: source.readUInt32LE(at + 28),
    tableCrc: source.readUInt32LE(at + 32),
    generation: source.readUInt32LE(at + 36),
    at: source.readDoubleLE(at + 40),
    segment: source.readDoubleLE(at + 48),
    spool: source.readUInt32LE(at + 56),
  };
}

/** Entry `index` of the table at the start of `table`. */
export function readEntry(table: Buffer, index: number, first: number): Entry {
  const at = index * ENTRY_BYTES;
  const place = table.readUInt32LE(at + 8);
  return {
    start: table.readUInt32LE(at),
    length: table.readUInt32LE(at + 4),
    ordinal: first + (place >>> 3),
    classNumber: place & 7,
    crc: table.readUInt32LE(at + 12),
  };
}

export function tableIsWhole(head: BlockHead, table: Buffer): boolean {
  return crc32(table) === head.tableCrc;
}
