import type { BlockHead } from './block-format.ts';

/** Classes that an entry has room for. */
const CLASSES = 8;
/** Places remembered of each segment; some 3 KiB. A read walks from the nearest of them. */
const MAX_PLACES = 128;

interface Place {
  readonly ordinal: number;
  readonly offset: number;
  readonly at: number;
}

/** What is known in memory of one segment file. */
export class Segment {
  readonly number: number;
  /** Ordinals for which this file answers. */
  readonly first: number;
  end: number;
  generation: number;
  /** Length of the file as far as it is ours. */
  bytes = 0;
  /** By class: events neither settled, nor dropped, nor out. */
  readonly waiting = new Float64Array(CLASSES);
  readonly waitingBytes = new Float64Array(CLASSES);
  outEvents = 0;
  outBytes = 0;
  #places: Place[] = [];
  /** Where the last reading ended: the next one mostly goes on there. */
  #cursor: { readonly ordinal: number; readonly offset: number } | undefined;

  constructor(number: number, first: number, generation: number) {
    this.number = number;
    this.first = first;
    this.end = first;
    this.generation = generation;
  }

  get waitingEvents(): number {
    return this.waiting.reduce((sum, count) => sum + count);
  }

  get allWaitingBytes(): number {
    return this.waitingBytes.reduce((sum, bytes) => sum + bytes);
  }

  get isSettled(): boolean {
    return this.outEvents === 0 && this.waitingEvents === 0;
  }

  /** There is a block at `offset`, behind all others. `oldest`: places wholly before it are of no more use. */
  addBlock({ first, span, at }: Pick<BlockHead, 'first' | 'span' | 'at'>, offset: number, oldest: number): void {
    if (this.#places.length === MAX_PLACES) this.#forgetPlaces(oldest);
    this.#places.push({ ordinal: first, offset, at });
    this.end = first + span;
  }

  count(classNumber: number, events: number, bytes: number): void {
    this.waiting[classNumber] = (this.waiting[classNumber] ?? 0) + events;
    this.waitingBytes[classNumber] = (this.waitingBytes[classNumber] ?? 0) + bytes;
  }

  /** A line that is out, or comes back. */
  takeOut(classNumber: number, bytes: number): void {
    this.count(classNumber, -1, -bytes);
    this.outEvents += 1;
    this.outBytes += bytes;
  }

  /** Takes over what is known of the file that takes the place of this one's. */
  become(other: Segment): void {
    this.generation = other.generation;
    this.bytes = other.bytes;
    this.outEvents = other.outEvents;
    this.outBytes = other.outBytes;
    this.recount(other);
  }

  /** What waits, and where, as it was found by going through the file. */
  recount(found: Segment): void {
    this.waiting.set(found.waiting);
    this.waitingBytes.set(found.waitingBytes);
    this.#places = found.#places;
    this.#cursor = undefined;
  }

  /** Takes over what was written behind its own blocks. */
  absorb(addition: Segment): void {
    this.bytes = addition.bytes;
    this.end = addition.end;
    addition.waiting.forEach((events, classNumber) => {
      this.count(classNumber, events, addition.waitingBytes[classNumber] ?? 0);
    });
    this.outEvents += addition.outEvents;
    this.outBytes += addition.outBytes;
    this.#places.push(...addition.#places);
    if (this.#places.length > MAX_PLACES) this.#forgetPlaces(0);
  }

  readTo(ordinal: number, offset: number): void {
    this.#cursor = { ordinal, offset };
  }

  /** Offset of a block that begins at or before `ordinal`. */
  offsetOf(ordinal: number): number {
    const place = this.#placeOf(ordinal)?.offset ?? 0;
    const cursor = this.#cursor;
    return cursor !== undefined && cursor.ordinal <= ordinal && cursor.offset > place ? cursor.offset : place;
  }

  /** When the event was appended, or one not much older. */
  timeOf(ordinal: number): number | undefined {
    return this.#placeOf(ordinal)?.at;
  }

  #placeOf(ordinal: number): Place | undefined {
    let low = 0;
    let high = this.#places.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#places[middle]?.ordinal ?? 0) <= ordinal) low = middle + 1;
      else high = middle;
    }
    return this.#places[low - 1];
  }

  #forgetPlaces(oldest: number): void {
    const useful = this.#places.findIndex((_, index) => (this.#places[index + 1]?.ordinal ?? Infinity) > oldest);
    this.#places = this.#places.slice(Math.max(0, useful));
    if (this.#places.length > MAX_PLACES / 2) this.#places = this.#places.filter((_, index) => index % 2 === 0);
  }
}
