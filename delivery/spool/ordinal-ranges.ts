/** From `start` up to, not including, `end`. */
export interface OrdinalRange {
  readonly start: number;
  readonly end: number;
}

/** A set of ordinals, kept as ranges that neither touch nor overlap, ascending. Fast while the ranges are few. */
export class OrdinalRanges {
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];

  get count(): number {
    return this.#starts.length;
  }

  at(index: number): OrdinalRange {
    return { start: this.#starts[index] ?? 0, end: this.#ends[index] ?? 0 };
  }

  add(start: number, end: number): void {
    if (start >= end) return;
    const from = this.#firstEndingAtOrBehind(start);
    let to = from;
    let [joinedStart, joinedEnd] = [start, end];
    while (to < this.count && this.at(to).start <= end) {
      joinedStart = Math.min(joinedStart, this.at(to).start);
      joinedEnd = Math.max(joinedEnd, this.at(to).end);
      to += 1;
    }
    this.#starts.splice(from, to - from, joinedStart);
    this.#ends.splice(from, to - from, joinedEnd);
  }

  remove(start: number, end: number): void {
    if (start >= end) return;
    const from = this.#firstEndingAtOrBehind(start + 1);
    const left: OrdinalRange[] = [];
    let to = from;
    while (to < this.count && this.at(to).start < end) {
      const range = this.at(to);
      if (range.start < start) left.push({ start: range.start, end: start });
      if (range.end > end) left.push({ start: end, end: range.end });
      to += 1;
    }
    this.#starts.splice(from, to - from, ...left.map((range) => range.start));
    this.#ends.splice(from, to - from, ...left.map((range) => range.end));
  }

  has(ordinal: number): boolean {
    return this.firstOutside(ordinal) !== ordinal;
  }

  /** The first ordinal at or behind `ordinal` that is not in the set. */
  firstOutside(ordinal: number): number {
    const index = this.#firstEndingAtOrBehind(ordinal + 1);
    const range = this.at(index);
    return index < this.count && range.start <= ordinal ? range.end : ordinal;
  }

  /** The first ordinal at or behind `ordinal` that is in the set; Infinity where there is none. */
  firstInside(ordinal: number): number {
    const index = this.#firstEndingAtOrBehind(ordinal + 1);
    return index < this.count ? Math.max(ordinal, this.at(index).start) : Number.POSITIVE_INFINITY;
  }

  /** How many ordinals of the range are not in the set. */
  countOutside(start: number, end: number): number {
    let count = 0;
    for (let at = this.firstOutside(start); at < end; ) {
      const stop = Math.min(end, this.firstInside(at));
      count += stop - at;
      at = this.firstOutside(stop);
    }
    return count;
  }

  #firstEndingAtOrBehind(ordinal: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#ends[middle] ?? 0) >= ordinal) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
