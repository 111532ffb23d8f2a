import { Batcher, type LineWriter } from './batcher.ts';
import type { DeliverySettings } from './settings.ts';
import type { SinkQueue } from './sink-queue.ts';
import type { SinkStatus } from './sink-status.ts';

export interface DeliveryOptions {
  /** One for each sink, not started; the delivery starts and closes them. */
  readonly queues: readonly SinkQueue[];
  readonly batch: DeliverySettings['batch'];
}

/** Events that were made, but that no store and no receiver has. */
export interface LostAtClose {
  readonly sink: string;
  readonly events: number;
}

/**
 * Stands between a producer and sinks: gathers lines into batches and offers each to the queue of every sink. The producer
 * writes them where they stay until the queues have them: `…one line into the writer…; delivery.commit(classNumber);`
 */
export class Delivery {
  readonly #queues: readonly SinkQueue[];
  readonly #batcher: Batcher;
  #isClosing = false;

  constructor({ queues, batch }: DeliveryOptions, writer: LineWriter) {
    this.#queues = queues;
    this.#batcher = new Batcher(batch, writer, (full) => {
      for (const queue of queues) queue.offer(full);
    });
  }

  /** Nothing is sent and no loss is reported before. */
  start(): void {
    for (const queue of this.#queues) queue.start();
  }

  /** The writer has one whole line more, its newline included. A few nanoseconds. */
  commit(classNumber: number): void {
    this.#batcher.commit(classNumber);
  }

  get statuses(): readonly SinkStatus[] {
    return this.#queues.map(({ status }) => status);
  }

  /** Hands on what was written; what `isKept` is asked with. */
  mark(): readonly number[] {
    this.#batcher.handOn();
    return this.#queues.map(({ offered }) => offered);
  }

  /** Whether what was committed up to the mark would outlast a kill: no queue has any of it in memory alone. Never once closing. */
  isKept(mark: readonly number[]): boolean {
    return !this.#isClosing && this.#queues.every((queue, index) => queue.isKept(mark[index] ?? 0));
  }

  /** The producer pauses. A promise where a queue that does not drop is full; it settles when half of that is free. */
  flush(): void | Promise<void> {
    for (const queue of this.#queues) if (queue.isFull) return this.#roomEverywhere();
  }

  /**
   * Hands on what is left, lets the queues send until `deadline` aborts, and closes them and their sinks. What is in a
   * spool by then is sent after the next start; what a queue without a spool still has is lost: given for each sink that has any.
   */
  async close(deadline: AbortSignal): Promise<readonly LostAtClose[]> {
    this.#isClosing = true;
    do {
      // Losses are events themselves, and sending the last events may lose some more.
      this.#handOnAll();
      await Promise.all(this.#queues.map((queue) => queue.drain(deadline)));
    } while (this.#hasMore && !deadline.aborted);
    this.#handOnAll();
    const lost = await Promise.all(
      this.#queues.map(async (queue) => ({ sink: queue.name, events: await queue.close() })),
    );
    return lost.filter(({ events }) => events > 0);
  }

  get #hasMore(): boolean {
    return this.#batcher.waitingBytes > 0 || this.#queues.some(({ losses }) => losses.isPending);
  }

  #handOnAll(): void {
    for (const { losses } of this.#queues) losses.flush();
    this.#batcher.handOn();
  }

  async #roomEverywhere(): Promise<void> {
    await Promise.all(this.#queues.map((queue) => queue.room()));
  }
}
