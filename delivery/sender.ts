import { Backoff } from './backoff.ts';
import { type Batch, countOf, filterOf, joinLines, lineOf, sliceOf } from './batch.ts';
import { within } from './patience.ts';
import { Isolation } from './poison.ts';
import type { RefusedEvent } from './quarantine.ts';
import type { DeliverySettings } from './settings.ts';
import type { SinkProblem } from './sink-status.ts';
import { PoisonBatch, ReceiverGone, TryAgain, WrongConfiguration } from './sinks/failure.ts';
import type { PartlyTaken, Sink } from './sinks/sink.ts';

/** Somebody has to mend it; a rotated file or a topic made meanwhile is found out about soon enough. */
const MISCONFIGURED_MILLIS = 30_000;
/** A sink gives up when it is told to; one that does not is left to itself after this time. */
const GIVE_UP_MILLIS = 500;
const ALL_TAKEN: PartlyTaken = { refused: [], again: [] };

export interface SenderOptions {
  readonly retry: DeliverySettings['retry'];
  /** The receiver has another problem than before, or none any more. */
  onProblem(problem: SinkProblem | undefined): void;
}

/** What has become of a batch. */
export interface Sent {
  /** Lines that the receiver never takes. */
  readonly refused: readonly RefusedEvent[];
  /** Where sending was ended before it was done: the lines that are neither taken nor refused, or may not be. */
  readonly rest: Batch | undefined;
}

type Outcome =
  | { readonly kind: 'answered'; readonly taken: PartlyTaken }
  | { readonly kind: 'poison'; readonly reason: string };

/** Brings one batch after the other to a sink's receiver, however long it takes: one write at a time. */
export class Sender {
  sentEvents = 0;
  sentBytes = 0;
  sentBatches = 0;
  /** Writes that failed and were tried again. */
  retries = 0;
  readonly #sink: Sink;
  readonly #options: SenderOptions;
  readonly #backoff: Backoff;
  #problem: SinkProblem | undefined;
  #endPause: (() => void) | undefined;

  constructor(sink: Sink, options: SenderOptions) {
    this.#sink = sink;
    this.#options = options;
    this.#backoff = new Backoff(options.retry);
  }

  get problem(): SinkProblem | undefined {
    return this.#problem;
  }

  /** The present wait is over: there may not be time for another try later. */
  hurry(): void {
    this.#endPause?.();
  }

  /**
   * Settles when the receiver has the whole batch but the lines that it refuses, or `signal` aborted.
   * @throws ReceiverGone
   */
  async send(batch: Batch, signal: AbortSignal): Promise<Sent> {
    const refused: RefusedEvent[] = [];
    let round = batch;
    for (;;) {
      const again: NumberedLine[] = [];
      const { afterMillis, restFrom } = await this.#sendRound(round, refused, again, signal);
      if (restFrom !== undefined) {
        const isUntouched = round === batch && restFrom === 0 && again.length === 0;
        return { refused, rest: isUntouched ? batch : joinLines([...again, ...linesFrom(round, restFrom)]) };
      }
      if (again.length === 0) return { refused, rest: undefined };
      this.retries += 1;
      if (again.length < countOf(round)) this.#works();
      else this.#hasProblem({ kind: 'unavailable', code: 'DBA4007', message: 'the receiver took no event of a batch' });
      round = joinLines(again);
      await this.#pause(this.#backoff.next(afterMillis), signal);
    }
  }

