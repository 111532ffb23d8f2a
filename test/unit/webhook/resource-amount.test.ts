import { expect, test } from '@jest/globals';
import { parseAmount } from '../../../webhook/resource-amount.ts';

test.each([
  ['1', 1_000_000_000n],
  [2, 2_000_000_000n],
  ['100m', 100_000_000n],
  ['0.5', 500_000_000n],
  ['.5', 500_000_000n],
  ['1.', 1_000_000_000n],
  ['0.1Gi', 107_374_182_400_000_000n],
  ['1k', 1_000_000_000_000n],
  ['1Ki', 1_024_000_000_000n],
  ['1E', 10n ** 27n],
  ['1Ei', 2n ** 60n * 10n ** 9n],
  ['1e3', 1_000_000_000_000n],
  ['1E3', 1_000_000_000_000n],
  ['15e-1', 1_500_000_000n],
  ['5n', 5n],
  ['0.1n', 1n],
  ['-1', -1_000_000_000n],
])('%s', (quantity, amount) => {
  expect(parseAmount(quantity)).toBe(amount);
});

test.each(['', '.', 'm', '1 Gi', '1gi', '0x1', '1e', 'NaN', '1,5'])('%j is no quantity', (text) => {
  expect(() => parseAmount(text)).toThrow('is no quantity');
});
