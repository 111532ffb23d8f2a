import type { AuditEvent } from '../../contract/audit-event.ts';

/** An event's place in its chain; kept beside it in the store. */
export interface Seal {
  /** Who the events came from: an agent's pod and its start, a partition of Kafka, or the collector itself. */
  readonly chain: string;
  /** Counts a chain's events from 0, without a gap. */
  readonly position: number;
  /** The first four bytes of the event's own hash, as an unsigned number: shows which one of a block was changed. */
  readonly mark: number;
}

/** Where a chain ends; kept in the store, in the transaction of the last event. */
export interface ChainHead {
  readonly chain: string;
  /** Of the next event. */
  readonly position: number;
  /** 64 hex digits: over everything before, in its order. */
  readonly hash: string;
  /** 64 hex digits: over everything since the last checkpoint, whatever its order. Tells reordering from change. */
  readonly sum: string;
  /** Position of the last checkpoint. */
  readonly checkpointed: number;
  /** When that was, in milliseconds since 1970. */
  readonly checkpointedAt: number;
}

/** A signed statement that a chain had this hash at this position; kept in the store, and in a second place. */
export interface Checkpoint {
  readonly chain: string;
  /** Events 0 to position - 1 are in `hash`; those since the checkpoint before are in `sum`. */
  readonly position: number;
  readonly hash: string;
  readonly sum: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Of the key that signed it. */
  readonly keyId: string;
  /** base64 of the ed25519 signature over the canonical JSON of all of the above. */
  readonly signature: string;
}

/** A signed statement that the collector itself removed events, for they were older than it is told to keep. */
export interface Retirement {
  readonly chain: string;
  /** First and last position, both included. */
  readonly first: number;
  readonly last: number;
  readonly at: number;
  readonly keyId: string;
  readonly signature: string;
}

export interface SealedBatch {
  readonly head: ChainHead;
  /** One for each event, in their order. */
  readonly seals: readonly Seal[];
  readonly checkpoints: readonly Checkpoint[];
}

/** Called by the store within the transaction of `events`, which are as they will be read again; pure but for key and clock. */
export interface Sealer {
  seal(chain: string, head: ChainHead | undefined, events: readonly AuditEvent[]): SealedBatch;
  /** A checkpoint at the end of a chain, where the last one was earlier: for chains that have become quiet. */
  checkpoint(head: ChainHead): { readonly head: ChainHead; readonly checkpoint: Checkpoint };
  /** Before events are removed by retention: the ranges are kept in the store. */
  retire(ranges: readonly Pick<Retirement, 'chain' | 'first' | 'last'>[]): readonly Retirement[];
  /** Checkpoints are durable in the store; now they go to the second place. Never rejects; what fails is tried again. */
  publish(checkpoints: readonly Checkpoint[]): void;
}

/** What the store keeps of chains, for whoever verifies it. */
export interface SealedHistory {
  heads(): Promise<readonly ChainHead[]>;
  /** In the order of position. */
  checkpoints(chain: string): Promise<readonly Checkpoint[]>;
  retirements(chain: string): Promise<readonly Retirement[]>;
  /** What there is of a chain at or behind `from`, in the order of position, however often a position is there. */
  sealed(chain: string, from: number, signal: AbortSignal): AsyncIterable<SealedEvent>;
  /** Gives quiet chains their checkpoint: `Sealer.checkpoint` of each head that is ahead of its last one. */
  checkpointTails(olderThanMillis: number): Promise<void>;
}

export interface SealedEvent {
  readonly event: AuditEvent;
  readonly seal: Seal;
}
