import { type EventField, eventField } from '../../../contract/event-fields.ts';
import { type CheckedFilter, checkFilter } from '../../query/checked-filter.ts';
import { columnOf, filterToSql, type SqlFragment } from '../../query/filter-sql.ts';
import type { Measure, Selection, TimeRange } from '../event-store.ts';
import { QueryProblem } from '../failure.ts';
import { quoted, READING_SELECTION } from './columns.ts';
import { ALL_EVENTS } from './relation.ts';
import { eachValue, NO_DIMENSION, ROLLUP, ROLLUP_DIMENSIONS, ROLLUP_KEYS, ROLLUP_SUMS, SLOW_NANOS } from './rollup.ts';
import { RECENT } from './schema.ts';
import { nanosOfMillis } from './timestamps.ts';

/** Below this the events themselves are read as quickly. */
const LEAST_ROLLUP_MILLIS = 15 * 60_000;
const MILLIS_PER_MINUTE = 60_000;

export interface SumsRequest extends Selection {
  /** Named `field0`, `field1`, … as texts, `''` where an event has none. */
  readonly fields: readonly string[];
  readonly measures: readonly Measure[];
  /** The lengths of time that are told apart. */
  readonly stepSeconds?: number;
}

/** Of rows of `sumsOf`. */
export const MEASURE_SQL: Readonly<Record<Measure, string>> = {
  events: 'sum(events)::DOUBLE',
  errors: "coalesce(sum(events) FILTER (outcome = 'failure'), 0)::DOUBLE",
  slow: 'sum(slow)::DOUBLE',
  rows: 'coalesce(sum("rows"), 0)',
  affected: 'coalesce(sum(affected), 0)',
  bytes: 'coalesce(sum(bytes), 0)',
  duration: 'coalesce(sum(duration), 0)',
  clients: 'count(DISTINCT client_ip)::DOUBLE',
  sessions: 'count(DISTINCT session)::DOUBLE',
};

/**
 * A relation with the columns `time`, `outcome`, `events`, `slow`, `rows`, `affected`, `bytes`, `duration`, `first`, `last`,
 * the fields asked for, and `client_ip` and `session` where they are counted. A row stands for one event or for those of a
 * minute: sums over it are those over the events.
 * @throws QueryProblem for an unknown field
 */
export function sumsOf(request: SumsRequest): SqlFragment {
  const fields = request.fields.map((name) => {
    const field = eventField(name);
    if (field === undefined) throw new QueryProblem(`there is no field ${JSON.stringify(name)}`);
    return field;
  });
  const dimension = dimensionFor(request, fields);
  const condition = filterToSql(request.filter);
  const { from, to } = request.range;
  const first = Math.ceil(from / MILLIS_PER_MINUTE) * MILLIS_PER_MINUTE;
  const last = Math.floor(to / MILLIS_PER_MINUTE) * MILLIS_PER_MINUTE;
  const selection = eventSelection(fields, request.measures);
  const scan = (relation: string, range: TimeRange) => rowsOf(selection, relation, '"time"', range, condition);
  if (dimension === undefined || last - first < LEAST_ROLLUP_MILLIS) return scan(ALL_EVENTS, request.range);
  const rolledUp = `(SELECT *, "value" AS ${quoted(dimension === NO_DIMENSION ? 'no_value' : dimension)} FROM ${ROLLUP} WHERE dimension = '${dimension}')`;
  const middle = { from: first, to: last };
  return union([
    rowsOf(rollupSelection(fields, request.measures), rolledUp, 'minute', middle, condition),
    scan(`(SELECT ${READING_SELECTION} FROM ${RECENT})`, middle),
    ...(from < first ? [scan(ALL_EVENTS, { from, to: first })] : []),
    ...(last < to ? [scan(ALL_EVENTS, { from: last, to })] : []),
  ]);
}

