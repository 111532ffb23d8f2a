import { Flow } from './flow.ts';
import type { Segment } from './segment.ts';

const FIRST_CAPACITY = 1024;

/**
 * Finds a flow by its endpoints: open addressing with linear probing, no allocation for a look-up. The caller bounds
 * how many flows there are; the table grows and shrinks with them.
 */
export class FlowTable {
  /** Not guessable, so that nobody can choose ports and addresses that all fall together. */
  readonly #seed = (Math.random() * 0x1_0000_0000) | 0;
  #hashes = new Int32Array(FIRST_CAPACITY);
  #flows: (Flow | undefined)[] = new Array<Flow | undefined>(FIRST_CAPACITY).fill(undefined);
  #mask = FIRST_CAPACITY - 1;
  /** Packets come in runs of one connection. */
  #last: Flow | undefined;
  size = 0;

  /** The flow that `segment` belongs to, whichever way it goes. */
  find(segment: Segment): Flow | undefined {
    const last = this.#last;
    if (last !== undefined && isSame(last, segment)) return last;
    const hash = this.#hash(segment);
    const hashes = this.#hashes;
    for (let slot = hash & this.#mask; hashes[slot] !== 0; slot = (slot + 1) & this.#mask) {
      if (hashes[slot] !== hash) continue;
      const flow = this.#flows[slot];
      if (flow !== undefined && isSame(flow, segment)) {
        this.#last = flow;
        return flow;
      }
    }
    return undefined;
  }

  /** Adds a flow for `segment`, which has none yet. */
  add(segment: Segment, second: number): Flow {
    this.size += 1;
    if (this.size * 2 > this.#mask + 1) this.#resize((this.#mask + 1) * 2);
    const flow = new Flow(this.#hash(segment), segment, second);
    this.#place(flow);
    this.#last = flow;
    return flow;
  }

  /** Takes out a flow of this table. */
  remove(flow: Flow): void {
    const mask = this.#mask;
    let slot = flow.hash & mask;
    while (this.#flows[slot] !== flow) slot = (slot + 1) & mask;
    this.#closeUp(slot);
    this.size -= 1;
    if (this.#last === flow) this.#last = undefined;
    if (this.size * 8 < mask + 1 && mask + 1 > FIRST_CAPACITY) this.#resize((mask + 1) / 2);
  }

  /** Empties `hole` and moves later flows of the same run forward, so that probing still finds them. */
  #closeUp(hole: number): void {
    const mask = this.#mask;
    let empty = hole;
    for (let slot = (empty + 1) & mask; this.#hashes[slot] !== 0; slot = (slot + 1) & mask) {
      const home = (this.#hashes[slot] ?? 0) & mask;
      if (((slot - home) & mask) < ((slot - empty) & mask)) continue;
      this.#hashes[empty] = this.#hashes[slot] ?? 0;
      this.#flows[empty] = this.#flows[slot];
      empty = slot;
    }
    this.#hashes[empty] = 0;
    this.#flows[empty] = undefined;
  }

  #place(flow: Flow): void {
    let slot = flow.hash & this.#mask;
    while (this.#hashes[slot] !== 0) slot = (slot + 1) & this.#mask;
    this.#hashes[slot] = flow.hash;
    this.#flows[slot] = flow;
  }

  #resize(capacity: number): void {
    const flows = this.#flows;
    this.#hashes = new Int32Array(capacity);
    this.#flows = new Array<Flow | undefined>(capacity).fill(undefined);
    this.#mask = capacity - 1;
    for (const flow of flows) if (flow !== undefined) this.#place(flow);
  }

  /** Never 0, which marks an empty slot. */
  #hash(segment: Segment): number {
    let hash = Math.imul(this.#seed ^ segment.low, 0x9e3779b1);
    hash = Math.imul((hash ^ (hash >>> 15)) + segment.high, 0x85ebca6b);
    hash = Math.imul((hash ^ (hash >>> 13)) + segment.ports, 0xc2b2ae35);
    hash ^= hash >>> 16;
    return hash === 0 ? 1 : hash;
  }
}

function isSame(flow: Flow, segment: Segment): boolean {
  return (
    flow.ports === segment.ports &&
    flow.low === segment.low &&
    flow.high === segment.high &&
    (flow.wide === undefined ? segment.ipVersion === 4 : segment.ipVersion === 6 && isSameWide(flow.wide, segment))
  );
}

function isSameWide(wide: readonly number[], segment: Segment): boolean {
  const offset = segment.fromLow ? 0 : 4;
  for (let word = 0; word < 8; word++) if (wide[word] !== segment.wide[(word + offset) & 7]) return false;
  return true;
}
