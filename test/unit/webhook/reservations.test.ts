import { expect, test } from '@jest/globals';
import { Reservations } from '../../../webhook/reservations.ts';
import { parseAmount } from '../../../webhook/resource-amount.ts';

const POD = new Map([['q', { cpu: parseAmount(1), memory: 0n }]]);
const used = (cpu: number) => ({
  metadata: { name: 'q', namespace: 'shop' },
  status: { used: { cpu: String(cpu) } },
});

function held(reservations: Reservations, now = 0): bigint {
  return (reservations.inForce('shop', now).get('q')?.cpu ?? 0n) / parseAmount(1);
}

test('what was let through is held three times, for replicas that do the same', () => {
  const reservations = new Reservations();
  reservations.hold('shop', POD, 0);
  reservations.hold('shop', POD, 0);
  expect(held(reservations)).toBe(6n);
  expect(reservations.inForce('other', 0).size).toBe(0);
});

test('until the quota counts it', () => {
  const reservations = new Reservations();
  reservations.observe(used(5), 'present');
  reservations.hold('shop', POD, 0);
  reservations.hold('shop', POD, 0);
  reservations.observe(used(5), 'present');
  expect(held(reservations)).toBe(6n);
  reservations.observe(used(6), 'present');
  expect(held(reservations)).toBe(3n);
  reservations.observe(used(4), 'present');
  expect(held(reservations)).toBe(3n);
  reservations.observe(used(5), 'present');
  expect(held(reservations)).toBe(0n);
});

test('or two seconds have passed, or the quota is gone', () => {
  const reservations = new Reservations();
  reservations.hold('shop', POD, 0);
  expect(held(reservations, 1_999)).toBe(3n);
  expect(held(reservations, 2_000)).toBe(0n);
  reservations.hold('shop', POD, 3_000);
  reservations.observe(used(0), 'gone');
  expect(held(reservations, 3_000)).toBe(0n);
});
