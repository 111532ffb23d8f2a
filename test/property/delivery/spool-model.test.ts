import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DROP_ORDER, EVENT_CLASSES, type EventClass } from '../../../delivery/event-class.ts';
import type { EventStore, Loss, Reading } from '../../../delivery/event-store.ts';
import { MemoryStore } from '../../../delivery/memory-store.ts';
import { temporaryDirectory } from '../../support/leftovers.ts';
import { SEED } from '../../support/seed.ts';
import {
  batchOf,
  countLost,
  idsOf,
  openTestSpool,
  type TestEvent,
  takeAll,
} from '../../unit/delivery/spool/spool-events.ts';

const RUNS = Number(process.env.DBAUDIT_STORE_RUNS ?? 60);
const directory = temporaryDirectory('spool-model');
afterAll(() => directory.remove());

/** A store that can be closed and opened again, if it outlives that. */
interface Opened {
  store: EventStore;
  readonly losses: Loss[];
  reopen(): Promise<boolean>;
  remove(): Promise<void>;
}

let count = 0;

async function openDisk(maxBytes: number): Promise<Opened> {
  const path = join(directory.path, String(count++));
  const losses: Loss[] = [];
  const options = { maxBytes, onLoss: (loss: Loss) => losses.push(loss) };
  const opened: Opened = {
    store: (await openTestSpool(path, options)).spool,
    losses,
    async reopen() {
      await opened.store.close();
      const again = await openTestSpool(path, options);
      opened.store = again.spool;
      // Drops that no event has told of are told of again.
      expect(again.losses.filter(({ reason }) => reason !== 'output-full')).toEqual([]);
      return true;
    },
    async remove() {
      await opened.store.close();
      rmSync(path, { recursive: true });
    },
  };
  return opened;
}

async function openMemory(maxBytes: number): Promise<Opened> {
  const losses: Loss[] = [];
  const store = new MemoryStore({ maxBytes, dropOrder: DROP_ORDER, onLoss: (loss) => losses.push(loss) });
  return { store, losses, reopen: async () => false, remove: () => store.close() };
}

type Step =
  | { readonly kind: 'append'; readonly events: readonly { eventClass: EventClass; bytes: number }[] }
  | { readonly kind: 'read'; readonly from: number; readonly events: number; readonly bytes: number }
  | { readonly kind: 'settle' | 'giveBack'; readonly which: number }
  | { readonly kind: 'reopen' };

