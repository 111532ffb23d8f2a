/*
 * Splits SQL text into tokens, for MySQL and PostgreSQL. Text may be cut anywhere: what is not closed reaches to the end.
 * https://dev.mysql.com/doc/refman/8.4/en/language-structure.html
 * https://www.postgresql.org/docs/current/sql-syntax-lexical.html
 */

import {
  BACKTICK_START,
  DASH_START,
  DIGIT_START,
  DOLLAR_START,
  DOT_START,
  DOUBLE_QUOTE_START,
  HASH_START,
  HOLDS_F,
  HOLDS_QUOTE,
  HOLDS_W,
  IN_STRING,
  IN_WORD,
  mayHoldSecret,
  QUESTION_START,
  SINGLE_QUOTE_START,
  SLASH_START,
  SPACE_START,
  STAR_START,
  STARTS,
  STRING_STOPS,
} from './characters.ts';
import {
  findKeyword,
  IS_SECRETIVE,
  KEYWORD_FLAGS,
  WORD_HASH_PRIME,
  WORD_HASH_START,
  WRITTEN_HASH_PRIME,
} from './keywords.ts';
import {
  endOfBlockComment,
  endOfDecimal,
  endOfDollarTag,
  endOfLine,
  endOfWord,
  isDigit,
  isInWord,
  isRadixPrefix,
} from './lexer-rules.ts';
import { COMMENT, COMMENT_EDGE, END, NUMBER, OPEN, PLACEHOLDER, STRING, SYMBOL, WORD } from './tokens.ts';

export type Dialect = 'mysql' | 'postgresql';

const QUOTE = 0x27;
const AMPERSAND = 0x26;
const DOUBLE_QUOTE = 0x22;
const DOT = 0x2e;
const SLASH = 0x2f;
const AT = 0x40;
const BACKSLASH = 0x5c;
const BACKTICK = 0x60;
const DASH = 0x2d;
const STAR = 0x2a;
const BANG = 0x21;

/** Reads one token after the other. What a token is stays readable until the next is read. */
export class Lexer {
  kind = END;
  start = 0;
  end = 0;
  /** What stands between the quotes of a string or a quoted name; else the whole token. */
  contentStart = 0;
  contentEnd = 0;
  /** Number of the keyword; 0: a name. */
  keyword = 0;
  /** Two hashes of a word: over its lower-case letters, and over its letters as written. */
  lowerHash = 0;
  writtenHash = 0;
  /** The character of a SYMBOL. */
  code = 0;
  /** HOLDS_… bits of a string. */
  holds = 0;
  /** Whether a string's end was seen. */
  closed = true;
  /** Something was read since the start near which a credential may stand. */
  suspicious = false;
  #text = '';
  #position = 0;
  #mysql = true;
  #inExecutableComment = false;

  /** Begins with another text. */
  reset(text: string, dialect: Dialect): void {
    this.#text = text;
    this.#position = 0;
    this.#mysql = dialect === 'mysql';
    this.#inExecutableComment = false;
    this.suspicious = false;
    this.kind = END;
  }

  /** Lets go of the text. */
  release(): void {
    this.#text = '';
  }

  /** Reads a token and gives back its kind; END at the end of the text, any number of times. */
  next(): number {
    const text = this.#text;
    const { length } = text;
    let position = this.#position;
    while (position < length) {
      const code = text.charCodeAt(position);
      const starts = code < 128 ? (STARTS[code] as number) : WORD;
      if (starts === SPACE_START) {
        position += 1;
        continue;
      }
      this.start = position;
      if (starts === WORD) return this.#word(position);
      if (starts >= OPEN && starts <= SYMBOL) {
        this.code = code;
        return this.#token(starts, position + 1);
      }
      if (starts === DIGIT_START) return this.#number(position);
      return this.#special(starts, code, position);
    }
    this.start = length;
    return this.#token(END, length);
  }

