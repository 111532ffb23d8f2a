import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Batch } from '../../../delivery/batch.ts';
import { KeepableBatch } from '../../../delivery/batch-memory.ts';
import { DROP_ORDER, type DroppableClass, EVENT_CLASSES } from '../../../delivery/event-class.ts';
import type { Reading } from '../../../delivery/event-store.ts';
import { MemoryStore } from '../../../delivery/memory-store.ts';
import { linesOf, type NumberedEvent, numberedBatch, numberedLine } from '../../support/delivery/numbered-lines.ts';

/** What the store should be, one line at a time. */
class ModelStore {
  lines: { readonly event: NumberedEvent; readonly text: string; readonly ordinal: number; out: boolean }[] = [];
  next = 0;
  dropped = 0;
  readonly #maxBytes: number;
  readonly #dropOrder: readonly DroppableClass[];

  constructor(maxBytes: number, dropOrder: readonly DroppableClass[]) {
    this.#maxBytes = maxBytes;
    this.#dropOrder = [...dropOrder, ...DROP_ORDER.filter((name) => !dropOrder.includes(name))];
  }

  get bytes(): number {
    return this.lines.reduce((sum, { text }) => sum + text.length + 1, 0);
  }

  append(events: readonly NumberedEvent[]): void {
    for (const event of events) {
      const text = numberedLine(event).toString().trimEnd();
      this.lines.push({ event, text, ordinal: this.next++, out: false });
    }
    for (const dropping of this.#dropOrder) {
      while (this.bytes > this.#maxBytes) {
        const oldest = this.lines.findIndex(({ event, out }) => event.eventClass === dropping && !out);
        if (oldest < 0) break;
        this.lines.splice(oldest, 1);
        this.dropped += 1;
      }
    }
  }

  /** What a reading must begin with. */
  firstFrom(from: number) {
    return this.lines.find(({ ordinal, out }) => ordinal >= from && !out);
  }
}

const event = fc.record({
  eventClass: fc.constantFrom(...EVENT_CLASSES),
  // Often of one size, so that bounds are met exactly.
  bytes: fc.oneof(fc.constant(50), fc.integer({ min: 16, max: 60 }), fc.integer({ min: 200, max: 3000 })),
});

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('append'),
      events: fc.array(event, { minLength: 1, maxLength: 30, size: 'max' }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('read'),
      from: fc.oneof(fc.constant(0), fc.nat({ max: 200 })),
      events: fc.integer({ min: 1, max: 20 }),
      bytes: fc.integer({ min: 1, max: 8000 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('settle'), which: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('giveBack'), which: fc.nat() }) },
);

test('a store in memory is what a list of lines would be', async () => {
  const anyCase = fc.record({
    maxBytes: fc.oneof(fc.constantFrom(500, 2000, 4000), fc.integer({ min: 500, max: 12_000 })),
    dropOrder: fc.shuffledSubarray([...DROP_ORDER]),
    keepable: fc.boolean(),
    steps: fc.array(step, { maxLength: 40, size: 'max' }),
  });
  await fc.assert(
    fc.asyncProperty(anyCase, async ({ maxBytes, dropOrder, keepable, steps }) => {
      let reported = 0;
      const store = new MemoryStore({ maxBytes, dropOrder, onLoss: ({ count }) => (reported += count) });
      const model = new ModelStore(maxBytes, dropOrder);
      const out: Reading[] = [];
      let made = 0;
      for (const one of steps) {
        if (one.kind === 'append' && 'events' in one && Array.isArray(one.events)) {
          const events = one.events.map((event) => ({ ...event, number: made++ }));
          await appendLent(store, numberedBatch(events), keepable);
          model.append(events);
        } else if (one.kind === 'read' && 'from' in one) {
          const first = model.firstFrom(one.from);
          const reading = await store.read(one.from, { events: one.events, bytes: one.bytes });
          expect(reading?.first).toBe(first?.ordinal);
          if (reading === undefined) continue;
          out.push(reading);
          const expected = model.lines.filter(({ ordinal }) => ordinal >= reading.first && ordinal < reading.end);
          expect(expected.every((line) => !line.out)).toBe(true);
          expect(linesOf(reading.batch)).toEqual(expected.map(({ text }) => text));
          expect(reading.batch.bytes.length <= one.bytes || expected.length === 1).toBe(true);
          expect(expected.length).toBeLessThanOrEqual(one.events);
          expect([...reading.batch.classes]).toEqual(
            expected.map((line) => EVENT_CLASSES.indexOf(line.event.eventClass)),
          );
          for (const line of expected) line.out = true;
        } else if ('which' in one && out.length > 0) {
          const [reading] = out.splice(one.which % out.length, 1);
          if (reading === undefined) continue;
          const isIn = ({ ordinal }: { readonly ordinal: number }) => ordinal >= reading.first && ordinal < reading.end;
          if (one.kind === 'settle') {
            store.settle(reading);
            model.lines = model.lines.filter((line) => !isIn(line));
          } else {
            store.giveBack(reading);
            for (const line of model.lines) if (isIn(line)) line.out = false;
          }
        }
        expect([store.pendingEvents, store.pendingBytes, store.next, store.oldest, reported]).toEqual([
          model.lines.length,
          model.bytes,
          model.next,
          model.lines[0]?.ordinal ?? model.next,
          model.dropped,
        ]);
      }
    }),
    { numRuns: 300 },
  );
});

/** The lender uses its memory for something else as soon as it may. */
async function appendLent(store: MemoryStore, lines: Batch, keepable: boolean): Promise<void> {
  const spoil = () => {
    lines.bytes.fill(0x21);
    lines.ends.fill(0);
    lines.classes.fill(0);
  };
  if (!keepable) {
    await store.append(lines);
    spoil();
    return;
  }
  const batch = new KeepableBatch(lines, lines.bytes.length, spoil);
  await store.append(batch);
  batch.release();
}
