import { type Batch, countOf, sliceOf, startOf } from '../batch.ts';
import { StoreUnavailable } from '../event-store.ts';
import {
  BLOCK_LINES,
  ENTRY_BYTES,
  HEAD_BYTES,
  lineCrc,
  MAX_LINE_BYTES,
  writeEntry,
  writeHead,
} from './block-format.ts';
import type { Ledger } from './ledger.ts';
import { USUAL_BLOCK_BYTES } from './line-buffer.ts';
import { copyKept } from './rewrite.ts';
import { Segment } from './segment.ts';
import { writeAll } from './segment-files.ts';
import type { SpoolState } from './spool-state.ts';

/** A segment that takes appends goes with what is settled once it has this share of its size. */
const WORTH_REMOVING = 1 / 4;

/** Writes, rewrites and removes the segments of a spool. One call at a time. */
export class SegmentKeeper {
  readonly #state: SpoolState;
  readonly #ledger: Ledger;
  /** Before something is removed, what takes its place is forced to disk. */
  readonly #forces: boolean;
  /** Segments with what is not yet forced to disk. */
  readonly unforced = new Set<number>();
  /** A loss that came to light while lines were copied. */
  readonly #onDamage: (events: number) => void;

  constructor(state: SpoolState, ledger: Ledger, forces: boolean, onDamage: (events: number) => void) {
    this.#state = state;
    this.#ledger = ledger;
    this.#forces = forces;
    this.#onDamage = onDamage;
  }

  blocksOf(batch: Batch): number {
    return this.#cut(batch).length;
  }

  /** All of the batch or, where that fails, nothing. */
  async append(batch: Batch): Promise<void> {
    const state = this.#state;
    const before = {
      active: state.active,
      bytes: state.active?.bytes ?? 0,
      next: state.next,
      segments: state.segments,
    };
    const written: { segment: Segment; first: number; batch: Batch; offset: number }[] = [];
    const at = Date.now();
    try {
      for (const block of this.#cut(batch)) {
        const segment = await this.#segmentFor(block);
        written.push({ segment, first: state.next, batch: block, offset: segment.bytes });
        await this.#writeBlock(segment, block, at);
        state.next += countOf(block);
      }
    } catch (error) {
      state.next = before.next;
      await this.#undo(before);
      throw error;
    }
    for (const { segment, first, batch: block, offset } of written) {
      segment.addBlock({ first, span: countOf(block), at }, offset, state.oldest);
      for (let index = 0; index < block.classes.length; index++) {
        segment.count(block.classes[index] ?? 0, 1, (block.ends[index] ?? 0) - startOf(block, index));
      }
      state.recent.keep(first, block);
      this.unforced.add(segment.number);
    }
  }

  /** Removes segments of which nothing is pending. */
  async removeSettled(): Promise<void> {
    const { segments, active, segmentBytes, done } = this.#state;
    const settled = segments.filter(
      (one) => one.isSettled && (one !== active || one.bytes >= segmentBytes * WORTH_REMOVING),
    );
    if (settled.length === 0) return;
    for (const { first, end } of settled) done.add(first, end);
    await this.#recordBeforeRemoval();
    for (const segment of settled) await this.#remove(segment);
  }

  /**
   * Drops one class of waiting events from a segment, or nothing but what is settled. Gives how many were dropped. They are
   * on record before they are gone; from the record and the files together it can be told whether they are.
   */
  async rewrite(victim: Segment, dropping: number | undefined): Promise<number> {
    const state = this.#state;
    state.recent.clear();
    const dropped = dropping === undefined ? 0 : (victim.waiting[dropping] ?? 0);
    if (victim === state.active) state.active = undefined;
    if (victim.outEvents === 0 && victim.waitingEvents === dropped) {
      state.done.add(victim.first, victim.end);
      state.unreported += dropped;
      await this.#recordBeforeRemoval();
      await this.#remove(victim);
      return dropped;
    }
    const expected = victim.waitingEvents - dropped;
    const before = state.before(victim);
    const copied =
      before !== undefined && before.bytes + victim.bytes - this.#droppedBytes(victim, dropping) <= state.segmentBytes
        ? await this.#moveKept(victim, dropping, dropped, before)
        : await this.#replace(victim, dropping, dropped);
    state.rewriting = undefined;
    state.unreported += dropped;
    if (copied.waitingEvents < expected) this.#onDamage(expected - copied.waitingEvents);
    return dropped;
  }

