import type { Segment } from './segment.ts';
import type { SequenceNumber } from './sequence.ts';
import type { Syn } from './syn.ts';
import type { TcpConnection } from './tcp-connection.ts';

/**
 * `half-open`: only a SYN was seen; `live`; `ignored`: nobody wants its bytes; `closed`: kept for a moment so that
 * stragglers do not look like a new connection.
 */
export type FlowState = 'half-open' | 'live' | 'ignored' | 'closed';

/** What is kept for each pair of endpoints. A SYN costs no more than this. */
export class Flow {
  readonly hash: number;
  readonly low: number;
  readonly high: number;
  readonly ports: number;
  /** IPv6 only: the words of the low address, then those of the high one. */
  readonly wide: readonly number[] | undefined;
  state: FlowState = 'half-open';
  connection: TcpConnection | undefined = undefined;
  /** When it was last heard of, in whole seconds of the timeline. */
  lastSecond: number;
  /** A SYN that no connection has come of yet; with a connection: perhaps the ports are being used anew. */
  syn: Syn | undefined = undefined;
  /** Number of the SYN that opened the connection, if known: tells a late copy of it from a new one. */
  openedBy: SequenceNumber | undefined = undefined;
  list: FlowList | undefined = undefined;
  previous: Flow | undefined = undefined;
  next: Flow | undefined = undefined;

  constructor(hash: number, segment: Segment, second: number) {
    const { wide, fromLow } = segment;
    this.hash = hash;
    this.low = segment.low;
    this.high = segment.high;
    this.ports = segment.ports;
    this.lastSecond = second;
    if (segment.ipVersion === 4) this.wide = undefined;
    else this.wide = fromLow ? wide.slice() : [...wide.slice(4), ...wide.slice(0, 4)];
  }

  get lowPort(): number {
    return this.ports >>> 16;
  }

  get highPort(): number {
    return this.ports & 0xffff;
  }
}

/** Flows in the order they were added: a doubly linked list through the flows themselves. */
export class FlowList {
  first: Flow | undefined = undefined;
  #last: Flow | undefined = undefined;
  size = 0;

  /** Moves `flow` to the end of this list, out of the one it was in. */
  add(flow: Flow): void {
    flow.list?.remove(flow);
    flow.list = this;
    flow.previous = this.#last;
    if (this.#last === undefined) this.first = flow;
    else this.#last.next = flow;
    this.#last = flow;
    this.size += 1;
  }

  remove(flow: Flow): void {
    if (flow.previous === undefined) this.first = flow.next;
    else flow.previous.next = flow.next;
    if (flow.next === undefined) this.#last = flow.previous;
    else flow.next.previous = flow.previous;
    flow.list = undefined;
    flow.previous = undefined;
    flow.next = undefined;
    this.size -= 1;
  }
}
