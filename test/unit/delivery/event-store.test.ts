import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { DROP_ORDER, type DroppableClass } from '../../../delivery/event-class.ts';
import type { EventStore, Loss } from '../../../delivery/event-store.ts';
import { MemoryStore } from '../../../delivery/memory-store.ts';
import { temporaryDirectory } from '../../support/leftovers.ts';
import { ANY, batchOf, countLost, eventsFrom, idsOf, openTestSpool, readSome, takeAll } from './spool/spool-events.ts';

const MEBIBYTE = 1_048_576;

interface StoreOptions {
  readonly maxBytes: number;
  readonly dropOrder: readonly DroppableClass[];
  onLoss(loss: Loss): void;
}

type Use = (store: EventStore, losses: readonly Loss[]) => Promise<void>;

async function withSpool(options: StoreOptions, use: (store: EventStore) => Promise<void>): Promise<void> {
  const directory = temporaryDirectory('event-store');
  const { spool } = await openTestSpool(join(directory.path, 'sink'), options);
  try {
    await use(spool);
  } finally {
    await spool.close();
    directory.remove();
  }
}

async function withMemory(options: StoreOptions, use: (store: EventStore) => Promise<void>): Promise<void> {
  await use(new MemoryStore(options));
}

describe.each([
  ['on disk', withSpool],
  ['in memory', withMemory],
] as const)('a store %s', (_, withStore) => {
  function use(act: Use, maxBytes = 16 * MEBIBYTE, dropOrder: readonly DroppableClass[] = DROP_ORDER): Promise<void> {
    const losses: Loss[] = [];
    return withStore({ maxBytes, dropOrder, onLoss: (loss) => losses.push(loss) }, (store) => act(store, losses));
  }

  test('is empty at first', () =>
    use(async (store) => {
      expect(await store.read(0, ANY)).toBeUndefined();
      expect([store.next, store.oldest, store.pendingEvents, store.pendingBytes, store.oldestAt]).toEqual([
        0,
        0,
        0,
        0,
        undefined,
      ]);
    }));

  test('does not change what it has when the lender changes the batch', () =>
    use(async (store) => {
      const batch = batchOf(eventsFrom(0, 3));
      await store.append(batch);
      batch.bytes.fill(0);
      expect(await takeAll(store)).toEqual([0, 1, 2]);
    }));

  test('appends in order, also when nobody waits', () =>
    use(async (store) => {
      await Promise.all([0, 10, 20].map((first) => store.append(batchOf(eventsFrom(first, 10)))));
      expect(await takeAll(store)).toEqual(Array.from({ length: 30 }, (__, index) => index));
    }));

  test('reads no more events or bytes than allowed, but always one', () =>
    use(async (store) => {
      await store.append(batchOf(eventsFrom(0, 10, 'write', 100)));
      expect(idsOf((await readSome(store, 0, { events: 4, bytes: MEBIBYTE })).batch)).toEqual([0, 1, 2, 3]);
      expect((await readSome(store, 0, { events: 9, bytes: 330 })).end).toBe(6);
      expect(idsOf((await readSome(store, 0, { events: 9, bytes: 1 })).batch)).toEqual([6]);
    }));

  test('does not read what is out, and reads again what was given back', () =>
    use(async (store) => {
      await store.append(batchOf(eventsFrom(0, 9)));
      const middle = await readSome(store, 3, { events: 3, bytes: MEBIBYTE });
      const front = await readSome(store);
      expect([front.first, front.end]).toEqual([0, 3]);
      expect((await readSome(store)).first).toBe(6);
      expect(await store.read(0, ANY)).toBeUndefined();
      store.giveBack(middle);
      expect(idsOf((await readSome(store)).batch)).toEqual([3, 4, 5]);
      expect(store.pendingEvents).toBe(9);
    }));

  test('knows the oldest that is not settled', () =>
    use(async (store) => {
      const before = Date.now();
      await store.append(batchOf(eventsFrom(0, 9)));
      const [one, two] = [await readSome(store, 0, { events: 4, bytes: MEBIBYTE }), await readSome(store, 4)];
      store.settle(two);
      expect([store.oldest, store.pendingEvents]).toEqual([0, 4]);
      expect(store.oldestAt).toBeGreaterThanOrEqual(before);
      store.settle(one);
      expect([store.oldest, store.next, store.pendingEvents, store.pendingBytes]).toEqual([9, 9, 0, 0]);
      expect(store.oldestAt).toBeUndefined();
    }));

  test('settles and gives back a reading once', () =>
    use(async (store) => {
      await store.append(batchOf(eventsFrom(0, 9)));
      const reading = await readSome(store, 0, { events: 4, bytes: MEBIBYTE });
      store.settle(reading);
      store.settle(reading);
      store.giveBack(reading);
      expect(store.pendingEvents).toBe(5);
    }));

  test('drops by the configured order, the oldest first, before the append settles', () =>
    use(
      async (store, losses) => {
        let id = 0;
        for (let round = 0; round < 60; round++) {
          await store.append(batchOf([...eventsFrom(id, 30, 'error', 500), ...eventsFrom(id + 30, 10, 'read', 500)]));
          id += 40;
          expect(store.pendingEvents + countLost(losses)).toBe(id);
        }
        const ids = await takeAll(store);
        expect(ids.filter((one) => one % 40 >= 30).length).toBe(600);
        const errors = ids.filter((one) => one % 40 < 30);
        expect(errors.length).toBeGreaterThan(300);
        // The youngest, without a hole.
        expect(errors).toEqual(
          Array.from({ length: id }, (__, index) => index)
            .filter((one) => one % 40 < 30)
            .slice(-errors.length),
        );
        expect(new Set(losses.map(({ reason }) => reason))).toEqual(new Set(['output-full']));
      },
      MEBIBYTE,
      ['error', 'read'],
    ));

  test('never drops a gap event, nor what is out', () =>
    use(async (store, losses) => {
      await store.append(batchOf([...eventsFrom(0, 20, 'read', 500), ...eventsFrom(20, 20, 'gap', 500)]));
      const out = await readSome(store, 0, { events: 10, bytes: MEBIBYTE });
      for (let round = 1; round < 40; round++) await store.append(batchOf(eventsFrom(round * 100, 100, 'read', 500)));
      expect(countLost(losses)).toBeGreaterThan(0);
      store.giveBack(out);
      const ids = await takeAll(store);
      expect(ids.slice(0, 30)).toEqual([...Array(10).keys(), ...Array.from({ length: 20 }, (__, index) => index + 20)]);
    }, MEBIBYTE));
});
