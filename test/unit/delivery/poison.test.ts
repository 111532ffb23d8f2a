import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Isolation } from '../../../delivery/poison.ts';

/** Isolates the bad lines among `count`, with a receiver that refuses every range that has one. */
function isolate(count: number, bad: ReadonlySet<number>) {
  const isolation = new Isolation(count);
  const taken: number[] = [];
  const refused: number[] = [];
  let tries = 0;
  let triesUntilFirst = 0;
  for (let step = isolation.next(); step !== undefined; step = isolation.next()) {
    if ('refuse' in step) {
      if (refused.length === 0) triesUntilFirst = tries;
      refused.push(step.refuse);
      continue;
    }
    tries += 1;
    const lines = Array.from({ length: step.to - step.from }, (_, index) => step.from + index);
    if (lines.some((line) => bad.has(line))) isolation.poisoned();
    else {
      isolation.taken();
      taken.push(...lines);
    }
  }
  return { taken, refused, tries, triesUntilFirst };
}

const all = (count: number) => Array.from({ length: count }, (_, index) => index);

describe('isolating bad lines', () => {
  test('a batch without any takes one write', () => {
    expect(isolate(5000, new Set())).toMatchObject({ tries: 1, refused: [], taken: all(5000) });
  });

  test('a line alone is not tried twice', () => {
    expect(isolate(1, new Set([0]))).toMatchObject({ tries: 1, refused: [0] });
  });

  test.each([2, 3, 7, 64, 100])(
    'wherever one of %i is: known within 1 + log2(n) tries, and one more for the rest',
    (count) => {
      for (let bad = 0; bad < count; bad++) {
        const { taken, refused, tries, triesUntilFirst } = isolate(count, new Set([bad]));
        expect(refused).toEqual([bad]);
        expect(taken).toEqual(all(count).filter((line) => line !== bad));
        expect(triesUntilFirst).toBeLessThanOrEqual(1 + Math.ceil(Math.log2(count)));
        expect(tries).toBeLessThanOrEqual(2 + Math.ceil(Math.log2(count)));
      }
    },
  );

  test('a bad second half is not tried as a whole', () => {
    const isolation = new Isolation(8);
    expect(isolation.next()).toEqual({ from: 0, to: 8 });
    isolation.poisoned();
    expect(isolation.next()).toEqual({ from: 0, to: 4 });
    isolation.taken();
    expect(isolation.next()).toEqual({ from: 4, to: 6 });
  });

  test('any lines of up to 5000: all others in order, within a bound of tries', () => {
    const anyCase = fc.integer({ min: 1, max: 5000 }).chain((count) =>
      fc.record({
        count: fc.constant(count),
        bad: fc.uniqueArray(fc.nat({ max: count - 1 }), { maxLength: 50, size: 'max' }),
      }),
    );
    fc.assert(
      fc.property(anyCase, ({ count, bad }) => {
        const { taken, refused, tries, triesUntilFirst } = isolate(count, new Set(bad));
        expect(refused).toEqual(bad.toSorted((one, other) => one - other));
        expect(taken).toEqual(all(count).filter((line) => !bad.includes(line)));
        const depth = Math.ceil(Math.log2(count));
        expect(triesUntilFirst).toBeLessThanOrEqual(1 + depth);
        expect(tries).toBeLessThanOrEqual(1 + (bad.length + 1) * (1 + depth));
      }),
    );
  });

  test('a batch that is bad throughout takes few more tries than it has lines', () => {
    const count = 5000;
    expect(isolate(count, new Set(all(count))).tries).toBeLessThan(count * 1.1);
  });
});
