import { EVENT_FIELD_LIST, type EventField, eventField } from './event-fields.ts';
import { both, type Filter, type Scalar } from './filter.ts';
import { SEARCH_NAMES, SLOW } from './search-names.ts';
import { parseQuantity } from './search-quantity.ts';

export type SearchResult =
  | { readonly ok: true; readonly filter: Filter }
  /** `at`: the character, from 0, where it stops making sense. */
  | { readonly ok: false; readonly at: number; readonly message: string };

/** Deeper parentheses, and longer searches, are no person's. */
const MAX_DEPTH = 10;
const MAX_LENGTH = 10_000;
const SLOW_NANOS = 1_000_000_000;

/**
 * What people type: `user:app -op:select table:orders* slower words`. Terms side by side all hold; `OR`, parentheses and `-`
 * do what they say. docs/reference/events-view.md has the whole language.
 */
export function parseSearch(text: string): SearchResult {
  try {
    if (text.length > MAX_LENGTH) throw new Mistake(MAX_LENGTH, `a search has at most ${MAX_LENGTH} characters`);
    return { ok: true, filter: new SearchParser(text).read() };
  } catch (error) {
    if (error instanceof Mistake) return { ok: false, at: error.at, message: error.message };
    throw error;
  }
}

class Mistake extends Error {
  readonly at: number;

  constructor(at: number, message: string) {
    super(message);
    this.at = at;
  }
}

/** A value as it was typed: in quotes it is taken as it is; a backslash takes the next character as it is. */
interface Value {
  readonly at: number;
  readonly text: string;
  /** With `\` before each wildcard that is meant as itself. */
  readonly pattern: string;
  readonly isPattern: boolean;
}

const OPERATOR = /^(:|=|~|>=|<=|<<|>|<)/;
const NAME = /(?:([@A-Za-z][\w.@-]*)|"((?:[^"\\]|\\.)*)")(?=[:=~<>])/sy;
type Operator = ':' | '=' | '~' | '>' | '>=' | '<' | '<=' | '<<';

class SearchParser {
  readonly #text: string;
  #position = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): Filter {
    const filter = this.#any();
    if (this.#position < this.#text.length) throw new Mistake(this.#position, 'there is no "(" for this ")"');
    return filter;
  }

