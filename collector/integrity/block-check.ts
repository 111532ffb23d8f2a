import { chained, eventHash, HashSum, markOf } from './chain.ts';
import type { Retirement, SealedEvent } from './seal.ts';
import type { Finding } from './verify-chain.ts';

/** The events of a chain between two places whose hashes are known. */
export interface Block {
  readonly from: number;
  /** Not included. */
  readonly to: number;
  /** The chain's hash before its first event, and behind its last. */
  readonly before: string;
  readonly hash: string;
  readonly sum: string;
  /** Whether a checkpoint says so, or the store alone. */
  readonly isSigned: boolean;
}

type Report = (finding: Omit<Finding, 'chain'>) => void;

interface Place {
  readonly position: number;
  readonly eventId: string;
  readonly at: number;
}

/** Takes a block's events in the order of their positions, and says what is wrong with it: the first thing only. */
export class BlockCheck {
  readonly #block: Block;
  readonly #retired: readonly Retirement[];
  readonly #sum = new HashSum();
  #hash: string;
  #next: number;
  #isPartlyRetired = false;
  #changed: Place | undefined;
  #removed: number | undefined;
  #inserted: Place | undefined;
  /** The first that does not follow the one before it by the agent's own count. */
  #outOfStep: { readonly place: Place; readonly isSkip: boolean } | undefined;
  #lastSequence: number | undefined;

  constructor(block: Block | undefined, retired: readonly Retirement[]) {
    if (block === undefined) throw new RangeError('a chain has one block at least');
    this.#block = block;
    this.#retired = retired;
    this.#hash = block.before;
    this.#next = block.from;
  }

  add({ event, seal }: SealedEvent): void {
    const place = { position: seal.position, eventId: event.event.id, at: Date.parse(event['@timestamp']) };
    if (seal.position < this.#next || seal.position >= this.#block.to) {
      this.#inserted ??= place;
      return;
    }
    this.#skipTo(seal.position);
    this.#next = seal.position + 1;
    const own = eventHash(event);
    if (markOf(own) !== seal.mark) this.#changed ??= place;
    this.#hash = chained(this.#hash, own);
    this.#sum.add(own);
    const { sequence } = event.event;
    const step = this.#lastSequence === undefined ? 1 : sequence - this.#lastSequence;
    if (step !== 1) this.#outOfStep ??= { place, isSkip: step > 1 };
    this.#lastSequence = sequence;
  }

  /** Nothing more comes of this block. */
  finish(report: Report): void {
    const hadEvents = this.#next > this.#block.from;
    const reached = this.#next;
    this.#skipTo(this.#block.to);
    if (this.#inserted !== undefined) {
      report({ kind: 'inserted', ...this.#inserted, message: 'an event is there that the chain does not have' });
    } else if (this.#removed !== undefined) {
      const isTail = this.#removed >= reached;
      const kind = isTail && !this.#block.isSigned ? 'truncated' : 'removed';
      const until = isTail ? `the chain reaches to ${this.#block.to - 1}` : 'those behind it are there';
      report({ kind, position: this.#removed, message: `event ${this.#removed} is not there; ${until}` });
    } else if (this.#changed !== undefined) {
      report({ kind: 'changed', ...this.#changed, message: 'the event is not as it was kept' });
    } else if (hadEvents && !this.#isPartlyRetired && this.#hash !== this.#block.hash) this.#reportHash(report);
  }

  /** Every event bears its own mark, so somebody knew of marks; the block's hash says that it is not what it was. */
  #reportHash(report: Report): void {
    const { from, to, sum } = this.#block;
    const place = this.#outOfStep?.place ?? { position: from };
    const between = `between ${from} and ${to - 1}`;
    const hasAll = this.#sum.toString() === sum;
    // Nothing is wrong within the end of a chain that follows another than it did: that is said where it is so.
    if (hasAll && this.#outOfStep === undefined && !this.#block.isSigned) return;
    if (hasAll) {
      report({ kind: 'reordered', ...place, message: `the events ${between} are all there, in another order` });
    } else if (this.#outOfStep !== undefined) {
      const kind = this.#outOfStep.isSkip ? 'removed' : 'inserted';
      report({
        kind,
        ...place,
        message: `the events ${between} are not those that were kept; by the agent’s count one was ${kind} here`,
      });
    } else
      report({
        kind: 'changed',
        ...place,
        message: `an event ${between} is not as it was kept, and its mark was changed with it`,
      });
  }

  #skipTo(position: number): void {
    for (let missing = this.#next; missing < position; ) {
      const retirement = this.#retired.find(({ first, last }) => first <= missing && missing <= last);
      if (retirement === undefined) {
        this.#removed ??= missing;
        return;
      }
      this.#isPartlyRetired = true;
      missing = retirement.last + 1;
    }
  }
}
