import { expect, test } from '@jest/globals';
import { Baseline, baselineSchema } from '../../../../collector/rules/baseline.ts';
import { CalendarClock } from '../../../../collector/rules/calendar.ts';
import { ruleListsSchema } from '../../../../collector/rules/lists.ts';
import type { AuditEvent } from '../../../../contract/audit-event.ts';
import { auditEvent } from '../../../support/audit-events.ts';

const DAY = 86_400_000;
const START = Date.UTC(2026, 0, 5);
let sequence = 0;

function login(owner: string, user = 'app'): AuditEvent {
  const k8s = { kind: 'pod' as const, namespace: 'shop', owner: { kind: 'Deployment', name: owner } };
  const { dbaudit, ...event } = auditEvent({ sequence: sequence++, event: { action: 'db.session.start' } });
  const { statement: _, result: __, ...session } = dbaudit;
  return { ...event, user: { name: user }, dbaudit: { ...session, client: { k8s } } };
}

function statement(fingerprint: string, tables: string[] = ['orders']): AuditEvent {
  return auditEvent({ sequence: sequence++, statement: { fingerprint, tables } });
}

test('what comes after the days of learning is new, once', () => {
  const baseline = new Baseline(14);
  expect(baseline.see(login('orders'), START)).toEqual(['new-client', 'learning']);
  expect(baseline.see(login('orders'), START + DAY)).toEqual([]);
  expect(baseline.see(login('reports'), START + 13 * DAY)).toEqual(['new-client', 'learning']);
  expect(baseline.see(login('stranger'), START + 14 * DAY)).toEqual(['new-client']);
  expect(baseline.see(login('stranger'), START + 14 * DAY)).toEqual([]);
});

test('the same event, sent again because it was not taken, is as new as before', () => {
  const baseline = new Baseline(0);
  const event = statement('f1');
  expect(baseline.see(event, START)).toEqual(['new-fingerprint', 'new-table']);
  expect(baseline.see(event, START)).toEqual(['new-fingerprint', 'new-table']);
  expect(baseline.see(statement('f1'), START)).toEqual([]);
});

test('an address that could be anybody’s says nothing', () => {
  const baseline = new Baseline(0);
  const { dbaudit, ...event } = login('x');
  expect(
    baseline.see({ ...event, dbaudit: { ...dbaudit, client: { k8s: { kind: 'ambiguous', candidates: 2 } } } }, START),
  ).toEqual([]);
});

test('an account that nobody used for 90 days is dormant', () => {
  const baseline = new Baseline(0);
  baseline.see(login('orders'), START);
  expect(baseline.see(login('orders'), START + 89 * DAY)).toEqual([]);
  expect(baseline.see(login('orders'), START + 179 * DAY)).toEqual(['dormant-account']);
});

test('far more statements than usual at an hour are told once', () => {
  const baseline = new Baseline(0);
  const hour = (day: number, statements: number) => {
    let told = 0;
    for (let n = 0; n < statements; n += 1) {
      if (baseline.see(statement('f'), START + day * DAY).includes('unusual-volume')) told += 1;
    }
    return told;
  };
  for (let day = 0; day < 10; day += 1) expect(hour(day, 4_000)).toBe(0);
  expect(hour(10, 11_000)).toBe(0);
  expect(hour(11, 40_000)).toBe(1);
});

test('what was learned survives a restart', () => {
  const before = new Baseline(0);
  before.see(login('orders'), START);
  before.see(statement('f1'), START);
  const after = new Baseline(0, baselineSchema.parse(JSON.parse(JSON.stringify(before))));
  expect(after.see(login('orders'), START + DAY)).toEqual([]);
  expect(after.see(statement('f1'), START + DAY)).toEqual([]);
  expect(after.see(statement('f2'), START + DAY)).toEqual(['new-fingerprint']);
});

test('a workload that writes its own SQL fills no memory, and does not alarm for ever', () => {
  const baseline = new Baseline(0);
  let unusual = 0;
  for (let n = 0; n < 20_000; n += 1) unusual += baseline.see(statement(`f${n}`, []), START).length;
  expect(unusual).toBe(5_000);
  expect(JSON.stringify(baseline).length).toBeLessThan(200_000);
});

test.each([
  ['2026-01-05T00:30:00Z', true], // Monday 08:30 in Shanghai
  ['2026-01-05T12:00:00Z', false], // 20:00
  ['2026-01-04T02:00:00Z', false], // Sunday
])('%s is within working hours of Shanghai: %s', (time, expected) => {
  const { calendars } = ruleListsSchema.parse({
    calendars: { working_hours: { timeZone: 'Asia/Shanghai', from: '08:00', to: '20:00' } },
  });
  const calendar = calendars.working_hours;
  if (calendar === undefined) throw new Error('no calendar');
  expect(new CalendarClock(calendar).isWithin(Date.parse(time))).toBe(expected);
});

test('a calendar may reach into the next day', () => {
  const { calendars } = ruleListsSchema.parse({
    calendars: { change_window: { timeZone: 'UTC', days: [5], from: '22:00', to: '04:00' } },
  });
  const calendar = calendars.change_window;
  if (calendar === undefined) throw new Error('no calendar');
  const clock = new CalendarClock(calendar);
  expect(clock.isWithin(Date.parse('2026-01-09T23:00:00Z'))).toBe(true);
  expect(clock.isWithin(Date.parse('2026-01-10T03:59:00Z'))).toBe(true);
  expect(clock.isWithin(Date.parse('2026-01-10T23:00:00Z'))).toBe(false);
});
