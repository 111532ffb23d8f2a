import { both, type Filter, type Scalar } from '../../contract/filter.ts';

/** Which events the reports mean by their words. */

export const is = (field: string, ...values: readonly Scalar[]): Filter => ({ kind: 'is', field, values });
export const not = (filter: Filter): Filter => ({ kind: 'not', filter });
export const exists = (field: string): Filter => ({ kind: 'exists', field });
export const any = (...of: readonly Filter[]): Filter => ({ kind: 'any', of });
export const atLeast = (field: string, from: number): Filter => ({ kind: 'range', field, from });

/** A field whose text is one of these, in any case; `*` and `?` are wildcards, as in the lists of rules. */
export function likeAny(field: string, patterns: readonly string[]): Filter {
  return any(...patterns.map((pattern): Filter => ({ kind: 'like', field, pattern, ignoreCase: true })));
}

/** What was run; what was only prepared is not. */
export const STATEMENTS = is('event.action', 'db.query', 'db.execute', 'db.command', 'db.copy');
export const FAILED = is('event.outcome', 'failure');
export const SUCCEEDED = is('event.outcome', 'success');
export const LOGINS = is('event.action', 'db.session.start', 'db.session.change_user');
/** A start that failed is one too. */
export const FAILED_LOGINS = any(is('event.action', 'db.session.auth_failed'), both(LOGINS, FAILED));
export const OF_CLASS = (...classes: readonly string[]): Filter =>
  both(STATEMENTS, is('dbaudit.statement.class', ...classes));
export const SLOW = both(STATEMENTS, { kind: 'range', field: 'event.duration', over: 1_000_000_000 });
export const GAPS = is('event.action', 'db.gap');
export const DATABASE = exists('db.system.name');
