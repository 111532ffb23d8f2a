import * as z from 'zod';
import { dayBefore, isTimeZone, type LocalTime, localTime, minuteOfDay, WEEKDAYS } from './local-time.ts';

const timeOfDay = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$|^24:00$/, 'expected a time of day such as 09:30, or 24:00');
const date = z.iso.date('expected a date such as 2026-10-01');

export const timeZone = z.string().refine(isTimeZone, 'expected a time zone such as Asia/Shanghai or UTC');

/** A part of days. What is left out does not narrow it. */
const span = z.strictObject({
  weekdays: z.array(z.enum(WEEKDAYS)).min(1).optional(),
  /** Holidays, or working days in their place. */
  dates: z.array(date).min(1).optional(),
  from: timeOfDay.default('00:00'),
  /** Not included. Before `from`: on the next day. */
  to: timeOfDay.default('24:00'),
});

/** Times in a week, by the clock of one place: working hours, nights, holidays. */
export const calendarSchema = z.strictObject({
  name: z.string().min(1),
  timeZone: timeZone.default('UTC'),
  times: z.array(span).min(1),
});

export type Calendar = z.infer<typeof calendarSchema>;
type Span = Calendar['times'][number];

/** Whether the calendar covers a moment, in milliseconds since 1970. */
export function covers(calendar: Calendar, at: number): boolean {
  const now = localTime(at, calendar.timeZone);
  return calendar.times.some((one) => isWithin(one, now));
}

function isWithin(one: Span, now: LocalTime): boolean {
  const from = minuteOfDay(one.from);
  const to = minuteOfDay(one.to);
  if (from < to) return isOnDay(one, now) && now.minute >= from && now.minute < to;
  // Over midnight: it belongs to the day on which it began.
  return (isOnDay(one, now) && now.minute >= from) || (isOnDay(one, dayBefore(now)) && now.minute < to);
}

function isOnDay({ weekdays, dates }: Span, { weekday, date }: LocalTime): boolean {
  return (weekdays?.includes(weekday) ?? true) && (dates?.includes(date) ?? true);
}
