import { filterToOpenSearch } from '../../query/filter-opensearch.ts';
import { nanosOfMillis, textOfNanos } from '../duckdb/timestamps.ts';
import type { Selection } from '../event-store.ts';

/** The events of a selection, and of `more` where it is given, without scores. */
export function selectionQuery({ range, filter }: Selection, ...more: readonly object[]): object {
  const within = { range: { '@timestamp': { gte: timeOf(range.from), lt: timeOf(range.to) } } };
  return { bool: { filter: [within, filterToOpenSearch(filter), ...more] } };
}

function timeOf(millis: number): string {
  return textOfNanos(nanosOfMillis(millis));
}
