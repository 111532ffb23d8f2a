import type { AuditEvent } from '../../contract/audit-event.ts';
import { chained, chainStart, EMPTY_SUM, eventHash, HashSum, markOf } from './chain.ts';
import type { ChainHead, Checkpoint, Retirement, Seal, SealedBatch, Sealer } from './seal.ts';
import type { SigningKey } from './signing-key.ts';

/** A block is the least that a broken chain points at, but for marks; a checkpoint of 300 bytes is then a third of a byte an event. */
const CHECKPOINT_EVENTS = 1_000;
/** What an intruder could still change unseen is no older. */
const CHECKPOINT_MILLIS = 10_000;

export interface SealerOptions {
  readonly key: SigningKey;
  now(): number;
  /** To a second place. Never throws. */
  publish(checkpoints: readonly Checkpoint[]): void;
}

/** Gives each event its place in its chain, and signs where chains are. */
export function createSealer({ key, now, publish }: SealerOptions): Sealer {
  const signed = <Statement extends object>(statement: Statement) => {
    const named = { ...statement, keyId: key.id };
    return { ...named, signature: key.sign(named) };
  };
  const checkpointOf = (head: ChainHead) => {
    const { chain, position, hash, sum } = head;
    const checkpoint = signed({ chain, position, hash, sum, at: now() });
    return {
      head: { ...head, sum: EMPTY_SUM, checkpointed: position, checkpointedAt: checkpoint.at },
      checkpoint,
    };
  };
  const newHead = (chain: string): ChainHead => ({
    chain,
    position: 0,
    hash: chainStart(chain),
    sum: EMPTY_SUM,
    checkpointed: 0,
    checkpointedAt: now(),
  });
  return {
    seal(chain: string, before: ChainHead | undefined, events: readonly AuditEvent[]): SealedBatch {
      let head = before ?? newHead(chain);
      let sum = new HashSum(head.sum);
      const seals: Seal[] = [];
      const checkpoints: Checkpoint[] = [];
      for (const event of events) {
        const own = eventHash(event);
        seals.push({ chain, position: head.position, mark: markOf(own) });
        sum.add(own);
        head = { ...head, position: head.position + 1, hash: chained(head.hash, own) };
        if (head.position - head.checkpointed < CHECKPOINT_EVENTS) continue;
        const made = checkpointOf({ ...head, sum: sum.toString() });
        checkpoints.push(made.checkpoint);
        head = made.head;
        sum = new HashSum();
      }
      head = { ...head, sum: sum.toString() };
      if (head.position > head.checkpointed && now() - head.checkpointedAt >= CHECKPOINT_MILLIS) {
        const made = checkpointOf(head);
        checkpoints.push(made.checkpoint);
        head = made.head;
      }
      return { head, seals, checkpoints };
    },
    checkpoint: checkpointOf,
    retire: (ranges): readonly Retirement[] =>
      ranges.map(({ chain, first, last }) => signed({ chain, first, last, at: now() })),
    publish,
  };
}