  #any(): Filter {
    const choices = [this.#all()];
    while (this.#takeWord('OR')) choices.push(this.#all());
    const [only] = choices;
    return choices.length === 1 && only !== undefined ? only : { kind: 'any', of: choices };
  }

  #all(): Filter {
    const start = this.#position;
    const terms: Filter[] = [];
    const words: string[] = [];
    for (;;) {
      this.#skipSpace();
      const next = this.#text[this.#position];
      if (next === undefined || next === ')' || this.#isWord('OR')) break;
      const term = this.#term();
      if (typeof term === 'string') words.push(term);
      else terms.push(term);
    }
    if (words.length > 0) terms.push({ kind: 'words', text: words.join(' ') });
    if (terms.length === 0 && (this.#isWord('OR') || this.#text.slice(0, start).endsWith('OR'))) {
      throw new Mistake(this.#position, 'OR stands between two terms');
    }
    return both(...terms);
  }

  /** A text is a word that is searched for. */
  #term(): Filter | string {
    const start = this.#position;
    if (this.#text[start] === '-' && /^-[^\s)]/.test(this.#text.slice(start))) {
      this.#position += 1;
      const term = this.#term();
      return { kind: 'not', filter: typeof term === 'string' ? { kind: 'words', text: term } : term };
    }
    if (this.#text[start] === '(') return this.#group();
    const name = this.#name();
    if (name === undefined) return this.#value(false).text;
    return this.#fieldTerm(name, start);
  }

  /** What stands before an operator; in quotes where it has other characters than names have. */
  #name(): string | undefined {
    NAME.lastIndex = this.#position;
    const found = NAME.exec(this.#text);
    if (found === null) return undefined;
    this.#position = NAME.lastIndex;
    return found[2] === undefined ? found[1] : found[2].replace(/\\(.)/gs, '$1');
  }

  #group(): Filter {
    const start = this.#position;
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) throw new Mistake(start, `parentheses are at most ${MAX_DEPTH} deep`);
    this.#position += 1;
    const filter = this.#any();
    if (this.#text[this.#position] !== ')') throw new Mistake(start, 'there is no ")" for this "("');
    this.#position += 1;
    this.#depth -= 1;
    return filter;
  }

  #fieldTerm(name: string, start: number): Filter {
    const operator = (OPERATOR.exec(this.#text.slice(this.#position, this.#position + 2))?.[0] ?? ':') as Operator;
    this.#position += operator.length;
    const known = fieldNamed(name);
    if (known === undefined) {
      throw new Mistake(start, `there is no field "${name}"; put it in quotes to search for it as a word`);
    }
    const { field, anyCase, isSlow } = known;
    const ignoreCase = isText(field) && (operator === '~' || (operator === ':' && anyCase));
    const isCompared = operator !== ':' && operator !== '=' && operator !== '~';
    if (!isCompared && isText(field) && this.#text[this.#position] === '/') {
      return withCase({ kind: 'matches', field: field.name, expression: this.#expression() }, ignoreCase);
    }
    const values = this.#values();
    const [first] = values;
    if (first === undefined) {
      if (isCompared) throw new Mistake(this.#position, `after ${name}${operator} comes a value`);
      return isSlow ? { kind: 'range', field: field.name, over: SLOW_NANOS } : { kind: 'exists', field: field.name };
    }
    if (isCompared || isSlow) {
      if (values.length > 1) throw new Mistake(start, `${name}${operator} takes one value`);
      return comparison(field, isSlow ? '>=' : operator, first);
    }
    return anyOf(values, field, ignoreCase);
  }

  #values(): readonly Value[] {
    const next = this.#text[this.#position];
    if (next === undefined || /[\s)]/.test(next)) return [];
    const values = [this.#value(true)];
    while (this.#text[this.#position] === ',') {
      this.#position += 1;
      values.push(this.#value(true));
    }
    return values;
  }

  /** `inList`: a comma ends it. */
  #value(inList: boolean): Value {
    const at = this.#position;
    if (this.#text[at] === '"') return this.#quoted();
    let text = '';
    let pattern = '';
    let isPattern = false;
    for (; this.#position < this.#text.length; this.#position += 1) {
      let character = this.#text[this.#position] ?? '';
      if (/[\s()]/.test(character) || (inList && character === ',')) break;
      const isEscaped = character === '\\' && this.#position + 1 < this.#text.length;
      if (isEscaped) {
        this.#position += 1;
        character = this.#text[this.#position] ?? '';
      }
      const isWild = !isEscaped && (character === '*' || character === '?');
      isPattern ||= isWild;
      text += character;
      pattern += isWild ? character : escapedWildcard(character);
    }
    if (text === '') throw new Mistake(at, 'a value is missing here');
    return { at, text, pattern, isPattern };
  }

  #quoted(): Value {
    const at = this.#position;
    const found = /"((?:[^"\\]|\\.)*)"/sy;
    found.lastIndex = at;
    const inner = found.exec(this.#text)?.[1];
    if (inner === undefined) throw new Mistake(at, 'the quote that opens here is not closed');
    this.#position = found.lastIndex;
    const text = inner.replace(/\\(.)/gs, '$1');
    return { at, text, pattern: escapedWildcard(text), isPattern: false };
  }

  /** `/…/`, in which a slash is written `\/`. */
  #expression(): string {
    const at = this.#position;
    const found = /\/((?:[^/\\]|\\.)+)\//sy;
    found.lastIndex = at;
    const inner = found.exec(this.#text)?.[1];
    if (inner === undefined) throw new Mistake(at, 'the regular expression that begins here has no "/" at its end');
    this.#position = found.lastIndex;
    return inner.replaceAll('\\/', '/');
  }

  #isWord(word: string): boolean {
    this.#skipSpace();
    const rest = this.#text.slice(this.#position, this.#position + word.length + 1);
    return rest.startsWith(word) && /^(?:[\s()]|$)/.test(rest.slice(word.length));
  }

  #takeWord(word: string): boolean {
    const isIt = this.#isWord(word);
    if (isIt) this.#position += word.length;
    return isIt;
  }

  #skipSpace(): void {
    while (/\s/.test(this.#text[this.#position] ?? '')) this.#position += 1;
  }
}

const BY_SHORT_NAME = new Map(SEARCH_NAMES.map((entry) => [entry.name, entry]));
const BY_COLUMN = new Map(EVENT_FIELD_LIST.map((field) => [field.column, field]));

function fieldNamed(
  name: string,
): { readonly field: EventField; readonly anyCase: boolean; readonly isSlow: boolean } | undefined {
  const short = BY_SHORT_NAME.get(name);
  const isSlow = name === SLOW;
  const field = eventField(isSlow ? 'event.duration' : (short?.field ?? name)) ?? BY_COLUMN.get(name);
  return field === undefined ? undefined : { field, anyCase: hasAnyCase(field), isSlow };
}

/** Whether `:` compares the field in any case, by whichever name. */
export function hasAnyCase({ name }: EventField): boolean {
  return SEARCH_NAMES.some(({ field, anyCase }) => field === name && anyCase === true);
}

export function isText({ type }: EventField): boolean {
  return type === 'text' || type === 'names' || type === 'map' || type === 'address';
}

function anyOf(values: readonly Value[], field: EventField, ignoreCase: boolean): Filter {
  const exact: Scalar[] = [];
  const others: Filter[] = [];
  for (const value of values) {
    if (value.isPattern && value.pattern === '*') others.push({ kind: 'exists', field: field.name });
    else if (value.isPattern && isText(field)) {
      others.push(withCase({ kind: 'like', field: field.name, pattern: value.pattern }, ignoreCase));
    } else if (field.type === 'address' && value.text.includes('/')) {
      others.push({ kind: 'within', field: field.name, range: value.text });
    } else exact.push(scalarOf(field, value));
  }
  if (exact.length > 0) others.unshift(withCase({ kind: 'is', field: field.name, values: exact }, ignoreCase));
  const [only] = others;
  return others.length === 1 && only !== undefined ? only : { kind: 'any', of: others };
}

type Cased = Extract<Filter, { readonly ignoreCase?: boolean }>;

function withCase(filter: Cased, ignoreCase: boolean): Filter {
  return ignoreCase ? { ...filter, ignoreCase } : filter;
}

function comparison(field: EventField, operator: Operator, value: Value): Filter {
  if (operator === '<<') return { kind: 'within', field: field.name, range: value.text };
  const bound = scalarOf(field, value);
  if (isText(field) || typeof bound === 'boolean') {
    throw new Mistake(value.at, `${field.name} is no number and no time: it cannot be more or less`);
  }
  const side = { '>': 'over', '>=': 'from', '<': 'below', '<=': 'to' } as const;
  return { kind: 'range', field: field.name, [side[operator as keyof typeof side]]: bound };
}

const TIME = /^\d{4}-\d\d-\d\d(?:[Tt]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d))?$/;

function scalarOf(field: EventField, { text, at }: Value): Scalar {
  switch (field.type) {
    case 'integer':
    case 'number': {
      const number = parseQuantity(text, field.name === 'event.duration');
      if (number !== undefined) return number;
      const unit = field.name === 'event.duration' ? '200ms, 1.5s or 2m' : '1000, 10k or 4Mi';
      throw new Mistake(at, `${field.name} is a number, such as ${unit}`);
    }
    case 'boolean':
      if (text === 'true' || text === 'false') return text === 'true';
      throw new Mistake(at, `${field.name} is true or false`);
    case 'time':
      if (TIME.test(text) && !Number.isNaN(Date.parse(text))) return text.length === 10 ? `${text}T00:00:00Z` : text;
      throw new Mistake(at, `${field.name} is a time, such as 2026-01-02 or 2026-01-02T15:04:05Z`);
    default:
      return text;
  }
}

function escapedWildcard(text: string): string {
  return text.replace(/[\\*?]/g, '\\$&');
}
