import { beforeEach, describe, expect, test } from '@jest/globals';
import { eventHash, markOf } from '../../../../collector/integrity/chain.ts';
import type { SealedEvent } from '../../../../collector/integrity/seal.ts';
import { createSealer } from '../../../../collector/integrity/sealer.ts';
import { auditEvent } from '../../../support/audit-events.ts';
import { type KeptChain, keep, testKey, verdictOf } from '../../../support/collector/sealed-chain.ts';

const key = testKey();
let chain: KeptChain;

beforeEach(() => {
  chain = keep(
    key,
    Array.from({ length: 2_500 }, (_, index) => auditEvent({ sequence: index + 1 })),
  );
});

async function findings(): Promise<unknown> {
  return (await verdictOf(chain, key)).findings.map(({ kind, position }) => ({ kind, position }));
}

function at(position: number): SealedEvent {
  const found = chain.events.find(({ seal }) => seal.position === position);
  if (found === undefined) throw new RangeError(`there is no event ${position}`);
  return found;
}

/** As somebody would who knows of marks. */
function replace(position: number, by: SealedEvent['event']): void {
  const index = chain.events.indexOf(at(position));
  chain.events[index] = { event: by, seal: { ...at(position).seal, mark: markOf(eventHash(by)) } };
}

function renumber(from: number, by: number): void {
  chain.events = chain.events.map(({ event, seal }) => ({
    event,
    seal: seal.position < from ? seal : { ...seal, position: seal.position + by },
  }));
}

test('an untouched chain is intact, to its last event', async () => {
  expect(await verdictOf(chain, key)).toEqual({ events: 2_500, checkpoints: 2, findings: [] });
});

describe('one event', () => {
  test('changed: it is named by its mark', async () => {
    const { event } = at(1_234);
    Object.assign(event, { user: { name: 'somebody-else' } });
    expect(await findings()).toEqual([{ kind: 'changed', position: 1_234 }]);
  });

  test('changed together with its mark: its block is named', async () => {
    replace(1_234, { ...at(1_234).event, user: { name: 'somebody-else' } });
    expect(await findings()).toEqual([{ kind: 'changed', position: 1_000 }]);
  });

  test('removed', async () => {
    chain.events = chain.events.filter(({ seal }) => seal.position !== 700);
    expect(await findings()).toEqual([
      { kind: 'removed', position: 700 },
      { kind: 'missing-numbers', position: undefined },
    ]);
  });

  test('removed, and those behind it moved up', async () => {
    chain.events = chain.events.filter(({ seal }) => seal.position !== 700);
    renumber(700, -1);
    expect((await findings()) as object[]).toContainEqual({ kind: 'removed', position: 700 });
  });

  test('inserted beside another', async () => {
    const forged = auditEvent({ sequence: 9_999, event: { id: 'forged-1' } });
    chain.events.push({ event: forged, seal: { ...at(700).seal, mark: markOf(eventHash(forged)) } });
    expect((await findings()) as object[]).toContainEqual({ kind: 'inserted', position: 700 });
  });

  test('inserted, and those behind it moved down', async () => {
    renumber(700, 1);
    const forged = auditEvent({ sequence: 700, event: { id: 'forged-1' } });
    const { seal } = at(699);
    chain.events.push({ event: forged, seal: { ...seal, position: 700, mark: markOf(eventHash(forged)) } });
    const [first] = (await verdictOf(chain, key)).findings;
    expect(first).toMatchObject({ kind: 'inserted', position: 700 });
  });

  test('added at the end', async () => {
    const forged = auditEvent({ sequence: 2_501 });
    chain.events.push({
      event: forged,
      seal: { chain: chain.head.chain, position: 2_500, mark: markOf(eventHash(forged)) },
    });
    expect(await findings()).toEqual([{ kind: 'inserted', position: 2_500 }]);
  });

  test('exchanged with another, marks and all', async () => {
    const [early, late] = [at(1_100).event, at(1_200).event];
    replace(1_100, late);
    replace(1_200, early);
    expect(await findings()).toEqual([{ kind: 'reordered', position: 1_100 }]);
  });
});

