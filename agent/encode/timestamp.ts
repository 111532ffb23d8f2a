import { NANOS_PER_SECOND, type Nanos, type Timeline } from '../timeline.ts';
import type { JsonWriter } from './json-writer.ts';
import { Piece } from './piece.ts';

/** The last second RFC 3339 can write: 9999-12-31T23:59:59Z. A capture may claim any. */
const LAST_SECOND = 253_402_300_799;
/** `2026-08-22T03:14:07.` */
const PREFIX_LENGTH = 20;

/** Writes points in time as RFC 3339 with nanoseconds, without quotes and the final `Z`. The part up to the second is kept. */
export class TimestampWriter {
  readonly #timeline: Timeline;
  #second = Number.NaN;
  #prefix = new Piece('');
  readonly #before: string;

  /** `before` is ASCII that is written in front of each. */
  constructor(timeline: Timeline, before: string) {
    this.#timeline = timeline;
    this.#before = before;
  }

  write(into: JsonWriter, at: Nanos): void {
    const second = Math.floor(at / NANOS_PER_SECOND);
    if (second !== this.#second) this.#keep(second);
    into.piece(this.#prefix);
    into.nineDigits(at - second * NANOS_PER_SECOND);
  }

  #keep(second: number): void {
    const sinceEpoch = Math.min(Math.max(this.#timeline.originSeconds + second, 0), LAST_SECOND);
    this.#second = second;
    this.#prefix = new Piece(`${this.#before}${new Date(sinceEpoch * 1000).toISOString().slice(0, PREFIX_LENGTH)}`);
  }
}
