import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { KeepableBatch } from '../../../delivery/batch-memory.ts';
import type { DroppableClass, EventClass } from '../../../delivery/event-class.ts';
import type { Loss } from '../../../delivery/event-store.ts';
import { MemoryStore } from '../../../delivery/memory-store.ts';
import { numberedBatch, numbersOf } from '../../support/delivery/numbered-lines.ts';

const NO_LIMITS = { events: Infinity, bytes: Infinity };
/** Of each line. */
const BYTES = 20;

afterEach(() => {
  jest.useRealTimers();
});

function setUp(maxLines: number, dropOrder: readonly DroppableClass[] = []) {
  const losses: Loss[] = [];
  const store = new MemoryStore({ maxBytes: maxLines * BYTES, dropOrder, onLoss: (loss) => losses.push(loss) });
  let made = 0;
  const append = (...classes: EventClass[]) =>
    store.append(numberedBatch(classes.map((eventClass) => ({ number: made++, eventClass, bytes: BYTES }))));
  return { store, losses, append, dropped: () => losses.reduce((sum, { count }) => sum + count, 0) };
}

/** All that waits. */
async function rest(store: MemoryStore): Promise<number[]> {
  const numbers: number[] = [];
  for (;;) {
    const reading = await store.read(0, NO_LIMITS);
    if (reading === undefined) return numbers;
    numbers.push(...numbersOf(reading.batch));
    store.settle(reading);
  }
}

describe('reading', () => {
  test('joins small batches, and divides large ones', async () => {
    const { store, append } = setUp(100);
    await append('read', 'read', 'read');
    await append('read', 'read');
    const first = await store.read(0, { events: 4, bytes: 1000 });
    const second = await store.read(0, { events: 100, bytes: 3 * BYTES });
    expect([first, second].flatMap((reading) => reading && numbersOf(reading.batch))).toEqual([0, 1, 2, 3, 4]);
    expect(await store.read(0, NO_LIMITS)).toBeUndefined();
    expect([store.oldest, store.next, store.pendingEvents, store.pendingBytes]).toEqual([0, 5, 5, 100]);
  });

  test('gives at least one line, however long it is', async () => {
    const { store, append } = setUp(100);
    await append('read', 'read');
    expect((await store.read(0, { events: 10, bytes: 1 }))?.end).toBe(1);
  });

  test('begins at an ordinal, and gives no line twice', async () => {
    const { store, append } = setUp(100);
    await append('read', 'read', 'read', 'read', 'read');
    const fresh = await store.read(3, NO_LIMITS);
    expect([fresh?.first, fresh?.end]).toEqual([3, 5]);
    const before = await store.read(0, NO_LIMITS);
    expect([before?.first, before?.end]).toEqual([0, 3]);
    if (fresh === undefined || before === undefined) throw new Error('nothing was read');
    store.settle(fresh);
    expect([store.oldest, store.pendingEvents]).toEqual([0, 3]);
    store.giveBack(before);
    expect(await rest(store)).toEqual([0, 1, 2]);
    expect([store.oldest, store.next, store.pendingEvents, store.pendingBytes]).toEqual([5, 5, 0, 0]);
  });

  test('tells how old the oldest is', async () => {
    jest.useFakeTimers({ now: 1_000_000 });
    const { store, append } = setUp(100);
    expect(store.oldestAt).toBeUndefined();
    await append('read');
    jest.setSystemTime(1_060_000);
    await append('read');
    expect(store.oldestAt).toBe(1_000_000);
    const reading = await store.read(0, { events: 1, bytes: 1000 });
    if (reading !== undefined) store.settle(reading);
    expect(store.oldestAt).toBe(1_060_000);
  });
});

describe('where there is no room', () => {
  test('the oldest of the first class go, then those of the next', async () => {
    const { store, append, losses } = setUp(6);
    await append('read', 'ddl', 'read', 'write');
    await append('login', 'read', 'error');
    expect(losses).toEqual([{ reason: 'output-full', count: 1, detail: expect.stringContaining('full') }]);
    await append('misc', 'ddl', 'login');
    expect(losses.map(({ count }) => count)).toEqual([1, 3]);
    expect(await rest(store)).toEqual([1, 3, 4, 6, 8, 9]);
  });

  test('the order is as configured, and classes left out go last', async () => {
    const { store, append } = setUp(3, ['login', 'ddl']);
    await append('read', 'login', 'write', 'ddl', 'error');
    expect(await rest(store)).toEqual([0, 2, 4]);
  });

  test('what is being sent stays', async () => {
    const { store, append, dropped } = setUp(4);
    await append('read', 'read', 'read', 'read');
    const reading = await store.read(0, { events: 2, bytes: 1000 });
    await append('write', 'write');
    expect(dropped()).toBe(2);
    if (reading !== undefined) store.giveBack(reading);
    expect(await rest(store)).toEqual([0, 1, 4, 5]);
  });

  test('reports of the agent itself stay, however many they are', async () => {
    const { store, append, dropped } = setUp(2);
    await append('gap', 'gap', 'gap', 'error');
    expect(dropped()).toBe(1);
    expect(await rest(store)).toEqual([0, 1, 2]);
  });

  test('a batch that is larger than all the room is thinned too', async () => {
    const { store, append } = setUp(2);
    await append('read', 'write', 'read', 'error', 'read');
    expect(await rest(store)).toEqual([1, 3]);
  });
});

describe('memory', () => {
  const lines = () => numberedBatch([{ number: 1, eventClass: 'read', bytes: 100 }]);

  test('of a batch that fills it is kept, and given back when it is settled', async () => {
    let freed = 0;
    const { store } = setUp(100);
    const batch = new KeepableBatch(lines(), 120, () => (freed += 1));
    await store.append(batch);
    batch.release();
    const reading = await store.read(0, NO_LIMITS);
    expect(reading?.batch.bytes.buffer).toBe(batch.bytes.buffer);
    expect(freed).toBe(0);
    if (reading !== undefined) store.settle(reading);
    expect(freed).toBe(1);
  });

  test('of a batch that hardly fills it is not kept', async () => {
    let freed = 0;
    const { store } = setUp(100);
    const batch = new KeepableBatch(lines(), 524_288, () => (freed += 1));
    await store.append(batch);
    batch.release();
    expect(freed).toBe(1);
  });

  test('of dropped lines is given back', async () => {
    let freed = 0;
    const { store, append } = setUp(5);
    const batch = new KeepableBatch(lines(), 100, () => (freed += 1));
    await store.append(batch);
    batch.release();
    await append('read');
    expect(freed).toBe(1);
  });
});
