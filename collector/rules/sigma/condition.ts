import type { Filter } from '../../../contract/filter.ts';
import { type Path, SigmaProblem } from './place.ts';

/** Sigma 1's `| count(field) by a, b >= n`; correlations say the same in Sigma 2. */
export interface Aggregation {
  readonly measure: 'count' | 'sum';
  readonly field: string | undefined;
  readonly groupBy: readonly string[];
  readonly operator: string;
  readonly value: number;
}

export interface Condition {
  readonly filter: Filter;
  readonly aggregation?: Aggregation;
}

const TOKEN = /\s*(?:([()])|([^\s()]+))/y;
/** Deeper parentheses are no one's rule. */
const MAX_DEPTH = 16;
const AGGREGATION = /^(count|sum)\s*\(\s*([^)\s]*)\s*\)\s*(?:by\s+(.+?)\s*)?(>=|>|==|=|<=|<)\s*(\d+)$/;

/** Reads `selection and not 1 of filter_*`; the names are those of `items`. */
export function readCondition(text: string, items: ReadonlyMap<string, Filter>, path: Path): Condition {
  const [logic = '', ...piped] = text.split('|');
  const filter = new ConditionReader(logic, items, path).read();
  if (piped.length === 0) return { filter };
  return { filter, aggregation: readAggregation(piped.join('|').trim(), path) };
}

function readAggregation(text: string, path: Path): Aggregation {
  const [, measure, field, by, operator = '', value] = AGGREGATION.exec(text) ?? [];
  if (measure !== 'count' && measure !== 'sum') {
    throw new SigmaProblem(path, `"| ${text}" is not understood; expected "| count(FIELD) by FIELD >= NUMBER"`);
  }
  const groupBy = (by ?? '').split(/[\s,]+/).filter((name) => name !== '');
  return { measure, field: field === '' ? undefined : field, groupBy, operator, value: Number(value) };
}

/** Recursive descent: `or` binds weakest, then `and`, then `not`. */
class ConditionReader {
  readonly #tokens: readonly string[];
  readonly #items: ReadonlyMap<string, Filter>;
  readonly #path: Path;
  #at = 0;
  #depth = 0;

  constructor(text: string, items: ReadonlyMap<string, Filter>, path: Path) {
    this.#items = items;
    this.#path = path;
    this.#tokens = tokensOf(text);
  }

  read(): Filter {
    const filter = this.#or();
    const rest = this.#tokens[this.#at];
    if (rest !== undefined) throw this.#problem(`"${rest}" is not expected here`);
    return filter;
  }

  #or(): Filter {
    const of = [this.#and()];
    while (this.#takes('or')) of.push(this.#and());
    return of.length === 1 && of[0] !== undefined ? of[0] : { kind: 'any', of };
  }

  #and(): Filter {
    const of = [this.#not()];
    while (this.#takes('and')) of.push(this.#not());
    return of.length === 1 && of[0] !== undefined ? of[0] : { kind: 'all', of };
  }

  #not(): Filter {
    if (!this.#takes('not')) return this.#primary();
    return { kind: 'not', filter: this.#not() };
  }

  #primary(): Filter {
    const token = this.#tokens[this.#at];
    if (token === undefined) throw this.#problem('it ends too early');
    this.#at += 1;
    if (token === '(') return this.#parentheses();
    if ((token === '1' || token === 'any' || token === 'all') && this.#takes('of'))
      return this.#quantity(token === 'all');
    const item = this.#items.get(token);
    if (item !== undefined) return item;
    throw this.#problem(`"${token}" is no name under detection; there are ${[...this.#items.keys()].join(', ')}`);
  }

  #parentheses(): Filter {
    if (++this.#depth > MAX_DEPTH) throw this.#problem(`parentheses are at most ${MAX_DEPTH} deep`);
    const filter = this.#or();
    if (!this.#takes(')')) throw this.#problem('a ")" is missing');
    this.#depth -= 1;
    return filter;
  }

  #quantity(all: boolean): Filter {
    const pattern = this.#tokens[this.#at];
    if (pattern === undefined) throw this.#problem('"of" is followed by "them" or a name with "*"');
    this.#at += 1;
    const of = [...this.#items].filter(([name]) => isMeant(name, pattern)).map(([, filter]) => filter);
    if (of.length === 0) throw this.#problem(`"${pattern}" is no name under detection`);
    return { kind: all ? 'all' : 'any', of };
  }

  #takes(word: string): boolean {
    if (this.#tokens[this.#at]?.toLowerCase() !== word) return false;
    this.#at += 1;
    return true;
  }

  #problem(what: string): SigmaProblem {
    return new SigmaProblem(this.#path, `the condition "${this.#tokens.join(' ')}" cannot be read: ${what}`);
  }
}

function tokensOf(text: string): readonly string[] {
  return Array.from(text.matchAll(new RegExp(TOKEN, 'g')), ([, bracket, word]) => bracket ?? word ?? '');
}

/** `them` leaves out names that begin with an underscore, as Sigma has it. */
function isMeant(name: string, pattern: string): boolean {
  if (pattern === 'them') return !name.startsWith('_');
  const parts = pattern.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`).test(name);
}
