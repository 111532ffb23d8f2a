import { language } from '../settings/language.ts';

/** Numbers and times in the reader's language and time zone, by Intl; formatters are dear to make, so they are kept. */
const formatters = new Map<string, Intl.NumberFormat | Intl.DateTimeFormat | Intl.RelativeTimeFormat>();

function locale(): string {
  return language.value === 'zh' ? 'zh-CN' : 'en-GB';
}

function numbers(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = `n ${locale()} ${JSON.stringify(options)}`;
  const known = formatters.get(key);
  if (known instanceof Intl.NumberFormat) return known;
  const made = new Intl.NumberFormat(locale(), options);
  formatters.set(key, made);
  return made;
}

function dates(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `d ${locale()} ${JSON.stringify(options)}`;
  const known = formatters.get(key);
  if (known instanceof Intl.DateTimeFormat) return known;
  const made = new Intl.DateTimeFormat(locale(), { hourCycle: 'h23', ...options });
  formatters.set(key, made);
  return made;
}

/** `1,234,567` */
export function whole(value: number): string {
  return numbers({ maximumFractionDigits: 0 }).format(value);
}

/** `1.2M`, for narrow places; the whole number belongs into a title. */
export function compact(value: number): string {
  return value < 10_000 ? whole(value) : numbers({ notation: 'compact', maximumFractionDigits: 1 }).format(value);
}

const MOST_TIMES = 10;

/** `+12%`, or `×25`, against what was before; undefined where there was nothing to compare with. */
export function change(value: number, before: number): string | undefined {
  if (before === 0) return undefined;
  // Beyond that a percentage is no longer a size that people have a feeling for.
  if (value / before >= MOST_TIMES) return `×${compact(value / before)}`;
  return numbers({ style: 'percent', signDisplay: 'exceptZero', maximumFractionDigits: 1 }).format(
    (value - before) / before,
  );
}

/** A share of one, `99.98%`. */
export function share(value: number): string {
  return numbers({ style: 'percent', maximumFractionDigits: 2 }).format(value);
}

/** `1.4MB`, in powers of 1000. */
export function bytes(value: number): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(value, 1)) / 3));
  const unit = units[power] ?? 'byte';
  return numbers({ style: 'unit', unit, unitDisplay: 'narrow', maximumFractionDigits: 1 }).format(
    value / 1000 ** power,
  );
}

/** From nanoseconds: `0.42ms`, `1.3s`. */
export function duration(nanos: number): string {
  const millis = nanos / 1e6;
  if (millis >= 60_000) return unit(millis / 60_000, 'minute', 1);
  if (millis >= 1000) return unit(millis / 1000, 'second', 2);
  return unit(millis, 'millisecond', millis < 10 ? 2 : 0);
}

function unit(value: number, name: string, digits: number): string {
  return numbers({ style: 'unit', unit: name, unitDisplay: 'narrow', maximumFractionDigits: digits }).format(value);
}

/** `21 Nov 2026, 23:57:11` */
export function dateTime(millis: number): string {
  return dates({ dateStyle: 'medium', timeStyle: 'medium' }).format(millis);
}

/** `21 Nov, 23:57`, for ends of ranges. */
export function shortDateTime(millis: number): string {
  return dates({ month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' }).format(millis);
}

/** `23:57:11.042`, with the day where lines may be of several. */
export function preciseTime(timestamp: string, withDay: boolean): string {
  return dates({
    ...(withDay ? { month: '2-digit', day: '2-digit' } : {}),
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    fractionalSecondDigits: 3,
  }).format(Date.parse(timestamp));
}

/** `5 minutes ago`. */
export function ago(millis: number, now = Date.now()): string {
  const seconds = Math.round((millis - now) / 1000);
  const [divisor, name] = UNITS.find(([size]) => Math.abs(seconds) >= size) ?? [1, 'second'];
  const key = `r ${locale()}`;
  const known = formatters.get(key);
  const formatter =
    known instanceof Intl.RelativeTimeFormat ? known : new Intl.RelativeTimeFormat(locale(), { numeric: 'auto' });
  formatters.set(key, formatter);
  return formatter.format(Math.trunc(seconds / divisor), name);
}

const UNITS: readonly (readonly [number, Intl.RelativeTimeFormatUnit])[] = [
  [86_400, 'day'],
  [3600, 'hour'],
  [60, 'minute'],
];
