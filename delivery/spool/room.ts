import { type Batch, countOf, filterOf, lineOf } from '../batch.ts';
import { classNumber, DROP_ORDER, type DroppableClass, EVENT_CLASSES } from '../event-class.ts';
import { type Loss, StoreUnavailable } from '../event-store.ts';
import { ENTRY_BYTES, HEAD_BYTES } from './block-format.ts';
import type { Segment } from './segment.ts';
import type { SegmentKeeper } from './segment-keeper.ts';
import type { SpoolState } from './spool-state.ts';

export interface RoomOptions {
  /** Of all files. */
  readonly maxBytes: number;
  readonly dropOrder: readonly DroppableClass[];
  onLoss(loss: Loss): void;
}

/** Shares of the bound that stay free: for a segment that is written anew beside the old one, and for the ledger. */
const RESERVED_SEGMENTS = 2;

/** Keeps a spool within its bound: what is settled goes first, then events by class, the oldest first. */
export class Room {
  readonly #state: SpoolState;
  readonly #keeper: SegmentKeeper;
  readonly #options: RoomOptions;
  readonly #order: readonly number[];
  readonly #capacity: number;
  readonly #dropped = new Map<number, number>();

  constructor(state: SpoolState, keeper: SegmentKeeper, options: RoomOptions) {
    this.#state = state;
    this.#keeper = keeper;
    this.#options = options;
    this.#order = [...new Set([...options.dropOrder, ...DROP_ORDER])].map(classNumber);
    this.#capacity = options.maxBytes - RESERVED_SEGMENTS * state.segmentBytes;
  }

  /**
   * Makes room for a batch and gives what is to be kept of it. A whole class goes from a segment at a time, and as much of a
   * class that has to go as makes a segment's room: else the newest segment would be written anew for each batch.
   * @throws StoreUnavailable where only what must not go would be left
   */
  async admit(batch: Batch): Promise<Batch> {
    if (this.#excess(batch) <= 0) return batch;
    let kept = batch;
    try {
      await this.#reclaim(batch);
      for (const dropping of this.#order) {
        if (this.#excess(kept) <= 0) break;
        await this.#dropStored(kept, dropping);
        kept = this.#dropIncoming(kept, dropping);
      }
    } finally {
      this.#report();
    }
    if (this.#excess(kept) > 0) {
      throw new StoreUnavailable('spool: it is full of what must not be dropped, or of what is just being sent');
    }
    return kept;
  }

  #excess(batch: Batch): number {
    return this.#state.diskBytes + this.#spaceOf(batch) - this.#capacity;
  }

  #spaceOf(batch: Batch): number {
    const count = countOf(batch);
    if (count === 0) return 0;
    const blocks = this.#keeper.blocksOf(batch);
    return batch.bytes.length + count * ENTRY_BYTES + blocks * HEAD_BYTES;
  }

  async #reclaim(batch: Batch): Promise<void> {
    await this.#keeper.removeSettled();
    for (const segment of [...this.#state.segments]) {
      if (this.#excess(batch) <= 0) return;
      if (isMostlySettled(segment)) await this.#keeper.rewrite(segment, undefined);
    }
  }

  async #dropStored(batch: Batch, dropping: number): Promise<void> {
    const spare = this.#state.segmentBytes;
    for (const segment of [...this.#state.segments]) {
      if (this.#excess(batch) + spare <= 0) return;
      const count = segment.waiting[dropping] ?? 0;
      if (count === 0) continue;
      this.#count(dropping, await this.#keeper.rewrite(segment, dropping));
    }
  }

  /** Only when nothing older of the class is left. */
  #dropIncoming(batch: Batch, dropping: number): Batch {
    let excess = this.#excess(batch);
    if (excess <= 0) return batch;
    let dropped = 0;
    const kept = filterOf(batch, (index) => {
      if (excess <= 0 || batch.classes[index] !== dropping) return true;
      excess -= lineOf(batch, index).length + ENTRY_BYTES;
      dropped += 1;
      return false;
    });
    this.#state.unreported += dropped;
    this.#count(dropping, dropped);
    return kept;
  }

  #count(dropping: number, events: number): void {
    if (events > 0) this.#dropped.set(dropping, (this.#dropped.get(dropping) ?? 0) + events);
  }

  #report(): void {
    const counts = [...this.#dropped];
    this.#dropped.clear();
    if (counts.length === 0) return;
    const count = counts.reduce((sum, [, events]) => sum + events, 0);
    const classes = counts.map(([dropping, events]) => `${events} ${EVENT_CLASSES[dropping] ?? 'unknown'}`).join(', ');
    this.#options.onLoss({ reason: 'output-full', count, detail: `the spool is full; dropped by class: ${classes}` });
  }
}

/** Its room is worth the copying. */
function isMostlySettled(segment: Segment): boolean {
  const live = segment.allWaitingBytes + segment.outBytes + (segment.waitingEvents + segment.outEvents) * ENTRY_BYTES;
  return segment.bytes > 2 * (live + HEAD_BYTES);
}
