import { type Command, Option } from 'commander';
import { UserError } from '../../contract/user-error.ts';
import { parseTime } from '../events/time-window.ts';

/** In milliseconds since 1970; `to` itself is not within. */
export interface TimeRange {
  readonly from: number;
  readonly to: number;
}

export interface RangeOptions {
  readonly since?: number;
  readonly until?: number;
}

/** `--since` and `--until`. */
export function addRangeOptions(command: Command, defaultText: string): Command {
  return command
    .addOption(
      new Option('--since <time>', `from then on: 5m, 7d, or 2026-11-20T12:00:00Z (default: ${defaultText})`).argParser(
        parseTime,
      ),
    )
    .addOption(new Option('--until <time>', 'up to then, likewise (default: now)').argParser(parseTime));
}

/**
 * The range that the options name; without `--since` the last `defaultMillis` before its end.
 * @throws UserError DBA1004 where it ends before it begins
 */
export function rangeOf({ since, until }: RangeOptions, defaultMillis: number): TimeRange {
  // What came within this millisecond is meant too.
  const to = until ?? Date.now() + 1;
  const from = since ?? Math.max(0, to - defaultMillis);
  if (from >= to) {
    throw new UserError('DBA1004', '--since is not before --until', 'Times are durations before now, or RFC 3339.');
  }
  return { from, to };
}
