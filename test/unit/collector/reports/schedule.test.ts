import { afterEach, beforeEach, expect, test } from '@jest/globals';
import pino from 'pino';
import { lastRun } from '../../../../collector/reports/schedule/due.ts';
import { Scheduler } from '../../../../collector/reports/schedule/scheduler.ts';
import { reportsSchema, type Schedule } from '../../../../collector/reports/settings.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../../../support/leftovers.ts';

const HOUR = 3_600_000;
const at = (text: string) => Date.parse(text);

let directory: TemporaryDirectory;

beforeEach(() => {
  directory = temporaryDirectory('schedules');
});

afterEach(() => directory.remove());

function settings(schedule: object = {}) {
  return reportsSchema.parse({ schedules: [{ name: 'daily', kind: 'day', every: 'day', ...schedule }] });
}

function one(schedule: object): Schedule {
  const [only] = settings(schedule).schedules;
  if (only === undefined) throw new Error('there is one');
  return only;
}

function run(schedule: object, zone: string, now: string) {
  const { at: due, range } = lastRun(one(schedule), zone, at(now));
  return [due, range.from, range.to].map((millis) => new Date(millis).toISOString().slice(0, 16));
}

test.each([
  [
    'a day, by the clock of Shanghai',
    { at: '07:00' },
    'Asia/Shanghai',
    '2026-03-10T23:30:00Z',
    ['2026-03-10T23:00', '2026-03-09T16:00', '2026-03-10T16:00'],
  ],
  [
    'a day, before its time',
    { at: '07:00' },
    'Asia/Shanghai',
    '2026-03-10T22:59:00Z',
    ['2026-03-09T23:00', '2026-03-08T16:00', '2026-03-09T16:00'],
  ],
  [
    'the day of 23 hours',
    { at: '06:00' },
    'Europe/Berlin',
    '2026-03-30T12:00:00Z',
    ['2026-03-30T04:00', '2026-03-28T23:00', '2026-03-29T22:00'],
  ],
  [
    'the day of 25 hours',
    { at: '06:00' },
    'Europe/Berlin',
    '2026-10-26T12:00:00Z',
    ['2026-10-26T05:00', '2026-10-24T22:00', '2026-10-25T23:00'],
  ],
  [
    'a time that the clock leaves out',
    { at: '02:30' },
    'Europe/Berlin',
    '2026-03-29T12:00:00Z',
    ['2026-03-29T01:30', '2026-03-27T23:00', '2026-03-28T23:00'],
  ],
  [
    'a time that the clock shows twice',
    { at: '02:30' },
    'Europe/Berlin',
    '2026-10-25T12:00:00Z',
    ['2026-10-25T00:30', '2026-10-23T22:00', '2026-10-24T22:00'],
  ],
  [
    'a week',
    { every: 'week', weekday: 'mon' },
    'UTC',
    '2026-11-22T00:00:00Z',
    ['2026-11-16T07:00', '2026-11-09T00:00', '2026-11-16T00:00'],
  ],
  [
    'a month',
    { every: 'month', dayOfMonth: 3 },
    'UTC',
    '2026-03-02T00:00:00Z',
    ['2026-02-03T07:00', '2026-01-01T00:00', '2026-02-01T00:00'],
  ],
])('%s', (_, schedule, zone, now, expected) => {
  expect(run(schedule, zone, now)).toEqual(expected);
});

/** A collector's clock, what it made, and what goes wrong. */
class Desk {
  now = at('2026-03-10T12:00:00Z');
  readonly made: string[] = [];
  readonly delivered: string[] = [];
  failures = 0;

  start(): Scheduler {
    return new Scheduler({
      settings: settings(),
      directory: directory.path,
      now: () => this.now,
      log: pino({ level: 'silent' }),
      make: async (_, { range }) => {
        this.made.push(new Date(range.from).toISOString().slice(0, 10));
        return `report-${this.made.length}`;
      },
      deliver: async (report) => {
        if (this.failures-- > 0) throw new Error('the server is away');
        this.delivered.push(report);
      },
    });
  }
}

test('nothing is made for the time before a schedule was there; then once a day', async () => {
  const desk = new Desk();
  const scheduler = desk.start();
  await scheduler.tick();
  expect(desk.made).toEqual([]);
  desk.now += 24 * HOUR;
  await scheduler.tick();
  await scheduler.tick();
  expect(desk.made).toEqual(['2026-03-10']);
});

test('runs that were missed are made up by one, the last', async () => {
  const desk = new Desk();
  desk.start();
  desk.now += 5 * 24 * HOUR;
  await desk.start().tick();
  await desk.start().tick();
  expect(desk.made).toEqual(['2026-03-14']);
});

test('what could not be delivered is delivered later, also after a restart, and is not made again', async () => {
  const desk = new Desk();
  const scheduler = desk.start();
  desk.now += 24 * HOUR;
  desk.failures = 2;
  await scheduler.tick();
  await scheduler.tick();
  expect(desk.delivered).toEqual([]);
  desk.now += HOUR;
  await scheduler.tick();
  desk.now += HOUR;
  await desk.start().tick();
  expect([desk.made.length, desk.delivered]).toEqual([1, ['report-1']]);
});

test.each([
  [{ schedules: [{ name: 'a', kind: 'nonsense', every: 'day' }] }, 'expected one of day, operations'],
  [{ schedules: [{ name: 'a', kind: 'day', every: 'day', to: ['a@example.com'] }] }, 'set reports.mail'],
  [{ schedules: [{ name: 'a', kind: 'day', every: 'day', at: '24:00' }] }, 'expected a time of day'],
  [
    { mail: { host: 'x', from: 'a@example.com', security: 'none', username: 'u', passwordFile: '/p' } },
    'over TLS alone',
  ],
])('settings that are wrong say so: %j', (wrong, words) => {
  expect(() => reportsSchema.parse(wrong)).toThrow(words);
});
