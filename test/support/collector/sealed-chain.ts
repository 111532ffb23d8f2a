import type { ChainHead, Checkpoint, SealedEvent } from '../../../collector/integrity/seal.ts';
import { createSealer } from '../../../collector/integrity/sealer.ts';
import {
  makeSigningKey,
  PublicKeys,
  readSigningKey,
  type SigningKey,
} from '../../../collector/integrity/signing-key.ts';
import { type ChainRecord, verifyChain } from '../../../collector/integrity/verify-chain.ts';
import type { AuditEvent } from '../../../contract/audit-event.ts';

/** A chain as the collector keeps it, all of it open to whoever wants to forge it. */
export interface KeptChain {
  head: ChainHead;
  checkpoints: Checkpoint[];
  witnessed: Checkpoint[];
  retirements: ChainRecord['retirements'][number][];
  events: SealedEvent[];
}

export function testKey(): SigningKey {
  return readSigningKey(makeSigningKey(), 'a fresh key');
}

/** Seals the events in batches of `batchSize`, a second apart. */
export function keep(key: SigningKey, events: readonly AuditEvent[], batchSize = 300): KeptChain {
  let now = Date.UTC(2026, 0, 2);
  const sealer = createSealer({ key, now: () => now, publish: () => undefined });
  let head: ChainHead | undefined;
  const checkpoints: Checkpoint[] = [];
  const sealed: SealedEvent[] = [];
  for (let from = 0; from < events.length; from += batchSize) {
    const batch = events.slice(from, from + batchSize);
    const made = sealer.seal('agent/shop/orders-1/a', head, batch);
    head = made.head;
    checkpoints.push(...made.checkpoints);
    made.seals.forEach((seal, index) => {
      const event = batch[index];
      if (event !== undefined) sealed.push({ event, seal });
    });
    now += 1_000;
  }
  if (head === undefined) throw new RangeError('a chain has events');
  return {
    head,
    checkpoints,
    witnessed: structuredClone(checkpoints),
    retirements: [],
    events: structuredClone(sealed),
  };
}

export function verdictOf(chain: KeptChain, key: SigningKey) {
  const events = chain.events.toSorted((a, b) => a.seal.position - b.seal.position);
  return verifyChain({ ...chain, events: inTurn(events) }, new PublicKeys([key.publicKey]));
}

async function* inTurn<Item>(items: readonly Item[]): AsyncGenerator<Item> {
  yield* items;
}
