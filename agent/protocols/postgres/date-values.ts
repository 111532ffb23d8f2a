/*
 * PostgreSQL counts days and microseconds from 2000-01-01. Written as the server writes them in ISO style, so that a
 * value reads the same in text and in binary. src/backend/utils/adt/timestamp.c
 */

const DAYS_1970_TO_2000 = 10_957;
const MICROS_PER_SECOND = 1_000_000n;
const MICROS_PER_DAY = 86_400_000_000n;
const INT64_MAX = 0x7fff_ffff_ffff_ffffn;
const INT64_MIN = -0x8000_0000_0000_0000n;

/** Days since 2000-01-01. */
export function dateText(days: number): string {
  if (days === 0x7fff_ffff) return 'infinity';
  if (days === -0x8000_0000) return '-infinity';
  return calendarText(days);
}

/** Microseconds since 2000-01-01 00:00; `zone` is written behind, before an era. */
export function timestampText(micros: bigint, zone: string): string {
  if (micros === INT64_MAX) return 'infinity';
  if (micros === INT64_MIN) return '-infinity';
  const inDay = ((micros % MICROS_PER_DAY) + MICROS_PER_DAY) % MICROS_PER_DAY;
  const date = calendarText(Number((micros - inDay) / MICROS_PER_DAY));
  const era = date.endsWith(' BC') ? ' BC' : '';
  return `${date.slice(0, date.length - era.length)} ${timeText(inDay)}${zone}${era}`;
}

/** Microseconds since midnight. */
export function timeText(micros: bigint): string {
  const negative = micros < 0n;
  const magnitude = negative ? -micros : micros;
  const seconds = Number(magnitude / MICROS_PER_SECOND);
  const fraction = Number(magnitude % MICROS_PER_SECOND);
  const clock = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map(twoDigits).join(':');
  const decimals = fraction === 0 ? '' : `.${String(fraction).padStart(6, '0').replace(/0+$/, '')}`;
  return `${negative ? '-' : ''}${clock}${decimals}`;
}

/** Seconds west of Greenwich, as timetz stores it. */
export function zoneText(secondsWest: number): string {
  const east = -secondsWest;
  const magnitude = Math.abs(east);
  const parts = [Math.floor(magnitude / 3600), Math.floor(magnitude / 60) % 60, magnitude % 60];
  if (parts[2] === 0) parts.pop();
  if (parts[1] === 0 && parts.length === 2) parts.pop();
  return (east < 0 ? '-' : '+') + parts.map(twoDigits).join(':');
}

/** `1 year 2 mons -3 days +04:05:06.7`: what follows something negative has its sign written. */
export function intervalText(micros: bigint, days: number, months: number): string {
  let text = '';
  let negative = false;
  const add = (isNegative: boolean, part: string) => {
    text += `${text === '' ? '' : ' '}${negative && !isNegative ? '+' : ''}${part}`;
    negative = isNegative;
  };
  const counts: readonly (readonly [number, string])[] = [
    [Math.trunc(months / 12), 'year'],
    [months % 12, 'mon'],
    [days, 'day'],
  ];
  for (const [count, unit] of counts) {
    if (count !== 0) add(count < 0, `${count} ${unit}${count === 1 ? '' : 's'}`);
  }
  if (micros !== 0n) add(micros < 0n, timeText(micros));
  return text === '' ? '00:00:00' : text;
}

function twoDigits(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}

/** Days since 2000-01-01 in the proleptic Gregorian calendar. https://howardhinnant.github.io/date_algorithms.html */
function calendarText(daysSince2000: number): string {
  const shifted = daysSince2000 + DAYS_1970_TO_2000 + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1;
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  const shown = String(year > 0 ? year : 1 - year).padStart(4, '0');
  return `${shown}-${twoDigits(month)}-${twoDigits(day)}${year > 0 ? '' : ' BC'}`;
}
