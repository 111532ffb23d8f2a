import { InvalidArgumentError } from 'commander';
import { parseDuration } from '../duration.ts';
import { completedAt, type Received } from './received.ts';

/** Milliseconds since 1970; undefined: open. */
export interface TimeWindow {
  readonly since: number | undefined;
  readonly until: number | undefined;
}

/**
 * A point in time as options give it, in milliseconds since 1970: RFC 3339, or a duration before now.
 * @throws InvalidArgumentError
 */
export function parseTime(text: string): number {
  if (/^\d{4}-\d\d-\d\d/.test(text)) {
    const time = Date.parse(text);
    if (!Number.isNaN(time)) return time;
  } else if (/^\d/.test(text)) return Date.now() - parseDuration(text);
  throw new InvalidArgumentError(
    'A time such as 2026-11-20T12:00:00Z is expected, or a duration before now, such as 5m.',
  );
}

/** An event belongs to the time at which it was complete. */
export function isWithin({ since, until }: TimeWindow, received: Received): boolean {
  if (since === undefined && until === undefined) return true;
  const at = Date.parse(completedAt(received));
  return (since === undefined || at >= since) && (until === undefined || at <= until);
}
