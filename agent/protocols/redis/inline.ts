/**
 * Inline commands: a line of words, as a person types them into telnet. Quoting as in Redis' sdssplitargs.
 * https://redis.io/docs/latest/develop/reference/protocol-spec/#inline-commands
 */
import type { Arguments } from './arguments.ts';

const SPACE = 0x20;
const DOUBLE_QUOTE = 0x22;
const SINGLE_QUOTE = 0x27;
const BACKSLASH = 0x5c;
const LOWER_X = 0x78;

const ESCAPES: Readonly<Record<number, number>> = { 110: 0x0a, 114: 0x0d, 116: 0x09, 98: 0x08, 97: 0x07 };

/**
 * Splits the line `source[start, end)` (without its end) into arguments, unescaped into a buffer of their own.
 * False: the quotes are not balanced, which the server answers with an error.
 */
export function splitInline(source: Buffer, start: number, end: number, into: Arguments): boolean {
  const words = Buffer.allocUnsafe(end - start);
  into.clear(words);
  let position = start;
  let out = 0;
  for (;;) {
    while (position < end && isSpace(source[position])) position += 1;
    if (position >= end) {
      into.total = into.count;
      return true;
    }
    const wordStart = out;
    let quote = 0;
    for (; position < end; position += 1) {
      const byte = source[position] ?? 0;
      if (quote === 0) {
        if (isSpace(byte)) break;
        if (byte === DOUBLE_QUOTE || byte === SINGLE_QUOTE) quote = byte;
        else words[out++] = byte;
      } else if (byte === quote) {
        quote = 0;
        if (position + 1 < end && !isSpace(source[position + 1])) return false;
      } else if (byte === BACKSLASH && position + 1 < end && isEscape(quote, source[position + 1])) {
        const hex = quote === DOUBLE_QUOTE ? hexByte(source, position, end) : -1;
        const escaped = source[position + 1] ?? 0;
        words[out++] = hex >= 0 ? hex : quote === DOUBLE_QUOTE ? (ESCAPES[escaped] ?? escaped) : escaped;
        position += hex >= 0 ? 3 : 1;
      } else {
        words[out++] = byte;
      }
    }
    if (quote !== 0) return false;
    into.add(wordStart, out);
  }
}

/** C's isspace. */
function isSpace(byte: number | undefined): boolean {
  return byte === SPACE || (byte !== undefined && byte >= 0x09 && byte <= 0x0d);
}

/** In single quotes only the quote itself can be escaped. */
function isEscape(quote: number, next: number | undefined): boolean {
  return quote === DOUBLE_QUOTE || next === SINGLE_QUOTE;
}

/** The byte that `\xHH` at `source[at]` writes; -1: it is none. */
function hexByte(source: Buffer, at: number, end: number): number {
  if (at + 3 >= end || source[at + 1] !== LOWER_X) return -1;
  const digits = source.latin1Slice(at + 2, at + 4);
  return /^[0-9a-fA-F]{2}$/.test(digits) ? Number.parseInt(digits, 16) : -1;
}
