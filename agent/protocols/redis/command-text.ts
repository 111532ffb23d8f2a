/**
 * A command as redis-cli would take it: arguments bare where that is safe, else in double quotes with the escapes that
 * MONITOR uses, except that valid UTF-8 stays readable. So does JSON: an argument with double quotes in its middle stays
 * as it is where it holds no blanks or is the last one. Such a quote begins no word that needed quotes, so it still says
 * where arguments end.
 */
import { isUtf8 } from 'node:buffer';
import { MASKED } from '../../../contract/masked.ts';
import type { Arguments } from './arguments.ts';

const NEEDS_QUOTES = 1;
const NEEDS_ESCAPE = 2;
const NOT_ASCII = 4;
const CONTROL = 8;
const HOLDS_BLANK = 16;
const HOLDS_QUOTE = 32;

const SPACE = 0x20;
const DOUBLE_QUOTE = 0x22;
const SINGLE_QUOTE = 0x27;
const BACKSLASH = 0x5c;
const HEX_DIGITS = Buffer.from('0123456789abcdef');
/** `\xHH`: what one byte may become. */
const MAX_ESCAPED_BYTES = 4;
const SECRET_BYTES = Buffer.from(MASKED);

const SHORT_ESCAPES: Readonly<Record<number, number>> = {
  [DOUBLE_QUOTE]: DOUBLE_QUOTE,
  [BACKSLASH]: BACKSLASH,
  10: 0x6e,
  13: 0x72,
  9: 0x74,
};

const CLASSES = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte >= 0x80) return NOT_ASCII;
  if (byte < SPACE || byte === 0x7f) return NEEDS_QUOTES | NEEDS_ESCAPE | CONTROL;
  if (byte === DOUBLE_QUOTE) return NEEDS_ESCAPE | HOLDS_QUOTE;
  if (byte === SPACE) return HOLDS_BLANK;
  if (byte === SINGLE_QUOTE) return HOLDS_QUOTE;
  // Outside of quotes a backslash means itself.
  return byte === BACKSLASH ? NEEDS_ESCAPE : 0;
});

/** Where texts are put together, one at a time. */
let scratch = Buffer.allocUnsafeSlow(4096);

/** One text and whether it is all of the command. */
export class CommandText {
  text = '';
  /** The text is longer than the limit, or not all of it was kept. */
  cut = false;
  /** Every argument stands in the text as it came: argument `index` begins at `offsets[index]`. */
  plain = true;
  readonly offsets: number[] = [];
  #out = 0;
  #ascii = true;

