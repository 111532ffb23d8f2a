import { both, type Filter, NOTHING } from '../../contract/filter.ts';

/** What somebody may see, by the API server's word. */
export interface Scope {
  /** Events of these namespaces (`kubernetes.namespace`); `all`: also those of none. */
  readonly namespaces: 'all' | readonly string[];
  /** Whether statements show their literals, and parameters their values. */
  readonly literals: boolean;
}

/** `filter`, and nothing outside the scope. What literals it may search by is `withoutLiterals`' part. */
export function withinScope({ namespaces }: Scope, filter: Filter): Filter {
  if (namespaces === 'all') return filter;
  if (namespaces.length === 0) return NOTHING;
  return both({ kind: 'is', field: 'kubernetes.namespace', values: namespaces }, filter);
}
