import type { EventTrait } from './event-traits.ts';
import type { Calendar, RuleLists } from './lists.ts';

const MINUTE_MILLIS = 60_000;
const MINUTES_A_DAY = 1_440;
const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

/** Says of a time whether it is within a calendar. */
export class CalendarClock {
  readonly #calendar: Calendar;
  readonly #format: Intl.DateTimeFormat;
  /** Events of one minute follow one another. */
  #minute = Number.NaN;
  #isWithin = false;

  constructor(calendar: Calendar) {
    this.#calendar = calendar;
    this.#format = new Intl.DateTimeFormat('en-GB', {
      timeZone: calendar.timeZone,
      weekday: 'short',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    });
  }

  isWithin(millis: number): boolean {
    const minute = Math.floor(millis / MINUTE_MILLIS);
    if (minute !== this.#minute) {
      this.#minute = minute;
      this.#isWithin = this.#compute(millis);
    }
    return this.#isWithin;
  }

  #compute(millis: number): boolean {
    const parts = Object.fromEntries(this.#format.formatToParts(millis).map(({ type, value }) => [type, value]));
    const day = WEEKDAYS.indexOf(parts.weekday ?? '') + 1;
    const minute = (Number(parts.hour) * 60 + Number(parts.minute)) % MINUTES_A_DAY;
    const { days, from, to } = this.#calendar;
    if (from <= to) return days.includes(day) && minute >= from && minute < to;
    // It began the day before.
    const yesterday = day === 1 ? 7 : day - 1;
    return (days.includes(day) && minute >= from) || (days.includes(yesterday) && minute < to);
  }
}

/** What the configured calendars say of an event of a database. */
export function calendarTraits(lists: RuleLists): (millis: number) => readonly EventTrait[] {
  const working = lists.calendar('working_hours');
  const changes = lists.calendar('change_window');
  const clocks: { readonly trait: EventTrait; readonly clock: CalendarClock }[] = [];
  if (working !== undefined) clocks.push({ trait: 'off-hours', clock: new CalendarClock(working) });
  if (changes !== undefined) clocks.push({ trait: 'outside-change-window', clock: new CalendarClock(changes) });
  return (millis) => clocks.filter(({ clock }) => !clock.isWithin(millis)).map(({ trait }) => trait);
}
