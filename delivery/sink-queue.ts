import { type Batch, type BatchLimits, countOf } from './batch.ts';
import { classNumber } from './event-class.ts';
import type { LossReports } from './loss-reports.ts';
import { MemoryStore } from './memory-store.ts';
import { within } from './patience.ts';
import { Quarantine, type RefusedEvent } from './quarantine.ts';
import { Sender } from './sender.ts';
import type { DeliverySettings } from './settings.ts';
import type { SinkProblem, SinkStatus } from './sink-status.ts';
import type { Sink } from './sinks/sink.ts';
import { TokenBucket } from './token-bucket.ts';
import { type Outgoing, type Spool, WaitingEvents } from './waiting-events.ts';

const BYTES_PER_MEBIBYTE = 1_048_576;
/** What each step of closing may take where a disk or a receiver hangs. */
const CLOSING_MILLIS = 2_000;
/** Some 25,000 events: half a second at 50,000 a second, for a pipe whose reader pauses or a disk that is busy. */
const LOCAL_MEBIBYTES = 32;
const GAP = classNumber('gap');

export type QueueSettings = Omit<DeliverySettings, 'spool'>;

/** For standard output and files: their receiver is here or nowhere, so there is no spool, no backlog and no reordering. */
export function localQueueSettings(settings: QueueSettings): QueueSettings {
  return {
    ...settings,
    memoryMebibytes: LOCAL_MEBIBYTES,
    backlog: { ...settings.backlog, order: 'oldest-first' },
  };
}

export interface SinkQueueOptions {
  readonly settings: QueueSettings;
  /** Opened; the queue closes it. Its losses go to the same reports. */
  readonly spool?: Spool | undefined;
  readonly losses: LossReports;
  /** Without it refused events are only counted. */
  readonly quarantineDirectory?: string | undefined;
  /** `drop`: by class where the bound is reached. `wait`: never; the producer waits for `room`. For queues without a spool. */
  readonly whenFull: 'drop' | 'wait';
  /** The receiver has another problem than before, or none any more. */
  onProblem?(sink: string, problem: SinkProblem | undefined): void;
  /** There will be no receiver any more: whatever is offered from now on is lost, and only counted. */
  onFailed?(sink: string, error: Error): void;
}

/** Opens the queue of one sink; nothing is sent before `start`. Both `sink` and the spool are the queue's from now on. */
export function openSinkQueue(sink: Sink, options: SinkQueueOptions): SinkQueue {
  return new SinkQueue(sink, options);
}

/** What waits for one sink, and who sends it. Neither waits for another sink, nor does a producer wait for it. */
export class SinkQueue {
  readonly losses: LossReports;
  readonly #sink: Sink;
  readonly #options: SinkQueueOptions;
  readonly #sender: Sender;
  readonly #waiting: WaitingEvents;
  readonly #bucket: TokenBucket;
  readonly #memory: MemoryStore;
  readonly #maxBytes: number;
  readonly #quarantine: Quarantine | undefined;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  #quarantinedEvents = 0;
  #discardedEvents = 0;
  #isGone = false;
  #changed = Promise.withResolvers<void>();
  /** Everything that may concern somebody who waits for room or for the end. */
  readonly #watchers = new Set<() => void>();

