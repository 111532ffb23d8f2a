import { NANOS_PER_SECOND, type Nanos } from '../timeline.ts';
import type { CloseReason } from './byte-stream.ts';
import type { Flow, FlowList } from './flow.ts';
import { FlowBook } from './flow-book.ts';
import { HalfStream } from './half-stream.ts';
import { IpFragments } from './ip-fragments.ts';
import { type FirstPacket, observedConnection } from './observed-connection.ts';
import { OrderedStreams } from './ordered-streams.ts';
import { NO_PATIENCE } from './patience.ts';
import { newCounters, type ReassemblerOptions, type ReassemblyCounters } from './reassembly.ts';
import { ACK, FIN, type Parsed, RST, type Segment, SYN } from './segment.ts';
import { advance } from './sequence.ts';
import { follows, type Syn, synOf } from './syn.ts';
import { TcpConnection } from './tcp-connection.ts';

export type { Limits } from './reassembly.ts';

/** Sorts segments into connections, and opens and closes these. */
export class Reassembler {
  readonly counters: ReassemblyCounters = newCounters();
  readonly #options: ReassemblerOptions;
  readonly #flows: FlowBook;
  readonly #fragments = new IpFragments();
  /** Time of the last tick: good enough to tell silence. */
  #second = 0;
  #limitReported = 0;
  #packetsCut = 0;

  constructor(options: ReassemblerOptions) {
    this.#options = options;
    this.#flows = new FlowBook(options.limits, this.counters);
  }

  /** Takes a packet, as `segment.parse` found it. */
  accept(parsed: Parsed, segment: Segment, at: Nanos): void {
    if (parsed === 'tcp') this.#acceptSegment(segment, at);
    else if (parsed === 'cut') this.#packetsCut += 1;
    else if (parsed === 'malformed') this.counters.malformedPackets += 1;
    else if (parsed === 'fragment') this.accept(this.#fragments.accept(segment, at), segment, at);
  }

  /** To be called about once a second of packet time. */
  tick(at: Nanos): void {
    this.#second = Math.floor(at / NANOS_PER_SECOND);
    this.#tickAll(this.#flows.oneSided, at);
    this.#tickAll(this.#flows.established, at);
    this.#flows.expire(this.#second);
    this.#fragments.tick(at);
    this.#reportGaps(at);
  }

  /** The capture is over: what is still held is delivered, and every connection closed. */
  closeAll(at: Nanos): void {
    for (const list of [this.#flows.oneSided, this.#flows.established]) {
      for (let flow = list.first; flow !== undefined; flow = list.first) this.#close(flow, 'capture-end', at);
    }
    this.#flows.expire(Infinity);
    this.#fragments.closeAll();
    this.#reportGaps(at);
  }

  #tickAll(list: FlowList, at: Nanos): void {
    const idleBefore = this.#second - this.#options.limits.idleNanos / NANOS_PER_SECOND;
    let next: Flow | undefined;
    for (let flow = list.first; flow !== undefined; flow = next) {
      next = flow.next;
      flow.connection?.tick(at);
      if (flow.connection?.outcome !== undefined) this.#close(flow, flow.connection.outcome, at);
      else if (flow.lastSecond < idleBefore) this.#close(flow, 'idle', at);
    }
  }

  #reportGaps(at: Nanos): void {
    const { onGap } = this.#options;
    const overLimit = this.counters.connectionsEvicted + this.#flows.forgottenSyns - this.#limitReported;
    const fragmentsLost = this.#fragments.takeIncomplete();
    if (overLimit > 0) onGap('connection-limit', overLimit, at);
    if (fragmentsLost > 0) onGap('fragments-lost', fragmentsLost, at);
    if (this.#packetsCut > 0) onGap('packets-cut', this.#packetsCut, at);
    this.#limitReported += overLimit;
    this.#packetsCut = 0;
  }

  #acceptSegment(segment: Segment, at: Nanos): void {
    this.counters.segments += 1;
    const flow = this.#flows.find(segment);
    if (flow === undefined) {
      // Bare acknowledgements and ends of connections never seen open nothing.
      if ((segment.flags & SYN) !== 0 || isData(segment)) this.#start(segment, at);
    } else if (flow.connection?.acceptInOrder(segment, at) === true) {
      flow.lastSecond = this.#second;
    } else if ((segment.flags & SYN) !== 0) {
      this.#acceptSyn(flow, segment, at);
    } else {
      this.#acceptSlowly(flow, segment, at);
    }
  }

