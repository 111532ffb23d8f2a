import { describe, expect, test } from '@jest/globals';
import { EventBudget } from '../../../webhook/events.ts';

const HALF_HOUR = 1_800_000;

describe('Events are told', () => {
  test('once in half an hour for the same owner, reason and codes', () => {
    const budget = new EventBudget();
    expect(budget.allows('a', 1_000)).toBe(true);
    expect(budget.allows('a', 2_000)).toBe(false);
    expect(budget.allows('b', 2_000)).toBe(true);
    expect(budget.allows('a', 1_000 + HALF_HOUR)).toBe(true);
  });

  test('fifty at once, then five a second', () => {
    const budget = new EventBudget();
    const told = (from: number, now: number) =>
      Array.from({ length: 100 }, (_, index) => budget.allows(`${from + index}`, now)).filter(Boolean).length;
    expect(told(0, 1_000_000)).toBe(50);
    expect(told(100, 1_000_000)).toBe(0);
    expect(told(200, 1_002_000)).toBe(10);
  });

  test('and forgotten when they may be told again', () => {
    const budget = new EventBudget();
    for (let index = 0; index < 50; index += 1) budget.allows(`${index}`, 1_000);
    budget.allows('later', 2_000);
    expect(budget.remembered).toBe(51);
    budget.allows('last', 1_000 + HALF_HOUR);
    expect(budget.remembered).toBe(2);
  });
});
