import type { Side } from './byte-stream.ts';
import { type HeldSegment, HeldSegments } from './held-segments.ts';
import { advance, distance, earlier, type SequenceNumber } from './sequence.ts';
import { isFirstFlight } from './syn.ts';

/**
 * Farther ahead no sender may be: receive windows of that size do not occur (Linux grows them to 6 MiB by default), so
 * such a number is damage, or the capture missed a long stretch.
 */
const MAX_AHEAD_BYTES = 64 * 1024 * 1024;
/** The largest window there can be (RFC 7323, 2.3): nothing older is ever sent again. */
const MAX_BEHIND_BYTES = 1024 * 1024 * 1024;
/** So many implausible numbers in a row are no damage: the stream really has moved on. */
const STRAYS_THAT_CONVINCE = 3;

/** One direction of a connection: what has been delivered, what is held, and what is known to be missing. */
export class HalfStream {
  readonly side: Side;
  /** A packet of this side was seen. */
  seen = false;
  /** `next` is known. */
  synced = false;
  /** The connection was seen to open, but not this side's SYN: it comes late, or was lost. */
  awaitsSyn = false;
  /** Number of the first byte, where the capture begins. */
  base: SequenceNumber = 0;
  /** Number of the next byte to deliver. */
  next: SequenceNumber = 0;
  /**
   * What the peer has acknowledged, where that is more than was delivered; at most `end`. What is acknowledged will not
   * be sent again.
   */
  acked: SequenceNumber | undefined = undefined;
  /** Which packet first acknowledged something that is missing here. */
  ackedOrder = 0;
  /** Number after the last byte, told by FIN or RST; or assumed, because one acknowledged number never came. */
  end: SequenceNumber = 0;
  ended: 'open' | 'assumed' | 'seen' = 'open';
  held: HeldSegments | undefined = undefined;
  #strays = 0;

  constructor(side: Side) {
    this.side = side;
  }

  /** Delivery begins at `next`. */
  sync(next: SequenceNumber): void {
    this.synced = true;
    this.base = next;
    this.next = next;
    if (this.acked !== undefined && distance(next, this.acked) > MAX_AHEAD_BYTES) this.acked = undefined;
  }

  get firstHeld(): HeldSegment | undefined {
    return this.held?.first;
  }

  /** How many bytes the peer has and the capture has not (yet) delivered. */
  get ackedAhead(): number {
    return this.synced && this.acked !== undefined ? Math.max(0, distance(this.next, this.acked)) : 0;
  }

  /** An acknowledgement left behind would lie ahead again 2 GiB later. */
  forgetOldAck(): void {
    if (this.synced && this.ackedAhead === 0) this.acked = undefined;
  }

  /** Its SYN says that the first byte has the number `first`; says whether that can be. */
  syncBySyn(first: SequenceNumber): boolean {
    if (this.base === first && this.synced) return true;
    const begins = this.synced ? this.base : (this.firstHeld?.seq ?? first);
    if ((this.synced && !this.awaitsSyn) || !isFirstFlight(first, begins)) return false;
    this.awaitsSyn = false;
    // Taken for the beginning was what the first acknowledgement seen says; nothing has been delivered since.
    if (!this.synced || this.next === this.base) this.sync(first);
    return true;
  }

  /** The next byte is missing, while something after it is known. */
  get hasHole(): boolean {
    if (!this.synced) return false;
    const first = this.firstHeld;
    if (first !== undefined) return distance(this.next, first.seq) > 0;
    return this.ackedAhead > 0 || (this.ended === 'seen' && distance(this.next, this.end) > 0);
  }

  /** All that was sent has been delivered, and nothing more will be. */
  get isFinished(): boolean {
    return this.synced && this.ended !== 'open' && this.next === this.end && this.firstHeld === undefined;
  }

  /** Nothing is held, missing, or ending. */
  get isPlain(): boolean {
    return this.seen && this.synced && this.ended === 'open' && this.firstHeld === undefined && this.ackedAhead === 0;
  }

