import { InvalidArgumentError } from 'commander';
import { ACTIONS } from '../../contract/audit-event.ts';
import { EVERYTHING, type Filter } from '../../contract/filter.ts';
import { UserError } from '../../contract/user-error.ts';
import { parseDuration } from '../duration.ts';
import type { FilterTerm } from '../events/filter.ts';
import { excludes, longFlag } from '../events/filter.ts';
import { type FilterDefinition, parseExpression, parseRowCount, valueList } from '../events/filter-definitions.ts';
import { GAPS, type Kind, parseKind } from '../events/kinds.ts';
import { peerFilter } from './peer-filter.ts';

const NANOS_PER_MILLI = 1_000_000;

/** What was not seen, in the terms of the collector. */
export const GAP_FILTER: Filter = { kind: 'is', field: 'event.action', values: [...GAPS] };

/** By flag: what a filter of the command line means to the collector. `--filter` has no such form: CEL runs here alone. */
const TRANSLATIONS: ReadonlyMap<string, (value: string) => Filter> = new Map([
  ['--protocol', (value) => any(oneOf('db.system.name', words(value)), oneOf('network.protocol', words(value)))],
  ['--db-user', (value) => named('user.name', value)],
  ['--db', (value) => named('db.namespace', value)],
  ['--table', (value) => any(named('dbaudit.statement.tables', value), named('db.collection.name', value))],
  ['--operation', operation],
  ['--kind', (value) => any(...valueList(value).map((word) => kindFilter(parseKind(word.toLowerCase()))))],
  ['--errors', () => kindFilter('error')],
  ['--slower', slower],
  ['--rows-over', rowsOver],
  ['--pod', (value) => any(...valueList(value).map((name) => podFilter(name)))],
  ['--from', (value) => any(...valueList(value).map((peer) => peerFilter('client', peer)))],
  ['--to', (value) => any(...valueList(value).map((peer) => peerFilter('server', peer)))],
  ['--include', expression],
  ['--exclude', expression],
]);

/** By flag: what an event says its place with. */
const PLACES: ReadonlyMap<string, readonly string[]> = new Map([
  ['--protocol', ['db.system.name', 'network.protocol']],
  ['--pod', ['kubernetes.pod.name']],
  ['--from', ['client.ip']],
  ['--to', ['server.ip']],
]);

/**
 * The filters of a command line for the collector. With `gaps` what was not seen passes as in `tail`: unless a filter says
 * that it is of another place, or names gaps and is negated.
 * @throws UserError DBA1004 for a value that is not valid, or a filter that the collector cannot carry out
 */
export function collectorFilter(terms: readonly FilterTerm[], options: { readonly gaps: boolean }): Filter {
  const conditions = [...Map.groupBy(terms, ({ definition }) => definition)].flatMap(([definition, group]) => {
    const wanted = group.filter((term) => !excludes(term)).map(translate);
    const unwanted = group.filter(excludes).map((term): Filter => ({ kind: 'not', filter: translate(term) }));
    const all: Filter = { kind: 'all', of: [...(wanted.length === 0 ? [] : [any(...wanted)]), ...unwanted] };
    if (!options.gaps) return [all];
    if (definition.gaps === 'place')
      return [any(all, { kind: 'all', of: [GAP_FILTER, ...ofNoPlace(definition), ...unwanted] })];
    if (definition.gaps === 'kind') return [any(all, { kind: 'all', of: [GAP_FILTER, ...unwanted] })];
    return [any(all, GAP_FILTER)];
  });
  const [only] = conditions;
  if (only === undefined) return EVERYTHING;
  return conditions.length === 1 ? only : { kind: 'all', of: conditions };
}

/** A gap that does not say where it is may be anywhere. */
function ofNoPlace(definition: FilterDefinition): readonly Filter[] {
  const fields = PLACES.get(longFlag(definition)) ?? [];
  return fields.map((field) => ({ kind: 'not', filter: { kind: 'exists', field } }));
}

/** Whether the collector can carry it out. */
export function isTranslatable({ definition }: FilterTerm): boolean {
  return TRANSLATIONS.has(longFlag(definition));
}

