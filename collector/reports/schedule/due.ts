import { instantOf, localTime } from '../../alerts/local-time.ts';
import type { TimeRange } from '../../store/event-store.ts';
import type { Schedule } from '../settings.ts';

const DAY_MILLIS = 86_400_000;
const MINUTE_MILLIS = 60_000;
/** The longest a month takes, and one day for the time of day. */
const MAX_DAYS = 32;

/** One time at which a schedule makes its report. */
export interface Run {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly range: TimeRange;
}

/** The last run that was due at or before `now`. Days are those of the schedule's clock: 23 to 25 hours. */
export function lastRun(schedule: Schedule, timeZone: string, now: number): Run {
  const today = midnightOf(localTime(now, timeZone).millis);
  for (let back = 0; back <= MAX_DAYS; back += 1) {
    const day = today - back * DAY_MILLIS;
    if (!isDay(schedule, day)) continue;
    const at = instantOf(day + schedule.at * MINUTE_MILLIS, timeZone);
    if (at <= now) {
      const from = instantOf(firstDay(schedule, day), timeZone);
      const to = instantOf(schedule.every === 'month' ? firstOfMonth(day, 0) : day, timeZone);
      return { at, range: { from, to } };
    }
  }
  throw new RangeError('a month has a day that was not found');
}

function isDay({ every, weekday, dayOfMonth }: Schedule, day: number): boolean {
  const clock = new Date(day);
  if (every === 'day') return true;
  return every === 'week' ? localTime(day, 'UTC').weekday === weekday : clock.getUTCDate() === dayOfMonth;
}

function firstDay({ every }: Schedule, day: number): number {
  if (every === 'month') return firstOfMonth(day, -1);
  return day - (every === 'week' ? 7 : 1) * DAY_MILLIS;
}

function firstOfMonth(day: number, months: number): number {
  const clock = new Date(day);
  return Date.UTC(clock.getUTCFullYear(), clock.getUTCMonth() + months, 1);
}

function midnightOf(wallClock: number): number {
  return Math.floor(wallClock / DAY_MILLIS) * DAY_MILLIS;
}