  /** A segment of the other side that acknowledges `ack` may be delivered: what it answers has been. */
  hasReached(ack: SequenceNumber): boolean {
    if (!this.synced) {
      const first = this.firstHeld;
      return first === undefined ? !this.awaitsSyn : distance(first.seq, ack) <= 0;
    }
    // FIN takes up a number.
    const reached = this.ended !== 'open' && this.next === this.end ? advance(this.end, 1) : this.next;
    const ahead = distance(reached, ack);
    return ahead <= 0 || ahead > MAX_AHEAD_BYTES;
  }

  /** The peer acknowledges all before `ack`, in the packet numbered `order`. */
  noteAck(ack: SequenceNumber, order: number): void {
    if (this.acked !== undefined && distance(this.acked, ack) <= 0) return;
    if (!this.synced) {
      this.acked = ack;
      this.ackedOrder = order;
      return;
    }
    const limited = this.#withoutFin(ack);
    const ahead = distance(this.next, limited);
    if (ahead <= 0 || (ahead > MAX_AHEAD_BYTES && !this.isConvincing())) return;
    if (this.ackedAhead === 0) this.ackedOrder = order;
    this.acked = limited;
  }

  /** FIN takes up a number, but is no byte. */
  #withoutFin(ack: SequenceNumber): SequenceNumber {
    if (this.ended === 'open') return ack;
    return this.ended === 'seen' || distance(this.end, ack) === 1 ? earlier(ack, this.end) : ack;
  }

  /** FIN or RST says that `end` is the number after the last byte. */
  noteEnd(end: SequenceNumber): void {
    if (this.ended === 'seen') return;
    if (!this.synced && this.firstHeld === undefined) this.sync(end);
    const ahead = distance(this.next, end);
    if (this.synced && (ahead < 0 || ahead > MAX_AHEAD_BYTES)) return;
    this.end = end;
    this.ended = 'seen';
    if (this.acked !== undefined) this.acked = earlier(this.acked, end);
  }

  /** One number more than was delivered is acknowledged, and nothing follows: that was a FIN. */
  assumeEnd(end: SequenceNumber): void {
    this.end = end;
    this.ended = 'assumed';
    this.acked = end;
  }

  /** Data up to `dataEnd` came: says whether the stream may reach so far. */
  mayReach(dataEnd: SequenceNumber): boolean {
    if (this.ended === 'open' || distance(this.end, dataEnd) <= 0) return true;
    if (this.ended === 'seen') return false;
    this.ended = 'open';
    return true;
  }

  /** No sender would use `seq` now. */
  isFar(seq: SequenceNumber): boolean {
    const ahead = distance(this.synced ? this.next : (this.firstHeld?.seq ?? seq), seq);
    const isFar = ahead > MAX_AHEAD_BYTES || ahead < -MAX_BEHIND_BYTES;
    if (!isFar) this.#strays = 0;
    return isFar;
  }

  /** Counts an implausible number; says whether there were so many in a row that it must be believed. */
  isConvincing(): boolean {
    this.#strays += 1;
    return this.#strays >= STRAYS_THAT_CONVINCE;
  }

  /** Holds `segment`; says whether it brought anything new. */
  hold(segment: HeldSegment): boolean {
    this.held ??= new HeldSegments();
    return this.held.insert(segment);
  }

  /** Where the missing bytes end that start at `next`: at what the peer waits for, has, or at what is held. */
  holeEnd(peer: HalfStream): SequenceNumber {
    const first = this.firstHeld;
    let end = first?.seq ?? this.end;
    if (this.acked !== undefined && this.ackedAhead > 0) {
      end = first === undefined ? this.acked : earlier(end, this.acked);
    }
    const waiting = peer.firstHeld;
    const isHead = waiting !== undefined && peer.synced && distance(peer.next, waiting.seq) <= 0;
    return isHead && distance(this.next, waiting.ack) > 0 ? earlier(end, waiting.ack) : end;
  }
}
