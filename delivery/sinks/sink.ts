import type * as z from 'zod';
import type { Batch, BatchLimits } from '../batch.ts';

/** A line that the receiver will never take. */
export interface RefusedLine {
  /** In the batch. */
  readonly index: number;
  /** The receiver's words; never holds a credential. */
  readonly reason: string;
}

/** Where a receiver answers line by line. Every line that is in neither list is safe with the receiver. */
export interface PartlyTaken {
  readonly refused: readonly RefusedLine[];
  /** Indexes of lines that may pass later, ascending. */
  readonly again: readonly number[];
  /** What the receiver asked for. */
  readonly afterMillis?: number | undefined;
}

/** Takes batches to one receiver. No queue, no retry, no batching in here. */
export interface Sink {
  /** As configured; unique among the sinks of one agent. */
  readonly name: string;
  readonly limits: BatchLimits;
  /**
   * Settles once the receiver has the batch; the batch is only lent until then. One call at a time.
   * Connects when it has to: a receiver that is away when the agent starts is no reason not to start.
   * Bounds its own waiting (a receiver that never answers is a TryAgain), and gives up when `signal` aborts.
   * @throws TryAgain, PoisonBatch or WrongConfiguration
   */
  // biome-ignore lint/suspicious/noConfusingVoidType: a receiver that takes batches whole has nothing to answer.
  write(batch: Batch, signal: AbortSignal): Promise<PartlyTaken | void>;
  /** Lets go of connections and files. Nothing is written after it. */
  close(): Promise<void>;
}

/** What a sink may want to know of the agent it works for. */
export interface SinkContext {
  /** The agent's instance id, new with each start; the ids of its own events begin with it. */
  readonly instanceId: string;
  /** Something a person should know: of the log, never an event's content. */
  onNotice(message: string): void;
}

/** How a sink is tested by a person: one event is written, then looked for at the receiver. */
export interface ReadBack {
  /** Whether an event of this id is at the receiver. Polled; may reject like `write`. */
  has(eventId: string, signal: AbortSignal): Promise<boolean>;
  close(): Promise<void>;
}

export type EventFormat = 'native' | 'packetbeat';

/** One kind of sink: all there is to know of it. To add one: write its file, then name it in index.ts. */
export interface SinkKind<Schema extends SinkSchema> {
  /** Strict; has a literal `type` and `...sinkFields`. */
  readonly schema: Schema;
  /** Where it leads, for people: `kafka://broker:9092/topic`. No credentials. */
  place(settings: z.infer<Schema>): string;
  /** Not for what may come later (a broker, a Secret's file): only where it can never work. @throws UserError */
  open(settings: z.infer<Schema>, context: SinkContext): Sink | Promise<Sink>;
  /** What the receiver expects where the settings do not say; `undefined`: what the agent's `format` says. */
  defaultFormat?(settings: z.infer<Schema>): EventFormat | undefined;
  /** Where events can be read back. Opened before the event is written. */
  readBack?(settings: z.infer<Schema>, context: SinkContext): ReadBack | Promise<ReadBack>;
}

export type SinkSchema = z.ZodObject<{ type: z.ZodLiteral<string> } & z.core.$ZodLooseShape>;