function translate({ definition, value }: FilterTerm): Filter {
  const flag = longFlag(definition);
  const translation = TRANSLATIONS.get(flag);
  if (translation === undefined) {
    throw new UserError(
      'DBA1004',
      `${flag} cannot be carried out by the collector`,
      'The other filters, and the search language, can.',
    );
  }
  try {
    return translation(value);
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    throw new UserError('DBA1004', `${flag} ${value}: ${error.message}`, '`--help` shows what each filter takes.');
  }
}

function kindFilter(kind: Kind): Filter {
  const actions = (prefix: string) => ACTIONS.filter((action) => action.startsWith(prefix) && !GAPS.has(action));
  switch (kind) {
    case 'gap':
      return GAP_FILTER;
    case 'error':
      return oneOf('event.outcome', ['failure']);
    case 'auth':
      return oneOf('event.category', ['authentication']);
    case 'session':
      return oneOf('event.action', actions('db.session.'));
    case 'query':
      return { kind: 'all', of: [oneOf('event.action', actions('db.')), oneOf('event.category', ['database'])] };
    case 'agent':
      return { kind: 'like', field: 'event.action', pattern: 'dbaudit.*' };
    case 'api':
      return { kind: 'like', field: 'event.action', pattern: 'k8s.*' };
  }
}

function operation(value: string): Filter {
  const field = 'db.operation.name';
  return any(
    ...words(value).flatMap((word): Filter[] => [
      { kind: 'is', field, values: [word], ignoreCase: true },
      { kind: 'like', field, pattern: `${literal(word)} *`, ignoreCase: true },
      { kind: 'is', field: 'dbaudit.statement.class', values: [word], ignoreCase: true },
    ]),
  );
}

/** What still runs has no duration yet; agents tell of it only once it has taken long. */
function slower(value: string): Filter {
  return any(
    { kind: 'range', field: 'event.duration', over: parseDuration(value) * NANOS_PER_MILLI },
    oneOf('dbaudit.capture.notes', ['still-running']),
  );
}

function rowsOver(value: string): Filter {
  const over = parseRowCount(value);
  return any(
    { kind: 'range', field: 'db.response.returned_rows', over },
    { kind: 'range', field: 'dbaudit.result.affected_rows', over },
  );
}

/** `[NAMESPACE/]NAME` */
function podFilter(text: string): Filter {
  const [namespace, name] = text.includes('/') ? text.split('/', 2) : [undefined, text];
  const pod: Filter = { kind: 'like', field: 'kubernetes.pod.name', pattern: literalButStars(name ?? '') };
  if (namespace === undefined) return pod;
  return {
    kind: 'all',
    of: [{ kind: 'like', field: 'kubernetes.namespace', pattern: literalButStars(namespace) }, pod],
  };
}

/** RE2 is not JavaScript: what neither knows is refused here, what RE2 alone refuses by the collector. */
function expression(value: string): Filter {
  const { source, ignoreCase } = parseExpression(value);
  const fields = ['db.query.text', 'db.operation.name', 'db.query.parameter', 'error.code', 'error.message'];
  return any(
    ...fields.map(
      (field): Filter => ({ kind: 'matches', field, expression: source, ...(ignoreCase ? { ignoreCase } : {}) }),
    ),
  );
}

function named(field: string, value: string): Filter {
  return any(
    ...valueList(value).map(
      (name): Filter => ({ kind: 'like', field, pattern: literalButStars(name), ignoreCase: true }),
    ),
  );
}

function oneOf(field: string, values: readonly string[]): Filter {
  return { kind: 'is', field, values };
}

function any(...of: readonly Filter[]): Filter {
  const [only] = of;
  return of.length === 1 && only !== undefined ? only : { kind: 'any', of };
}

function words(value: string): readonly string[] {
  return valueList(value).map((word) => word.toLowerCase());
}

/** Only `*` means something in names on the command line. */
function literalButStars(name: string): string {
  return name.replace(/[\\?]/g, '\\$&');
}

function literal(text: string): string {
  return text.replace(/[\\?*]/g, '\\$&');
}
