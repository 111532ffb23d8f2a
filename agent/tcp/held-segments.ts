import type { Nanos } from '../timeline.ts';
import type { Segment } from './segment.ts';
import { advance, distance, type SequenceNumber } from './sequence.ts';

/** What an object and a buffer of their own cost besides the payload, about; so that many tiny segments count too. */
const OVERHEAD_BYTES = 256;

/** A segment that cannot be delivered yet, with a copy of its payload. */
export class HeldSegment {
  readonly seq: SequenceNumber;
  readonly ack: SequenceNumber;
  readonly payload: Buffer;
  readonly missingBytes: number;
  readonly at: Nanos;
  /** Which packet of its connection it was. */
  readonly order: number;
  previous: HeldSegment | undefined = undefined;
  next: HeldSegment | undefined = undefined;

  constructor(segment: Segment, at: Nanos, order: number) {
    const { buffer, payloadStart, payloadEnd } = segment;
    this.seq = segment.seq;
    this.ack = segment.ack;
    this.payload = Buffer.allocUnsafeSlow(payloadEnd - payloadStart);
    buffer.copy(this.payload, 0, payloadStart, payloadEnd);
    this.missingBytes = segment.missingBytes;
    this.at = at;
    this.order = order;
  }

  /** Sequence number after its last byte. */
  get end(): SequenceNumber {
    return advance(this.seq, this.payload.length + this.missingBytes);
  }

  /** Memory it takes. */
  get heldBytes(): number {
    return this.payload.length + OVERHEAD_BYTES;
  }
}

/** The held segments of one direction, in order of their sequence numbers; they may overlap. */
export class HeldSegments {
  first: HeldSegment | undefined = undefined;
  #last: HeldSegment | undefined = undefined;

  /** Adds `segment` unless one held covers it already; says whether it did. */
  insert(segment: HeldSegment): boolean {
    let before = this.#last;
    // What comes while a hole is open mostly belongs at the end; what comes backwards belongs at the beginning.
    if (this.first !== undefined && distance(segment.seq, this.first.seq) > 0) before = undefined;
    while (before !== undefined && distance(segment.seq, before.seq) > 0) before = before.previous;
    if (before !== undefined && distance(segment.end, before.end) >= 0) return false;
    const after = before === undefined ? this.first : before.next;
    segment.previous = before;
    segment.next = after;
    if (before === undefined) this.first = segment;
    else before.next = segment;
    if (after === undefined) this.#last = segment;
    else after.previous = segment;
    return true;
  }

  /** Takes out the first. */
  shift(): void {
    const first = this.first;
    if (first === undefined) return;
    this.first = first.next;
    if (this.first === undefined) this.#last = undefined;
    else this.first.previous = undefined;
  }
}
