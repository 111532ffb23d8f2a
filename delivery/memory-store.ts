import { type Batch, type BatchLimits, concatBatches, countOf } from './batch.ts';
import { classNumber, DROP_ORDER, type DroppableClass } from './event-class.ts';
import type { EventStore, Loss, Reading } from './event-store.ts';
import {
  indexOfOrdinal,
  joinPieces,
  linesWithin,
  type MemoryPiece,
  pieceOf,
  releasePiece,
  splitPiece,
  thinPiece,
} from './memory-piece.ts';

export interface MemoryStoreOptions {
  /** Of encoded lines. Infinity: never drops. */
  readonly maxBytes: number;
  /** Classes left out go last, in the order of DROP_ORDER. */
  readonly dropOrder: readonly DroppableClass[];
  onLoss(loss: Loss): void;
}

/**
 * Keeps events in memory. A batch that is mostly full is kept as it is, together with its memory; of a smaller one the lines
 * are copied, so that what is held is never much more than what counts. Nothing in it waits: it is for use between two
 * turns of the event loop too.
 */
export class MemoryStore implements EventStore {
  readonly #options: MemoryStoreOptions;
  readonly #dropOrder: readonly number[];
  /** Those that wait and those that are out, by ordinal. */
  #pieces: MemoryPiece[] = [];
  readonly #out = new Map<Reading, ReadonlySet<MemoryPiece>>();
  #outPieces = new Set<MemoryPiece>();
  #next = 0;
  #events = 0;
  #bytes = 0;

  constructor(options: MemoryStoreOptions) {
    this.#options = options;
    this.#dropOrder = [...new Set([...options.dropOrder, ...DROP_ORDER])].map(classNumber);
  }

  get next(): number {
    return this.#next;
  }

  get oldest(): number {
    return this.#pieces[0]?.first ?? this.#next;
  }

  get pendingEvents(): number {
    return this.#events;
  }

  get pendingBytes(): number {
    return this.#bytes;
  }

  /** Up to ten seconds too old for events that were appended soon after others. */
  get oldestAt(): number | undefined {
    return this.#pieces[0]?.at;
  }

  async append(batch: Batch): Promise<void> {
    this.appendNow(batch);
  }

  async read(from: number, limits: BatchLimits): Promise<Reading | undefined> {
    return this.readNow(from, limits);
  }

  /** `append` without a turn of the event loop. */
  appendNow(batch: Batch): void {
    if (countOf(batch) === 0) return;
    this.#pieces.push(pieceOf(batch, this.#next, Date.now()));
    this.#next += countOf(batch);
    this.#events += countOf(batch);
    this.#bytes += batch.bytes.length;
    if (this.#bytes > this.#options.maxBytes) this.#makeRoom();
    this.#joinLast();
  }

  /** `read` without a turn of the event loop. */
  readNow(from: number, { events, bytes }: BatchLimits): Reading | undefined {
    const at = this.#startOfReading(from);
    let last = this.#pieces[at];
    if (last === undefined) return undefined;
    const lines = linesWithin(last.batch, events, bytes);
    if (lines < countOf(last.batch)) [last] = this.#split(at, lines);
    const pieces = [last];
    let [eventsLeft, bytesLeft] = [events - countOf(last.batch), bytes - last.batch.bytes.length];
    for (let index = at + 1; ; index++) {
      const piece = this.#pieces[index];
      if (piece === undefined || piece.first !== last.end || this.#outPieces.has(piece)) break;
      eventsLeft -= countOf(piece.batch);
      bytesLeft -= piece.batch.bytes.length;
      if (eventsLeft < 0 || bytesLeft < 0) break;
      pieces.push(piece);
      last = piece;
    }
    return this.#takeOut(pieces);
  }

  settle(reading: Reading): void {
    const settled = this.#bringBack(reading);
    for (const piece of settled) {
      this.#events -= countOf(piece.batch);
      this.#bytes -= piece.batch.bytes.length;
      releasePiece(piece);
    }
    if (settled.size > 0) this.#pieces = this.#pieces.filter((piece) => !settled.has(piece));
  }

  giveBack(reading: Reading): void {
    this.#bringBack(reading);
  }

  /** What is pending is lost with the process. */
  async close(): Promise<void> {
    return;
  }

  /** Index of the piece that begins with the first waiting line at or behind `from`. */
  #startOfReading(from: number): number {
    for (let at = this.#firstEndingBehind(from); at < this.#pieces.length; at++) {
      const piece = this.#pieces[at];
      if (piece === undefined || this.#outPieces.has(piece)) continue;
      const index = indexOfOrdinal(piece, from);
      if (index === 0) return at;
      if (index === countOf(piece.batch)) continue;
      this.#split(at, index);
      return at + 1;
    }
    return this.#pieces.length;
  }

  #firstEndingBehind(ordinal: number): number {
    let low = 0;
    let high = this.#pieces.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#pieces[middle]?.end ?? 0) > ordinal) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #split(at: number, index: number): readonly [MemoryPiece, MemoryPiece] {
    const piece = this.#pieces[at];
    if (piece === undefined) throw new RangeError(`no piece ${at}`);
    const parts = splitPiece(piece, index);
    this.#pieces.splice(at, 1, ...parts);
    return parts;
  }

  #takeOut(pieces: readonly MemoryPiece[]): Reading | undefined {
    const [first, last] = [pieces[0], pieces.at(-1)];
    if (first === undefined || last === undefined) return undefined;
    const batch = pieces.length === 1 ? first.batch : concatBatches(pieces.map((piece) => piece.batch));
    const reading = { batch, first: first.first, end: last.end };
    this.#out.set(reading, new Set(pieces));
    for (const piece of pieces) this.#outPieces.add(piece);
    return reading;
  }

  #bringBack(reading: Reading): ReadonlySet<MemoryPiece> {
    const pieces = this.#out.get(reading) ?? new Set();
    this.#out.delete(reading);
    for (const piece of pieces) this.#outPieces.delete(piece);
    return pieces;
  }

  #makeRoom(): void {
    let dropped = 0;
    const remaining: (MemoryPiece | undefined)[] = this.#pieces;
    for (const dropping of this.#dropOrder) {
      for (let at = 0; at < remaining.length && this.#excess > 0; at++) {
        const piece = remaining[at];
        if (piece === undefined || (piece.classes & (1 << dropping)) === 0 || this.#outPieces.has(piece)) continue;
        const thinned = thinPiece(piece, dropping, this.#excess);
        this.#bytes -= piece.batch.bytes.length - (thinned.piece?.batch.bytes.length ?? 0);
        dropped += thinned.droppedEvents;
        remaining[at] = thinned.piece;
      }
      if (this.#excess <= 0) break;
    }
    this.#pieces = remaining.filter((piece) => piece !== undefined);
    this.#events -= dropped;
    if (dropped > 0) {
      const detail = 'the receiver or the disk was too slow, and the memory for waiting events is full';
      this.#options.onLoss({ reason: 'output-full', count: dropped, detail });
    }
  }

  get #excess(): number {
    return this.#bytes - this.#options.maxBytes;
  }

  #joinLast(): void {
    for (;;) {
      const [before, last] = [this.#pieces.at(-2), this.#pieces.at(-1)];
      if (before === undefined || last === undefined || this.#outPieces.has(before)) return;
      const joined = joinPieces(before, last);
      if (joined === undefined) return;
      this.#pieces.splice(-2, 2, joined);
    }
  }
}
