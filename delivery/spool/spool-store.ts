import { type Batch, type BatchLimits, countOf, startOf } from '../batch.ts';
import { classNumber, type DroppableClass } from '../event-class.ts';
import type { EventStore, Loss, Reading } from '../event-store.ts';
import { systemErrorCode } from '../system-error.ts';
import { lockDirectory } from './directory-lock.ts';
import { Forcing } from './forcing.ts';
import type { Ledger } from './ledger.ts';
import { type FoundLines, readLines } from './reader.ts';
import { Room } from './room.ts';
import type { Segment } from './segment.ts';
import { FILE_MODE, prepareDirectory } from './segment-files.ts';
import { SegmentKeeper } from './segment-keeper.ts';
import { unavailable } from './spool-failure.ts';
import type { SpoolState } from './spool-state.ts';
import { surveySegment } from './survey.ts';

/** How long events may go to a directory that was taken away before that is noticed. */
const LOOK_MILLIS = 1000;
/** What a segment that cannot be read any more says. Everything else may pass. */
const GONE = ['ENOENT', 'EIO', 'ESTALE', 'ENOTDIR', 'ELOOP'];
const GAP = classNumber('gap');

export interface SpoolOptions {
  /** For one sink and one process. Made if need be. */
  readonly directory: string;
  /** Of all files. What is a little less is used: a segment may have to be written anew beside the old one. */
  readonly maxBytes: number;
  /** Classes left out go last, in the order of DROP_ORDER. */
  readonly dropOrder: readonly DroppableClass[];
  readonly fsync: 'never' | 'interval' | 'always';
  readonly fsyncMillis: number;
  onLoss(loss: Loss): void;
  /** Something a person should know: of the log. */
  onNotice(message: string): void;
}

interface OutReading {
  readonly memory: Buffer;
}

/** Events of one sink on disk: see block-format.ts and ledger.ts for the files. */
export class Spool implements EventStore {
  readonly #options: SpoolOptions;
  readonly #state: SpoolState;
  readonly #ledger: Ledger;
  readonly #keeper: SegmentKeeper;
  readonly #room: Room;
  readonly #forcing: Forcing;
  readonly #out = new Map<Reading, OutReading>();
  #lock: { release(): Promise<void> };
  #lastLook = Date.now();
  /** Whatever touches files waits for this: one at a time. */
  #turn: Promise<unknown> = Promise.resolve();
  #sweeping = false;
  #isBusy = false;
  /** Settled or given back while files are touched: applied behind it, for a segment that is written anew carries counts over. */
  readonly #late = new Map<Reading, () => void>();
  #lateEvents = 0;
  #lateBytes = 0;

  constructor(options: SpoolOptions, state: SpoolState, ledger: Ledger, lock: { release(): Promise<void> }) {
    this.#options = options;
    this.#state = state;
    this.#ledger = ledger;
    this.#lock = lock;
    const forces = options.fsync !== 'never';
    this.#keeper = new SegmentKeeper(state, ledger, forces, (count) => this.#reportDamage(count));
    this.#room = new Room(state, this.#keeper, options);
    this.#forcing = new Forcing(state.files, ledger, this.#keeper.unforced, options);
  }

  get next(): number {
    return this.#state.next;
  }

  get oldest(): number {
    return this.#state.oldest;
  }

  get pendingEvents(): number {
    return this.#state.pendingEvents - this.#lateEvents;
  }

  get pendingBytes(): number {
    return this.#state.pendingBytes - this.#lateBytes;
  }

  /** Or a little earlier, where much has come since. */
  get oldestAt(): number | undefined {
    const { oldest, next } = this.#state;
    return oldest === next ? undefined : this.#state.segmentFrom(oldest)?.timeOf(oldest);
  }

  /** Of all segment files. */
  get diskBytes(): number {
    return this.#state.diskBytes;
  }

  /** To be called once, before anything else: the spool is marked as in use. */
  async begin(): Promise<void> {
    await this.#keeper.removeSettled();
    await this.#ledger.write();
    await this.#forcing.begin();
  }

