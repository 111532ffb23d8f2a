import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { Backoff } from '../../../delivery/backoff.ts';
import { TokenBucket } from '../../../delivery/token-bucket.ts';

afterEach(() => {
  jest.restoreAllMocks();
  jest.useRealTimers();
});

describe('back-off', () => {
  const settings = { firstMillis: 100, maxMillis: 1000 };
  const waits = (backoff: Backoff, count: number) => Array.from({ length: count }, () => backoff.next());

  test('doubles up to its limit, and begins anew after a success', () => {
    jest.spyOn(Math, 'random').mockReturnValue(0);
    const backoff = new Backoff(settings);
    expect(waits(backoff, 6)).toEqual([100, 200, 400, 800, 1000, 1000]);
    backoff.reset();
    expect(waits(backoff, 2)).toEqual([100, 200]);
  });

  test('is shortened by chance, by a half at most', () => {
    jest.spyOn(Math, 'random').mockReturnValue(0.999999);
    expect(waits(new Backoff(settings), 5).map(Math.round)).toEqual([50, 100, 200, 400, 500]);
  });

  test('waits as long as the receiver asks, but no more than a minute', () => {
    const backoff = new Backoff(settings);
    expect(backoff.next(5000)).toBe(5000);
    expect(backoff.next(86_400_000)).toBe(60_000);
    expect(backoff.next(1)).toBeGreaterThanOrEqual(200);
  });
});

describe('a rate', () => {
  test('lets a second pass at once, and after more than that as long as it takes', () => {
    jest.useFakeTimers();
    const bucket = new TokenBucket(1000);
    bucket.take(999);
    expect(bucket.waitMillis).toBe(0);
    bucket.take(3001);
    expect(bucket.waitMillis).toBe(3001);
    jest.advanceTimersByTime(3000);
    expect(bucket.waitMillis).toBe(1);
    jest.advanceTimersByTime(1);
    expect(bucket.waitMillis).toBe(0);
  });

  test('does not save up for more than a second', () => {
    jest.useFakeTimers();
    const bucket = new TokenBucket(1000);
    jest.advanceTimersByTime(3_600_000);
    bucket.take(1000);
    expect(bucket.waitMillis).toBe(1);
  });

  test('is none once it is lifted', () => {
    const bucket = new TokenBucket(1);
    bucket.take(1_000_000);
    bucket.lift();
    expect(bucket.waitMillis).toBe(0);
  });
});
