import type { Batch, BatchLimits } from './batch.ts';
import type { EventStore, Reading } from './event-store.ts';
import type { MemoryStore } from './memory-store.ts';
import { within } from './patience.ts';
import { ReadingOrder, type ReadingOrderOptions } from './reading-order.ts';
import { wordsOf } from './system-error.ts';

/** A disk that was full or read-only is tried again this often. */
const SPOOL_RETRY_MILLIS = 3_000;
/** A disk that does not answer for so long is passed by: what waits in memory is sent from there. */
const SPOOL_PATIENCE_MILLIS = 5_000;
/** A look at the backlog is worth this much sleep. */
const LEAST_WAIT_MILLIS = 5;
/** What closing may take of a process that has to end. */
const CLOSING_MILLIS = 2_000;

/** Events on disk: the journal of what is to be sent. */
export interface Spool extends EventStore {
  /** Of its files, whole. */
  readonly diskBytes: number;
}

export interface WaitingEventsOptions extends ReadingOrderOptions {
  readonly memory: MemoryStore;
  readonly spool: Spool | undefined;
  /** Of what is appended to the spool at once. */
  readonly appendLimits: BatchLimits;
  /** There may be something to send that was not there before. */
  onChange(): void;
}

/** A reading and the store that it is to be settled with. */
export interface Outgoing {
  readonly store: EventStore;
  readonly reading: Reading;
}

/**
 * The events of one sink that its receiver does not have yet. Whatever comes goes to memory first, so that no disk holds up
 * the producer; from there, where there is a spool, on to it at once, and back from it to be sent. While the spool cannot be
 * used the memory takes its part: what it holds is newer than all that is in the spool, and moves there as soon as it can.
 */
export class WaitingEvents {
  readonly #memory: MemoryStore;
  readonly #spool: Spool | undefined;
  readonly #options: WaitingEventsOptions;
  readonly #memoryOrder: ReadingOrder;
  readonly #spoolOrder: ReadingOrder | undefined;
  #started = false;
  #closed = false;
  #moving: Promise<void> = Promise.resolve();
  #isMoving = false;
  #retry: NodeJS.Timeout | undefined;
  #appendProblem: string | undefined;
  #readProblem: string | undefined;
  /** Until the append that is under way settles, there is no use in waiting for it. */
  #appendHangs = false;

  constructor(options: WaitingEventsOptions) {
    this.#options = options;
    this.#memory = options.memory;
    this.#spool = options.spool;
    this.#memoryOrder = new ReadingOrder(options.memory, options);
    this.#spoolOrder = options.spool && new ReadingOrder(options.spool, options);
  }

  get events(): number {
    return this.#memory.pendingEvents + (this.#spool?.pendingEvents ?? 0);
  }

  get bytes(): number {
    return this.#memory.pendingBytes + (this.#spool?.pendingBytes ?? 0);
  }

  get oldestAt(): number | undefined {
    return this.#spool?.oldestAt ?? this.#memory.oldestAt;
  }

  get diskBytes(): number {
    return this.#spool?.diskBytes ?? 0;
  }

  /** Why the spool cannot be used. */
  get spoolProblem(): string | undefined {
    return this.#appendProblem ?? this.#readProblem;
  }

