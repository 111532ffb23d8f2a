import { type Flow, FlowList } from './flow.ts';
import { FlowTable } from './flow-table.ts';
import type { Limits, ReassemblyCounters } from './reassembly.ts';
import type { Segment } from './segment.ts';
import type { Syn } from './syn.ts';

/** A closed connection is remembered so long: what is still under way must not look like a new one. */
const CLOSED_SECONDS = 2;
/** Linux gives up a connection attempt after about 130 s (tcp_syn_retries = 6). */
const HALF_OPEN_SECONDS = 130;
/** Flows looked at to find the one that has been silent for longest. */
const EVICTION_CANDIDATES = 16;

/** All flows, by their endpoints and by their state, within the limits. */
export class FlowBook {
  /** Connections of which only one side has shown itself, and those nobody wants: they go first for want of room. */
  readonly oneSided = new FlowList();
  readonly established = new FlowList();
  readonly #table = new FlowTable();
  readonly #halfOpen = new FlowList();
  readonly #closed = new FlowList();
  readonly #limits: Limits;
  readonly #counters: ReassemblyCounters;
  /** SYNs forgotten for want of room, so far. */
  forgottenSyns = 0;

  constructor(limits: Limits, counters: ReassemblyCounters) {
    this.#limits = limits;
    this.#counters = counters;
  }

  find(segment: Segment): Flow | undefined {
    return this.#table.find(segment);
  }

  add(segment: Segment, second: number): Flow {
    return this.#table.add(segment, second);
  }

  addHalfOpen(segment: Segment, syn: Syn, second: number): void {
    if (this.#halfOpen.size >= this.#limits.halfOpen && this.#halfOpen.first !== undefined) {
      this.remove(this.#halfOpen.first);
      this.forgottenSyns += 1;
    }
    const flow = this.#table.add(segment, second);
    flow.syn = syn;
    this.#halfOpen.add(flow);
    this.#count();
  }

  /** `flow` has become a connection. */
  setOpen(flow: Flow, state: 'live' | 'ignored', bothSeen: boolean): void {
    flow.state = state;
    (bothSeen && state === 'live' ? this.established : this.oneSided).add(flow);
    this.#count();
  }

  /** `flow` is over; it is remembered for a moment. */
  setClosed(flow: Flow): void {
    flow.state = 'closed';
    flow.connection = undefined;
    flow.syn = undefined;
    this.#closed.add(flow);
    if (this.#closed.size > this.#limits.halfOpen && this.#closed.first !== undefined) this.remove(this.#closed.first);
    this.#count();
  }

  remove(flow: Flow): void {
    flow.list?.remove(flow);
    this.#table.remove(flow);
    this.#count();
  }

  get isFull(): boolean {
    return this.#counters.connectionsOpen >= this.#limits.connections;
  }

  /** A connection that has been silent for long, if possible one of little worth. */
  toEvict(): Flow | undefined {
    const list = this.oneSided.size > 0 ? this.oneSided : this.established;
    let silent = list.first;
    for (let candidates = 1; candidates < EVICTION_CANDIDATES && list.first !== undefined; candidates++) {
      const flow = list.first;
      if (silent !== undefined && flow.lastSecond < silent.lastSecond) silent = flow;
      list.add(flow);
    }
    return silent;
  }

  /** Forgets SYNs never answered and connections closed for long. */
  expire(second: number): void {
    this.#expire(this.#halfOpen, second - HALF_OPEN_SECONDS);
    this.#expire(this.#closed, second - CLOSED_SECONDS);
  }

  #expire(list: FlowList, before: number): void {
    while (list.first !== undefined && list.first.lastSecond < before) this.remove(list.first);
  }

  #count(): void {
    this.#counters.halfOpen = this.#halfOpen.size;
    this.#counters.connectionsOpen = this.oneSided.size + this.established.size;
  }
}
