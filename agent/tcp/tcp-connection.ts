import { NANOS_PER_SECOND, type Nanos } from '../timeline.ts';
import type { ByteStreamListener } from './byte-stream.ts';
import type { HalfStream } from './half-stream.ts';
import { HeldSegment } from './held-segments.ts';
import { NO_PATIENCE, ONLY_FOR_RETRANSMISSION, overdueSince, type Patience, WHILE_PACKETS_COME } from './patience.ts';
import type { Limits, ReassemblyCounters } from './reassembly.ts';
import { ACK, FIN, RST, type Segment, SYN } from './segment.ts';
import { advance, distance, type SequenceNumber } from './sequence.ts';

/** Seconds without progress after which what is acknowledged, and so never sent again, is given up. */
const ACKNOWLEDGED_WAIT_SECONDS = 2;
/** The same for what may still be sent again: the sender's first five retries take 12 s (RFC 6298, from 0.2 s). */
const UNACKNOWLEDGED_WAIT_SECONDS = 15;
const NOT_WAITING = Infinity;
/** A reset's number lies in the receive window, which Linux grows to 6 MiB by default. */
const RESET_REACH_BYTES = 6 * 1024 * 1024;

/**
 * Follows both directions of one connection and delivers their bytes in an order that the two hosts can have seen:
 * a segment only after everything it acknowledges.
 */
export class TcpConnection {
  readonly low: HalfStream;
  readonly high: HalfStream;
  listener: ByteStreamListener;
  /** Set when nothing more will come. */
  outcome: 'finished' | 'reset' | undefined = undefined;
  readonly #limits: Limits;
  readonly #counters: ReassemblyCounters;
  readonly #fromStart: boolean;
  /** Nothing held, missing or ending on either side: the fast path may be taken. */
  #isPlain = false;
  #wasReset = false;
  /** Who was heard last. */
  #lastFromLow = false;
  /** The side that never showed itself has been waited for once: the capture sees one direction only. */
  #isOneWay = false;
  /** Counts the packets that took the slow path; waiting is measured in them. */
  #packets = 0;
  /** When something began to be waited for, or there was progress since. */
  #waitingSinceSecond = NOT_WAITING;
  /** Time of the last delivery from what was held: a later one is never given an earlier time. */
  #deliveredAt: Nanos = 0;
  #bufferedBytes = 0;

  constructor(
    low: HalfStream,
    high: HalfStream,
    listener: ByteStreamListener,
    fromStart: boolean,
    limits: Limits,
    counters: ReassemblyCounters,
  ) {
    this.low = low;
    this.high = high;
    this.listener = listener;
    this.#fromStart = fromStart;
    this.#limits = limits;
    this.#counters = counters;
  }

  get bothSeen(): boolean {
    return this.low.seen && this.high.seen;
  }

  /** Takes the segment if it is simply the next one; otherwise says no, and `accept` has to look closer. */
  acceptInOrder(segment: Segment, at: Nanos): boolean {
    const half = segment.fromLow ? this.low : this.high;
    const peer = segment.fromLow ? this.high : this.low;
    if (
      !this.#isPlain ||
      segment.seq !== half.next ||
      distance(peer.next, segment.ack) > 0 ||
      (segment.flags & (ACK | SYN | FIN | RST)) !== ACK ||
      segment.missingBytes !== 0
    ) {
      return false;
    }
    const { payloadStart, payloadEnd } = segment;
    if (payloadEnd > payloadStart) {
      half.next = advance(segment.seq, payloadEnd - payloadStart);
      this.#lastFromLow = segment.fromLow;
      this.listener.data(half.side, segment.buffer, payloadStart, payloadEnd, at);
    }
    return true;
  }

