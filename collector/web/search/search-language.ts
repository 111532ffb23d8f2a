import type { Filter } from '../../../contract/filter.ts';
import { filterToText } from '../../../contract/filter-text.ts';
import { parseSearch } from '../../../contract/search-text.ts';

/** What the search box says, or where it cannot be understood. */
export type ReadQuery =
  | { readonly filter: Filter; readonly problem?: never }
  | { readonly filter?: never; readonly problem: { readonly message: string; readonly at: number } };

export function readQuery(text: string): ReadQuery {
  const read = parseSearch(text);
  return read.ok ? { filter: read.filter } : { problem: { message: read.message, at: read.at } };
}

/** One condition as somebody would type it; an empty value is the field's absence. */
export function condition(field: string, value: string, wanted = true): string {
  const found: Filter =
    value === '' ? { kind: 'not', filter: { kind: 'exists', field } } : { kind: 'is', field, values: [value] };
  return filterToText(wanted ? found : value === '' ? { kind: 'exists', field } : { kind: 'not', filter: found });
}

/** The query with one more condition, which it has once. */
export function withCondition(text: string, added: string): string {
  const before = text.trim();
  if (` ${before} `.includes(` ${added} `)) return before;
  // What is added holds for each side of an OR.
  return `${/(^|\s)OR\s/.test(before) ? `(${before})` : before} ${added}`.trim();
}
