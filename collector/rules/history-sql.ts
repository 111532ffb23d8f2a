import type { DuckDBValue } from '@duckdb/node-api';
import { type EventField, entryOfMap, eventField } from '../../contract/event-fields.ts';
import type { Filter } from '../../contract/filter.ts';
import { columnOf, filterToSql, type SqlFragment } from '../query/filter-sql.ts';
import type { TimeRange } from '../store/event-store.ts';
import { QueryProblem } from '../store/failure.ts';
import type { Window } from './rule.ts';
import { SHOWN_EVENTS } from './stream.ts';
import { STEPS, stepMicros, type WindowRule } from './windows/group-window.ts';
import type { TemporalRule } from './windows/temporal-window.ts';

/** Room for the events of one step of a group, in the key by which windows are ordered. */
const STEP_ROOM = 2 ** 31;

/** Rows of (detection's event, time in microseconds, count, detections in all, events matched in all, ids of its last events). */
export function windowQuery(rule: WindowRule, within: Filter, range: TimeRange, limit: number): SqlFragment {
  const measured =
    rule.window.kind === 'temporal'
      ? temporalQuery(rule, rule.window, within, range)
      : amountQuery(rule, rule.window, within, range);
  const timespan = rule.window.timespanSeconds * 1_000_000;
  return {
    sql: `WITH ${measured.sql},
      judged AS (
        SELECT *, lag(holds) OVER own AS held, us // ${timespan} AS period, lag(us // ${timespan}) OVER own AS before,
          row_number() OVER own AS number
        FROM measured WINDOW own AS (PARTITION BY g ORDER BY us, id)
      ),
      found AS (SELECT * FROM judged WHERE holds AND (NOT coalesce(held, false) OR period <> before)),
      newest AS (SELECT *, count(*) OVER () AS total FROM found ORDER BY us DESC, id DESC LIMIT ${limit})
      SELECT newest.id, newest.us, newest.amount, newest.total, (SELECT count(*) FROM measured),
        list(judged.id ORDER BY judged.us, judged.id)
      FROM newest JOIN judged ON judged.g = newest.g AND judged.number BETWEEN newest.number - ${SHOWN_EVENTS - 1} AND newest.number
        AND judged.us > newest.us - ${timespan}
      GROUP BY ALL ORDER BY newest.us DESC, newest.id DESC`,
    parameters: measured.parameters,
  };
}

/** How many, how much, how many different: the window of an event is its own step and the 49 before it. */
function amountQuery(
  rule: WindowRule,
  window: Exclude<Window, { kind: 'temporal' }>,
  within: Filter,
  range: TimeRange,
): SqlFragment {
  const step = stepMicros(window.timespanSeconds);
  const first = Math.floor((range.from * 1_000) / step);
  const group = groupSql(rule.groupBy);
  const value: SqlFragment = window.kind === 'count' ? { sql: 'NULL', parameters: [] } : valueSql(window);
  const where = whereSql({ kind: 'all', of: [rule.filter, within] }, range);
  const amount = { count: 'count(*)', sum: 'sum(v)', distinct: 'count(DISTINCT v)' }[window.kind];
  return {
    sql: `matched AS MATERIALIZED (
        SELECT id, epoch_ns(time) // 1000 AS us, ${group.sql} AS g, ${value.sql} AS v FROM all_events WHERE ${where.sql}
      ),
      stepped AS (SELECT *, (us // ${step})::BIGINT - ${first} AS step FROM matched),
      ranked AS (SELECT *, row_number() OVER (PARTITION BY g, step ORDER BY us, id) AS rank FROM stepped),
      keyed AS (SELECT *, step * ${STEP_ROOM} + rank AS place, ${(STEPS - 1) * STEP_ROOM} + rank AS reach FROM ranked),
      amounts AS (
        SELECT id, us, g, ${amount} OVER (
          PARTITION BY g ORDER BY place RANGE BETWEEN reach PRECEDING AND CURRENT ROW
        )::BIGINT AS amount FROM keyed
      ),
      measured AS MATERIALIZED (SELECT *, amount >= ${window.atLeast} AS holds FROM amounts)`,
    parameters: [...group.parameters, ...value.parameters, ...where.parameters],
  };
}

