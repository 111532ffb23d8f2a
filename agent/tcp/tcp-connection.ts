import type { Nanos } from '../timeline.ts';
import type { HalfStream } from './half-stream.ts';
import type { OrderedStreams } from './ordered-streams.ts';
import { NO_PATIENCE, ONLY_FOR_RETRANSMISSION, WHILE_PACKETS_COME } from './patience.ts';
import { ACK, FIN, RST, type Segment, SYN } from './segment.ts';
import { advance, distance, type SequenceNumber } from './sequence.ts';

/**
 * After so many ticks without progress, what is acknowledged, and so never sent again, is given up. More than one, for a
 * tick may come long after the packets before it and just before the one that is missing.
 */
const ACKNOWLEDGED_WAIT_TICKS = 3;
/** The same for what may still be sent again: the sender's first five retries take 12 s (RFC 6298, from 0.2 s). */
const UNACKNOWLEDGED_WAIT_TICKS = 15;
/** A reset's number lies in the receive window, which Linux grows to 6 MiB by default. */
const RESET_REACH_BYTES = 6 * 1024 * 1024;

/** Follows one connection from its first packet to its end. */
export class TcpConnection {
  readonly streams: OrderedStreams;
  /** Set when nothing more will come. */
  outcome: 'finished' | 'reset' | undefined = undefined;
  /** Nothing held, missing or ending on either side: the fast path may be taken. */
  #isPlain = false;

  constructor(streams: OrderedStreams) {
    this.streams = streams;
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
      if (peer.awaitsSyn && !peer.synced && length === 0) this.#syncByAck(peer, ack);
      peer.noteAck(ack, streams.packets);
    }
    streams.deliverReady();
    if (length > 0 && (flags & ACK) !== 0) streams.take(half, peer, segment, length, at);
    if ((flags & FIN) !== 0) half.noteEnd(advance(seq, length));
    if ((flags & RST) !== 0) this.#noteReset(half, seq);
    streams.deliverReady();
    streams.giveUp(WHILE_PACKETS_COME, at);
    this.#review();
  }

  /** About once a second: gives up what has been missing for too long. */
  tick(at: Nanos): void {
    const { streams } = this;
    if (streams.isWaiting) {
      streams.ticksWaited += 1;
      if (streams.ticksWaited >= UNACKNOWLEDGED_WAIT_TICKS) streams.giveUp(NO_PATIENCE, at);
      else if (streams.ticksWaited >= ACKNOWLEDGED_WAIT_TICKS) streams.giveUp(ONLY_FOR_RETRANSMISSION, at);
      this.#review();
    }
    streams.listener.tick(at);
  }

  /** The answer to the SYN was not seen; the first bare acknowledgement tells where the other side began. */
  #syncByAck(half: HalfStream, ack: SequenceNumber): void {
    const first = half.firstHeld;
    half.sync(first !== undefined && distance(first.seq, ack) > 0 ? first.seq : ack);
  }

  /** Only a reset within reach of the stream is one (RFC 5961). Its number also tells where the stream ended. */
  #noteReset(half: HalfStream, seq: SequenceNumber): void {
    const ahead = distance(half.next, seq);
    if (half.synced && Math.abs(ahead) > RESET_REACH_BYTES) return;
    this.streams.wasReset = true;
    // One number more may be that of a FIN which comes late, or was lost.
    if (ahead !== 1) half.noteEnd(seq);
    half.noteAck(seq, this.streams.packets);
  }

  #review(): void {
    const { low, high, wasReset, isWaiting } = this.streams;
    low.forgetOldAck();
    high.forgetOldAck();
    this.#isPlain = low.isPlain && high.isPlain && !wasReset;
    if (isWaiting) return;
    this.streams.ticksWaited = 0;
    if (wasReset) this.outcome = 'reset';
    else if (low.isFinished && high.isFinished) this.outcome = 'finished';
  }
}
