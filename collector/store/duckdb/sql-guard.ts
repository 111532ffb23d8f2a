import { QueryProblem } from '../failure.ts';
import { ALLOWED_FUNCTIONS, ALLOWED_TABLE_FUNCTIONS } from './sql-functions.ts';

/** The one relation that a query may read. */
export const EVENTS_VIEW = 'events';

/** More comes from no person; it bounds what planning takes. */
const MAX_PARTS = 20_000;
const MAX_DEPTH = 400;
/** Queries within queries: DuckDB's planning, which nothing interrupts, takes twice as long for each. */
const MAX_QUERIES = 8;

type Json = Readonly<Record<string, unknown>>;

const EXPRESSIONS: ReadonlySet<string> = new Set([
  'BETWEEN',
  'CASE',
  'CAST',
  'COLUMN_REF',
  'COMPARISON',
  'CONJUNCTION',
  'CONSTANT',
  'FUNCTION',
  'LAMBDA',
  'OPERATOR',
  'POSITIONAL_REFERENCE',
  'STAR',
  'SUBQUERY',
  'WINDOW',
  'TYPE',
]);
/** What has a type and is no expression: queries, what stands in FROM, what follows a query, orders. */
const OTHERS: ReadonlySet<string> = new Set([
  'SELECT_NODE',
  'SET_OPERATION_NODE',
  'CTE_NODE',
  'BASE_TABLE',
  'SUBQUERY',
  'JOIN',
  'EMPTY',
  'EXPRESSION_LIST',
  'TABLE_FUNCTION',
  'ORDER_MODIFIER',
  'LIMIT_MODIFIER',
  'LIMIT_PERCENT_MODIFIER',
  'DISTINCT_MODIFIER',
  'ORDER_DEFAULT',
  'ASCENDING',
  'DESCENDING',
]);
/** Of types that are written out, such as DECIMAL(10, 2). */
const TYPE_INFO = /^[A-Z]+_TYPE_INFO$/;

/** Where in the query: the relations that have a name there, and within how much it stands. */
interface Place {
  readonly known: ReadonlySet<string>;
  readonly depth: number;
  readonly queries: number;
  readonly inLambda: boolean;
}

/**
 * Lets a parsed query pass when all that is in it is known to be harmless: it reads `events` and what it names itself by WITH,
 * and calls known functions. Everything else is refused, known or not.
 * @throws QueryProblem with the line and column
 */
export class SqlGuard {
  readonly #text: string;
  #parts = 0;

  /** `text`: what was parsed, to tell places in it. */
  constructor(text: string) {
    this.#text = text;
  }

  /** `node`: a statement's. */
  check(node: unknown): void {
    this.#walk(node, { known: new Set([EVENTS_VIEW]), depth: 0, queries: 0, inLambda: false });
  }

