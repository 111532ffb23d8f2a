/*
 * A hash over a statement's tokens in which literals, lists of them, rows of VALUES, case of keywords, white space and
 * comments make no difference. An item of a list that is like the one before it does not count: `IN (1, 2, 3)` is
 * `IN (1)`, and rows of one shape are one row.
 */

/** Deeper parentheses are hashed as they come, their lists not folded. */
const MAX_DEPTH = 64;
const FIRST_PRIME = 0x85ebca6b | 0;
const SECOND_PRIME = 0xc2b2ae35 | 0;
const FIRST_START = 0x2f0b4c47;
const SECOND_START = 0x6a09e667;

/** What tokens count as. Keywords come after the last of them, symbols far beyond. */
const LITERAL_TOKEN = 1;
const COMMA_TOKEN = 2;
const OPEN_TOKEN = 3;
const CLOSE_TOKEN = 4;
const NAME_TOKEN = 5;
const GROUP_TOKEN = 6;
const SEMICOLON_TOKEN = 7;
const KEYWORD_BASE = 0x100;
const SYMBOL_BASE = 0x10000;

/** What was read last, as far as it matters for lists. */
const ANYTHING = 0;
const LITERAL = 1;
const LITERAL_COMMA = 2;
const GROUP = 3;
const GROUP_COMMA = 4;
const OPENING = 5;
const COMMA = 6;
const OPERAND = 7;

const PLUS = 0x2b;
const MINUS = 0x2d;

const LEVEL_FIRST = 0;
const LEVEL_SECOND = 1;
const LEVEL_GROUP_FIRST = 2;
const LEVEL_GROUP_SECOND = 3;
const LEVEL_IS_ITEM = 4;
const LEVEL_SIZE = 5;

export class Fingerprint {
  /** The two halves, valid after `finish`. */
  first = 0;
  second = 0;
  readonly #levels = new Int32Array(MAX_DEPTH * LEVEL_SIZE);
  #depth = 0;
  #overflow = 0;
  #last = ANYTHING;
  #sign = 0;
  #semicolon = false;
  #groupFirst = 0;
  #groupSecond = 0;

  reset(): void {
    this.first = FIRST_START;
    this.second = SECOND_START;
    this.#depth = 0;
    this.#overflow = 0;
    this.#last = ANYTHING;
    this.#sign = 0;
    this.#semicolon = false;
  }

