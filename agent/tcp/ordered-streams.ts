import type { Nanos } from '../timeline.ts';
import type { ByteStreamListener } from './byte-stream.ts';
import type { HalfStream } from './half-stream.ts';
import { HeldSegment } from './held-segments.ts';
import { isOverdue, NO_PATIENCE, type Patience } from './patience.ts';
import type { Limits, ReassemblyCounters } from './reassembly.ts';
import type { Segment } from './segment.ts';
import { advance, distance } from './sequence.ts';

/**
 * The two directions of a connection, delivered in an order that the two hosts can have seen: a segment only after all
 * before it and everything it acknowledges. What cannot be delivered yet is held; what never comes is given up.
 */
export class OrderedStreams {
  readonly low: HalfStream;
  readonly high: HalfStream;
  readonly listener: ByteStreamListener;
  /** Counts the packets that were not simply next; waiting is measured in them. */
  packets = 0;
  /** Whose bytes were delivered or lost last. */
  lastFromLow = false;
  /** Ticks since something was delivered, while something is waited for. */
  ticksWaited = 0;
  /** A side that resets sends no FIN. */
  wasReset = false;
  readonly #limits: Limits;
  readonly #counters: ReassemblyCounters;
  /** The side that never showed itself has been waited for once: the capture sees one direction only. */
  #isOneWay = false;
  /** Time of the last delivery that was not simply next. */
  #deliveredAt: Nanos = 0;
  #bufferedBytes = 0;

  constructor(
    low: HalfStream,
    high: HalfStream,
    listener: ByteStreamListener,
    limits: Limits,
    counters: ReassemblyCounters,
  ) {
    this.low = low;
    this.high = high;
    this.listener = listener;
    this.#limits = limits;
    this.#counters = counters;
  }

  /** Something is held or missing. */
  get isWaiting(): boolean {
    const { low, high } = this;
    return low.firstHeld !== undefined || high.firstHeld !== undefined || low.hasHole || high.hasHole;
  }

  /** Data that came with the SYN (RFC 7413), before anything else. */
  takeFirst(half: HalfStream, payload: Buffer, at: Nanos): void {
    this.#deliver(half, payload, 0, payload.length, 0, 0, at);
  }

  /** Takes `length` bytes of data (what the snap length cut off included) of `half`: delivers, holds or drops them. */
  take(half: HalfStream, peer: HalfStream, segment: Segment, length: number, at: Nanos): void {
    if (half.isFar(segment.seq)) {
      this.#counters.implausibleSegments += 1;
      if (!half.isConvincing()) return;
      this.giveUp(NO_PATIENCE, at);
      half.sync(segment.seq);
      this.#counters.gaps += 1;
      this.listener.gap(half.side, 0, at);
    }
    if (!half.synced) {
      this.#hold(half, segment, at);
      return;
    }
    const ahead = distance(half.next, segment.seq);
    if (ahead <= -length || !half.mayReach(advance(segment.seq, length))) {
      this.#counters.retransmittedBytes += length;
    } else if (ahead <= 0 && peer.hasReached(segment.ack)) {
      const { buffer, payloadStart, payloadEnd, missingBytes } = segment;
      this.#deliver(half, buffer, payloadStart, payloadEnd, missingBytes, -ahead, at);
    } else {
      this.#hold(half, segment, at);
    }
  }

  /** Delivers what is in order and has all that it acknowledges before it, the older packet first. */
  deliverReady(): void {
    for (;;) {
      const low = this.#ready(this.low, this.high);
      const high = this.#ready(this.high, this.low);
      if (low !== undefined && (high === undefined || low.order < high.order)) this.#release(this.low, low);
      else if (high !== undefined) this.#release(this.high, high);
      else return;
    }
  }

  /** Gives up what `patience` is over with, and delivers what waited for it. */
  giveUp(patience: Patience, at: Nanos): void {
    while (this.#giveUpOne(patience, at)) this.deliverReady();
  }

  #hold(half: HalfStream, segment: Segment, at: Nanos): void {
    const held = new HeldSegment(segment, at, this.packets);
    if (!half.hold(held)) {
      this.#counters.retransmittedBytes += segment.payloadEnd - segment.payloadStart;
      return;
    }
    this.#counters.outOfOrderSegments += 1;
    this.#account(held.heldBytes);
    while (this.#isOverLimit() && this.#giveUpOne(NO_PATIENCE, at)) this.deliverReady();
  }

  #isOverLimit(): boolean {
    return (
      this.#bufferedBytes > this.#limits.bufferedBytesPerConnection ||
      this.#counters.bufferedBytes > this.#limits.bufferedBytes
    );
  }

