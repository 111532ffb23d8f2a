import type { DuckDBValue } from '@duckdb/node-api';
import { type EventField, entryOfMap } from '../../contract/event-fields.ts';
import type { Filter } from '../../contract/filter.ts';
import type { AddressRange } from './address-range.ts';
import { type Bound, type CheckedFilter, checkFilter, type FieldTest } from './checked-filter.ts';
import { comparable } from './comparable-text.ts';
import { toRe2 } from './expression/syntax.ts';
import { type LikePart, MANY, ONE } from './like-pattern.ts';

/** SQL with a `?` for each parameter, in their order. */
export interface SqlFragment {
  readonly sql: string;
  readonly parameters: readonly DuckDBValue[];
}

/**
 * The filter as a condition over the columns of `all_events`, true for the events that `compileMatcher` lets pass and false
 * or NULL for the others; values are bound, never part of the text.
 * @throws QueryProblem when the filter is not one
 */
export function filterToSql(filter: Filter): SqlFragment {
  return condition(checkFilter(filter), false);
}

/** `negated`: within a `not`, where NULL has to be false so that the opposite is true. */
function condition(filter: CheckedFilter, negated: boolean): SqlFragment {
  switch (filter.kind) {
    case 'all':
    case 'any': {
      if (filter.of.length === 0) return { sql: filter.kind === 'all' ? 'true' : 'false', parameters: [] };
      const parts = filter.of.map((part) => condition(part, negated));
      return {
        sql: `(${parts.map(({ sql }) => sql).join(filter.kind === 'all' ? ' AND ' : ' OR ')})`,
        parameters: parts.flatMap(({ parameters }) => parameters),
      };
    }
    case 'not': {
      const { sql, parameters } = condition(filter.filter, true);
      return { sql: `(NOT ${sql})`, parameters };
    }
    case 'test': {
      const { sql, parameters } = fieldCondition(filter.field, filter.test);
      return { sql: negated ? `coalesce(${sql}, false)` : sql, parameters };
    }
  }
}

function fieldCondition(field: EventField, test: FieldTest): SqlFragment {
  const column = columnOf(field);
  if (test.kind === 'exists') return { sql: `(${column.sql} IS NOT NULL)`, parameters: column.parameters };
  const values = valuesOf(field, column.sql);
  if (values === undefined) {
    const { sql, parameters } = valueCondition(field, test, column.sql);
    return { sql: `(${sql})`, parameters };
  }
  const { sql, parameters } = valueCondition(field, test, 'v');
  return {
    sql: `(len(list_filter(${values}, lambda v: coalesce(${sql}, false))) > 0)`,
    parameters: [...column.parameters, ...parameters],
  };
}

/** A list of the field's values; undefined where it has one and the column is it. An entry's path is bound, so it is named once. */
function valuesOf(field: EventField, column: string): string | undefined {
  if (field.type === 'names') return column;
  if (field.type === 'map') return `json_extract_string(${column}, '$.*')`;
  return entryOfMap(field) === undefined ? undefined : `[${column}]`;
}

/** The column, or an entry of it. */
export function columnOf(field: EventField): SqlFragment {
  const column = `"${field.column}"`;
  const entry = entryOfMap(field);
  if (entry === undefined) return { sql: column, parameters: [] };
  return { sql: `json_extract_string(${column}, ?)`, parameters: [jsonPointer(comparable(entry.key))] };
}

