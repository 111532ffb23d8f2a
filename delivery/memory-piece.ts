import { type Batch, concatBatches, sliceOf, startOf } from './batch.ts';
import { KeepableBatch } from './batch-memory.ts';

/** Small pieces grow together up to here: a piece costs about a kilobyte beside its lines. */
const JOINED_BYTES = 65_536;
/** Pieces of different age are not joined, for they have one time together. */
const JOINED_MILLIS = 10_000;

/** Lines in memory that were appended one behind the other; some may have been dropped since. Changed by replacing it. */
export interface MemoryPiece {
  readonly batch: Batch;
  /** Ordinal of its first line. */
  readonly first: number;
  /** Ordinal behind its last line. */
  readonly end: number;
  /** Each line's ordinal less `first`; undefined where no line between `first` and `end` is missing. */
  readonly offsets: Uint32Array | undefined;
  /** One bit for each class number that occurs; maybe more than that. */
  readonly classes: number;
  /** Unix time in milliseconds. */
  readonly at: number;
  /** Whose memory the lines are in, where it is not the piece's own. */
  readonly keeps: KeepableBatch | undefined;
}

/** A lent batch as a piece: kept where that is worth it, copied otherwise. */
export function pieceOf(batch: Batch, first: number, at: number): MemoryPiece {
  const piece = { first, end: first + batch.ends.length, offsets: undefined, classes: classesIn(batch), at };
  if (batch instanceof KeepableBatch && batch.isWorthKeeping) {
    batch.retain();
    return { ...piece, batch, keeps: batch };
  }
  const bytes = Buffer.allocUnsafeSlow(batch.bytes.length);
  bytes.set(batch.bytes);
  return { ...piece, batch: { bytes, ends: batch.ends.slice(), classes: batch.classes.slice() }, keeps: undefined };
}

/** Nobody needs its memory any more. */
export function releasePiece({ keeps }: MemoryPiece): void {
  keeps?.release();
}

/** Index of the first line at or behind the ordinal; the number of lines where there is none. */
export function indexOfOrdinal({ batch, first, offsets }: MemoryPiece, ordinal: number): number {
  const offset = Math.max(0, ordinal - first);
  if (offsets === undefined) return Math.min(offset, batch.ends.length);
  const index = offsets.findIndex((one) => one >= offset);
  return index < 0 ? batch.ends.length : index;
}

/** The lines before `index` and those from there on, neither of them empty. The piece is used up. */
export function splitPiece(piece: MemoryPiece, index: number): readonly [MemoryPiece, MemoryPiece] {
  const { batch, first, offsets, keeps } = piece;
  const shift = offsets?.[index] ?? index;
  keeps?.retain();
  return [
    { ...piece, batch: sliceOf(batch, 0, index), end: first + shift, offsets: offsets?.subarray(0, index) },
    {
      ...piece,
      batch: sliceOf(batch, index, batch.ends.length),
      first: first + shift,
      offsets: offsets?.subarray(index).map((offset) => offset - shift),
    },
  ];
}

/** How many lines, from the first on, are within the limits; at least one. */
export function linesWithin({ ends }: Batch, maxEvents: number, maxBytes: number): number {
  if (ends.length <= maxEvents && (ends.at(-1) ?? 0) <= maxBytes) return ends.length;
  let low = 1;
  let high = Math.max(1, Math.min(maxEvents, ends.length));
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((ends[middle - 1] ?? 0) <= maxBytes) low = middle;
    else high = middle - 1;
  }
  return low;
}

export interface Thinned {
  /** Undefined where nothing is left. Of its own memory; the piece before is used up. */
  readonly piece: MemoryPiece | undefined;
  readonly droppedEvents: number;
}

/** Without its oldest lines of the class, as many as are needed for `bytes` bytes. */
export function thinPiece(piece: MemoryPiece, classNumber: number, bytes: number): Thinned {
  const { batch } = piece;
  const count = batch.ends.length;
  const kept = new Uint32Array(count);
  let keptCount = 0;
  let dropped = 0;
  for (let index = 0; index < count; index++) {
    if (batch.classes[index] === classNumber && dropped < bytes) {
      dropped += (batch.ends[index] ?? 0) - startOf(batch, index);
    } else kept[keptCount++] = index;
  }
  if (keptCount === count) return { piece, droppedEvents: 0 };
  const thinned = keptCount === 0 ? undefined : onlyLines(piece, kept.subarray(0, keptCount), dropped);
  releasePiece(piece);
  return { piece: thinned, droppedEvents: count - keptCount };
}

function onlyLines(
  { batch, first, end, offsets, at }: MemoryPiece,
  kept: Uint32Array,
  droppedBytes: number,
): MemoryPiece {
  const bytes = Buffer.allocUnsafeSlow(batch.bytes.length - droppedBytes);
  const ends = new Uint32Array(kept.length);
  const classes = new Uint8Array(kept.length);
  const ordinals = new Uint32Array(kept.length);
  const shift = offsets?.[kept[0] ?? 0] ?? kept[0] ?? 0;
  let length = 0;
  kept.forEach((index, at) => {
    const start = startOf(batch, index);
    const lineEnd = batch.ends[index] ?? start;
    bytes.set(batch.bytes.subarray(start, lineEnd), length);
    length += lineEnd - start;
    ends[at] = length;
    classes[at] = batch.classes[index] ?? 0;
    ordinals[at] = (offsets?.[index] ?? index) - shift;
  });
  const thinned = { bytes, ends, classes };
  return {
    batch: thinned,
    first: first + shift,
    end,
    offsets: ordinals,
    classes: classesIn(thinned),
    at,
    keeps: undefined,
  };
}

/**
 * The two as one piece, where they are neighbours, small, of about one age and of about one size. Joining only what is of a
 * size keeps the bytes copied for each line logarithmic.
 */
export function joinPieces(one: MemoryPiece, other: MemoryPiece): MemoryPiece | undefined {
  const [size, otherSize] = [one.batch.bytes.length, other.batch.bytes.length];
  if (one.end !== other.first || one.keeps !== undefined || other.keeps !== undefined) return undefined;
  if (size + otherSize > JOINED_BYTES || size > otherSize * 2 || other.at - one.at > JOINED_MILLIS) return undefined;
  return {
    batch: concatBatches([one.batch, other.batch]),
    first: one.first,
    end: other.end,
    offsets: joinOffsets(one, other),
    classes: one.classes | other.classes,
    at: one.at,
    keeps: undefined,
  };
}

function joinOffsets(one: MemoryPiece, other: MemoryPiece): Uint32Array | undefined {
  if (one.offsets === undefined && other.offsets === undefined) return undefined;
  const count = one.batch.ends.length;
  const joined = new Uint32Array(count + other.batch.ends.length);
  for (let index = 0; index < count; index++) joined[index] = one.offsets?.[index] ?? index;
  for (let index = count; index < joined.length; index++) {
    joined[index] = other.first - one.first + (other.offsets?.[index - count] ?? index - count);
  }
  return joined;
}

function classesIn({ classes }: Batch): number {
  let found = 0;
  for (const classNumber of classes) found |= 1 << classNumber;
  return found;
}
