/** What characters mean to the lexer. */
import { CLOSE, COMMA, OPEN, SEMICOLON, SYMBOL, WORD } from './tokens.ts';

/** Characters that a string must hold to have a credential in it; see content-secrets.ts. */
const HOLDS_COLON = 1;
const HOLDS_SLASH = 2;
const HOLDS_AT = 4;
const HOLDS_EQUALS = 8;
export const HOLDS_QUOTE = 16;
export const HOLDS_W = 32;
export const HOLDS_F = 64;
export const STRING_STOPS = 128;

export const SPACE_START = 20;
export const DIGIT_START = 21;
export const SINGLE_QUOTE_START = 22;
export const DOUBLE_QUOTE_START = 23;
export const BACKTICK_START = 24;
export const DOLLAR_START = 25;
export const DASH_START = 26;
export const SLASH_START = 27;
export const HASH_START = 28;
export const DOT_START = 29;
export const STAR_START = 30;
export const QUESTION_START = 31;

const TAB = 0x09;

export const STARTS = Uint8Array.from({ length: 128 }, (_, code) => startClass(code));
/** 1: letter, digit, `_` or `$`. */
export const IN_WORD = Uint8Array.from({ length: 128 }, (_, code) =>
  /[A-Za-z0-9_$]/.test(String.fromCharCode(code)) ? 1 : 0,
);
export const IN_STRING = Uint8Array.from({ length: 128 }, (_, code) => stringClass(String.fromCharCode(code)));

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

/** Whether it pays to look into a string that holds such characters. */
export function mayHoldSecret(holds: number, closed: boolean): boolean {
  if ((holds & HOLDS_EQUALS) !== 0) return true;
  if ((holds & HOLDS_QUOTE) !== 0 && (holds & (HOLDS_W | HOLDS_F)) !== 0) return true;
  const uri = HOLDS_COLON | HOLDS_SLASH;
  return (holds & uri) === uri && (!closed || (holds & HOLDS_AT) !== 0);
}