  /** Milliseconds until a backlog may go on; undefined where there is none that waits for its time. */
  get backlogWaitMillis(): number | undefined {
    if (!this.#memoryOrder.hasBacklog && this.#spoolOrder?.hasBacklog !== true) return undefined;
    // Its time may have come since it was found that it had not: nothing else would wake who waits then.
    return Math.max(this.#options.bucket.waitMillis, LEAST_WAIT_MILLIS);
  }

  start(): void {
    this.#started = true;
    this.endOutage();
    this.#startMoving();
  }

  /** Returns at once. The batch is only lent. */
  offer(batch: Batch): void {
    this.#memory.appendNow(batch);
    this.#startMoving();
    this.#options.onChange();
  }

  /** What is to be sent now; undefined where nothing is. */
  async next(): Promise<Outgoing | undefined> {
    for (let end = -1; this.#spool !== undefined && end !== this.#spool.next; ) {
      // What was appended while the spool was read goes before what is in memory.
      end = this.#spool.next;
      const spooled = await this.#nextOfSpool(this.#spool);
      if (spooled !== undefined) return spooled;
    }
    // What the spool is about to take is sent from there, lest it overtake what went before it.
    if (this.#spool !== undefined && this.#retry === undefined && !this.#appendHangs) return undefined;
    const reading = await this.#memoryOrder.next();
    return reading && { store: this.#memory, reading };
  }

  /** See ReadingOrder. */
  endOutage(): void {
    this.#memoryOrder.endOutage();
    this.#spoolOrder?.endOutage();
  }

  /** Puts what is left of a reading back, behind all others. Where that cannot be, the whole reading. */
  async putBack({ store, reading }: Outgoing, rest: Batch): Promise<void> {
    if (rest === reading.batch) return store.giveBack(reading);
    const appended = store.append(rest).then(
      () => true,
      () => false,
    );
    if (await within(appended, CLOSING_MILLIS, false)) store.settle(reading);
    else store.giveBack(reading);
  }

  /** Forgets what is in memory; gives how many events that were. */
  discard(): number {
    const before = this.#memory.pendingEvents;
    for (const limits = { events: Infinity, bytes: Infinity }; ; ) {
      const reading = this.#memory.readNow(0, limits);
      if (reading === undefined) return before - this.#memory.pendingEvents;
      this.#memory.settle(reading);
    }
  }

  /** The spool gets what it can still take. Settles with the number of events that are lost with the memory. */
  async close(): Promise<number> {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#started = true;
    this.#startMoving();
    this.#closed = true;
    const closed = this.#moving.then(() => this.#spool?.close());
    const settled = closed.catch((error: unknown) => {
      this.#appendProblem = wordsOf(error);
    });
    await within(settled, CLOSING_MILLIS, undefined);
    return this.#memory.pendingEvents;
  }

  async #nextOfSpool(spool: Spool): Promise<Outgoing | undefined> {
    // It is tried again together with appending.
    if (this.#readProblem !== undefined && this.#retry !== undefined) return undefined;
    try {
      const reading = await this.#spoolOrder?.next();
      this.#readProblem = undefined;
      return reading && { store: spool, reading };
    } catch (error) {
      this.#readProblem = wordsOf(error);
      this.#retryLater();
      return undefined;
    }
  }

  #startMoving(): void {
    if (!this.#started || this.#closed || this.#isMoving || this.#retry !== undefined) return;
    if (this.#spool !== undefined) this.#moving = this.#move(this.#spool);
  }

  async #move(spool: Spool): Promise<void> {
    this.#isMoving = true;
    for (;;) {
      const reading = this.#memory.readNow(0, this.#options.appendLimits);
      if (reading === undefined) break;
      const slow = setTimeout(() => this.#hangs(), SPOOL_PATIENCE_MILLIS).unref();
      try {
        await spool.append(reading.batch);
        // What an earlier agent left may have come to light only now.
        if (this.#appendProblem !== undefined) this.#spoolOrder?.endOutage();
        this.#appendProblem = undefined;
      } catch (error) {
        this.#memory.giveBack(reading);
        this.#appendProblem = wordsOf(error);
        this.#retryLater();
        break;
      } finally {
        clearTimeout(slow);
        this.#appendHangs = false;
      }
      this.#memory.settle(reading);
      this.#options.onChange();
    }
    // In the same turn as the look into memory that found nothing: what comes next starts it again.
    this.#isMoving = false;
    this.#options.onChange();
  }

  #hangs(): void {
    this.#appendHangs = true;
    this.#appendProblem = 'the disk does not answer';
    this.#options.onChange();
  }

  #retryLater(): void {
    if (this.#closed) return;
    this.#retry ??= setTimeout(() => {
      this.#retry = undefined;
      this.#startMoving();
      this.#options.onChange();
    }, SPOOL_RETRY_MILLIS).unref();
  }
}