/** https://www.rfc-editor.org/rfc/rfc6901 */
function jsonPointer(key: string): string {
  return `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

function valueCondition(field: EventField, test: Exclude<FieldTest, { kind: 'exists' }>, value: string): SqlFragment {
  switch (test.kind) {
    case 'one-of': {
      if (test.values.size === 0) return { sql: `${value} IS NULL AND false`, parameters: [] };
      const values = [...test.values].map((one) => boundAs(field, one));
      return {
        sql: `${test.ignoreCase ? folded(field, value) : value} IN (${values.map(({ sql }) => sql).join(', ')})`,
        parameters: values.flatMap(({ parameters }) => parameters),
      };
    }
    case 'like': {
      const { sql, parameters } = likeCondition(test.pattern.parts);
      return { sql: `${test.ignoreCase ? folded(field, value) : value} ${sql}`, parameters };
    }
    case 'matches':
      return { sql: `regexp_matches(${value}, ?)`, parameters: [toRe2(test.expression)] };
    case 'range':
      return rangeCondition(field, value, test);
    case 'within':
      return withinCondition(value, test.range);
  }
}

function folded({ type }: EventField, value: string): string {
  return type === 'integer' || type === 'number' || type === 'boolean' || type === 'time' ? value : `lower(${value})`;
}

const CASTS: Readonly<Partial<Record<EventField['type'], string>>> = {
  integer: 'CAST(? AS BIGINT)',
  number: 'CAST(? AS DOUBLE)',
  time: 'CAST(? AS TIMESTAMP_NS)',
};

/** A value of the field's type. */
function boundAs({ type }: EventField, value: string | number | boolean): SqlFragment {
  const parameter = type === 'integer' && typeof value === 'number' ? BigInt(value) : value;
  return { sql: CASTS[type] ?? '?', parameters: [parameter] };
}

/** DuckDB turns what has no escape into quicker searches for a beginning, an end or a part. */
function likeCondition(parts: readonly LikePart[]): SqlFragment {
  const isEscaped = parts.some((part) => typeof part === 'string' && /[%_\\]/.test(part));
  const text = parts.map((part) => {
    if (part === MANY) return '%';
    if (part === ONE) return '_';
    return isEscaped ? part.replace(/[%_\\]/g, '\\$&') : part;
  });
  return { sql: isEscaped ? "LIKE ? ESCAPE '\\'" : 'LIKE ?', parameters: [text.join('')] };
}

function rangeCondition(
  field: EventField,
  value: string,
  { from, to }: { readonly from?: Bound; readonly to?: Bound },
): SqlFragment {
  // What is no whole number has to be compared as it is.
  const type =
    field.type === 'integer' ? (isWhole(from) && isWhole(to) ? field : { ...field, type: 'number' as const }) : field;
  const sides: SqlFragment[] = [];
  const side = (bound: Bound | undefined, operator: string) => {
    if (bound === undefined) return;
    const { sql, parameters } = boundAs(type, bound.value);
    sides.push({ sql: `${value} ${operator}${bound.included ? '=' : ''} ${sql}`, parameters });
  };
  side(from, '>');
  side(to, '<');
  return {
    sql: sides.map(({ sql }) => sql).join(' AND '),
    parameters: sides.flatMap(({ parameters }) => parameters),
  };
}

function isWhole(bound: Bound | undefined): boolean {
  return bound === undefined || Number.isSafeInteger(bound.value);
}

/** Compares hexadecimal digits, as address-range.ts makes them. */
function withinCondition(value: string, { family, first, last }: AddressRange): SqlFragment {
  const key = family === 4 ? keyOfIpv4(value) : keyOfIpv6(value);
  return { sql: `${key} BETWEEN ? AND ?`, parameters: [first, last] };
}

/** NULL where it is none. */
function keyOfIpv4(value: string): string {
  const octet = (index: number) => `CAST(split_part(${value}, '.', ${index}) AS UTINYINT)`;
  const key = `printf('%02x%02x%02x%02x', ${[1, 2, 3, 4].map(octet).join(', ')})`;
  const number = '(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])';
  return `CASE WHEN regexp_full_match(${value}, '(${number}\\.){3}${number}') THEN ${key} END`;
}

/** Groups padded to four digits, with as many groups of zeros for `::` as are missing to eight. */
function keyOfIpv6(value: string): string {
  const groups = (part: number) =>
    `list_filter(string_split(split_part(lower(${value}), '::', ${part}), ':'), lambda g: g <> '')`;
  const padded = (part: number) => `list_transform(${groups(part)}, lambda g: lpad(g, 4, '0'))`;
  const zeros = `repeat('0000', 8 - len(${groups(1)}) - len(${groups(2)}))`;
  const key = `list_aggregate(${padded(1)}, 'string_agg', '')`;
  const tail = `list_aggregate(${padded(2)}, 'string_agg', '')`;
  const shape =
    '([0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}|([0-9A-Fa-f]{1,4}(:[0-9A-Fa-f]{1,4})*)?::([0-9A-Fa-f]{1,4}(:[0-9A-Fa-f]{1,4})*)?';
  const isOne = `regexp_full_match(${value}, '${shape}') AND len(${groups(1)}) + len(${groups(2)}) <= 8`;
  return `CASE WHEN ${isOne} THEN coalesce(${key}, '') || ${zeros} || coalesce(${tail}, '') END`;
}
