import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { KeepableBatch } from '../../../delivery/batch-memory.ts';
import { Batcher } from '../../../delivery/batcher.ts';
import { classNumber, type EventClass } from '../../../delivery/event-class.ts';
import { numberedLine, numbersOf, PlainWriter } from '../../support/delivery/numbered-lines.ts';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

function setUp(settings: { events?: number; bytes?: number; ageMillis?: number } = {}, keeps = true) {
  const batches: KeepableBatch[] = [];
  const numbers: number[][] = [];
  const writer = new PlainWriter();
  const batcher = new Batcher({ events: 1000, bytes: 4096, ageMillis: 200, ...settings }, writer, (batch) => {
    numbers.push(numbersOf(batch));
    batches.push(batch);
    if (keeps) batch.retain();
  });
  let made = 0;
  const push = (bytes = 20, eventClass: EventClass = 'read') => {
    writer.write(numberedLine({ number: made++, eventClass, bytes }));
    batcher.commit(classNumber(eventClass));
  };
  return { batches, numbers, batcher, push };
}

describe('a batch is handed on', () => {
  test('by its events', () => {
    const { numbers, push } = setUp({ events: 3 });
    for (let count = 0; count < 7; count++) push();
    expect(numbers).toEqual([
      [0, 1, 2],
      [3, 4, 5],
    ]);
  });

  test('by its bytes, which it exceeds for a long line alone', () => {
    const { batches, push } = setUp();
    for (let count = 0; count < 100; count++) push(200);
    expect(Math.max(...batches.map(({ bytes }) => bytes.length))).toBeLessThanOrEqual(4096);
    expect(Math.min(...batches.map(({ bytes }) => bytes.length))).toBeGreaterThan(3800);
    push(100_000);
    expect(batches.at(-1)?.bytes.length).toBeGreaterThanOrEqual(100_000);
  });

  test('by its age, from its first line on', () => {
    const { numbers, push } = setUp();
    push();
    jest.advanceTimersByTime(150);
    push();
    expect(numbers).toEqual([]);
    jest.advanceTimersByTime(50);
    expect(numbers).toEqual([[0, 1]]);
    jest.advanceTimersByTime(10_000);
    push();
    jest.advanceTimersByTime(199);
    expect(numbers).toHaveLength(1);
    jest.advanceTimersByTime(1);
    expect(numbers).toEqual([[0, 1], [2]]);
  });

  test('on demand, unless it is empty', () => {
    const { numbers, batcher, push } = setUp();
    batcher.handOn();
    push();
    batcher.handOn();
    batcher.handOn();
    expect(numbers).toEqual([[0]]);
  });
});

test('a batch has its lines, where they end and what they are', () => {
  const { batches, batcher, push } = setUp();
  push(20, 'read');
  push(30, 'error');
  push(5000, 'gap');
  push(20, 'ddl');
  batcher.handOn();
  expect(batches.map(({ ends, classes }) => [[...ends], [...classes]])).toEqual([
    [
      [20, 50, 5050],
      [0, 5, 6],
    ],
    [[20], [4]],
  ]);
});

test('memory is used again as soon as nobody keeps it, and not before', () => {
  const { batches, push } = setUp({ events: 1 });
  for (let count = 0; count < 5; count++) push();
  expect(new Set(batches.map(({ bytes }) => bytes.buffer)).size).toBe(5);
  expect(batches.map((batch) => numbersOf(batch))).toEqual([[0], [1], [2], [3], [4]]);

  const free = setUp({ events: 1 }, false);
  for (let count = 0; count < 50; count++) free.push();
  expect(new Set(free.batches.map(({ bytes }) => bytes.buffer)).size).toBeLessThanOrEqual(2);
});