  #droppedBytes(victim: Segment, dropping: number | undefined): number {
    return dropping === undefined
      ? 0
      : (victim.waitingBytes[dropping] ?? 0) + (victim.waiting[dropping] ?? 0) * ENTRY_BYTES;
  }

  async #moveKept(victim: Segment, dropping: number | undefined, dropped: number, target: Segment): Promise<Segment> {
    const state = this.#state;
    const { number, generation, bytes } = target;
    await this.#record({ victim: victim.number, target: number, targetBytes: bytes, generation, dropped });
    const file = await state.files.open(number);
    let copied: Segment;
    try {
      copied = await copyKept(state, victim, dropping, { file, number, generation, bytes });
      if (this.#forces) await file.datasync();
    } catch (error) {
      await file.truncate(bytes);
      state.rewriting = undefined;
      throw error;
    }
    await this.#remove(victim);
    target.absorb(copied);
    return copied;
  }

  async #replace(victim: Segment, dropping: number | undefined, dropped: number): Promise<Segment> {
    const state = this.#state;
    const { number } = victim;
    const generation = victim.generation + 1;
    await state.files.removeRewritten(number);
    const file = await state.files.createRewritten(number);
    let copied: Segment;
    try {
      copied = await copyKept(state, victim, dropping, { file, number, generation, bytes: 0 });
      if (this.#forces) await file.datasync();
      await this.#record({ victim: number, target: number, targetBytes: 0, generation, dropped });
      await state.files.publish(number);
    } catch (error) {
      state.rewriting = undefined;
      await state.files.removeRewritten(number);
      throw error;
    } finally {
      await file.close();
    }
    victim.become(copied);
    return copied;
  }

  async #record(rewriting: NonNullable<SpoolState['rewriting']>): Promise<void> {
    this.#state.rewriting = rewriting;
    this.#state.thinned = true;
    await this.#recordBeforeRemoval();
  }

  async #recordBeforeRemoval(): Promise<void> {
    await this.#ledger.write();
    if (this.#forces) await this.#ledger.sync();
  }

  async #remove(segment: Segment): Promise<void> {
    await this.#state.files.remove(segment.number);
    this.unforced.delete(segment.number);
    this.#state.forget(segment);
  }

  /** Pieces of at most a block's size, or of one line. */
  #cut(batch: Batch): Batch[] {
    const most = Math.min(USUAL_BLOCK_BYTES, this.#state.segmentBytes);
    const count = countOf(batch);
    if (count <= BLOCK_LINES && batch.bytes.length <= most) return count === 0 ? [] : [batch];
    const pieces: Batch[] = [];
    let from = 0;
    for (let to = 1; to <= count; to++) {
      const isLast = to === count;
      const withNext = (batch.ends[to] ?? 0) - startOf(batch, from);
      if (!isLast && to - from < BLOCK_LINES && withNext <= most) continue;
      pieces.push(sliceOf(batch, from, to));
      from = to;
    }
    return pieces;
  }

  async #segmentFor(block: Batch): Promise<Segment> {
    const state = this.#state;
    const { active } = state;
    const length = HEAD_BYTES + countOf(block) * ENTRY_BYTES + block.bytes.length;
    if (active !== undefined && (active.bytes === 0 || active.bytes + length <= state.segmentBytes)) return active;
    const segment = new Segment(state.nextNumber, state.next, 0);
    state.nextNumber += 1;
    await state.files.create(segment.number);
    state.segments = [...state.segments, segment];
    state.active = segment;
    return segment;
  }

  async #writeBlock(segment: Segment, block: Batch, at: number): Promise<void> {
    const state = this.#state;
    const { front, next: first } = state;
    const lines = countOf(block);
    let start = 0;
    for (let index = 0; index < lines; index++) {
      const end = block.ends[index] ?? 0;
      const classNumber = block.classes[index] ?? 0;
      const length = end - start;
      if (length > MAX_LINE_BYTES) throw new StoreUnavailable(`spool: a line of ${length} bytes is too long for it`);
      const crc = lineCrc(block.bytes.subarray(start, end), first + index, classNumber);
      writeEntry(front, index, first, { start, length, ordinal: first + index, classNumber, crc });
      start = end;
    }
    const { number, generation } = segment;
    const lineBytes = block.bytes.length;
    writeHead(front, { first, span: lines, lines, lineBytes, generation, at, segment: number, spool: state.spool });
    const frontBytes = HEAD_BYTES + lines * ENTRY_BYTES;
    const file = await state.files.open(number);
    await writeAll(file, [front.subarray(0, frontBytes), block.bytes], segment.bytes);
    segment.bytes += frontBytes + lineBytes;
  }

  /** What cannot be cut off again is recognised when the spool is opened: the next segment begins with the same ordinal. */
  async #undo(before: { active: Segment | undefined; bytes: number; segments: Segment[] }): Promise<void> {
    const state = this.#state;
    const added = state.segments.slice(before.segments.length);
    state.segments = before.segments;
    state.active = undefined;
    try {
      for (const { number } of added) await state.files.remove(number);
      if (before.active === undefined) return;
      before.active.bytes = before.bytes;
      await (await state.files.open(before.active.number)).truncate(before.bytes);
      state.active = before.active;
    } catch {
      // The first failure is the one to be told.
    }
  }
}