/** All of several, or one after the other. `began`: the latest time at which a chain began that an event goes on. */
function temporalQuery(rule: WindowRule, window: TemporalRule, within: Filter, range: TimeRange): SqlFragment {
  const timespan = window.timespanSeconds * 1_000_000;
  const matches = window.steps.map(({ filter }) => filterToSql(filter));
  const groups = window.steps.map(({ groupBy = rule.groupBy }) => groupSql(groupBy));
  const where = whereSql({ kind: 'all', of: [rule.filter, within] }, range);
  const own = 'PARTITION BY g ORDER BY us, id';
  const upTo = window.ordered ? '1 PRECEDING' : 'CURRENT ROW';
  const levels = window.steps.flatMap(({ atLeast = 1 }, index) => {
    const from = index === 0 ? 'named' : `chained${index - 1}`;
    const start = window.ordered && index > 0 ? `began${index - 1}` : 'us';
    return [
      `counted${index} AS (SELECT *, CASE WHEN m${index} THEN lag(${start}, ${atLeast - 1}) OVER (PARTITION BY g, m${index} ORDER BY us, id) END AS start${index} FROM ${from})`,
      `chained${index} AS (SELECT *, max(start${index}) OVER (${own} ROWS BETWEEN UNBOUNDED PRECEDING AND ${upTo}) AS began${index} FROM counted${index})`,
    ];
  });
  const last = window.steps.length - 1;
  const holds = window.ordered
    ? `coalesce(start${last} > us - ${timespan}, false)`
    : window.steps.map((_, index) => `coalesce(began${index} > us - ${timespan}, false)`).join(' AND ');
  return {
    sql: `matched AS MATERIALIZED (
        SELECT id, epoch_ns(time) // 1000 AS us,
          ${matches.map(({ sql }, index) => `coalesce(${sql}, false) AS m${index}`).join(', ')},
          ${groups.map(({ sql }, index) => `${sql} AS g${index}`).join(', ')}
        FROM all_events WHERE ${where.sql}
      ),
      named AS (SELECT *, CASE ${matches.map((_, index) => `WHEN m${index} THEN g${index}`).join(' ')} END AS g FROM matched),
      ${levels.join(',\n')},
      measured AS MATERIALIZED (
        SELECT id, us, g, ${holds} AS holds,
          count(*) OVER (PARTITION BY g ORDER BY us RANGE BETWEEN ${timespan} PRECEDING AND CURRENT ROW) AS amount
        FROM chained${last}
      )`,
    parameters: [
      ...matches.flatMap(({ parameters }) => parameters),
      ...groups.flatMap(({ parameters }) => parameters),
      ...where.parameters,
    ],
  };
}

function whereSql(filter: Filter, range: TimeRange): SqlFragment {
  const { sql, parameters } = filterToSql(filter);
  const bounds: readonly DuckDBValue[] = [BigInt(range.from), BigInt(range.to)];
  return {
    sql: `time >= make_timestamp_ns(?::BIGINT * 1000000) AND time < make_timestamp_ns(?::BIGINT * 1000000) AND ${sql}`,
    parameters: [...bounds, ...parameters],
  };
}

function valueSql(window: Extract<Window, { field: string }>): SqlFragment {
  const field = known(window.field);
  return window.kind === 'sum' ? columnOf(field) : textSql(field);
}

/** The same text as `groupKey` makes of an event. */
function groupSql(fields: readonly string[]): SqlFragment {
  const texts = fields.map((name) => textSql(known(name)));
  if (texts.length === 0) return { sql: `''`, parameters: [] };
  return {
    sql: `concat_ws(chr(31), ${texts.map(({ sql }) => sql).join(', ')})`,
    parameters: texts.flatMap(({ parameters }) => parameters),
  };
}

function textSql(field: EventField): SqlFragment {
  const { sql, parameters } = columnOf(field);
  const isList = field.type === 'names' && entryOfMap(field) === undefined;
  return { sql: `coalesce(${isList ? `array_to_string(${sql}, ',')` : `${sql}::VARCHAR`}, '')`, parameters };
}

function known(name: string): EventField {
  const field = eventField(name);
  if (field === undefined) throw new QueryProblem(`there is no field "${name}"`);
  return field;
}
