import type { AuditEvent } from '../../contract/audit-event.ts';
import { eventField } from '../../contract/event-fields.ts';
import type { Filter } from '../../contract/filter.ts';
import { QueryProblem } from '../store/failure.ts';
import { wordsIn } from './checked-filter.ts';

const STATEMENT = 'db.query.text';
const TEMPLATE = 'dbaudit.statement.template';
/** What `words` searches for those who may not see literals. */
const WORD_FIELDS = [TEMPLATE, 'dbaudit.statement.tables'] as const;
const MASKED_VALUE = '?';

/**
 * The filter for readers who may not see literals, who could otherwise guess them: the statement is its template, words are
 * searched for there and in the tables.
 * @throws QueryProblem when it tests another field that may hold literals
 */
export function withoutLiterals(filter: Filter): Filter {
  switch (filter.kind) {
    case 'all':
    case 'any':
      return { kind: filter.kind, of: filter.of.map(withoutLiterals) };
    case 'not':
      return { kind: 'not', filter: withoutLiterals(filter.filter) };
    case 'words':
      return wordsIn(filter.text, WORD_FIELDS);
    default:
      return { ...filter, field: withoutLiteralField(filter.field) };
  }
}

/**
 * What such a reader gets in place of a field, to group by or to filter by.
 * @throws QueryProblem when nothing takes its place
 */
export function withoutLiteralField(name: string): string {
  if (name === STATEMENT) return TEMPLATE;
  if (eventField(name)?.literal === true) {
    throw new QueryProblem(`${name} may hold values of users: it takes the right to read-literals`);
  }
  return name;
}

/** The event as those see it who may not see literals; the given one is left as it is. */
export function maskLiterals(event: AuditEvent): AuditEvent {
  const { error, url, dbaudit } = event;
  return {
    ...event,
    ...(event.db?.query !== undefined && { db: { ...event.db, query: maskedQuery(event.db.query, event) } }),
    ...(error !== undefined && { error: { code: error.code, message: '' } }),
    ...(url !== undefined && { url: without(url, 'query') }),
    dbaudit: maskedDetails(dbaudit),
  };
}

type Query = NonNullable<NonNullable<AuditEvent['db']>['query']>;
type Details = AuditEvent['dbaudit'];

/** A statement without a template, of a language that nothing here reads, is not shown at all. */
function maskedQuery({ text, parameter, ...query }: Query, { dbaudit }: AuditEvent): Query {
  const template = dbaudit.statement?.template;
  return {
    ...query,
    ...(text !== undefined && template !== undefined && { text: template }),
    ...(parameter !== undefined && {
      parameter: Object.fromEntries(
        Object.entries(parameter).map(([position, value]) => [position, value === null ? null : MASKED_VALUE]),
      ),
    }),
  };
}

/** A digest of a text lets one try out texts; a question put to the collector holds what was searched for. */
function maskedDetails({ statement, access, alert, ...details }: Details): Details {
  return {
    ...details,
    ...(statement !== undefined && { statement: without(statement, 'text_sha256') }),
    ...(access !== undefined && { access: without(access, 'query') }),
    ...(alert !== undefined && { alert: maskedAlert(alert) }),
  };
}

function maskedAlert(alert: NonNullable<Details['alert']>): NonNullable<Details['alert']> {
  if (alert.group === undefined) return alert;
  const group = Object.entries(alert.group).map(([name, value]) => [
    name,
    eventField(name)?.literal === true ? MASKED_VALUE : value,
  ]);
  return { ...alert, group: Object.fromEntries(group) };
}

function without<T extends object, K extends keyof T>(object: T, key: K): Omit<T, K> {
  const { [key]: _, ...rest } = object;
  return rest;
}
