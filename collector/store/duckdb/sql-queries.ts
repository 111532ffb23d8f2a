import type { DuckDBConnection, DuckDBResult } from '@duckdb/node-api';
import * as z from 'zod';
import { EVENT_FIELD_LIST, type EventField } from '../../../contract/event-fields.ts';
import { wordsOf } from '../../../delivery/system-error.ts';
import { filterToSql, type SqlFragment } from '../../query/filter-sql.ts';
import type { SqlAnswer, SqlQueries, SqlRequest } from '../event-store.ts';
import { QueryProblem, QueryTooLarge } from '../failure.ts';
import { boundedRead } from './bounded-read.ts';
import { quoted } from './columns.ts';
import type { StoreDatabase } from './database.ts';
import { ALL_EVENTS } from './relation.ts';
import { EVENTS_VIEW, placeIn, SqlGuard } from './sql-guard.ts';
import { jsonOf } from './sql-values.ts';

/** An answer is kept in memory as a whole until it is sent. */
const MAX_ANSWER_CHARACTERS = 16_000_000;

const parsedSchema = z.union([
  z.object({ error: z.literal(true), error_message: z.string(), position: z.string().optional() }),
  z.object({ error: z.literal(false), statements: z.array(z.object({ node: z.record(z.string(), z.unknown()) })) }),
]);

/** SQL as people write it, over the view `events`. */
export function sqlQueries(database: StoreDatabase): SqlQueries {
  return {
    query: (request, signal) =>
      boundedRead(database, undefined, signal, (connection) => answer(connection, request), request.timeoutMillis),
  };
}

async function answer(connection: DuckDBConnection, request: SqlRequest): Promise<SqlAnswer> {
  const view = eventsView(request);
  const sql = await guarded(connection, request.sql, view.sql);
  try {
    return await rowsOf(await connection.stream(sql, [...view.parameters]), request.limit);
  } catch (error) {
    throw problemOf(error);
  }
}

/**
 * The query's own text, as DuckDB writes what it read of it, over the view. What is run has been checked as it is run: the
 * writing could be wrong where the reading was right.
 */
async function guarded(connection: DuckDBConnection, text: string, view: string): Promise<string> {
  const { node, json } = await parsed(connection, text);
  new SqlGuard(text).check(node);
  const reader = await connection.runAndReadAll('SELECT json_deserialize_sql(?::VARCHAR::JSON)', [json]);
  const own = String(reader.getRows()[0]?.[0]);
  const again = await parsed(connection, own);
  new SqlGuard(own).check(again.node);
  const events = `WITH ${EVENTS_VIEW} AS NOT MATERIALIZED (${view})`;
  return own.startsWith('WITH ') ? `${events}, ${own.slice('WITH '.length)}` : `${events} ${own}`;
}

async function parsed(
  connection: DuckDBConnection,
  text: string,
): Promise<{ readonly node: unknown; readonly json: string }> {
  const reader = await connection.runAndReadAll('SELECT json_serialize_sql(?::VARCHAR)', [text]);
  const json = String(reader.getRows()[0]?.[0]);
  const result = parsedSchema.parse(JSON.parse(json));
  if (result.error) {
    if (result.error_message.startsWith('Only SELECT')) throw new QueryProblem('only a SELECT can be asked');
    throw new QueryProblem(`${placeIn(text, Number(result.position ?? Number.NaN))}${result.error_message}`);
  }
  const [statement, more] = result.statements;
  if (statement === undefined) throw new QueryProblem('there is no SELECT in this');
  if (more !== undefined) throw new QueryProblem('only one statement can be asked at a time');
  return { node: statement.node, json };
}

/** What may be seen of the events, under their documented columns. */
function eventsView({ filter, literals }: SqlRequest): SqlFragment {
  const columns = EVENT_FIELD_LIST.map((field) => (literals ? quoted(field.column) : maskedColumn(field)));
  const { sql, parameters } = filterToSql(filter);
  // Behind a limit no condition or expression of the query sees an event before the filter has let it pass: whether it fails
  // would tell about events that are not to be seen. Who may see all loses nothing by going without.
  const barrier = sql === 'true' ? '' : ` LIMIT ${Number.MAX_SAFE_INTEGER}`;
  return { sql: `SELECT ${columns.join(', ')} FROM ${ALL_EVENTS} WHERE ${sql}${barrier}`, parameters };
}

function maskedColumn({ name, column, literal, type }: EventField): string {
  const own = quoted(column);
  if (literal !== true) return own;
  if (name === 'db.query.text') return `template AS ${own}`;
  if (type === 'map') {
    const keys = `json_keys(${own})`;
    return `CASE WHEN ${own} IS NOT NULL THEN to_json(map(${keys}, list_transform(${keys}, lambda k: '?')))::VARCHAR END AS ${own}`;
  }
  return `CASE WHEN ${own} IS NOT NULL THEN '' END AS ${own}`;
}

async function rowsOf(result: DuckDBResult, limit: number): Promise<SqlAnswer> {
  const names = result.columnNames();
  const types = result.columnTypes();
  const columns = names.map((name, index) => ({ name, type: String(types[index]) }));
  const rows: (readonly unknown[])[] = [];
  let characters = 0;
  for (;;) {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) return { columns, rows, truncated: false };
    for (const row of chunk.getRows()) {
      if (rows.length === limit) return { columns, rows, truncated: true };
      const values = row.map(jsonOf);
      characters += JSON.stringify(values).length;
      if (characters > MAX_ANSWER_CHARACTERS)
        throw new QueryTooLarge('the answer is too long: ask for fewer rows or columns');
      rows.push(values);
    }
  }
}

/** Errors that tell about the query; others may hold values, which are left out. */
const OF_THE_QUERY = /^(?:Binder|Catalog|Parser|Not implemented) Error: (.*?)(?:\n\s*LINE \d|$)/s;

function problemOf(error: unknown): unknown {
  const words = wordsOf(error);
  const [, message] = OF_THE_QUERY.exec(words) ?? [];
  if (message !== undefined) return new QueryProblem(message.trim());
  if (/^(?:Conversion|Invalid Input|Out of Range|Mismatch Type|Invalid Type|Constraint) Error/i.test(words)) {
    return new QueryProblem('a value does not fit where it is used: try_cast gives NULL for those');
  }
  return error;
}
