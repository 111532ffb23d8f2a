import { InvalidArgumentError } from 'commander';

const MILLIS: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);
const PART = /(\d+(?:\.\d+)?)(ms|s|m|h|d)/g;
const WHOLE = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/;

/**
 * Milliseconds of a duration as Go writes it (`90s`, `1h30m`), days also; a bare number is seconds. For option values.
 * @throws InvalidArgumentError
 */
export function parseDuration(text: string): number {
  if (/^\d+$/.test(text)) return Number(text) * 1_000;
  if (!WHOLE.test(text)) throw new InvalidArgumentError('A duration is expected, such as 30s, 5m or 1h30m.');
  let millis = 0;
  for (const [, amount, unit = ''] of text.matchAll(PART)) millis += Number(amount) * (MILLIS.get(unit) ?? 0);
  return millis;
}

/** As kubectl shows ages: `45s`, `12m`, `3h`, `9d`. */
export function formatAge(millis: number): string {
  const seconds = Math.max(0, Math.floor(millis / 1_000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 120 * 60) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 48 * 3_600) return `${Math.floor(seconds / 3_600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}
