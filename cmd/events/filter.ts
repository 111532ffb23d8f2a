import { InvalidArgumentError } from 'commander';
import type { AuditEvent } from '../../contract/audit-event.ts';
import { UserError } from '../../contract/user-error.ts';
import type { FilterDefinition, Matcher } from './filter-definitions.ts';
import { isGap } from './kinds.ts';
import type { KnownAddresses } from './known-addresses.ts';

/** One filter as it stands on the command line. */
export interface FilterTerm {
  readonly definition: FilterDefinition;
  /** Empty where the filter takes none. */
  readonly value: string;
  /** `--not` stands in front. */
  readonly negated: boolean;
}

export type EventFilter = (event: AuditEvent) => boolean;

/**
 * An event passes where every filter passes it. Filters of one name that are not negated are alternatives; each negated
 * one must not match. Gaps pass unless a filter says that they are of another place, or `--not --kind gap` is given:
 * what was not seen might have passed.
 * Rejects with UserError DBA1004 with the flag, the value and what was expected
 */
export async function buildFilter(terms: readonly FilterTerm[], known: KnownAddresses): Promise<EventFilter> {
  const groups = new Map<FilterDefinition, { readonly any: Matcher[]; readonly none: Matcher[] }>();
  for (const term of terms) {
    const group = groups.get(term.definition) ?? { any: [], none: [] };
    groups.set(term.definition, group);
    (excludes(term) ? group.none : group.any).push(await matcherOf(term, known));
  }
  const conditions = [...groups];
  return (event) => {
    const gap = isGap(event);
    return conditions.every(([definition, { any, none }]) => {
      if (!gap)
        return (any.length === 0 || any.some((matches) => matches(event))) && !none.some((matches) => matches(event));
      if (definition.gaps === undefined) return true;
      if (none.some((matches) => matches(event))) return false;
      return definition.gaps === 'kind' || any.length === 0 || any.some((matches) => matches(event) !== false);
    });
  };
}

/** What the filters say, a line each, as `--print-filter` shows them. */
export function describeFilter(terms: readonly FilterTerm[]): readonly string[] {
  const gaps = 'Gaps (LOST, BLIND) pass all but --protocol, --pod, --from, --to; --not --kind gap leaves them out.';
  if (terms.length === 0) return ['Every event passes.'];
  const groups = Map.groupBy(terms, (term) => `${longFlag(term.definition)} ${excludes(term)}`);
  const lines = [...groups.values()].map((group) => {
    const [first] = group;
    const flag = first === undefined ? '' : longFlag(first.definition);
    const values = group.map(({ value }) => (value === '' ? flag : `${flag} ${JSON.stringify(value)}`));
    return first !== undefined && excludes(first)
      ? `  none of: ${values.join(', ')}`
      : `  one of: ${values.join(', ')}`;
  });
  return ['An event passes if all of these hold:', ...lines, gaps];
}

/** `--protocol` */
export function longFlag({ flags }: FilterDefinition): string {
  return /--[a-z-]+/.exec(flags)?.[0] ?? flags;
}

/** Whether it leaves out what it matches. */
export function excludes({ definition, negated }: FilterTerm): boolean {
  return negated !== (definition.negative === true);
}

async function matcherOf({ definition, value }: FilterTerm, known: KnownAddresses): Promise<Matcher> {
  try {
    return await definition.matcher(value, known);
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    throw new UserError(
      'DBA1004',
      `${longFlag(definition)} ${value}: ${error.message}`,
      '`--help` shows what each filter takes, `-o json` the fields of events.',
    );
  }
}
