import type { EventField } from '../../contract/event-fields.ts';
import type { Filter } from '../../contract/filter.ts';
import {
  ADDRESSES,
  addressPrefix,
  KEYWORD_CHARACTERS,
  PRESENT,
  type TextPath,
  type TextPlace,
  textPlace,
} from '../store/opensearch/search-fields.ts';
import { type Bound, type CheckedFilter, checkFilter, type FieldTest } from './checked-filter.ts';
import { toLucene } from './expression/lucene.ts';
import { type LikePart, MANY, ONE } from './like-pattern.ts';

const EVERY_EVENT = { match_all: {} };
const NO_EVENT = { match_none: {} };
/** Lucene's own measure of what an expression takes; its default is reached by a few words with \b around them. */
const MAX_STATES = 200_000;
/** A time before this is in no index. */
const FIRST_TIME = '1970-01-01T00:00:00.000000000Z';

/**
 * The filter as a query over indexes with the mappings of store/opensearch/search-fields.ts, which finds the events that
 * `compileMatcher` lets pass. https://docs.opensearch.org/latest/query-dsl/
 * @throws QueryProblem when the filter is not one, or has a regular expression that is too large for OpenSearch
 */
export function filterToOpenSearch(filter: Filter): object {
  return queryOf(checkFilter(filter));
}

function queryOf(filter: CheckedFilter): object {
  switch (filter.kind) {
    case 'all':
      return filter.of.length === 0 ? EVERY_EVENT : { bool: { filter: filter.of.map(queryOf) } };
    case 'any':
      return anyOf(filter.of.map(queryOf));
    case 'not':
      return { bool: { must_not: [queryOf(filter.filter)] } };
    case 'test':
      return testQuery(filter.field, filter.test);
  }
}

function anyOf(queries: readonly object[]): object {
  const [only] = queries;
  if (only === undefined) return NO_EVENT;
  return queries.length === 1 ? only : { bool: { should: queries, minimum_should_match: 1 } };
}

function testQuery(field: EventField, test: FieldTest): object {
  switch (test.kind) {
    case 'exists':
      return existsQuery(field);
    case 'within': {
      const { family, first, last } = test.range;
      const prefix = addressPrefix(field, family);
      return { range: { [ADDRESSES]: { gte: prefix + first, lte: prefix + last } } };
    }
    case 'range':
      return rangeQuery(field, test);
    case 'one-of': {
      const values = [...test.values];
      if (!isText(field)) return { terms: { [field.name]: values } };
      const place = textPlace(field);
      return equalsQuery(place, values.map(String), test.ignoreCase);
    }
    case 'like': {
      const place = textPlace(field);
      const literal = literalOf(test.pattern.parts);
      if (literal !== undefined) return equalsQuery(place, [literal], test.ignoreCase);
      const parts = place.prefix === '' ? test.pattern.parts : [place.prefix, ...test.pattern.parts];
      const query = everywhere(place, (paths) => likeQuery(test.ignoreCase ? paths.folded : paths.path, parts));
      return place.prefix === '' && test.pattern.test('') ? orEmpty(place, query) : query;
    }
    case 'matches': {
      const place = textPlace(field);
      const value = toLucene(test.expression, place.prefix);
      const query = everywhere(place, ({ path }) => ({
        regexp: { [path]: { value, flags: 'NONE', max_determinized_states: MAX_STATES } },
      }));
      return place.prefix === '' && test.automaton.test('') ? orEmpty(place, query) : query;
    }
  }
}

function isText({ type }: EventField): boolean {
  return type === 'text' || type === 'names' || type === 'address' || type === 'map';
}

function existsQuery(field: EventField): object {
  const present = { term: { [PRESENT]: field.name } };
  if (field.type === 'map') return present;
  if (!isText(field)) return anyOf([{ exists: { field: field.name } }, present]);
  const place = textPlace(field);
  const { path, prefix } = place;
  if (prefix === '') return anyOf([{ exists: { field: path } }, present]);
  return everywhere(place, (paths) => likeQuery(paths.path, [prefix, MANY]));
}

/** Longer values are in a field of their own. */
function everywhere(place: TextPlace, query: (paths: TextPath) => object): object {
  return anyOf([query(place), ...(place.longer === undefined ? [] : [query(place.longer)])]);
}

/** A field for texts of any length finds no empty ones, and neither do our regular expressions; the keyword does. */
function orEmpty({ keyword }: TextPlace, query: object): object {
  return anyOf([query, { term: { [keyword]: '' } }]);
}

/** The one text that a pattern stands for. */
function literalOf(parts: readonly LikePart[]): string | undefined {
  const texts = parts.filter((part) => typeof part === 'string');
  return texts.length === parts.length ? texts.join('') : undefined;
}

function equalsQuery(place: TextPlace, values: readonly string[], ignoreCase: boolean): object {
  const { path, folded, keyword, longer, prefix } = place;
  const texts = values.map((value) => prefix + value);
  if (longer === undefined) return { terms: { [ignoreCase ? folded : path]: texts } };
  const isKeyword = (text: string) => text === '' || (!ignoreCase && text.length <= KEYWORD_CHARACTERS);
  const keywords = texts.filter(isKeyword);
  return anyOf([
    ...(keywords.length === 0 ? [] : [{ terms: { [keyword]: keywords } }]),
    ...texts.flatMap((text) => {
      if (isKeyword(text)) return [];
      const paths = text.length <= KEYWORD_CHARACTERS ? place : longer;
      return [likeQuery(ignoreCase ? paths.folded : paths.path, [text])];
    }),
  ]);
}

function likeQuery(path: string, parts: readonly LikePart[]): object {
  const value = parts.map((part) => {
    if (part === MANY) return '*';
    return part === ONE ? '?' : part.replace(/[\\*?]/g, '\\$&');
  });
  return { wildcard: { [path]: { value: value.join('') } } };
}

function rangeQuery({ name, type }: EventField, { from, to }: { readonly from?: Bound; readonly to?: Bound }): object {
  const lower = from && (type === 'time' && from.value < FIRST_TIME ? { value: FIRST_TIME, included: true } : from);
  const upper = to && (type === 'time' && to.value < FIRST_TIME ? { value: FIRST_TIME, included: false } : to);
  return {
    range: {
      [name]: {
        ...(lower && { [lower.included ? 'gte' : 'gt']: lower.value }),
        ...(upper && { [upper.included ? 'lte' : 'lt']: upper.value }),
      },
    },
  };
}
