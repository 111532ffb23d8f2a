import type { Batch, BatchLimits } from './batch.ts';

/** Events taken out to be sent: those not dropped of the ordinals from `first` up to, not including, `end`. */
export interface Reading {
  /** Lent until the reading is settled or given back. Never empty. */
  readonly batch: Batch;
  readonly first: number;
  readonly end: number;
}

/** A store cannot keep a batch now (disk full, read-only, broken). The batch is not in the store, not even partly. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
}

/**
 * Keeps the events of one sink until its receiver has them, bounded in bytes. Each event has an ordinal, counted from the
 * store's beginning, one by one. What is read is out until it is settled or given back: it is neither read again nor dropped.
 * Where room runs out, the oldest events of the first class of the drop order go, then those of the next class; events of
 * class `gap` never go. Every dropped event is reported to `onLoss`, exactly once and before the append that made it necessary
 * settles.
 */
export interface EventStore {
  /** Ordinal of the next event to be appended. */
  readonly next: number;
  /** Ordinal of the oldest event that is not settled; equal to `next` where there is none. */
  readonly oldest: number;
  /** Not settled yet. Those that are out count. */
  readonly pendingEvents: number;
  readonly pendingBytes: number;
  /** Unix time in milliseconds at which the oldest pending event was appended; undefined where none is pending. */
  readonly oldestAt: number | undefined;
  /**
   * Settles when the events are in the store; appends settle in order. The batch is only lent until then.
   * @throws StoreUnavailable
   */
  append(batch: Batch): Promise<void>;
  /** Takes out the first events at or behind `from`, at most `limits`, only neighbours of one another. Undefined where there are none. */
  read(from: number, limits: BatchLimits): Promise<Reading | undefined>;
  /** The receiver has them, or they were quarantined: they are forgotten. */
  settle(reading: Reading): void;
  /** They are to be read again. */
  giveBack(reading: Reading): void;
  /** What was appended and settled so far is kept as well as the store can keep it; then the store is let go. */
  close(): Promise<void>;
}

/** Why events are missing that were made: the `reason` of a `db.gap` event. */
export type LossReason =
  /** Dropped by class for want of room. */
  | 'output-full'
  /** The receiver refused them for good; they are in the quarantine. */
  | 'quarantined'
  /** A spool's end was not written whole when the agent or the machine stopped. */
  | 'spool-torn'
  /** Something in a spool is not what was written. */
  | 'spool-damaged'
  /** The agent before this one ended without stopping; what it had not spooled yet is unknown. */
  | 'agent-killed';

export interface Loss {
  readonly reason: LossReason;
  /** Events; 0 where it cannot be known. */
  readonly count: number;
  /** In words, for people. No event's content. */
  readonly detail: string;
}
