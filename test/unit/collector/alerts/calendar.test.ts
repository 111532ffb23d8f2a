import { expect, test } from '@jest/globals';
import { calendarSchema, covers } from '../../../../collector/alerts/calendar.ts';
import { onCall, rotaSchema } from '../../../../collector/alerts/rota.ts';

const at = (text: string) => Date.parse(text);

test('working hours are those of their place', () => {
  const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri'];
  const calendar = calendarSchema.parse({
    name: 'work',
    timeZone: 'Asia/Shanghai',
    times: [{ weekdays, from: '09:00', to: '18:00' }],
  });
  expect(covers(calendar, at('2026-11-20T00:59:59Z'))).toBe(false);
  expect(covers(calendar, at('2026-11-20T01:00:00Z'))).toBe(true);
  expect(covers(calendar, at('2026-11-20T09:59:59Z'))).toBe(true);
  expect(covers(calendar, at('2026-11-20T10:00:00Z'))).toBe(false);
  // In Shanghai it is Saturday already.
  expect(covers(calendar, at('2026-11-20T16:30:00Z'))).toBe(false);
});

test('a time over midnight belongs to the day on which it began', () => {
  const calendar = calendarSchema.parse({ name: 'night', times: [{ weekdays: ['fri'], from: '22:00', to: '06:00' }] });
  expect(covers(calendar, at('2026-11-20T21:59:00Z'))).toBe(false);
  expect(covers(calendar, at('2026-11-20T22:00:00Z'))).toBe(true);
  expect(covers(calendar, at('2026-11-21T05:59:00Z'))).toBe(true);
  expect(covers(calendar, at('2026-11-21T06:00:00Z'))).toBe(false);
  expect(covers(calendar, at('2026-11-20T05:00:00Z'))).toBe(false);
});

test('holidays are dates', () => {
  const calendar = calendarSchema.parse({ name: 'holidays', times: [{ dates: ['2026-10-01'] }] });
  expect(covers(calendar, at('2026-10-01T23:59:59Z'))).toBe(true);
  expect(covers(calendar, at('2026-10-02T00:00:00Z'))).toBe(false);
});

test('a calendar that cannot be is refused with what was expected', () => {
  const problem = (calendar: object) => calendarSchema.safeParse({ name: 'x', ...calendar }).error?.issues[0]?.message;
  expect(problem({ times: [{ from: '25:00' }] })).toMatch(/09:30/);
  expect(problem({ timeZone: 'Mars/Base', times: [{}] })).toMatch(/Asia\/Shanghai/);
  expect(problem({ times: [{ weekdays: ['someday'] }] })).toMatch(/"mon"/);
});

test('each week is somebody’s, from handover to handover, also over the change of summer time and before the start', () => {
  const rota = rotaSchema.parse({
    name: 'dba',
    timeZone: 'Europe/Berlin',
    start: '2026-10-12',
    handoverAt: '09:00',
    people: [{ name: 'a' }, { name: 'b' }, { name: 'c' }],
  });
  const who = (text: string) => onCall(rota, at(text))?.name;
  expect(who('2026-10-12T06:59:59Z')).toBe('c');
  expect(who('2026-10-12T07:00:00Z')).toBe('a');
  expect(who('2026-10-19T07:00:00Z')).toBe('b');
  // Winter time since the 25th: nine o'clock is an hour later.
  expect(who('2026-10-26T07:59:59Z')).toBe('b');
  expect(who('2026-10-26T08:00:00Z')).toBe('c');
  expect(who('2026-11-02T08:00:00Z')).toBe('a');
});
