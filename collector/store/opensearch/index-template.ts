import { createHash } from 'node:crypto';
import { MAX_LUCENE_LENGTH } from '../../query/expression/lucene.ts';
import { searchMappings } from './search-fields.ts';

/** Above the templates that products bring along for all sorts of names (100 at most), and the sink's. */
const PRIORITY = 210;
export const MANAGED_BY = 'dbaudit-collector';

/** What questions and the promise to lose nothing depend on; whoever installs the indexes may add to them. */
export const INDEX_SETTINGS = {
  // Regular expressions are written out for Lucene, which makes them longer.
  max_regex_length: MAX_LUCENE_LENGTH + 1_000,
  // An event that was acknowledged is on disk.
  'translog.durability': 'request',
  codec: 'best_compression',
} as const;

/** Another one with each change of the mappings. */
export function mappingsDigest(): string {
  return createHash('sha256').update(JSON.stringify(searchMappings())).digest('hex').slice(0, 16);
}

/** The body of `PUT _index_template`. https://docs.opensearch.org/latest/im-plugin/index-templates/ */
export function indexTemplate(prefix: string, settings: Readonly<Record<string, string | number | boolean>>): object {
  return {
    index_patterns: [`${prefix}-*`],
    priority: PRIORITY,
    template: { settings: { index: { ...settings, ...INDEX_SETTINGS } }, mappings: searchMappings() },
    _meta: { managed_by: MANAGED_BY, mappings: mappingsDigest() },
  };
}
