import { EVERYTHING, type Filter } from '../../contract/filter.ts';
import { parseSearch } from '../../contract/search-text.ts';
import { UserError } from '../../contract/user-error.ts';

/**
 * What somebody typed into the search, as a filter.
 * @throws UserError DBA1004 with the place where it stops making sense
 */
export function searchFilter(text: string): Filter {
  if (text.trim() === '') return EVERYTHING;
  const result = parseSearch(text);
  if (result.ok) return result.filter;
  throw new UserError(
    'DBA1004',
    `the search stops making sense at character ${result.at + 1}: ${result.message}\n  ${text}\n  ${' '.repeat(result.at)}^`,
    '`search --help` shows the language; words with special characters go into quotes.',
  );
}
