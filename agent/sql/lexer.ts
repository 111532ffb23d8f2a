/*
 * Splits SQL text into tokens, for MySQL and PostgreSQL. Text may be cut anywhere: what is not closed reaches to the end.
 * https://dev.mysql.com/doc/refman/8.4/en/language-structure.html
 * https://www.postgresql.org/docs/current/sql-syntax-lexical.html
 */
import { findKeyword, IS_SECRETIVE, KEYWORD_FLAGS, WORD_HASH_PRIME, WORD_HASH_START } from './keywords.ts';
import { endOfBlockComment, endOfDollarTag, endOfLine } from './lexer-rules.ts';

export type Dialect = 'mysql' | 'postgresql';

/** What a token is. Numbers, because they are compared for each token. */
export const END = 0;
/** A name or a keyword. */
export const WORD = 1;
/** In quotes of any kind, with its prefix: `E'…'`, `x'…'`, `_utf8'…'`. */
export const STRING = 2;
export const NUMBER = 3;
/** `?` in MySQL, `$1` in PostgreSQL. */
export const PLACEHOLDER = 4;
export const OPEN = 5;
export const CLOSE = 6;
export const COMMA = 7;
export const SEMICOLON = 8;
/** One character of anything else. */
export const SYMBOL = 9;
export const COMMENT = 10;
/** Begin or end of MySQL's executable comments, whose content is tokens like any other. */
export const COMMENT_EDGE = 11;

/** Characters that a string must hold to have a credential in it; see content-secrets.ts. */
export const HOLDS_COLON = 1;
export const HOLDS_SLASH = 2;
export const HOLDS_AT = 4;
export const HOLDS_EQUALS = 8;
export const HOLDS_QUOTE = 16;
export const HOLDS_W = 32;
export const HOLDS_F = 64;
const STRING_STOPS = 128;

const SPACE_START = 20;
const DIGIT_START = 21;
const SINGLE_QUOTE_START = 22;
const DOUBLE_QUOTE_START = 23;
const BACKTICK_START = 24;
const DOLLAR_START = 25;
const DASH_START = 26;
const SLASH_START = 27;
const HASH_START = 28;
const DOT_START = 29;
const STAR_START = 30;
const QUESTION_START = 31;

const TAB = 0x09;
const QUOTE = 0x27;
const DOUBLE_QUOTE = 0x22;
const DOT = 0x2e;
const SLASH = 0x2f;
const AT = 0x40;
const BACKSLASH = 0x5c;
const BACKTICK = 0x60;
const DASH = 0x2d;
const STAR = 0x2a;
const BANG = 0x21;
const WRITTEN_PRIME = 0x5bd1e995;

const STARTS = Uint8Array.from({ length: 128 }, (_, code) => startClass(code));
/** 1: letter, digit, `_` or `$`. */
const IN_WORD = Uint8Array.from({ length: 128 }, (_, code) => (/[A-Za-z0-9_$]/.test(String.fromCharCode(code)) ? 1 : 0));
const IN_STRING = Uint8Array.from({ length: 128 }, (_, code) => stringClass(String.fromCharCode(code)));

function startClass(code: number): number {
  const character = String.fromCharCode(code);
  if (code === 0x20 || (code >= TAB && code <= 0x0d)) return SPACE_START;
  if (/[A-Za-z_]/.test(character)) return WORD;
  if (/[0-9]/.test(character)) return DIGIT_START;
  const starts: Readonly<Record<string, number>> = {
    "'": SINGLE_QUOTE_START,
    '"': DOUBLE_QUOTE_START,
    '`': BACKTICK_START,
    $: DOLLAR_START,
    '-': DASH_START,
    '/': SLASH_START,
    '#': HASH_START,
    '.': DOT_START,
    '*': STAR_START,
    '?': QUESTION_START,
    '(': OPEN,
    ')': CLOSE,
    ',': COMMA,
    ';': SEMICOLON,
  };
  return starts[character] ?? SYMBOL;
}

function stringClass(character: string): number {
  const classes: Readonly<Record<string, number>> = {
    ':': HOLDS_COLON,
    '/': HOLDS_SLASH,
    '@': HOLDS_AT,
    '=': HOLDS_EQUALS,
    "'": HOLDS_QUOTE | STRING_STOPS,
    '"': HOLDS_QUOTE | STRING_STOPS,
    '\\': HOLDS_QUOTE | STRING_STOPS,
    w: HOLDS_W,
    f: HOLDS_F,
  };
  return classes[character.toLowerCase()] ?? 0;
}
