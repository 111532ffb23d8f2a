const MINUTE_MILLIS = 60_000;
const DAY_MILLIS = 86_400_000;

/** 0 is Sunday, as in Date. */
export const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;

type Weekday = (typeof WEEKDAYS)[number];

/** What a clock on the wall shows somewhere. */
export interface LocalTime {
  /** As if the wall clock were one of UTC: differences are those of dates, whatever the zone's summer time does. */
  readonly millis: number;
  readonly weekday: Weekday;
  /** `2026-11-21` */
  readonly date: string;
  /** Since midnight, 0 to 1439. */
  readonly minute: number;
}

const FORMATS = new Map<string, Intl.DateTimeFormat>();

/** @param at milliseconds since 1970; @param timeZone of the IANA's list, checked by `isTimeZone` */
export function localTime(at: number, timeZone: string): LocalTime {
  const parts = new Map(
    formatFor(timeZone)
      .formatToParts(at)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const part = (name: Intl.DateTimeFormatPartTypes) => parts.get(name) ?? 0;
  const millis = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
  return fromWallClock(millis);
}

/**
 * When the clocks of a zone show this, in milliseconds since 1970. Of what they show twice it is the first time; what they leave
 * out is as long after the moment before as it would be without that: midnight, where it is left out, is the day's beginning.
 * @param wallClock as `LocalTime.millis`
 */
export function instantOf(wallClock: number, timeZone: string): number {
  // Zones are at most 14 hours from UTC: one of the guesses has the offset that holds.
  const offsets = [-DAY_MILLIS, 0, DAY_MILLIS].map((shift) => {
    const guess = wallClock + shift;
    return localTime(guess, timeZone).millis - Math.floor(guess / 1_000) * 1_000;
  });
  const instants = offsets.map((offset) => wallClock - offset).sort((one, other) => one - other);
  const shown = instants.find((instant) => localTime(instant, timeZone).millis === wallClock);
  if (shown !== undefined) return shown;
  // Between the two offsets the clocks are put forward: the moment is that of the earlier offset.
  const [before = 0] = offsets;
  return wallClock - before;
}

/** The day before, at the same time of its clock. */
export function dayBefore({ millis }: LocalTime): LocalTime {
  return fromWallClock(millis - DAY_MILLIS);
}

/** `09:30` is 570, `24:00` is 1440. */
export function minuteOfDay(text: string): number {
  const [hours = 0, minutes = 0] = text.split(':').map(Number);
  return hours * 60 + minutes;
}

export function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) !== undefined;
  } catch {
    return false;
  }
}

function fromWallClock(millis: number): LocalTime {
  const clock = new Date(millis);
  return {
    millis,
    weekday: WEEKDAYS[clock.getUTCDay()] ?? 'sun',
    date: clock.toISOString().slice(0, 10),
    minute: Math.floor((millis % DAY_MILLIS) / MINUTE_MILLIS),
  };
}

/** Making one takes longer than using it a hundred times. There are as many as the configuration names zones. */
function formatFor(timeZone: string): Intl.DateTimeFormat {
  const known = FORMATS.get(timeZone);
  if (known !== undefined) return known;
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  FORMATS.set(timeZone, format);
  return format;
}
