import {
  DuckDBArrayValue,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBListValue,
  DuckDBMapValue,
  DuckDBStructValue,
  DuckDBTimestampMillisecondsValue,
  DuckDBTimestampNanosecondsValue,
  DuckDBTimestampSecondsValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  DuckDBUnionValue,
  type DuckDBValue,
} from '@duckdb/node-api';

const NANOS_PER_MICRO = 1_000n;
const NANOS_PER_MILLI = 1_000_000n;
const NANOS_PER_SECOND = 1_000_000_000n;
/** What a Date can be, in milliseconds. https://tc39.es/ecma262/#sec-time-values-and-time-range */
const LAST_MILLIS = 8_640_000_000_000_000n;

/**
 * A value as JSON has it: times as RFC 3339 in UTC, whole numbers beyond 2^53 as decimal text, what JSON has not (NaN,
 * intervals, bytes) as text.
 */
export function jsonOf(value: DuckDBValue): unknown {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'bigint') return wholeNumber(value);
  if (value instanceof DuckDBListValue || value instanceof DuckDBArrayValue) return value.items.map(jsonOf);
  if (value instanceof DuckDBStructValue) {
    return Object.fromEntries(Object.entries(value.entries).map(([name, one]) => [name, jsonOf(one)]));
  }
  if (value instanceof DuckDBMapValue) {
    return Object.fromEntries(value.entries.map(({ key, value: one }) => [String(jsonOf(key)), jsonOf(one)]));
  }
  if (value instanceof DuckDBUnionValue) return jsonOf(value.value);
  if (value instanceof DuckDBDecimalValue) return value.scale === 0 ? wholeNumber(value.value) : value.toDouble();
  return timeOf(value) ?? String(value);
}

function wholeNumber(value: bigint): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}

function timeOf(value: Exclude<DuckDBValue, null>): string | undefined {
  if (value instanceof DuckDBTimestampNanosecondsValue) return instant(value.nanos, 9);
  if (value instanceof DuckDBTimestampValue || value instanceof DuckDBTimestampTZValue)
    return instant(value.micros * NANOS_PER_MICRO, 6);
  if (value instanceof DuckDBTimestampMillisecondsValue) return instant(value.millis * NANOS_PER_MILLI, 3);
  if (value instanceof DuckDBTimestampSecondsValue) return instant(value.seconds * NANOS_PER_SECOND, 0);
  if (value instanceof DuckDBDateValue) return value.toString();
  return undefined;
}

/** Undefined for times that are infinite, or farther than RFC 3339 reaches. */
function instant(nanos: bigint, digits: number): string | undefined {
  const fraction = ((nanos % NANOS_PER_SECOND) + NANOS_PER_SECOND) % NANOS_PER_SECOND;
  const millis = (nanos - fraction) / NANOS_PER_MILLI;
  if (millis > LAST_MILLIS || millis < -LAST_MILLIS) return undefined;
  const text = new Date(Number(millis)).toISOString().replace(/\.\d+Z$/, '');
  return digits === 0 ? `${text}Z` : `${text}.${String(fraction).padStart(9, '0').slice(0, digits)}Z`;
}