  #account(heldBytes: number): void {
    this.#bufferedBytes += heldBytes;
    this.#counters.bufferedBytes += heldBytes;
  }

  #ready(half: HalfStream, peer: HalfStream): HeldSegment | undefined {
    const first = half.firstHeld;
    if (first === undefined) return undefined;
    if (!half.synced) {
      if (half.awaitsSyn || half.acked === undefined || distance(first.seq, half.acked) <= 0) return undefined;
      this.#settle(half, peer, first);
    }
    if (distance(half.next, first.seq) > 0) return undefined;
    return peer.hasReached(first.ack) || distance(half.next, first.end) <= 0 ? first : undefined;
  }

  /** The capture began in mid-stream; nothing before `first` is to come. */
  #settle(half: HalfStream, peer: HalfStream, first: HeldSegment): void {
    half.sync(first.seq);
    if (!peer.synced && peer.firstHeld === undefined) peer.sync(first.ack);
  }

  #release(half: HalfStream, held: HeldSegment): void {
    half.held?.shift();
    this.#account(-held.heldBytes);
    const { payload, missingBytes } = held;
    // The time of its own packet, unless that is before the time of what had to come first.
    const at = Math.max(held.at, this.#deliveredAt);
    this.#deliver(half, payload, 0, payload.length, missingBytes, distance(held.seq, half.next), at);
  }

  /** Delivers a segment less its first `skip` bytes, which were delivered before. */
  #deliver(
    half: HalfStream,
    buffer: Buffer,
    start: number,
    end: number,
    missing: number,
    skip: number,
    at: Nanos,
  ): void {
    const length = end - start;
    const fresh = start + Math.min(skip, length);
    this.#counters.retransmittedBytes += fresh - start;
    if (fresh < end) {
      half.next = advance(half.next, end - fresh);
      this.#noteProgress(half, at);
      this.listener.data(half.side, buffer, fresh, end, at);
    }
    this.#lose(half, missing - Math.max(0, skip - length), at);
  }

  #lose(half: HalfStream, bytes: number, at: Nanos): void {
    if (bytes <= 0) return;
    half.next = advance(half.next, bytes);
    this.#counters.gaps += 1;
    this.#counters.gapBytes += bytes;
    this.#noteProgress(half, at);
    this.listener.gap(half.side, bytes, at);
  }

  /** What is still missing is waited for anew, unless a held segment shows how long it has been missing. */
  #noteProgress(half: HalfStream, at: Nanos): void {
    this.#deliveredAt = at;
    this.ticksWaited = 0;
    this.lastFromLow = half === this.low;
    if (half.ackedAhead === 0) return;
    const waiting = (half === this.low ? this.high : this.low).firstHeld;
    half.ackedOrder = waiting !== undefined && distance(half.next, waiting.ack) > 0 ? waiting.order : this.packets;
  }

  /** Of two holes the one of the side that was heard last comes later: hosts answer each other. */
  #giveUpOne(patience: Patience, at: Nanos): boolean {
    const half = this.lastFromLow ? this.high : this.low;
    const peer = this.lastFromLow ? this.low : this.high;
    if (isOverdue(half, peer, this.packets, patience, this.#isOneWay)) this.#giveUpHole(half, peer, at);
    else if (isOverdue(peer, half, this.packets, patience, this.#isOneWay)) this.#giveUpHole(peer, half, at);
    else return this.#releaseStuck(half, peer, patience) || this.#releaseStuck(peer, half, patience);
    return true;
  }

  #giveUpHole(half: HalfStream, peer: HalfStream, at: Nanos): void {
    const first = half.firstHeld;
    if (!half.synced && first !== undefined) {
      this.#settle(half, peer, first);
      return;
    }
    if (!half.seen) this.#isOneWay = true;
    const end = half.holeEnd(peer);
    const bytes = distance(half.next, end);
    // At the very end, the last number acknowledged may be that of a FIN that was not captured either.
    const mayBeFin = first === undefined && half.ended === 'open' && end === half.acked;
    if (mayBeFin && (bytes === 1 || (peer.ended === 'seen' && !this.wasReset))) {
      this.#lose(half, bytes - 1, at);
      half.assumeEnd(half.next);
    } else {
      this.#lose(half, bytes, at);
    }
  }

  /**
   * Segments that wait for each other in a circle, or for a number that does not exist, because the numbers are wrong;
   * or for a SYN that was lost.
   */
  #releaseStuck(half: HalfStream, peer: HalfStream, patience: Patience): boolean {
    const first = half.firstHeld;
    if (first === undefined || half.hasHole || peer.hasHole) return false;
    if (this.packets - first.order < patience.acknowledged) return false;
    if (!peer.synced) peer.sync(first.ack);
    this.#release(half, first);
    return true;
  }
}
