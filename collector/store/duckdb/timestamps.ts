/**
 * Times of events (RFC 3339 in UTC with nine digits) as nanoseconds since 1970, which is what TIMESTAMP_NS holds. Exact both ways.
 */
const NANOS_PER_SECOND = 1_000_000_000n;
const NANOS_PER_MILLI = 1_000_000n;
const SECONDS_LENGTH = '2026-01-02T03:04:05'.length;
const NANOS_END = SECONDS_LENGTH + 10;
const TEXT_LENGTH = NANOS_END + 1;
/** So that the distance of any two, and one with a duration added, is a BIGINT. */
const FIRST = Date.UTC(1970, 0, 1);
const LAST = Date.UTC(2200, 0, 1);

/** Seconds that were asked for before: events that come together are of few. */
const KNOWN_SECONDS = new Map<string, bigint | undefined>();
const MAX_KNOWN_SECONDS = 256;

/** Undefined for what is no such time, or out of range. */
export function nanosOf(text: string): bigint | undefined {
  if (text.length !== TEXT_LENGTH) return undefined;
  const second = knownSecond(text.slice(0, SECONDS_LENGTH));
  if (second === undefined) return undefined;
  const fraction = Number(text.slice(SECONDS_LENGTH + 1, NANOS_END));
  const exact = Number.isInteger(fraction) && text.charCodeAt(SECONDS_LENGTH) === 0x2e && text.endsWith('Z');
  return exact ? second + BigInt(fraction) : undefined;
}

function knownSecond(text: string): bigint | undefined {
  const known = KNOWN_SECONDS.get(text);
  if (known !== undefined) return known;
  const second = secondOf(text);
  if (KNOWN_SECONDS.size >= MAX_KNOWN_SECONDS) KNOWN_SECONDS.clear();
  KNOWN_SECONDS.set(text, second);
  return second;
}

function secondOf(text: string): bigint | undefined {
  const millis = Date.parse(`${text}Z`);
  const exact = millis >= FIRST && millis < LAST && new Date(millis).toISOString().startsWith(text);
  return exact ? BigInt(millis) * NANOS_PER_MILLI : undefined;
}

/** The inverse of `nanosOf`. */
export function textOfNanos(nanos: bigint): string {
  let fraction = nanos % NANOS_PER_SECOND;
  if (fraction < 0n) fraction += NANOS_PER_SECOND;
  const second = new Date(Number((nanos - fraction) / NANOS_PER_MILLI)).toISOString().slice(0, SECONDS_LENGTH);
  return `${second}.${String(fraction).padStart(9, '0')}Z`;
}

/** For the bounds of a range, whole milliseconds or not; out of what a time can be: the nearest. */
export function nanosOfMillis(millis: number): bigint {
  return BigInt(Math.round(Math.min(Math.max(millis, FIRST), LAST))) * NANOS_PER_MILLI;
}

/** Rounded down. */
export function millisOfNanos(nanos: bigint): number {
  return Number(nanos / NANOS_PER_MILLI);
}