  /**
   * Renders `given`, at most `limitBytes` of it. The arguments in `secrets` are replaced, but for the first byte where
   * `keepFirstByte`.
   */
  render(given: Arguments, limitBytes: number, secrets: readonly number[] | undefined, keepFirstByte: boolean): void {
    this.#out = 0;
    this.#ascii = true;
    this.cut = given.cut;
    this.plain = !given.cut;
    const { buffer, count } = given;
    for (let index = 0; index < count; index += 1) {
      const start = given.start(index);
      const end =
        given.cut && index === count - 1 ? wholeCharacters(buffer, start, given.end(index)) : given.end(index);
      reserve(this.#out, (end - start) * MAX_ESCAPED_BYTES + SECRET_BYTES.length + 4);
      if (index > 0) scratch[this.#out++] = SPACE;
      this.offsets[index] = this.#out;
      if (secrets?.includes(index)) this.#secret(buffer, start, keepFirstByte);
      else this.#argument(buffer, start, end, index === count - 1);
      if (this.#out > limitBytes) {
        this.#out = wholeCharacters(scratch, 0, limitBytes);
        this.cut = true;
        this.plain = false;
        break;
      }
    }
    this.text = this.#ascii ? scratch.latin1Slice(0, this.#out) : scratch.utf8Slice(0, this.#out);
  }

  #argument(buffer: Buffer, start: number, end: number, last: boolean): void {
    let out = this.#out;
    let classes = start === end ? NEEDS_QUOTES : 0;
    const bytes = scratch;
    for (let at = start; at < end; at += 1) {
      const byte = buffer[at] as number;
      classes |= CLASSES[byte] as number;
      bytes[out++] = byte;
    }
    if ((classes & (NOT_ASCII | NEEDS_QUOTES | HOLDS_BLANK | HOLDS_QUOTE)) === 0) {
      this.#out = out;
      return;
    }
    this.plain = false;
    if ((classes & NOT_ASCII) !== 0) {
      this.#ascii = false;
      if (!isUtf8(buffer.subarray(start, end))) {
        this.#out = quote(buffer, start, end, this.#out, true);
        return;
      }
    }
    this.#out = needsQuotes(classes, buffer[start], last) ? quote(buffer, start, end, this.#out, false) : out;
  }

  #secret(buffer: Buffer, start: number, keepFirstByte: boolean): void {
    this.plain = false;
    if (keepFirstByte) scratch[this.#out++] = buffer[start] as number;
    SECRET_BYTES.copy(scratch, this.#out);
    this.#out += SECRET_BYTES.length;
  }
}

function needsQuotes(classes: number, first: number | undefined, last: boolean): boolean {
  if ((classes & NEEDS_QUOTES) !== 0 || first === DOUBLE_QUOTE || first === SINGLE_QUOTE) return true;
  return (classes & HOLDS_BLANK) !== 0 && !(last && (classes & HOLDS_QUOTE) !== 0);
}

/** Bytes as text without quotes. Escaped only where they hold control characters, or are no UTF-8. */
export function readableBytes(buffer: Buffer, start: number, end: number): string {
  let classes = 0;
  for (let at = start; at < end; at += 1) classes |= CLASSES[buffer[at] as number] as number;
  if ((classes & (NOT_ASCII | CONTROL)) === 0) return buffer.latin1Slice(start, end);
  const foreign = (classes & NOT_ASCII) !== 0 && !isUtf8(buffer.subarray(start, end));
  if (!foreign && (classes & CONTROL) === 0) return buffer.utf8Slice(start, end);
  reserve(0, (end - start) * MAX_ESCAPED_BYTES + 2);
  return scratch.utf8Slice(1, quote(buffer, start, end, 0, foreign) - 1);
}

function reserve(used: number, more: number): void {
  if (used + more <= scratch.length) return;
  const grown = Buffer.allocUnsafeSlow((used + more) * 2);
  scratch.copy(grown, 0, 0, used);
  scratch = grown;
}

/** Writes the bytes in quotes to the scratch at `out`, for which there is room; gives back where they end. */
function quote(buffer: Buffer, start: number, end: number, out: number, escapeNonAscii: boolean): number {
  const bytes = scratch;
  let position = out;
  bytes[position++] = DOUBLE_QUOTE;
  for (let at = start; at < end; at += 1) {
    const byte = buffer[at] as number;
    const classes = CLASSES[byte] as number;
    const escaped = (classes & NEEDS_ESCAPE) !== 0 || (escapeNonAscii && classes === NOT_ASCII);
    if (!escaped) {
      bytes[position++] = byte;
      continue;
    }
    bytes[position++] = BACKSLASH;
    const short = SHORT_ESCAPES[byte];
    if (short !== undefined) {
      bytes[position++] = short;
      continue;
    }
    bytes[position++] = 0x78;
    bytes[position++] = HEX_DIGITS[byte >> 4] as number;
    bytes[position++] = HEX_DIGITS[byte & 15] as number;
  }
  bytes[position++] = DOUBLE_QUOTE;
  return position;
}

/** `end`, or a little before it where a UTF-8 character begins that does not end there. */
export function wholeCharacters(buffer: Buffer, start: number, end: number): number {
  for (let back = 1; back <= 3 && end - back >= start; back += 1) {
    const byte = buffer[end - back] as number;
    if (byte < 0x80) return end;
    if (byte >= 0xc0) {
      const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return length > back ? end - back : end;
    }
  }
  return end;
}
