import type * as z from 'zod';
import type { verifyAnswerSchema } from '../../contract/collector-api.ts';
import { type Block, BlockCheck } from './block-check.ts';
import { chainStart, EMPTY_SUM } from './chain.ts';
import type { ChainHead, Checkpoint, Retirement, SealedEvent } from './seal.ts';
import { SequenceNumbers } from './sequence-numbers.ts';
import type { PublicKeys } from './signing-key.ts';

export type Finding = z.infer<typeof verifyAnswerSchema>['findings'][number];

/** Once a chain is broken what follows mostly is, too: nobody reads more of it. */
const MAX_FINDINGS = 20;

/** All that is known of one chain. */
export interface ChainRecord {
  readonly head: ChainHead;
  /** Of the store, in any order. */
  readonly checkpoints: readonly Checkpoint[];
  /** Of the second place. It may have the newest alone. */
  readonly witnessed: readonly Checkpoint[];
  readonly retirements: readonly Retirement[];
  /** In the order of position. */
  readonly events: AsyncIterable<SealedEvent>;
}

export interface ChainVerdict {
  readonly events: number;
  readonly checkpoints: number;
  readonly findings: readonly Finding[];
}

/**
 * Goes through a chain from its beginning: each block between two checkpoints by itself, since a checkpoint's signature stands
 * for all before it. What follows the last checkpoint is held against the store's own word alone.
 */
export async function verifyChain(record: ChainRecord, keys: PublicKeys): Promise<ChainVerdict> {
  const { head } = record;
  const findings: Finding[] = [];
  const report = (finding: Omit<Finding, 'chain'>) => {
    if (findings.length < MAX_FINDINGS) findings.push({ chain: head.chain, ...finding });
  };
  const checkpoints = trustedCheckpoints(record, keys, report);
  const retired = record.retirements.filter((retirement) => {
    if (keys.isGenuine(retirement) && retirement.chain === head.chain) return true;
    report({
      kind: 'bad-signature',
      position: retirement.first,
      message: 'the record of a removal by retention is not signed by the collector',
    });
    return false;
  });
  const blocks = blocksOf(head, checkpoints);
  const numbers = new SequenceNumbers();
  let count = 0;
  let index = 0;
  let check = new BlockCheck(blocks[0], retired);
  for await (const sealed of record.events) {
    count += 1;
    numbers.add(sealed.event);
    while (index < blocks.length - 1 && sealed.seal.position >= (blocks[index]?.to ?? 0)) {
      check.finish(report);
      index += 1;
      check = new BlockCheck(blocks[index], retired);
    }
    check.add(sealed);
  }
  for (;;) {
    check.finish(report);
    index += 1;
    if (index >= blocks.length) break;
    check = new BlockCheck(blocks[index], retired);
  }
  const missing = numbers.problem();
  if (missing !== undefined) report({ kind: 'missing-numbers', message: missing });
  return { events: count, checkpoints: checkpoints.length, findings };
}

/** From checkpoint to checkpoint, and from the last one to the end. */
function blocksOf(head: ChainHead, checkpoints: readonly Checkpoint[]): Block[] {
  const blocks: Block[] = [];
  let from = 0;
  let hash = chainStart(head.chain);
  for (const checkpoint of checkpoints) {
    blocks.push({
      from,
      to: checkpoint.position,
      before: hash,
      hash: checkpoint.hash,
      sum: checkpoint.sum,
      isSigned: true,
    });
    from = checkpoint.position;
    hash = checkpoint.hash;
  }
  // A head behind its own checkpoint was set back.
  const end = Math.max(head.position, from);
  const isAhead = head.position > from;
  blocks.push({
    from,
    to: end,
    before: hash,
    hash: isAhead ? head.hash : hash,
    sum: isAhead ? head.sum : EMPTY_SUM,
    isSigned: false,
  });
  return blocks;
}

/** In the order of position, one for each: the second place's where the store's is another. */
function trustedCheckpoints(
  { head, checkpoints, witnessed }: ChainRecord,
  keys: PublicKeys,
  report: (finding: Omit<Finding, 'chain'>) => void,
): readonly Checkpoint[] {
  const trusted = new Map<number, Checkpoint>();
  const isOwn = (checkpoint: Checkpoint) => keys.isGenuine(checkpoint) && checkpoint.chain === head.chain;
  for (const checkpoint of checkpoints) {
    const { position, at } = checkpoint;
    if (isOwn(checkpoint)) trusted.set(position, checkpoint);
    else
      report({
        kind: 'bad-signature',
        position,
        at,
        message: `the checkpoint at ${position} is not signed by the collector`,
      });
  }
  for (const checkpoint of witnessed) {
    const { position, at } = checkpoint;
    if (!isOwn(checkpoint)) {
      report({
        kind: 'bad-signature',
        position,
        at,
        message: `the second place’s checkpoint at ${position} is not signed by the collector`,
      });
      continue;
    }
    const own = trusted.get(position);
    if (own === undefined)
      report({
        kind: 'checkpoint-missing',
        position,
        at,
        message: `the store has no checkpoint at ${position}; the second place has`,
      });
    else if (own.hash !== checkpoint.hash || own.sum !== checkpoint.sum) {
      report({
        kind: 'checkpoint-replaced',
        position,
        at,
        message: `the checkpoint at ${position} is not the one that the second place has`,
      });
    }
    trusted.set(position, checkpoint);
  }
  return [...trusted.values()].sort((a, b) => a.position - b.position);
}
