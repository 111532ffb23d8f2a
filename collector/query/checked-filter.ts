import { type EventField, eventField } from '../../contract/event-fields.ts';
import type { Filter, Scalar } from '../../contract/filter.ts';
import { QueryProblem } from '../store/failure.ts';
import { type AddressRange, parseAddressRange } from './address-range.ts';
import { comparable } from './comparable-text.ts';
import { Automaton } from './expression/automaton.ts';
import { parseExpression } from './expression/parse.ts';
import type { Expression } from './expression/syntax.ts';
import { foldCase } from './fold-case.ts';
import { parseInstant } from './instant.ts';
import { type LikePattern, parseLike } from './like-pattern.ts';

/** A filter whose fields and values are known to fit: what its forms are compiled from, so that they agree. */
export type CheckedFilter =
  | { readonly kind: 'all' | 'any'; readonly of: readonly CheckedFilter[] }
  | { readonly kind: 'not'; readonly filter: CheckedFilter }
  | { readonly kind: 'test'; readonly field: EventField; readonly test: FieldTest };

export type FieldTest =
  | { readonly kind: 'exists' }
  /** Times as `parseInstant` writes them; folded where case is ignored. */
  | { readonly kind: 'one-of'; readonly values: ReadonlySet<Scalar>; readonly ignoreCase: boolean }
  | { readonly kind: 'like'; readonly pattern: LikePattern; readonly ignoreCase: boolean }
  | { readonly kind: 'matches'; readonly automaton: Automaton; readonly expression: Expression }
  | { readonly kind: 'range'; readonly from?: Bound; readonly to?: Bound }
  | { readonly kind: 'within'; readonly range: AddressRange };

export interface Bound {
  readonly value: number | string;
  /** Whether the value itself is in the range. */
  readonly included: boolean;
}

/** What `words` searches, as contract/filter.ts says. */
const WORD_FIELDS = [
  'db.query.text',
  'db.query.parameter',
  'error.message',
  'message',
  'dbaudit.statement.tables',
] as const;
/** Of a search; whoever types more pastes a document. */
const MAX_WORDS = 50;

/** @throws QueryProblem that names the field and what was expected */
export function checkFilter(filter: Filter): CheckedFilter {
  switch (filter.kind) {
    case 'all':
    case 'any':
      return { kind: filter.kind, of: filter.of.map(checkFilter) };
    case 'not':
      return { kind: 'not', filter: checkFilter(filter.filter) };
    case 'words':
      return checkFilter(wordsIn(filter.text, WORD_FIELDS));
    default: {
      const field = eventField(filter.field);
      if (field === undefined) throw new QueryProblem(`there is no field ${JSON.stringify(filter.field)}`);
      return { kind: 'test', field, test: checkTest(filter, field) };
    }
  }
}

/** All words occur, each in any of the fields, in any case. */
export function wordsIn(text: string, fields: readonly string[]): Filter {
  const words = text.split(/\s+/).filter((word) => word !== '');
  if (words.length > MAX_WORDS) throw new QueryProblem(`at most ${MAX_WORDS} words can be searched for at once`);
  return {
    kind: 'all',
    of: words.map((word) => ({ kind: 'any', of: fields.map((field) => containing(field, word)) })),
  };
}

function containing(field: string, word: string): Filter {
  return { kind: 'like', field, pattern: `*${word.replace(/[\\*?]/g, '\\$&')}*`, ignoreCase: true };
}

type Leaf = Extract<Filter, { readonly field: string }>;

function checkTest(leaf: Leaf, field: EventField): FieldTest {
  const ignoreCase = 'ignoreCase' in leaf && leaf.ignoreCase === true;
  switch (leaf.kind) {
    case 'exists':
      return { kind: 'exists' };
    case 'is':
      return {
        kind: 'one-of',
        values: new Set(leaf.values.flatMap((value) => checkValue(value, field, ignoreCase))),
        ignoreCase,
      };
    case 'like':
      requireText(field, 'a pattern');
      return { kind: 'like', pattern: parseLike(comparedText(leaf.pattern, ignoreCase)), ignoreCase };
    case 'matches': {
      requireText(field, 'a regular expression');
      const expression: Expression = parseExpression(leaf.expression, ignoreCase);
      return { kind: 'matches', automaton: new Automaton(expression), expression };
    }
    case 'range':
      return checkRange(leaf, field);
    case 'within': {
      requireText(field, 'a range of addresses');
      const range = parseAddressRange(leaf.range);
      if (range === undefined) throw expected(field, 'a range of addresses such as 10.0.0.0/8 or fd00::/8', leaf.range);
      return { kind: 'within', range };
    }
  }
}

function requireText({ name, type }: EventField, what: string): void {
  if (type === 'integer' || type === 'number' || type === 'boolean' || type === 'time') {
    throw new QueryProblem(`${name} is ${A_TYPE[type]}: it cannot be compared with ${what}`);
  }
}

const A_TYPE = { integer: 'a whole number', number: 'a number', boolean: 'true or false', time: 'a time' } as const;

/** What the field can have of `value`; nothing, where no event can have it. */
function checkValue(value: Scalar, field: EventField, ignoreCase: boolean): readonly Scalar[] {
  switch (field.type) {
    case 'integer':
    case 'number':
      if (typeof value !== 'number' || !Number.isFinite(value)) throw expected(field, 'a number', value);
      return field.type === 'number' || Number.isSafeInteger(value) ? [value] : [];
    case 'boolean':
      if (typeof value !== 'boolean') throw expected(field, 'true or false', value);
      return [value];
    case 'time':
      return [checkTime(value, field)];
    default:
      return [comparedText(String(value), ignoreCase)];
  }
}

function comparedText(text: string, ignoreCase: boolean): string {
  return ignoreCase ? foldCase(comparable(text)) : comparable(text);
}

function checkTime(value: Scalar, field: EventField): string {
  const instant = typeof value === 'string' ? parseInstant(value) : undefined;
  if (instant === undefined) {
    throw expected(field, 'a time such as 2026-01-02T15:04:05Z, from 1678 to 2261', value);
  }
  return instant;
}

function checkRange(leaf: Extract<Filter, { readonly kind: 'range' }>, field: EventField): FieldTest {
  if (field.type !== 'integer' && field.type !== 'number' && field.type !== 'time') {
    throw new QueryProblem(`${field.name} is text: a range needs a number or a time`);
  }
  const { over, from, below, to } = leaf;
  if ((over !== undefined && from !== undefined) || (below !== undefined && to !== undefined)) {
    throw new QueryProblem(`a range of ${field.name} has one lower and one upper bound`);
  }
  const lower = checkBound(over ?? from, over === undefined, field);
  const upper = checkBound(below ?? to, below === undefined, field);
  if (lower === undefined && upper === undefined) {
    throw new QueryProblem(`a range of ${field.name} needs a lower or an upper bound`);
  }
  return { kind: 'range', ...(lower && { from: lower }), ...(upper && { to: upper }) };
}

function checkBound(value: number | string | undefined, included: boolean, field: EventField): Bound | undefined {
  if (value === undefined) return undefined;
  if (field.type === 'time') return { value: checkTime(value, field), included };
  if (typeof value !== 'number' || !Number.isFinite(value)) throw expected(field, 'a number', value);
  return { value, included };
}

/** Of a value the beginning is enough to find it. */
const SHOWN = 100;

function expected({ name }: EventField, what: string, got: Scalar): QueryProblem {
  const shown = JSON.stringify(typeof got === 'string' ? got.slice(0, SHOWN) : got);
  return new QueryProblem(`${name} needs ${what}, not ${shown}`);
}
