import { NANOS_PER_SECOND, type Nanos } from '../timeline.ts';
import type { HalfStream } from './half-stream.ts';
import type { OrderedStreams } from './ordered-streams.ts';
import { NO_PATIENCE, ONLY_FOR_RETRANSMISSION, WHILE_PACKETS_COME } from './patience.ts';
import { ACK, FIN, RST, type Segment, SYN } from './segment.ts';
import { advance, distance, type SequenceNumber } from './sequence.ts';

/** After so long without progress, what is acknowledged, and so never sent again, is given up. */
const ACKNOWLEDGED_WAIT_NANOS = 2 * NANOS_PER_SECOND;
/** The same for what may still be sent again: the sender's first five retries take 12 s (RFC 6298, from 0.2 s). */
const UNACKNOWLEDGED_WAIT_NANOS = 15 * NANOS_PER_SECOND;
/** A reset's number lies in the receive window, which Linux grows to 6 MiB by default. */
const RESET_REACH_BYTES = 6 * 1024 * 1024;
const NOT_WAITING = Infinity;

/** Follows one connection from its first packet to its end. */
export class TcpConnection {
  readonly streams: OrderedStreams;
  /** Set when nothing more will come. */
  outcome: 'finished' | 'reset' | undefined = undefined;
  readonly #fromStart: boolean;
  /** Nothing held, missing or ending on either side: the fast path may be taken. */
  #isPlain = false;
  #waitingSince: Nanos = NOT_WAITING;

  /** `fromStart`: the SYN was seen. */
  constructor(streams: OrderedStreams, fromStart: boolean) {
    this.streams = streams;
    this.#fromStart = fromStart;
  }

  get bothSeen(): boolean {
    return this.streams.low.seen && this.streams.high.seen;
  }

  /** The direction that `segment` belongs to. */
  sender(segment: Segment): HalfStream {
    return segment.fromLow ? this.streams.low : this.streams.high;
  }

  /** Takes the segment if it is simply the next one; otherwise says no, and `accept` has to look closer. */
  acceptInOrder(segment: Segment, at: Nanos): boolean {
    const { streams } = this;
    const half = segment.fromLow ? streams.low : streams.high;
    const peer = segment.fromLow ? streams.high : streams.low;
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
      streams.lastFromLow = segment.fromLow;
      streams.listener.data(half.side, segment.buffer, payloadStart, payloadEnd, at);
    }
    return true;
  }

  /** Takes any segment; one with a SYN as if that were not in it. */
  accept(segment: Segment, at: Nanos): void {
    const { streams } = this;
    const half = segment.fromLow ? streams.low : streams.high;
    const peer = segment.fromLow ? streams.high : streams.low;
    const { seq, ack, flags } = segment;
    const length = segment.payloadEnd - segment.payloadStart + segment.missingBytes;
    streams.packets += 1;
    half.seen = true;
    if ((flags & ACK) !== 0) {
      this.#syncByAck(peer, ack);
      peer.noteAck(ack, streams.packets);
    }
    streams.deliverReady();
    if (length > 0 && (flags & ACK) !== 0) streams.take(half, peer, segment, length, at);
    if ((flags & FIN) !== 0) half.noteEnd(advance(seq, length));
    if ((flags & RST) !== 0) this.#noteReset(half, seq);
    streams.deliverReady();
    streams.giveUp(WHILE_PACKETS_COME, at);
    this.#review(at);
  }

  /** About once a second: gives up what has been missing for too long. */
  tick(at: Nanos): void {
    if (this.#waitingSince !== NOT_WAITING) {
      const waited = at - Math.max(this.#waitingSince, this.streams.progressAt);
      if (waited >= UNACKNOWLEDGED_WAIT_NANOS) this.streams.giveUp(NO_PATIENCE, at);
      else if (waited >= ACKNOWLEDGED_WAIT_NANOS) this.streams.giveUp(ONLY_FOR_RETRANSMISSION, at);
      this.#review(at);
    }
    this.streams.listener.tick(at);
  }

  /** The SYN was seen but not its answer: the first acknowledgement tells where the other side began. */
  #syncByAck(half: HalfStream, ack: SequenceNumber): void {
    if (half.synced || !this.#fromStart) return;
    const first = half.firstHeld;
    half.sync(first !== undefined && distance(first.seq, ack) > 0 ? first.seq : ack);
  }

  /** Only a reset within reach of the stream is one (RFC 5961). Its number also tells where the stream ended. */
  #noteReset(half: HalfStream, seq: SequenceNumber): void {
    const ahead = distance(half.next, seq);
    if (half.synced && Math.abs(ahead) > RESET_REACH_BYTES) return;
    this.streams.wasReset = true;
    // One number more may be a FIN that was lost.
    if (ahead === 1) return;
    half.noteEnd(seq);
    half.noteAck(seq, this.streams.packets);
  }

  #review(at: Nanos): void {
    const { low, high, wasReset, isWaiting } = this.streams;
    this.#isPlain = low.isPlain && high.isPlain && !wasReset;
    if (isWaiting) {
      if (this.#waitingSince === NOT_WAITING) this.#waitingSince = at;
      return;
    }
    this.#waitingSince = NOT_WAITING;
    if (wasReset) this.outcome = 'reset';
    else if (low.isFinished && high.isFinished) this.outcome = 'finished';
  }
}