describe('the end', () => {
  test('cut off behind the last checkpoint', async () => {
    chain.events = chain.events.slice(0, 2_300);
    expect(await findings()).toEqual([{ kind: 'truncated', position: 2_300 }]);
  });

  test('cut off before a checkpoint that the store forgot, with its head: the second place knows', async () => {
    chain.events = chain.events.slice(0, 1_500);
    chain.checkpoints = chain.checkpoints.slice(0, 1);
    chain.head = { ...chain.head, position: 1_500 };
    expect((await findings()) as object[]).toEqual([
      { kind: 'checkpoint-missing', position: 2_000 },
      { kind: 'removed', position: 1_500 },
    ]);
  });

  test('an emptied chain', async () => {
    chain.events = [];
    expect((await findings()) as object[]).toContainEqual({ kind: 'removed', position: 0 });
  });
});

describe('checkpoints', () => {
  test('one replaced by another that is signed by another key', async () => {
    const foreign = keep(
      testKey(),
      chain.events.map(({ event }) => event),
    );
    chain.checkpoints = foreign.checkpoints;
    chain.witnessed = [];
    expect((await findings()) as object[]).toContainEqual({ kind: 'bad-signature', position: 1_000 });
  });

  test('one forged by somebody who has the key: the second place tells', async () => {
    const { event } = at(500);
    Object.assign(event, { user: { name: 'somebody-else' } });
    const forged = keep(
      key,
      chain.events.map(({ event }) => event),
    );
    chain = { ...forged, witnessed: chain.witnessed };
    expect((await findings()) as object[]).toEqual([
      { kind: 'checkpoint-replaced', position: 1_000 },
      { kind: 'checkpoint-replaced', position: 2_000 },
      { kind: 'changed', position: 0 },
    ]);
  });
});

describe('retention', () => {
  const sealer = createSealer({ key, now: () => 0, publish: () => undefined });

  test('what the collector itself removed, and signed for, is no break', async () => {
    chain.retirements = [...sealer.retire([{ chain: chain.head.chain, first: 0, last: 1_299 }])];
    chain.events = chain.events.slice(1_300);
    expect(await findings()).toEqual([]);
  });

  test('what is removed beyond that is', async () => {
    chain.retirements = [...sealer.retire([{ chain: chain.head.chain, first: 0, last: 1_299 }])];
    chain.events = chain.events.slice(1_310);
    expect(await findings()).toEqual([{ kind: 'removed', position: 1_300 }]);
  });

  test('a record that nobody signed counts for nothing', async () => {
    const [record] = sealer.retire([{ chain: chain.head.chain, first: 0, last: 10 }]);
    if (record === undefined) throw new RangeError('nothing was signed');
    chain.retirements = [{ ...record, last: 1_299 }];
    chain.events = chain.events.slice(1_300);
    expect((await findings()) as object[]).toContainEqual({ kind: 'bad-signature', position: 0 });
  });
});

describe('numbers', () => {
  const numbered = (numbers: readonly number[]) => numbers.map((sequence) => auditEvent({ sequence }));

  test('numbers that never came are told of', async () => {
    chain = keep(key, numbered([1, 2, 5, 6]));
    expect((await verdictOf(chain, key)).findings).toMatchObject([
      { kind: 'missing-numbers', message: '2 numbers never came, the first is 3; gap events tell of 0' },
    ]);
  });

  test('numbers that came late are not missing, nor are those that a gap event tells of', async () => {
    const gap = auditEvent({ sequence: 7, event: { action: 'db.gap' }, capture: { gap_events: 2 } });
    chain = keep(key, [...numbered([4, 1, 2, 3]), gap]);
    expect(await findings()).toEqual([]);
  });
});
