import type { OpenSearchStoreSettings } from './settings.ts';

/** Of years without end there would be indexes without end: an agent whose clock is wrong shall not make them. */
const FIRST_YEAR = '2020';
const LAST_YEAR = '2049';
const OTHER = 'other';
const MONTH_LENGTH = '2026-11'.length;
const DAY_LENGTH = '2026-11-22'.length;

/** Which index an event is in: told by its own time alone, so that what comes twice finds itself there. */
export function indexOf(settings: Pick<OpenSearchStoreSettings, 'indexPrefix' | 'indexEvery'>, time: string): string {
  const year = time.slice(0, 4);
  const length = settings.indexEvery === 'month' ? MONTH_LENGTH : DAY_LENGTH;
  const period = year < FIRST_YEAR || year > LAST_YEAR ? OTHER : time.slice(0, length).replaceAll('-', '.');
  return `${settings.indexPrefix}-${period}`;
}

/** Of all indexes. */
export function indexPattern({ indexPrefix }: Pick<OpenSearchStoreSettings, 'indexPrefix'>): string {
  return `${indexPrefix}-*`;
}

/** Milliseconds since 1970 of the end of what an index has; undefined where its name does not tell. */
export function endOf(
  { indexPrefix }: Pick<OpenSearchStoreSettings, 'indexPrefix'>,
  index: string,
): number | undefined {
  if (!index.startsWith(`${indexPrefix}-`)) return undefined;
  const found = /^(\d{4})\.(\d\d)(?:\.(\d\d))?$/.exec(index.slice(indexPrefix.length + 1));
  if (found === null) return undefined;
  const [, year, month, day] = found;
  return day === undefined
    ? Date.UTC(Number(year), Number(month), 1)
    : Date.UTC(Number(year), Number(month) - 1, Number(day) + 1);
}