  #acceptSyn(flow: Flow, segment: Segment, at: Nanos): void {
    const { seq, ack, flags, fromLow } = segment;
    const { syn, connection } = flow;
    const isAnswer = (flags & ACK) !== 0;
    const isOpened = isAnswer ? syn !== undefined && follows(syn, segment) : connection === undefined;
    if (syn !== undefined && syn.fromLow !== fromLow && isOpened) {
      this.#openFromSyn(flow, syn, segment, at);
    } else if (connection?.sender(segment).syncBySyn(advance(seq, 1)) === true) {
      // The connection's own, come late or once more.
      this.#acceptAfterSyn(flow, connection, segment, at);
    } else if (isAnswer) {
      if (flow.openedBy !== advance(ack, -1)) this.#restart(flow, segment, at);
    } else if (connection !== undefined) {
      // Either the ports are used anew or somebody pretends so: the answer will tell.
      flow.syn ??= synOf(segment, at);
      if (flow.syn.seq !== seq) flow.syn = synOf(segment, at);
    } else if (seq !== (syn?.seq ?? flow.openedBy)) {
      this.#restart(flow, segment, at);
    }
  }

  #acceptSlowly(flow: Flow, segment: Segment, at: Nanos): void {
    const { syn, connection, state } = flow;
    const { flags } = segment;
    if (syn !== undefined && follows(syn, segment)) {
      if (connection === undefined && (flags & RST) !== 0) this.#flows.remove(flow);
      else this.#openFromSyn(flow, syn, segment, at);
    } else if (connection !== undefined) {
      this.#give(flow, connection, segment, at);
    } else if (state === 'ignored') {
      flow.lastSecond = this.#second;
      if ((flags & (FIN | RST)) !== 0) this.#flows.setClosed(flow);
    } else if (state === 'half-open' && isData(segment)) {
      this.#restart(flow, segment, at);
    }
  }

  #restart(flow: Flow, segment: Segment, at: Nanos): void {
    if (flow.connection !== undefined) this.#close(flow, 'reused', at);
    this.#flows.remove(flow);
    this.#start(segment, at);
  }

  /** The first packet of a flow. */
  #start(segment: Segment, at: Nanos): void {
    const { flags, fromLow, ack } = segment;
    if ((flags & (SYN | ACK)) === SYN) {
      this.#flows.addHalfOpen(segment, synOf(segment, at), this.#second);
      return;
    }
    const flow = this.#flows.add(segment, this.#second);
    const first = { at, interfaceIndex: segment.interfaceIndex };
    if ((flags & SYN) === 0) {
      const connection = this.#open(flow, !this.#lowIsServer(flow), first, false, at);
      if (connection !== undefined) this.#give(flow, connection, segment, at);
      return;
    }
    flow.openedBy = advance(ack, -1);
    const connection = this.#open(flow, !fromLow, first, true, at);
    if (connection === undefined) return;
    (fromLow ? connection.streams.high : connection.streams.low).sync(ack);
    connection.sender(segment).syncBySyn(advance(segment.seq, 1));
    this.#acceptAfterSyn(flow, connection, segment, at);
  }

  #lowIsServer(flow: Flow): boolean {
    const { isServerPort } = this.#options;
    return isServerPort(flow.lowPort) || !isServerPort(flow.highPort);
  }

  /** `segment` is the first packet after the SYN. */
  #openFromSyn(flow: Flow, syn: Syn, segment: Segment, at: Nanos): void {
    if (flow.connection !== undefined) this.#close(flow, 'reused', at);
    flow.syn = undefined;
    flow.openedBy = syn.seq;
    const connection = this.#open(flow, syn.fromLow, syn, true, at);
    if (connection === undefined) return;
    const client = syn.fromLow ? connection.streams.low : connection.streams.high;
    client.sync(advance(syn.seq, 1));
    client.seen = true;
    (syn.fromLow ? connection.streams.high : connection.streams.low).awaitsSyn = true;
    if (syn.payload !== undefined) connection.streams.takeFirst(client, syn.payload, syn.at);
    if ((segment.flags & SYN) === 0) {
      this.#give(flow, connection, segment, at);
    } else {
      connection.sender(segment).syncBySyn(advance(segment.seq, 1));
      this.#acceptAfterSyn(flow, connection, segment, at);
    }
  }

  /** What follows the SYN in the same segment begins one number later. */
  #acceptAfterSyn(flow: Flow, connection: TcpConnection, segment: Segment, at: Nanos): void {
    segment.seq = advance(segment.seq, 1);
    this.#give(flow, connection, segment, at);
  }

  #give(flow: Flow, connection: TcpConnection, segment: Segment, at: Nanos): void {
    flow.lastSecond = this.#second;
    connection.accept(segment, at);
    if (connection.outcome !== undefined) this.#close(flow, connection.outcome, at);
    else if (flow.list === this.#flows.oneSided && connection.bothSeen) this.#flows.setOpen(flow, 'live', true);
  }

  #open(
    flow: Flow,
    clientIsLow: boolean,
    first: FirstPacket,
    fromStart: boolean,
    at: Nanos,
  ): TcpConnection | undefined {
    if (this.#flows.isFull) this.#evict(at);
    const listener = this.#options.open(observedConnection(flow, clientIsLow, first, fromStart));
    if (listener === undefined) {
      this.#flows.setOpen(flow, 'ignored', false);
      return undefined;
    }
    this.counters.connectionsOpened += 1;
    const low = new HalfStream(clientIsLow ? 'client' : 'server');
    const high = new HalfStream(clientIsLow ? 'server' : 'client');
    const streams = new OrderedStreams(low, high, listener, this.#options.limits, this.counters);
    flow.connection = new TcpConnection(streams);
    this.#flows.setOpen(flow, 'live', false);
    return flow.connection;
  }

  #evict(at: Nanos): void {
    const flow = this.#flows.toEvict();
    if (flow === undefined) return;
    if (flow.connection !== undefined) {
      this.counters.connectionsEvicted += 1;
      this.#close(flow, 'evicted', at);
    }
    this.#flows.remove(flow);
  }

  #close(flow: Flow, reason: CloseReason, at: Nanos): void {
    const { connection } = flow;
    this.#flows.setClosed(flow);
    if (connection === undefined) return;
    connection.streams.giveUp(NO_PATIENCE, at);
    connection.streams.listener.close(at, reason);
  }
}

function isData(segment: Segment): boolean {
  const { payloadStart, payloadEnd, missingBytes, flags } = segment;
  return payloadEnd - payloadStart + missingBytes > 0 && (flags & (ACK | RST)) === ACK;
}
