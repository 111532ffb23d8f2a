import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { AuditEvent } from '../../contract/audit-event.ts';
import { Backoff } from '../../delivery/backoff.ts';
import { WrongConfiguration } from '../../delivery/sinks/failure.ts';
import { wordsOf } from '../../delivery/system-error.ts';
import type { Intake } from '../intake.ts';
import { StoreBusy } from '../store/failure.ts';
import { byPartition, eventOfMessage, type PartitionBatch } from './kafka/messages.ts';
import type { KafkaSourceSettings } from './kafka/settings.ts';

const PAUSES = { firstMillis: 500, maxMillis: 30_000 } as const;
/** Told one by one; more are counted. */
const MAX_REFUSALS_TOLD = 20;

export interface KafkaSourceParts {
  readonly take: Intake['take'];
  readonly log: Logger;
  /** What whoever keeps the collector should know; each thing once, until it is well again. */
  onNotice(message: string): void;
}

interface KafkaSourceStatus {
  readonly group: string;
  readonly topics: readonly string[];
  /** That this consumer has at present. */
  readonly partitions: number;
  /** Messages that are not taken yet, of its partitions; absent while that is not known. */
  readonly lag?: number;
  /** Events taken since the start, repeats too. */
  readonly events: number;
  /** Messages that were no events. */
  readonly refused: number;
  /** What is wrong, in words; absent while all is well. */
  readonly problem?: string;
}

export interface KafkaSource {
  status(): KafkaSourceStatus;
  /** Finishes what is being taken, and lets others have its partitions. */
  stop(): Promise<void>;
}

/**
 * Takes events from topics, as one of a group of consumers. An offset is committed once its event is durable, so that each
 * event comes at least once, and what comes again is left out by its id. Settles when it runs, which may be before the
 * brokers answer: it tries until they do, and `status` says what is wrong.
 */
export async function startKafkaSource(settings: KafkaSourceSettings, parts: KafkaSourceParts): Promise<KafkaSource> {
  // The client takes 30 MB, which nobody needs who has no such source.
  const connecting = await import('./kafka/connecting.ts');
  const source = new RunningSource(settings, parts, connecting);
  source.start();
  return source;
}

type Connecting = typeof import('./kafka/connecting.ts');
type Membership = Awaited<ReturnType<Connecting['join']>>;

class RunningSource implements KafkaSource {
  readonly #settings: KafkaSourceSettings;
  readonly #parts: KafkaSourceParts;
  readonly #connecting: Connecting;
  readonly #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #membership: Membership | undefined;
  #problem: string | undefined;
  #events = 0;
  #refused = 0;

  constructor(settings: KafkaSourceSettings, parts: KafkaSourceParts, connecting: Connecting) {
    this.#settings = settings;
    this.#parts = parts;
    this.#connecting = connecting;
  }

  start(): void {
    this.#running = this.#run();
  }

  status(): KafkaSourceStatus {
    const { group, topics } = this.#settings;
    const lag = this.#membership?.lag;
    return {
      group,
      topics,
      partitions: this.#membership?.partitions ?? 0,
      ...(lag === undefined ? {} : { lag }),
      events: this.#events,
      refused: this.#refused,
      ...(this.#problem === undefined ? {} : { problem: this.#problem }),
    };
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#membership?.end();
    await this.#running;
  }

  /** A connection after the other. */
  async #run(): Promise<void> {
    const pauses = new Backoff(PAUSES);
    while (!this.#stopping.signal.aborted) {
      try {
        await this.#consume(() => pauses.reset());
      } catch (error) {
        const failure = this.#connecting.failureOf(error, this.#settings);
        this.#tell(failure instanceof WrongConfiguration ? `${failure.message}; ${failure.nextStep}` : failure.message);
        await this.#pause(pauses.next());
      }
    }
  }

  async #consume(onTaken: () => void): Promise<void> {
    const membership = await this.#connecting.join(this.#settings);
    this.#membership = membership;
    try {
      while (!this.#stopping.signal.aborted) {
        const messages = await membership.next();
        if (messages === undefined) return;
        for (const batch of byPartition(messages)) await this.#take(batch, membership);
        this.#problem = undefined;
        onTaken();
      }
    } finally {
      this.#membership = undefined;
      await membership.leave().catch((error: unknown) => {
        this.#parts.log.debug({ error: wordsOf(error) }, 'leaving the group');
      });
    }
  }

  /** Until it is durable, or somebody else has the partition. */
  async #take(batch: PartitionBatch, membership: Membership): Promise<void> {
    const { topic, partition, messages } = batch;
    const last = messages.at(-1);
    if (last === undefined) return;
    const events = messages.flatMap((message) => {
      const read = eventOfMessage(message);
      if ('event' in read) return [read.event];
      this.#refuse({ topic, partition, offset: String(message.offset), reason: read.reason });
      return [];
    });
    if (events.length > 0 && !(await this.#keep(events, batch, membership))) return;
    await membership.commit(last);
  }

  /** Whether they are durable: there is no end to trying but these two. */
  async #keep(
    events: readonly AuditEvent[],
    { topic, partition }: PartitionBatch,
    membership: Membership,
  ): Promise<boolean> {
    const pauses = new Backoff(PAUSES);
    while (membership.isCurrent && !this.#stopping.signal.aborted) {
      try {
        await this.#parts.take(events, `kafka/${topic}/${partition}`);
        this.#events += events.length;
        return true;
      } catch (error) {
        this.#tell(`events of ${topic} wait: ${wordsOf(error)}`);
        await this.#pause(pauses.next(error instanceof StoreBusy ? error.afterMillis : 0));
      }
    }
    return false;
  }

  /** What is no event never will be one: it is told, and passed over. */
  #refuse(message: { topic: string; partition: number; offset: string; reason: string }): void {
    this.#refused += 1;
    if (this.#refused <= MAX_REFUSALS_TOLD) this.#parts.log.warn(message, 'a message of Kafka is no audit event');
  }

  #tell(problem: string): void {
    if (this.#problem !== problem) this.#parts.onNotice(problem);
    this.#problem = problem;
  }

  async #pause(millis: number): Promise<void> {
    await sleep(millis, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
  }
}