  #token(kind: number, end: number): number {
    this.kind = kind;
    this.end = end;
    this.#position = end;
    return kind;
  }

  #special(starts: number, code: number, position: number): number {
    const text = this.#text;
    this.code = code;
    const following = text.charCodeAt(position + 1);
    switch (starts) {
      case SINGLE_QUOTE_START:
        return this.#string(position, QUOTE, this.#mysql);
      case DOUBLE_QUOTE_START:
        return this.#mysql ? this.#string(position, DOUBLE_QUOTE, true) : this.#quotedName(position, DOUBLE_QUOTE);
      case BACKTICK_START:
        if (this.#mysql) return this.#quotedName(position, BACKTICK);
        break;
      case DOLLAR_START:
        return this.#dollar(position);
      case DASH_START:
        // MySQL wants white space behind, so that `5--1` is a number.
        if (following === DASH && (!this.#mysql || !(text.charCodeAt(position + 2) > 0x20)))
          return this.#comment(endOfLine(text, position));
        break;
      case HASH_START:
        if (this.#mysql) return this.#comment(endOfLine(text, position));
        break;
      case SLASH_START:
        if (following === STAR) return this.#blockComment(position);
        break;
      case STAR_START:
        if (this.#inExecutableComment && following === SLASH) {
          this.#inExecutableComment = false;
          return this.#token(COMMENT_EDGE, position + 2);
        }
        break;
      case DOT_START:
        if (isDigit(following) && !this.#followsWord(position)) return this.#number(position);
        break;
      case QUESTION_START:
        if (this.#mysql) return this.#token(PLACEHOLDER, position + 1);
        break;
    }
    return this.#token(SYMBOL, position + 1);
  }

  #word(start: number): number {
    const text = this.#text;
    const { length } = text;
    let lower = WORD_HASH_START;
    let written = WORD_HASH_START;
    let position = start;
    let code = text.charCodeAt(start);
    do {
      lower = Math.imul(lower ^ (code | 0x20), WORD_HASH_PRIME);
      written = Math.imul(written ^ code, WRITTEN_HASH_PRIME);
      position += 1;
      if (position >= length) break;
      code = text.charCodeAt(position);
    } while (code >= 128 || IN_WORD[code] === 1);
    if ((code === QUOTE || code === DOUBLE_QUOTE || code === AMPERSAND) && position < length) {
      const kind = this.#prefixed(start, position, code);
      if (kind !== END) return kind;
    }
    this.lowerHash = lower;
    this.writtenHash = written;
    this.contentStart = start;
    this.contentEnd = position;
    // Behind a dot or an @ comes a name, whatever it is.
    const before = start > 0 ? text.charCodeAt(start - 1) : 0;
    const keyword = before === DOT || before === AT ? 0 : findKeyword(lower, written, text, start, position);
    this.keyword = keyword;
    if (keyword !== 0) {
      if (((KEYWORD_FLAGS[keyword] as number) & IS_SECRETIVE) !== 0) this.suspicious = true;
    } else if (position - start > 5) this.#suspectName(start, position);
    return this.#token(WORD, position);
  }

  /** Names that end in `password` or `passwd`. */
  #suspectName(start: number, end: number): void {
    const text = this.#text;
    if ((text.charCodeAt(end - 1) | 0x20) !== 0x64 || end - start < 6) return;
    if ((text.charCodeAt(end - 2) | 0x20) === 0x77 || (text.charCodeAt(end - 4) | 0x20) === 0x77)
      this.suspicious = true;
  }

  /** A word with a quote right behind it, where the word says how to read the string; END: it does not. */
  #prefixed(start: number, quoteAt: number, quote: number): number {
    const text = this.#text;
    const first = text.charCodeAt(start) | 0x20;
    if (this.#mysql) {
      if (quote === AMPERSAND) return END;
      const isIntroducer = text.charCodeAt(start) === 0x5f;
      if (isIntroducer) return this.#string(quoteAt, quote, true);
      const isLetter = quoteAt - start === 1 && quote === QUOTE && (first === 0x6e || first === 0x78 || first === 0x62);
      return isLetter ? this.#string(quoteAt, quote, true) : END;
    }
    if (quoteAt - start !== 1) return END;
    if (first === 0x75 && quote === AMPERSAND && text.charCodeAt(quoteAt + 1) === QUOTE)
      return this.#string(quoteAt + 1, QUOTE, false);
    if (quote !== QUOTE) return END;
    if (first === 0x65) return this.#string(quoteAt, quote, true);
    return first === 0x62 || first === 0x78 || first === 0x6e ? this.#string(quoteAt, quote, false) : END;
  }

  #string(quoteAt: number, quote: number, backslashEscapes: boolean): number {
    const text = this.#text;
    const { length } = text;
    let holds = 0;
    let position = quoteAt + 1;
    this.contentStart = position;
    this.closed = false;
    let end = length;
    while (position < length) {
      const code = text.charCodeAt(position);
      position += 1;
      if (code >= 128) continue;
      const inString = IN_STRING[code] as number;
      if (inString === 0) continue;
      if ((inString & STRING_STOPS) === 0) {
        holds |= inString;
      } else if (code === quote) {
        if (position < length && text.charCodeAt(position) === quote) {
          position += 1;
          holds |= HOLDS_QUOTE;
        } else {
          this.closed = true;
          end = position - 1;
          break;
        }
      } else {
        holds |= HOLDS_QUOTE;
        if (code === BACKSLASH && backslashEscapes) position += 1;
      }
    }
    this.contentEnd = end;
    this.#endString(holds);
    return this.#token(STRING, this.closed ? position : length);
  }

  #endString(holds: number): void {
    this.holds = holds;
    if (mayHoldSecret(holds, this.closed)) this.suspicious = true;
  }

  #quotedName(quoteAt: number, quote: number): number {
    const text = this.#text;
    const { length } = text;
    let lower = WORD_HASH_START;
    let written = WORD_HASH_START;
    let position = quoteAt + 1;
    this.contentStart = position;
    this.contentEnd = length;
    while (position < length) {
      const code = text.charCodeAt(position);
      position += 1;
      if (code === quote) {
        if (position >= length || text.charCodeAt(position) !== quote) {
          this.contentEnd = position - 1;
          break;
        }
        position += 1;
      }
      lower = Math.imul(lower ^ (code | 0x20), WORD_HASH_PRIME);
      written = Math.imul(written ^ code, WRITTEN_HASH_PRIME);
    }
    this.lowerHash = lower;
    this.writtenHash = written;
    this.keyword = 0;
    this.#suspectName(this.contentStart, this.contentEnd);
    return this.#token(WORD, position);
  }

  #dollar(position: number): number {
    const text = this.#text;
    if (this.#mysql) return this.#word(position);
    if (isDigit(text.charCodeAt(position + 1))) {
      let end = position + 2;
      while (isDigit(text.charCodeAt(end))) end += 1;
      return this.#token(PLACEHOLDER, end);
    }
    const tagEnd = endOfDollarTag(text, position);
    if (tagEnd === position) return this.#token(SYMBOL, position + 1);
    const close = text.indexOf(text.slice(position, tagEnd), tagEnd);
    this.closed = close >= 0;
    this.contentStart = tagEnd;
    this.contentEnd = this.closed ? close : text.length;
    // Mostly a function's body; read again in full only where it must be.
    this.#endString(HOLDS_QUOTE | HOLDS_W | HOLDS_F);
    return this.#token(STRING, this.closed ? close + tagEnd - position : text.length);
  }

  /** A number, or a name that begins with digits: `2020_orders`. */
  #number(start: number): number {
    const text = this.#text;
    const end = endOfDecimal(text, start);
    if (!isInWord(text.charCodeAt(end))) return this.#plainNumber(start, end);
    if (isRadixPrefix(text, start, end)) return this.#plainNumber(start, endOfWord(text, end));
    return text.charCodeAt(start) === DOT ? this.#plainNumber(start, end) : this.#word(start);
  }

  #plainNumber(start: number, end: number): number {
    this.contentStart = start;
    this.contentEnd = end;
    return this.#token(NUMBER, end);
  }

  #followsWord(position: number): boolean {
    const before = position > 0 ? this.#text.charCodeAt(position - 1) : 0;
    return isInWord(before) || before === BACKTICK || before === DOUBLE_QUOTE;
  }

  #blockComment(position: number): number {
    const text = this.#text;
    const isMariaDb = text.charCodeAt(position + 2) === 0x4d && text.charCodeAt(position + 3) === BANG;
    if (this.#mysql && (text.charCodeAt(position + 2) === BANG || isMariaDb)) {
      let end = position + (isMariaDb ? 4 : 3);
      while (isDigit(text.charCodeAt(end))) end += 1;
      this.#inExecutableComment = true;
      return this.#token(COMMENT_EDGE, end);
    }
    return this.#comment(endOfBlockComment(text, position + 2, !this.#mysql));
  }

  #comment(end: number): number {
    this.contentStart = this.start;
    this.contentEnd = end;
    if (!this.suspicious) this.suspicious = COMMENT_SECRET.test(this.#text.slice(this.start, end));
    return this.#token(COMMENT, end);
  }
}

const COMMENT_SECRET = /:\/\/|identified|passw|secret|credentials|crypt/i;