  /** Takes any segment but a SYN. */
  accept(segment: Segment, at: Nanos): void {
    const half = segment.fromLow ? this.low : this.high;
    const peer = segment.fromLow ? this.high : this.low;
    const { flags } = segment;
    const length = segment.payloadEnd - segment.payloadStart + segment.missingBytes;
    this.#packets += 1;
    half.seen = true;
    if ((flags & ACK) !== 0) {
      this.#syncByAck(peer, segment.ack);
      peer.noteAck(segment.ack, this.#packets);
    }
    this.#deliverReady();
    if (length > 0 && (flags & ACK) !== 0) this.#take(half, peer, segment, length, at);
    if ((flags & FIN) !== 0) half.noteEnd(advance(segment.seq, length));
    if ((flags & RST) !== 0) this.#noteReset(half, segment.seq);
    this.#deliverReady();
    this.#giveUp(WHILE_PACKETS_COME, at);
    this.#review(at);
  }

  /** About once a second: gives up what has been missing for too long. */
  tick(at: Nanos): void {
    if (!this.#isPlain) {
      const waited = Math.floor(at / NANOS_PER_SECOND) - this.#waitingSinceSecond;
      if (waited >= UNACKNOWLEDGED_WAIT_SECONDS) this.#giveUp(NO_PATIENCE, at);
      else if (waited >= ACKNOWLEDGED_WAIT_SECONDS) this.#giveUp(ONLY_FOR_RETRANSMISSION, at);
      this.#review(at);
    }
    this.listener.tick(at);
  }

  /** Nothing more will come: delivers what is held and reports what is missing. */
  flush(at: Nanos): void {
    this.#giveUp(NO_PATIENCE, at);
    this.#review(at);
  }

  /** Data that came with the SYN (RFC 7413), before anything else. */
  takeFirst(half: HalfStream, payload: Buffer, at: Nanos): void {
    this.#deliver(half, payload, 0, payload.length, 0, 0, at);
  }

  /** The SYN was seen but not its answer: the first acknowledgement tells where the other side began. */
  #syncByAck(half: HalfStream, ack: SequenceNumber): void {
    if (half.synced || !this.#fromStart) return;
    const first = half.firstHeld;
    half.sync(first !== undefined && distance(first.seq, ack) > 0 ? first.seq : ack);
  }

  #take(half: HalfStream, peer: HalfStream, segment: Segment, length: number, at: Nanos): void {
    if (!half.synced) {
      this.#hold(half, segment, at);
      return;
    }
    if (half.isFar(segment.seq)) {
      this.#counters.implausibleSegments += 1;
      if (!half.isConvincing()) return;
      this.#giveUp(NO_PATIENCE, at);
      this.#lose(half, distance(half.next, segment.seq) >>> 0, at);
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

  /** Only a reset within reach of the stream is one (RFC 5961). Its number also tells where the stream ended. */
  #noteReset(half: HalfStream, seq: SequenceNumber): void {
    const ahead = distance(half.next, seq);
    if (half.synced && Math.abs(ahead) > RESET_REACH_BYTES) return;
    this.#wasReset = true;
    // One number more may be a FIN that was lost.
    if (ahead === 1) return;
    half.noteEnd(seq);
    half.noteAck(seq, this.#packets);
  }

  #hold(half: HalfStream, segment: Segment, at: Nanos): void {
    const held = new HeldSegment(segment, at, this.#packets);
    if (!half.hold(held)) {
      this.#counters.retransmittedBytes += segment.payloadEnd - segment.payloadStart;
      return;
    }
    this.#counters.outOfOrderSegments += 1;
    this.#account(held.heldBytes);
    while (this.#isOverLimit() && this.#giveUpOne(NO_PATIENCE, at)) this.#deliverReady();
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

  /** Delivers what is in order and has all that it acknowledges before it, the older packet first. */
  #deliverReady(): void {
    for (;;) {
      const low = this.#ready(this.low, this.high);
      const high = this.#ready(this.high, this.low);
      if (low !== undefined && (high === undefined || low.order < high.order)) this.#release(this.low, low);
      else if (high !== undefined) this.#release(this.high, high);
      else return;
    }
  }

  #ready(half: HalfStream, peer: HalfStream): HeldSegment | undefined {
    const first = half.firstHeld;
    if (first === undefined) return undefined;
    if (!half.synced) {
      if (half.acked === undefined || distance(first.seq, half.acked) <= 0) return undefined;
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
    this.#deliver(
      half,
      payload,
      0,
      payload.length,
      missingBytes,
      distance(held.seq, half.next),
      Math.max(held.at, this.#deliveredAt),
    );
  }

  /** Delivers a segment less its first `skip` bytes, which were delivered before. */
  #deliver(half: HalfStream, from: Buffer, start: number, end: number, missing: number, skip: number, at: Nanos): void {
    const length = end - start;
    const fresh = start + Math.min(skip, length);
    this.#counters.retransmittedBytes += fresh - start;
    this.#deliveredAt = at;
    if (fresh < end) {
      half.next = advance(half.next, end - fresh);
      this.#lastFromLow = half === this.low;
      this.listener.data(half.side, from, fresh, end, at);
    }
    this.#lose(half, missing - Math.max(0, skip - length), at);
    this.#noteProgress(half, at);
  }

  /** What is still missing is waited for anew, unless a held segment shows how long it has been missing. */
  #noteProgress(half: HalfStream, at: Nanos): void {
    if (this.#waitingSinceSecond !== NOT_WAITING) this.#waitingSinceSecond = Math.floor(at / NANOS_PER_SECOND);
    if (half.ackedAhead === 0) return;
    const waiting = (half === this.low ? this.high : this.low).firstHeld;
    half.ackedOrder = waiting !== undefined && distance(half.next, waiting.ack) > 0 ? waiting.order : this.#packets;
  }

  #lose(half: HalfStream, bytes: number, at: Nanos): void {
    if (bytes <= 0) return;
    half.next = advance(half.next, bytes);
    this.#counters.gaps += 1;
    this.#counters.gapBytes += bytes;
    this.listener.gap(half.side, bytes, at);
  }

  #giveUp(patience: Patience, at: Nanos): void {
    while (this.#giveUpOne(patience, at)) this.#deliverReady();
  }

  /** Gives up what has been missing for longest, if patience with it is over; says whether it did. */
  #giveUpOne(patience: Patience, at: Nanos): boolean {
    const { low, high } = this;
    const lowSince = overdueSince(low, high, this.#packets, patience, this.#isOneWay);
    const highSince = overdueSince(high, low, this.#packets, patience, this.#isOneWay);
    if (lowSince !== undefined && (highSince === undefined || lowSince <= highSince)) this.#giveUpHole(low, high, at);
    else if (highSince !== undefined) this.#giveUpHole(high, low, at);
    else return this.#releaseStuck(low, high, patience) || this.#releaseStuck(high, low, patience);
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
    if (mayBeFin && (bytes === 1 || (peer.ended === 'seen' && !this.#wasReset))) {
      this.#lose(half, bytes - 1, at);
      half.assumeEnd(half.next);
    } else {
      this.#lose(half, bytes, at);
    }
    this.#noteProgress(half, at);
  }

  /** Segments that wait for each other in a circle, or for a number that does not exist: the numbers are wrong. */
  #releaseStuck(half: HalfStream, peer: HalfStream, patience: Patience): boolean {
    const first = half.firstHeld;
    if (first === undefined || half.hasHole || peer.hasHole) return false;
    if (this.#packets - first.order < patience.acknowledged) return false;
    this.#release(half, first);
    return true;
  }

  #review(at: Nanos): void {
    const { low, high } = this;
    this.#isPlain = low.isPlain && high.isPlain && !this.#wasReset;
    if (low.firstHeld !== undefined || high.firstHeld !== undefined || low.hasHole || high.hasHole) {
      if (this.#waitingSinceSecond === NOT_WAITING) this.#waitingSinceSecond = Math.floor(at / NANOS_PER_SECOND);
      return;
    }
    this.#waitingSinceSecond = NOT_WAITING;
    if (this.#wasReset) this.outcome = 'reset';
    else if (low.isFinished && high.isFinished) this.outcome = 'finished';
  }
}