  constructor(sink: Sink, options: SinkQueueOptions) {
    const { settings, spool, losses, quarantineDirectory: directory, whenFull } = options;
    this.losses = losses;
    this.#sink = sink;
    this.#options = options;
    this.#sender = new Sender(sink, {
      retry: settings.retry,
      onProblem: (problem) => options.onProblem?.(sink.name, problem),
    });
    this.#maxBytes = settings.memoryMebibytes * BYTES_PER_MEBIBYTE;
    this.#memory = new MemoryStore({
      maxBytes: whenFull === 'drop' ? this.#maxBytes : Infinity,
      dropOrder: settings.dropOrder,
      onLoss: (loss) => losses.add(loss),
    });
    const limits = limitsOfWrite(sink.limits, settings.batch);
    const rate = settings.backlog.mebibytesPerSecond * BYTES_PER_MEBIBYTE;
    this.#bucket = new TokenBucket(rate);
    this.#waiting = new WaitingEvents({
      memory: this.#memory,
      spool,
      order: settings.backlog.order,
      limits,
      appendLimits: settings.batch,
      bucket: this.#bucket,
      // What the backlog's rate brings through in a second is not worth changing the order for.
      windowBytes: Math.max(rate, limits.bytes),
      onChange: () => this.#changed.resolve(),
    });
    const mebibytes = settings.quarantineMebibytes;
    this.#quarantine = directory === undefined ? undefined : new Quarantine({ directory, sink: sink.name, mebibytes });
  }

  get name(): string {
    return this.#sink.name;
  }

  get status(): SinkStatus {
    const { problem, sentEvents, sentBytes, sentBatches, retries } = this.#sender;
    const { events, bytes, oldestAt, diskBytes, spoolProblem } = this.#waiting;
    return {
      name: this.name,
      ...(problem === undefined ? {} : { problem }),
      sentEvents,
      sentBytes,
      sentBatches,
      retries,
      quarantinedEvents: this.#quarantinedEvents,
      droppedEvents: this.losses.total('output-full') + this.#discardedEvents,
      waitingEvents: events,
      waitingBytes: bytes,
      spoolBytes: diskBytes,
      ...(spoolProblem === undefined ? {} : { spoolProblem }),
      lagMillis: oldestAt === undefined ? 0 : Math.max(0, Date.now() - oldestAt),
    };
  }

  /** Whether the producer should wait for `room`; never of a queue that drops. */
  get isFull(): boolean {
    return this.#options.whenFull === 'wait' && this.#memory.pendingBytes >= this.#maxBytes && !this.#isGone;
  }

  /** How many events were offered so far. */
  get offered(): number {
    return this.#memory.next;
  }

  /** Of the first `offered`, whether none waits in memory alone: the receiver or the spool has them, or nobody ever will. */
  isKept(offered: number): boolean {
    return this.#isGone || this.#memory.oldest >= offered;
  }

  start(): void {
    this.losses.start();
    this.#waiting.start();
    this.#running = this.#run();
  }

  /** Returns at once. The batch is only lent. */
  offer(batch: Batch): void {
    if (this.#isGone || this.#stop.signal.aborted) this.#discardedEvents += countOf(batch);
    else this.#waiting.offer(batch);
  }

  /** Settles when half of what may wait is free: pauses shall not come one by one. */
  room(): Promise<void> {
    return this.#until(() => this.#isGone || this.#memory.pendingBytes <= this.#maxBytes / 2);
  }

  /**
   * There is nothing fresh to come, so a backlog has no rate to keep to any more. Settles when the receiver has everything, or
   * there is no receiver any more, or `deadline` aborts.
   */
  async drain(deadline: AbortSignal): Promise<void> {
    this.#bucket.lift();
    this.#changed.resolve();
    this.#sender.hurry();
    const notify = () => this.#notify();
    deadline.addEventListener('abort', notify, { once: true });
    await this.#until(() => this.#isGone || deadline.aborted || this.#waiting.events === 0);
    deadline.removeEventListener('abort', notify);
  }

  /** Ends sending; what is in the spool stays there. Settles with the number of events that are lost with the memory. */
  async close(): Promise<number> {
    this.#stop.abort();
    this.#changed.resolve();
    if (this.#running !== undefined) await within(this.#running, CLOSING_MILLIS, undefined);
    const lost = await this.#waiting.close();
    await this.#quarantine?.close();
    try {
      await within(this.#sink.close(), CLOSING_MILLIS, undefined);
    } catch (error) {
      this.#fail(error);
    }
    this.#notify();
    return lost;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      this.#changed = Promise.withResolvers();
      const outgoing = await this.#waiting.next();
      if (outgoing === undefined) await this.#idle();
      else if (!(await this.#send(outgoing, signal))) return;
    }
  }

  /** False where there will be nothing to send any more. */
  async #send(outgoing: Outgoing, signal: AbortSignal): Promise<boolean> {
    const { store, reading } = outgoing;
    const retriesBefore = this.#sender.retries;
    try {
      const { refused, rest } = await this.#sender.send(reading.batch, signal);
      await this.#keepRefused(refused);
      if (rest === undefined) store.settle(reading);
      else await this.#waiting.putBack(outgoing, rest);
    } catch (error) {
      store.giveBack(reading);
      this.#isGone = true;
      this.#discardedEvents += this.#waiting.discard();
      this.#fail(error);
      this.#notify();
      return false;
    }
    if (this.#sender.retries > retriesBefore) this.#waiting.endOutage();
    this.#notify();
    return true;
  }

  async #keepRefused(refused: readonly RefusedEvent[]): Promise<void> {
    if (refused.length === 0) return;
    this.#quarantinedEvents += refused.length;
    const isKept = (await this.#quarantine?.keep(refused)) === true;
    // The report of a refused report would be refused too, and so on.
    const count = refused.filter((event) => event.classNumber !== GAP).length;
    const where = isKept ? `they are in ${this.#quarantine?.path}` : 'they could not be kept';
    if (count > 0)
      this.losses.add({ reason: 'quarantined', count, detail: `the receiver refused them for good; ${where}` });
  }

  /** Until something changes, or a backlog may go on. */
  async #idle(): Promise<void> {
    const wait = this.#waiting.backlogWaitMillis;
    const timer = wait === undefined ? undefined : setTimeout(() => this.#changed.resolve(), wait);
    await this.#changed.promise;
    clearTimeout(timer);
  }

  async #until(isSo: () => boolean): Promise<void> {
    if (isSo()) return;
    const done = Promise.withResolvers<void>();
    const watch = () => {
      if (isSo()) done.resolve();
    };
    this.#watchers.add(watch);
    await done.promise;
    this.#watchers.delete(watch);
  }

  #notify(): void {
    for (const watch of this.#watchers) watch();
  }

  #fail(error: unknown): void {
    this.#options.onFailed?.(this.name, error instanceof Error ? error : new Error(String(error)));
  }
}

/** What one write takes: the batch as configured, or less where the receiver wants less. */
function limitsOfWrite(ofSink: BatchLimits, ofBatch: BatchLimits): BatchLimits {
  return { events: Math.min(ofSink.events, ofBatch.events), bytes: Math.min(ofSink.bytes, ofBatch.bytes) };
}