  /** Once over all lines of it; those that may pass later are added to `again`. */
  async #sendRound(round: Batch, refused: RefusedEvent[], again: NumberedLine[], signal: AbortSignal): Promise<Round> {
    const isolation = new Isolation(countOf(round));
    let poison = '';
    let afterMillis: number | undefined;
    for (let step = isolation.next(); step !== undefined; step = isolation.next()) {
      if ('refuse' in step) {
        refused.push({ ...numberedLine(round, step.refuse), reason: poison });
        continue;
      }
      const { from, to } = step;
      const tried = to - from === countOf(round) ? round : sliceOf(round, from, to);
      const outcome = await this.#write(tried, signal);
      if (outcome === undefined) return { afterMillis, restFrom: isolation.position };
      if (outcome.kind === 'poison') {
        poison = outcome.reason;
        isolation.poisoned();
        continue;
      }
      isolation.taken();
      for (const { index, reason } of outcome.taken.refused) refused.push({ ...numberedLine(tried, index), reason });
      for (const index of outcome.taken.again) again.push(numberedLine(tried, index));
      afterMillis = Math.max(afterMillis ?? 0, outcome.taken.afterMillis ?? 0);
    }
    return { afterMillis, restFrom: undefined };
  }

  /** Until the receiver says yes or never; undefined where `signal` aborted before. */
  async #write(batch: Batch, signal: AbortSignal): Promise<Outcome | undefined> {
    while (!signal.aborted) {
      try {
        const taken = await this.#untilGivenUp(batch, signal);
        if (taken === undefined) return undefined;
        this.#count(batch, taken);
        return { kind: 'answered', taken };
      } catch (error) {
        if (error instanceof PoisonBatch) {
          this.#works();
          return { kind: 'poison', reason: error.message };
        }
        if (error instanceof ReceiverGone) throw error;
        if (signal.aborted) return undefined;
        this.retries += 1;
        await this.#pause(this.#waitAfter(error), signal);
      }
    }
    return undefined;
  }

  /** Undefined where the sink takes no notice of `signal`; its answer is no longer waited for. */
  async #untilGivenUp(batch: Batch, signal: AbortSignal): Promise<PartlyTaken | undefined> {
    const written = this.#sink.write(batch, signal).then((taken) => taken ?? ALL_TAKEN);
    const aborted = Promise.withResolvers<'aborted'>();
    const onAbort = () => aborted.resolve('aborted');
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      const first = await Promise.race([written, aborted.promise]);
      return first === 'aborted' ? await within(written, GIVE_UP_MILLIS, undefined) : first;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  #count(batch: Batch, { refused, again }: PartlyTaken): void {
    const missing = new Set([...refused.map(({ index }) => index), ...again]);
    if (missing.size < countOf(batch)) this.sentBatches += 1;
    this.sentEvents += countOf(batch) - missing.size;
    this.sentBytes +=
      batch.bytes.length - (missing.size === 0 ? 0 : filterOf(batch, (index) => missing.has(index)).bytes.length);
    if (again.length < countOf(batch)) this.#works();
  }

  #waitAfter(error: unknown): number {
    if (error instanceof WrongConfiguration) {
      const message = `${error.message}; ${error.nextStep}`;
      this.#hasProblem({ kind: 'misconfigured', code: error.code, message });
      return MISCONFIGURED_MILLIS;
    }
    const { code, afterMillis } = error instanceof TryAgain ? error : { code: undefined, afterMillis: undefined };
    const message = error instanceof Error ? error.message : String(error);
    this.#hasProblem({ kind: 'unavailable', code, message });
    return this.#backoff.next(afterMillis);
  }

  #works(): void {
    this.#backoff.reset();
    if (this.#problem === undefined) return;
    this.#problem = undefined;
    this.#options.onProblem(undefined);
  }

  /** Told when it is another one; while it is of one kind it began when it was first met. */
  #hasProblem(problem: Omit<SinkProblem, 'since'>): void {
    const before = this.#problem;
    const since = before?.kind === problem.kind ? before.since : Date.now();
    this.#problem = { ...problem, since };
    const isKnown = before?.kind === problem.kind && before.code === problem.code && before.message === problem.message;
    if (!isKnown) this.#options.onProblem(this.#problem);
  }

  async #pause(millis: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const over = Promise.withResolvers<void>();
    const timer = setTimeout(over.resolve, millis);
    this.#endPause = over.resolve;
    signal.addEventListener('abort', this.#endPause, { once: true });
    await over.promise;
    signal.removeEventListener('abort', this.#endPause);
    clearTimeout(timer);
    this.#endPause = undefined;
  }
}

interface Round {
  readonly afterMillis: number | undefined;
  /** The first line that was not tried, where `signal` aborted. */
  readonly restFrom: number | undefined;
}

interface NumberedLine {
  readonly line: Buffer;
  readonly classNumber: number;
}

function numberedLine(batch: Batch, index: number): NumberedLine {
  return { line: lineOf(batch, index), classNumber: batch.classes[index] ?? 0 };
}

function linesFrom(batch: Batch, from: number): NumberedLine[] {
  return Array.from({ length: countOf(batch) - from }, (_, offset) => numberedLine(batch, from + offset));
}