  #walk(value: unknown, around: Place): void {
    this.#parts += 1;
    if (this.#parts > MAX_PARTS || around.depth > MAX_DEPTH) {
      throw new QueryProblem('the query is too large: ask for less at once');
    }
    const place = { ...around, depth: around.depth + 1 };
    if (Array.isArray(value)) {
      for (const item of value) this.#walk(item, place);
      return;
    }
    if (!isObject(value)) return;
    const within = this.#within(value, place);
    if (typeof value.type === 'string') this.#checkPart(value, value.type, within.known);
    for (const [name, part] of Object.entries(value)) {
      // A call in FROM has been checked as such; what is in it has not.
      if (value.type === 'TABLE_FUNCTION' && name === 'function' && isObject(part)) {
        for (const inner of Object.values(part)) this.#walk(inner, within);
      } else if (name !== 'cte_map') this.#walk(part, within);
    }
  }

  #within(part: Json, place: Place): Place {
    if (part.class === 'LAMBDA') {
      if (place.inLambda) throw this.#refused(part, 'a lambda within another');
      return { ...place, inLambda: true };
    }
    const isQuery = typeof part.type === 'string' && part.type.endsWith('_NODE');
    if (isQuery && place.queries === MAX_QUERIES) {
      throw this.#refused(part, `more than ${MAX_QUERIES} queries within each other`);
    }
    const within = isQuery ? { ...place, queries: place.queries + 1 } : place;
    return { ...within, known: this.#withNames(part, within) };
  }

  /** The names that hold within a query: each of WITH sees those before it, not itself. */
  #withNames(node: Json, place: Place): ReadonlySet<string> {
    const map = isObject(node.cte_map) ? node.cte_map.map : undefined;
    if (!Array.isArray(map) || map.length === 0) return place.known;
    const names = new Set(place.known);
    for (const entry of map) {
      if (!isObject(entry) || typeof entry.key !== 'string') throw this.#refused(node, 'this WITH');
      this.#walk(entry.value, { ...place, known: names });
      if (entry.key.toLowerCase() === EVENTS_VIEW) {
        throw new QueryProblem(`WITH cannot give another meaning to ${EVENTS_VIEW}: choose another name`);
      }
      names.add(entry.key.toLowerCase());
    }
    return names;
  }

  #checkPart(part: Json, type: string, known: ReadonlySet<string>): void {
    if (typeof part.class === 'string') {
      if (!EXPRESSIONS.has(part.class))
        throw this.#refused(part, WORDS[part.class] ?? `an expression of kind ${part.class}`);
      if (part.class === 'FUNCTION' || part.class === 'WINDOW') this.#checkFunction(part, ALLOWED_FUNCTIONS);
      return;
    }
    if (TYPE_INFO.test(type)) return;
    if (!OTHERS.has(type)) throw this.#refused(part, WORDS[type] ?? `a query of kind ${type}`);
    if (type === 'BASE_TABLE') this.#checkTable(part, known);
    if (type === 'TABLE_FUNCTION') {
      if (!isObject(part.function)) throw this.#refused(part, 'this call');
      this.#checkFunction(part.function, ALLOWED_TABLE_FUNCTIONS);
    }
  }

  #checkTable(table: Json, known: ReadonlySet<string>): void {
    const { catalog_name: catalog, schema_name: schema, table_name: name, at_clause: at } = table;
    if (catalog === '' && schema === '' && !at && typeof name === 'string' && known.has(name.toLowerCase())) return;
    const full = [catalog, schema, name].filter((step) => step !== '').join('.');
    throw this.#refused(table, `the table ${full}`, `only ${EVENTS_VIEW} can be read`);
  }

  #checkFunction(call: Json, allowed: ReadonlySet<string>): void {
    const { catalog, schema, function_name: name } = call;
    const isPlain = (schema === '' || schema === 'main') && (catalog === '' || catalog === 'system');
    if (isPlain && typeof name === 'string' && allowed.has(name.toLowerCase())) return;
    throw this.#refused(call, `the function ${String(name)}`);
  }

  #refused(part: Json, what: string, instead?: string): QueryProblem {
    const more = instead === undefined ? '' : `: ${instead}`;
    return new QueryProblem(`${this.#place(part.query_location)}${what} is not allowed here${more}`);
  }

  #place(location: unknown): string {
    return typeof location === 'number' ? placeIn(this.#text, location) : '';
  }
}

const WORDS: Readonly<Record<string, string>> = {
  PARAMETER: 'a parameter',
  COLLATE: 'COLLATE',
  RECURSIVE_CTE_NODE: 'WITH RECURSIVE',
  SHOW_REF: 'SHOW, DESCRIBE or SUMMARIZE',
};

/** `line 2, column 5: `, of a place in bytes; nothing where there is none. */
export function placeIn(text: string, bytes: number): string {
  const before = Buffer.from(text).subarray(0, bytes).toString();
  if (bytes > Buffer.byteLength(text)) return '';
  const lines = before.split('\n');
  return `line ${lines.length}, column ${(lines.at(-1) ?? '').length + 1}: `;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