const event = fc.record({
  eventClass: fc.constantFrom(...EVENT_CLASSES),
  bytes: fc.oneof({ weight: 9, arbitrary: fc.nat({ max: 150 }) }, { weight: 1, arbitrary: fc.nat({ max: 6000 }) }),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('append' as const), events: fc.array(event, { maxLength: 30 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('read' as const),
      from: fc.oneof(fc.constant(0), fc.nat({ max: 300 })),
      events: fc.integer({ min: 1, max: 40 }),
      bytes: fc.integer({ min: 1, max: 9000 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('settle' as const), which: fc.nat({ max: 9 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('giveBack' as const), which: fc.nat({ max: 9 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reopen' as const) }) },
);
const steps = fc.array(step, { minLength: 1, maxLength: 40 });

describe.each([
  ['disk', openDisk],
  ['memory', openMemory],
] as const)('%s', (_, open) => {
  test('with room for all, a store does what a list of events does', async () => {
    process.stderr.write(`${RUNS} histories of a store, seed ${SEED}\n`);
    await fc.assert(
      fc.asyncProperty(steps, async (history) => {
        const opened = await open(16_777_216);
        const model: { state: 'waiting' | 'out' | 'settled'; bytes: number }[] = [];
        const out: Reading[] = [];
        const mark = (reading: Reading, state: 'waiting' | 'settled') => {
          for (const id of idsOf(reading.batch)) {
            const one = model[id];
            if (one !== undefined) one.state = state;
          }
        };
        for (const one of history) {
          if (one.kind === 'append') {
            const events: TestEvent[] = one.events.map((each, index) => ({ ...each, id: model.length + index }));
            const batch = batchOf(events);
            await opened.store.append(batch);
            let start = 0;
            for (const end of batch.ends) {
              model.push({ state: 'waiting', bytes: end - start });
              start = end;
            }
          } else if (one.kind === 'read') {
            const limits = { events: one.events, bytes: one.bytes };
            const reading = await opened.store.read(one.from, limits);
            const first = model.findIndex(({ state }, id) => id >= one.from && state === 'waiting');
            expect(reading?.first ?? -1).toBe(first);
            if (reading === undefined) continue;
            const ids = idsOf(reading.batch);
            expect(ids).toEqual(ids.map((__, index) => first + index));
            expect(reading.end).toBe(first + ids.length);
            expect(ids.every((id) => model[id]?.state === 'waiting')).toBe(true);
            expect(ids.length <= one.events && (ids.length === 1 || reading.batch.bytes.length <= one.bytes)).toBe(
              true,
            );
            for (const id of ids) model.splice(id, 1, { state: 'out', bytes: model[id]?.bytes ?? 0 });
            out.push(reading);
          } else if (one.kind === 'reopen') {
            if (!(await opened.reopen())) continue;
            for (const reading of out.splice(0)) mark(reading, 'waiting');
          } else {
            const [reading] = out.splice(one.which % (out.length || 1), 1);
            if (reading === undefined) continue;
            mark(reading, one.kind === 'settle' ? 'settled' : 'waiting');
            opened.store[one.kind](reading);
          }
          const pending = model.filter(({ state }) => state !== 'settled');
          const oldest = model.findIndex(({ state }) => state !== 'settled');
          const { next, pendingEvents, pendingBytes } = opened.store;
          expect({ next, pendingEvents, pendingBytes, oldest: opened.store.oldest }).toEqual({
            next: model.length,
            pendingEvents: pending.length,
            pendingBytes: pending.reduce((sum, { bytes }) => sum + bytes, 0),
            oldest: oldest < 0 ? model.length : oldest,
          });
          expect(opened.store.oldestAt === undefined).toBe(pending.length === 0);
        }
        for (const reading of out) {
          opened.store.giveBack(reading);
          mark(reading, 'waiting');
        }
        const left = model.flatMap(({ state }, id) => (state === 'waiting' ? [id] : []));
        expect(await takeAll(opened.store)).toEqual(left);
        expect(opened.losses).toEqual([]);
        await opened.remove();
      }),
      { numRuns: RUNS },
    );
  });

  test('with too little room, every event is settled, pending or reported as dropped, exactly once', async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.integer({ min: 20_000, max: 60_000 }), async (history, maxBytes) => {
        const opened = await open(maxBytes);
        const classes: EventClass[] = [];
        const settled: number[] = [];
        const out: Reading[] = [];
        const settle = (reading: Reading) => {
          settled.push(...idsOf(reading.batch));
          opened.store.settle(reading);
        };
        let refused = 0;
        for (const one of history) {
          if (one.kind === 'append') {
            const events: TestEvent[] = one.events.map((each, index) => ({ ...each, id: classes.length + index }));
            // A batch that does not fit for gap events alone stays with whoever has it.
            const taken = await opened.store.append(batchOf(events)).then(
              () => true,
              () => false,
            );
            if (!taken) refused += events.length;
            classes.push(...events.map(({ eventClass }) => eventClass));
          } else if (one.kind === 'read') {
            const reading = await opened.store.read(one.from, { events: one.events, bytes: one.bytes });
            if (reading !== undefined) out.push(reading);
          } else if (one.kind === 'reopen') {
            if (await opened.reopen()) out.splice(0);
          } else {
            const [reading] = out.splice(one.which % (out.length || 1), 1);
            if (reading === undefined) continue;
            if (one.kind === 'settle') settle(reading);
            else opened.store.giveBack(reading);
          }
          expect(opened.store.pendingEvents).toBe(classes.length - settled.length - refused - reportedBy(opened));
        }
        for (const reading of out) settle(reading);
        settled.push(...(await takeAll(opened.store)));
        expect(new Set(settled).size).toBe(settled.length);
        expect(settled.length + reportedBy(opened) + refused).toBe(classes.length);
        expect(opened.store.pendingEvents).toBe(0);
        expect(opened.store.oldest).toBe(opened.store.next);
        if (refused === 0) {
          const there = new Set(settled);
          expect(classes.flatMap((name, id) => (name === 'gap' && !there.has(id) ? [id] : []))).toEqual([]);
        }
        await opened.remove();
      }),
      { numRuns: RUNS },
    );
  });
});

function reportedBy({ losses }: Opened): number {
  expect(losses.filter(({ reason }) => reason !== 'output-full')).toEqual([]);
  return countLost(losses);
}
