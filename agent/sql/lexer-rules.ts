/** Where comments, dollar quotes and numbers end; the end of the text where they are not closed. */
import { IN_WORD } from './characters.ts';

const DOLLAR = 0x24;
const DOT = 0x2e;

export function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end < 0 ? text.length : end;
}

/** PostgreSQL's comments nest, MySQL's do not. `from` is behind the opening. */
export function endOfBlockComment(text: string, from: number, nests: boolean): number {
  let position = from;
  let close = -1;
  for (let depth = 1; ; ) {
    if (close < position) close = text.indexOf('*/', position);
    if (close < 0) return text.length;
    // Looked for only up to the close, so that a text of openings costs no more than its length.
    const open = nests ? openingBefore(text, position, close) : -1;
    if (open >= 0) {
      depth += 1;
      position = open + 2;
    } else {
      depth -= 1;
      position = close + 2;
      if (depth === 0) return position;
    }
  }
}

function openingBefore(text: string, from: number, end: number): number {
  for (let position = from; position < end; position += 1) {
    if (text.charCodeAt(position) === 0x2f && text.charCodeAt(position + 1) === 0x2a) return position;
  }
  return -1;
}

/** `$` or `$tag$` that begins at `from`: where it ends; `from` where there is none. */
export function endOfDollarTag(text: string, from: number): number {
  for (let position = from + 1; position < text.length; position += 1) {
    const code = text.charCodeAt(position);
    if (code === DOLLAR) return position + 1;
    const isDigit = code >= 0x30 && code <= 0x39;
    const isLetter = (code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a;
    if (!(isLetter || code === 0x5f || code >= 128 || (isDigit && position > from + 1))) return from;
  }
  return from;
}

/** Digits, dots and an exponent: `12`, `1.5`, `.5e-3`. */
export function endOfDecimal(text: string, start: number): number {
  let position = start;
  while (isDigit(text.charCodeAt(position)) || text.charCodeAt(position) === DOT) position += 1;
  if ((text.charCodeAt(position) | 0x20) !== 0x65) return position;
  const sign = text.charCodeAt(position + 1);
  let end = sign === 0x2b || sign === 0x2d ? position + 2 : position + 1;
  if (!isDigit(text.charCodeAt(end))) return position;
  while (isDigit(text.charCodeAt(end))) end += 1;
  return end;
}

/** `0x`, `0b`, `0o`: a zero from `start` to `end`, and such a letter behind it. */
export function isRadixPrefix(text: string, start: number, end: number): boolean {
  return end === start + 1 && text.charCodeAt(start) === 0x30 && /[xbo]/i.test(text[end] ?? '');
}

export function endOfWord(text: string, from: number): number {
  let position = from;
  while (isInWord(text.charCodeAt(position))) position += 1;
  return position;
}

export function isInWord(code: number): boolean {
  return code >= 128 || IN_WORD[code] === 1;
}

export function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}
