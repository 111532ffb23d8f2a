import type { Batch, BatchLimits } from '../../../delivery/batch.ts';
import { PoisonBatch, TryAgain, WrongConfiguration } from '../../../delivery/sinks/failure.ts';
import type { PartlyTaken, Sink } from '../../../delivery/sinks/sink.ts';
import { linesOf, numberOf } from './numbered-lines.ts';

/**
 * How the receiver behaves: `ok`; `away`: it takes nothing; `ambiguous`: it takes everything and the answer is lost;
 * `misconfigured`; `throttled`: it takes every other line of a batch, and none of a single one.
 */
export type Behaviour = 'ok' | 'away' | 'ambiguous' | 'misconfigured' | 'throttled';

export interface ScriptedSinkOptions {
  readonly name?: string;
  readonly limits?: BatchLimits;
  /** What it never takes. */
  readonly isBad?: (line: string) => boolean;
  /** Whether it says which lines of a batch are bad. */
  readonly answersByLine?: boolean;
  /** Of each write. */
  readonly latencyMillis?: number;
}

/** A receiver in memory that behaves as it is told, and keeps what it gets. */
export class ScriptedSink implements Sink {
  readonly name: string;
  readonly limits: BatchLimits;
  behaviour: Behaviour = 'ok';
  /** Lines in the order in which they were acknowledged. */
  readonly acknowledged: string[] = [];
  /** Numbers that it has although it did not say so. */
  readonly unacknowledged = new Set<number>();
  /** Numbers that it asked for again. */
  readonly askedAgain = new Set<number>();
  /** Lines of each write. */
  readonly writes: string[][] = [];
  closed = false;
  writing = 0;
  mostAtOnce = 0;
  readonly #options: ScriptedSinkOptions;

  constructor(options: ScriptedSinkOptions = {}) {
    this.name = options.name ?? 'scripted';
    this.limits = options.limits ?? { events: 1_000_000, bytes: 1_000_000_000 };
    this.#options = options;
  }

  async write(batch: Batch, signal: AbortSignal): Promise<PartlyTaken | undefined> {
    if (this.closed) throw new Error('written after it was closed');
    this.writing += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.writing);
    try {
      await this.#latency(signal);
      const lines = linesOf(batch);
      this.writes.push(lines);
      return this.#answer(lines);
    } finally {
      this.writing -= 1;
    }
  }

  async close(): Promise<void> {
    this.closed = true;
  }

  #answer(lines: readonly string[]): PartlyTaken | undefined {
    const { isBad = () => false, answersByLine = false } = this.#options;
    if (this.behaviour === 'away') throw new TryAgain('DBA4005', 'away');
    if (this.behaviour === 'misconfigured') throw new WrongConfiguration('DBA4003', 'no topic', 'make it');
    const refused = lines.flatMap((line, index) => (isBad(line) ? [{ index, reason: 'bad' }] : []));
    if (refused.length > 0 && !answersByLine) throw new PoisonBatch('one of them is bad');
    if (this.behaviour === 'ambiguous') {
      for (const line of lines) if (!isBad(line)) this.unacknowledged.add(numberOf(line));
      throw new TryAgain('DBA4005', 'no answer in time');
    }
    const bad = new Set(refused.map(({ index }) => index));
    const again = lines.flatMap((_, index) =>
      this.behaviour === 'throttled' && index % 2 === 0 && !bad.has(index) ? index : [],
    );
    for (const index of again) this.askedAgain.add(numberOf(lines[index] ?? ''));
    const later = new Set(again);
    for (const [index, line] of lines.entries()) {
      if (!bad.has(index) && !later.has(index)) this.acknowledged.push(line);
    }
    return refused.length > 0 || again.length > 0 ? { refused, again } : undefined;
  }

  async #latency(signal: AbortSignal): Promise<void> {
    const millis = this.#options.latencyMillis ?? 0;
    if (signal.aborted) throw new TryAgain('DBA4005', 'given up');
    if (millis === 0) return;
    const over = Promise.withResolvers<void>();
    const timer = setTimeout(over.resolve, millis);
    const giveUp = () => over.reject(new TryAgain('DBA4005', 'given up'));
    signal.addEventListener('abort', giveUp, { once: true });
    await over.promise.finally(() => {
      clearTimeout(timer);
      signal.removeEventListener('abort', giveUp);
    });
  }
}