  append(batch: Batch): Promise<void> {
    // What was dropped until now is told of by a gap event in this batch, if there is one.
    const told = batch.classes.includes(GAP) ? this.#state.unreported : 0;
    return this.#inTurn(async () => {
      if (countOf(batch) === 0) return;
      await this.#lookAfterDirectory();
      const kept = await this.#room.admit(batch);
      await this.#keeper.append(kept);
      if (this.#options.fsync === 'always' || this.#forcing.hasFailed) await this.#forcing.force();
      this.#state.unreported -= told;
      // What was dropped is on record before anybody may forget it.
      if (kept === batch) this.#record();
      else await this.#ledger.write().catch(() => undefined);
    });
  }

  read(from: number, limits: BatchLimits): Promise<Reading | undefined> {
    return this.#inTurn(() => this.#read(from, limits));
  }

  settle(reading: Reading): void {
    if (!this.#out.has(reading) || this.#late.has(reading)) return;
    if (this.#isBusy) {
      this.#late.set(reading, () => this.#settleNow(reading));
      this.#lateEvents += countOf(reading.batch);
      this.#lateBytes += reading.batch.bytes.length;
    } else this.#settleNow(reading);
  }

  giveBack(reading: Reading): void {
    if (!this.#out.has(reading) || this.#late.has(reading)) return;
    if (this.#isBusy) this.#late.set(reading, () => this.#giveBackNow(reading));
    else this.#giveBackNow(reading);
  }

  #settleNow(reading: Reading): void {
    if (this.#takeBack(reading) === undefined) return;
    const { done } = this.#state;
    done.add(reading.first, reading.end);
    const segment = this.#segmentOf(reading);
    if (segment !== undefined) {
      segment.outEvents -= countOf(reading.batch);
      segment.outBytes -= reading.batch.bytes.length;
      if (segment.isSettled) this.#sweep();
    }
    this.#record();
  }

  #giveBackNow(reading: Reading): void {
    if (this.#takeBack(reading) === undefined) return;
    const segment = this.#segmentOf(reading);
    if (segment === undefined) {
      this.#reportDamage(countOf(reading.batch));
      return;
    }
    const { batch } = reading;
    segment.outEvents -= countOf(batch);
    segment.outBytes -= batch.bytes.length;
    countLines(batch, (classOfLine, bytes) => segment.count(classOfLine, 1, bytes));
  }

  async close(): Promise<void> {
    await this.#inTurn(async () => {
      this.#forcing.end();
      try {
        this.#state.clean = true;
        await this.#ledger.write();
        await this.#forcing.force();
      } catch (error) {
        this.#options.onNotice(unavailable(error, this.#options.directory).message);
      } finally {
        await this.#ledger.close();
        await this.#state.files.closeAll();
        await this.#lock.release();
      }
    });
  }

  async #read(from: number, limits: BatchLimits): Promise<Reading | undefined> {
    const { done, out } = this.#state;
    for (let at = from; ; ) {
      at = this.#firstFree(at);
      const segment = this.#state.segmentFrom(at);
      if (segment === undefined) return undefined;
      if (at < segment.first) {
        at = segment.first;
        continue;
      }
      const range = { start: at, end: Math.min(segment.end, done.firstInside(at), out.firstInside(at)) };
      const found = await this.#linesOf(segment, range, limits);
      if (found === undefined) continue;
      if (found.batch === undefined) {
        this.#state.readMemory.giveBack(found.memory);
        done.add(at, found.end);
        if (segment.isSettled) this.#sweep();
        continue;
      }
      done.add(at, found.first);
      return this.#lend(segment, found, found.batch);
    }
  }

  #firstFree(from: number): number {
    const { done, out } = this.#state;
    for (let at = from; ; ) {
      const free = out.firstOutside(done.firstOutside(at));
      if (free === at) return at;
      at = free;
    }
  }

  /** Undefined where the segment is gone. */
  async #linesOf(
    segment: Segment,
    range: { readonly start: number; readonly end: number },
    limits: BatchLimits,
  ): Promise<FoundLines | undefined> {
    const recent = this.#state.recent.take(range, limits, this.#state.next);
    if (recent !== undefined) return recent;
    try {
      const found = await readLines(this.#state, segment, range, limits, this.#state.readMemory);
      if (found.damaged) await this.#countDamage(segment);
      return found;
    } catch (error) {
      if (!GONE.includes(systemErrorCode(error) ?? '')) throw error;
      this.#lose(segment);
      return undefined;
    }
  }

  #lend(segment: Segment, { first, end, memory }: FoundLines, batch: Batch): Reading {
    const reading = { batch, first, end };
    this.#state.out.add(first, end);
    countLines(batch, (classOfLine, bytes) => segment.takeOut(classOfLine, bytes));
    this.#out.set(reading, { memory });
    return reading;
  }

  #takeBack(reading: Reading): OutReading | undefined {
    const out = this.#out.get(reading);
    if (out === undefined) return undefined;
    this.#out.delete(reading);
    this.#state.out.remove(reading.first, reading.end);
    this.#state.readMemory.giveBack(out.memory);
    return out;
  }

  #segmentOf({ first }: Reading): Segment | undefined {
    const segment = this.#state.segmentFrom(first);
    return segment !== undefined && segment.first <= first ? segment : undefined;
  }

  /** Reads the whole segment: what is there now counts, and what counted before and is not there is lost. */
  async #countDamage(segment: Segment): Promise<void> {
    const { files, spool, out, done, chunk, lines } = this.#state;
    const before = segment.waitingEvents;
    const options = {
      number: segment.number,
      spool,
      first: 0,
      limit: segment.end,
      thoroughness: 'lines',
      isOut: out,
    } as const;
    const { segment: found } = await surveySegment(files, options, done, chunk, lines);
    if (found === undefined) {
      this.#lose(segment);
      return;
    }
    segment.recount(found);
    this.#reportDamage(before - segment.waitingEvents);
  }

  #lose(segment: Segment): void {
    this.#state.recent.clear();
    this.#state.done.add(segment.first, segment.end);
    this.#state.forget(segment);
    this.#reportDamage(segment.waitingEvents);
  }

  #reportDamage(count: number): void {
    if (count <= 0) return;
    const detail = `events in ${this.#options.directory} are not there any more as they were written`;
    this.#options.onLoss({ reason: 'spool-damaged', count, detail });
  }

  #sweep(): void {
    if (this.#sweeping) return;
    this.#sweeping = true;
    this.#inTurn(async () => {
      this.#sweeping = false;
      await this.#keeper.removeSettled();
    }).catch((error: unknown) => this.#options.onNotice(String(error)));
  }

  #catchUp(): void {
    const late = [...this.#late.values()];
    this.#late.clear();
    this.#lateEvents = 0;
    this.#lateBytes = 0;
    for (const apply of late) apply();
  }

  /** Without waiting: what the ledger does not say is sent again after a crash. */
  #record(): void {
    this.#ledger.write().catch(() => undefined);
  }

  async #lookAfterDirectory(): Promise<void> {
    const now = Date.now();
    if (now - this.#lastLook < LOOK_MILLIS) return;
    if (!(await this.#ledger.isThere())) await this.#beginAnew();
    this.#lastLook = now;
  }

  /** The directory was taken away. Segments that are still open can be read until they are closed. */
  async #beginAnew(): Promise<void> {
    const { directory, onNotice } = this.#options;
    await prepareDirectory(directory);
    const lock = await lockDirectory(directory);
    await this.#lock.release();
    this.#lock = lock;
    await this.#ledger.reopen(directory, FILE_MODE);
    this.#state.active = undefined;
    for (const segment of [...this.#state.segments]) {
      if (!(await this.#state.files.isThere(segment.number))) this.#lose(segment);
    }
    onNotice(`spool ${directory}: it was removed and has been made anew`);
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const busy = async () => {
      this.#isBusy = true;
      try {
        return await work();
      } finally {
        this.#isBusy = false;
        this.#catchUp();
      }
    };
    const result = this.#turn.then(busy).catch((error: unknown) => {
      throw unavailable(error, this.#options.directory);
    });
    this.#turn = result.catch(() => undefined);
    return result;
  }
}

function countLines(batch: Batch, count: (classNumber: number, bytes: number) => void): void {
  for (let index = 0; index < batch.classes.length; index++) {
    count(batch.classes[index] ?? 0, (batch.ends[index] ?? 0) - startOf(batch, index));
  }
}