/** By what the sums are kept that answer this; undefined: none do. */
function dimensionFor(
  { filter, measures, stepSeconds }: SumsRequest,
  fields: readonly EventField[],
): string | undefined {
  if (measures.includes('sessions') || (stepSeconds ?? 60) % 60 !== 0) return undefined;
  const filtered = columnsIn(checkFilter(filter));
  const columns = new Set([...fields.map(whole), ...filtered, ...(measures.includes('clients') ? ['client_ip'] : [])]);
  // Their sums are by one value at a time, a filter sees all of an event's.
  if (filtered.has('tables')) return undefined;
  const others = [...columns].filter((column) => !ROLLUP_KEYS.includes(column));
  const [dimension = NO_DIMENSION] = others;
  if (others.length > 1) return undefined;
  return dimension === NO_DIMENSION || ROLLUP_DIMENSIONS.includes(dimension) ? dimension : undefined;
}

/** A column's name; of an entry of a map something else, which is no column. */
function whole(field: EventField): string {
  return columnOf(field).parameters.length === 0 ? field.column : field.name;
}

function columnsIn(filter: CheckedFilter): ReadonlySet<string> {
  switch (filter.kind) {
    case 'all':
    case 'any':
      return new Set(filter.of.flatMap((part) => [...columnsIn(part)]));
    case 'not':
      return columnsIn(filter.filter);
    case 'test':
      return new Set([whole(filter.field)]);
  }
}

function eventSelection(fields: readonly EventField[], measures: readonly Measure[]): SqlFragment {
  const values = fields.map(eventValue);
  return selectionOf(values, [
    '"time"',
    '1 AS events',
    `(duration_ns > ${SLOW_NANOS})::INTEGER AS slow`,
    ...Object.entries(ROLLUP_SUMS).map(([name, column]) => `${column}::DOUBLE AS ${quoted(name)}`),
    '"time" AS first',
    '"time" AS last',
    ...counted(measures),
  ]);
}

function rollupSelection(fields: readonly EventField[], measures: readonly Measure[]): SqlFragment {
  const values = fields.map(({ column }) => ({ sql: quoted(column), parameters: [] }));
  return selectionOf(values, [
    'minute AS "time"',
    'events',
    'slow',
    ...Object.keys(ROLLUP_SUMS).map(quoted),
    'first',
    'last',
    ...counted(measures),
  ]);
}

function selectionOf(values: readonly SqlFragment[], sums: readonly string[]): SqlFragment {
  const named = values.map(({ sql }, index) => `${sql} AS field${index}`);
  return {
    sql: [...named, 'outcome', ...sums].join(', '),
    parameters: values.flatMap(({ parameters }) => parameters),
  };
}

function eventValue(field: EventField): SqlFragment {
  const { sql, parameters } = columnOf(field);
  return { sql: field.type === 'names' ? eachValue(field.column, true) : sql, parameters };
}

function counted(measures: readonly Measure[]): readonly string[] {
  return [
    ...(measures.includes('clients') ? ['client_ip'] : []),
    ...(measures.includes('sessions') ? ['session'] : []),
  ];
}

function rowsOf(
  selection: SqlFragment,
  relation: string,
  time: string,
  range: TimeRange,
  condition: SqlFragment,
): SqlFragment {
  const within = `${time} >= make_timestamp_ns(${nanosOfMillis(range.from)}) AND ${time} < make_timestamp_ns(${nanosOfMillis(range.to)})`;
  return {
    sql: `SELECT ${selection.sql} FROM ${relation} WHERE ${within} AND ${condition.sql}`,
    parameters: [...selection.parameters, ...condition.parameters],
  };
}

function union(parts: readonly SqlFragment[]): SqlFragment {
  return {
    sql: parts.map(({ sql }) => sql).join(' UNION ALL '),
    parameters: parts.flatMap(({ parameters }) => parameters),
  };
}

/** Of a field of `sumsOf`. */
export function textOfField(index: number): string {
  return `coalesce(field${index}::VARCHAR, '')`;
}