  literal(): void {
    if (this.#semicolon) this.#flush(ANYTHING);
    const last = this.#last;
    this.#last = LITERAL;
    this.#sign = 0;
    if (last === LITERAL || last === LITERAL_COMMA) return;
    if (last === GROUP_COMMA) this.#mix(COMMA_TOKEN, COMMA_TOKEN);
    this.#mix(LITERAL_TOKEN, LITERAL_TOKEN);
  }

  /** A value that is written as a keyword: a literal in a list, else the keyword it is. */
  valueKeyword(keyword: number): void {
    const last = this.#last;
    const inList = last === OPENING || last === COMMA || last === LITERAL_COMMA || last === GROUP_COMMA;
    if (inList && this.#sign === 0) this.literal();
    else this.keyword(keyword);
  }

  keyword(keyword: number): void {
    this.#flush(ANYTHING);
    this.#mix(KEYWORD_BASE + keyword, KEYWORD_BASE + keyword);
  }

  name(lowerHash: number, writtenHash: number): void {
    this.#flush(OPERAND);
    this.#mix(NAME_TOKEN, NAME_TOKEN);
    this.#mix(lowerHash, writtenHash);
  }

  comma(): void {
    const last = this.#last;
    if (this.#sign === 0 && !this.#semicolon) {
      if (last === LITERAL) {
        this.#last = LITERAL_COMMA;
        return;
      }
      if (last === GROUP) {
        this.#last = GROUP_COMMA;
        return;
      }
    }
    this.#flush(COMMA);
    this.#mix(COMMA_TOKEN, COMMA_TOKEN);
  }

  symbol(code: number): void {
    const last = this.#last;
    if (
      (code === MINUS || code === PLUS) &&
      this.#sign === 0 &&
      last !== OPERAND &&
      last !== GROUP &&
      last !== LITERAL
    ) {
      this.#sign = code;
      return;
    }
    this.#flush(ANYTHING);
    this.#mix(SYMBOL_BASE + code, SYMBOL_BASE + code);
  }

  /** The last one counts only if something comes behind it. */
  semicolon(): void {
    this.#flush(ANYTHING);
    this.#semicolon = true;
  }

  open(): void {
    const isItem = this.#last === GROUP_COMMA && this.#sign === 0;
    if (!isItem) this.#flush(OPENING);
    this.#last = OPENING;
    if (this.#depth === MAX_DEPTH) {
      this.#overflow += 1;
      if (isItem) this.#mix(COMMA_TOKEN, COMMA_TOKEN);
      this.#mix(OPEN_TOKEN, OPEN_TOKEN);
      return;
    }
    const levels = this.#levels;
    const level = this.#depth * LEVEL_SIZE;
    levels[level + LEVEL_FIRST] = this.first;
    levels[level + LEVEL_SECOND] = this.second;
    levels[level + LEVEL_GROUP_FIRST] = this.#groupFirst;
    levels[level + LEVEL_GROUP_SECOND] = this.#groupSecond;
    levels[level + LEVEL_IS_ITEM] = isItem ? 1 : 0;
    this.#depth += 1;
    this.first = FIRST_START;
    this.second = SECOND_START;
  }

  close(): void {
    this.#flush(ANYTHING);
    if (this.#overflow > 0) {
      this.#overflow -= 1;
      this.#mix(CLOSE_TOKEN, CLOSE_TOKEN);
    } else if (this.#depth === 0) {
      this.#mix(CLOSE_TOKEN, CLOSE_TOKEN);
    } else this.#closeLevel();
  }

  /** Ends the text: `first` and `second` hold the result. */
  finish(): void {
    this.#semicolon = false;
    this.#flush(ANYTHING);
    while (this.#depth > 0) {
      this.#mix(CLOSE_TOKEN, OPEN_TOKEN);
      this.#closeLevel();
    }
    const first = avalanche(this.first ^ this.second);
    this.second = avalanche(Math.imul(this.second, FIRST_PRIME) ^ first);
    this.first = first;
  }

  #closeLevel(): void {
    const levels = this.#levels;
    this.#depth -= 1;
    const level = this.#depth * LEVEL_SIZE;
    const groupFirst = this.first;
    const groupSecond = this.second;
    this.first = levels[level + LEVEL_FIRST] as number;
    this.second = levels[level + LEVEL_SECOND] as number;
    const isItem = levels[level + LEVEL_IS_ITEM] === 1;
    const isRepeated =
      isItem && levels[level + LEVEL_GROUP_FIRST] === groupFirst && levels[level + LEVEL_GROUP_SECOND] === groupSecond;
    if (!isRepeated) {
      if (isItem) this.#mix(COMMA_TOKEN, COMMA_TOKEN);
      this.#mix(GROUP_TOKEN, GROUP_TOKEN);
      this.#mix(groupFirst, groupSecond);
    }
    this.#groupFirst = groupFirst;
    this.#groupSecond = groupSecond;
    this.#last = GROUP;
  }

  /** What was held back counts after all. */
  #flush(last: number): void {
    const held = this.#last;
    this.#last = last;
    if (held === LITERAL_COMMA || held === GROUP_COMMA) this.#mix(COMMA_TOKEN, COMMA_TOKEN);
    if (this.#sign !== 0) this.#flushSign();
    if (this.#semicolon) {
      this.#semicolon = false;
      this.#mix(SEMICOLON_TOKEN, SEMICOLON_TOKEN);
    }
  }

  #flushSign(): void {
    this.#mix(SYMBOL_BASE + this.#sign, SYMBOL_BASE + this.#sign);
    this.#sign = 0;
  }

  #mix(first: number, second: number): void {
    const a = Math.imul(this.first ^ first, FIRST_PRIME);
    this.first = (a << 13) | (a >>> 19);
    const b = Math.imul(this.second ^ second, SECOND_PRIME);
    this.second = (b << 17) | (b >>> 15);
  }
}

/** MurmurHash3's last step: each bit in changes half of the bits out. */
function avalanche(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
