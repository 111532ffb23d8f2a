import { LONGEST_IN_WORDS, type Piece } from './piece.ts';

declare global {
  /** Part of Node though not of its types: what `write` calls after it has compared the encoding's name. */
  interface Buffer<TArrayBuffer extends ArrayBufferLike = ArrayBufferLike> {
    latin1Write(text: string, offset: number): number;
    utf8Write(text: string, offset: number): number;
  }
}

/** A packet batch's events fit without growing. */
const INITIAL_BYTES = 65_536;
/** Up to here a loop over the characters costs less than a call of `utf8Write`. */
const LOOP_TO_UNITS = 12;
/** A UTF-16 unit takes three bytes of UTF-8 at most; longer strings are measured before room for that is taken. */
const UTF8_BYTES_PER_UNIT = 3;
const MEASURED_FROM_UNITS = 65_536;
/** Quotes, and the bytes a whole word may reach beyond a string's end. */
const STRING_OVERHEAD = 8;

const WORD_BYTES = 8;
/** Words are as the machine has them. */
const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const ZERO = 0x30;
const MINUS = 0x2d;
const INT32_MAX = 0x7fff_ffff;
const BILLION = 1_000_000_000;

/** The letter after the backslash, for the bytes that have one (RFC 8259, section 7). */
const SHORT_ESCAPES: ReadonlyMap<number, number> = new Map(
  Object.entries({ '"': '"', '\\': '\\', '\b': 'b', '\t': 't', '\n': 'n', '\f': 'f', '\r': 'r' }).map(
    ([byte, letter]) => [byte.charCodeAt(0), letter.charCodeAt(0)],
  ),
);
/** How many bytes a byte grows by when it is escaped: `\n` by one, `\u0001` by five. */
const GROWTH = Uint8Array.from({ length: 256 }, (_, byte) => (SHORT_ESCAPES.has(byte) ? 1 : byte < 0x20 ? 5 : 0));
const UNICODE_ESCAPE = Buffer.from('\\u00');
const HEX = Buffer.from('0123456789abcdef');
/** `000` to `999`. */
const THREE_DIGITS = Buffer.from(Array.from({ length: 1000 }, (_, value) => String(value).padStart(3, '0')).join(''));

/**
 * Writes JSON into one buffer that grows as needed and is used again. It makes no strings and no objects. What has
 * been written is `bytes[0, length)`; the caller sees to commas and brackets.
 */
export class JsonWriter {
  bytes: Buffer;
  length = 0;
  #view: DataView;

  constructor(initialBytes: number = INITIAL_BYTES) {
    this.bytes = Buffer.allocUnsafeSlow(initialBytes);
    this.#view = viewOf(this.bytes);
  }

  clear(): void {
    this.length = 0;
  }

  /** Goes on at the beginning of another buffer; what was written stays in the one before. */
  use(buffer: Buffer): void {
    this.bytes = buffer;
    this.#view = viewOf(buffer);
    this.length = 0;
  }

  piece({ size, words, bytes }: Piece): void {
    if (this.bytes.length - this.length < size + WORD_BYTES) this.#grow(size + WORD_BYTES);
    const start = this.length;
    if (size >= LONGEST_IN_WORDS) this.bytes.set(bytes, start);
    else {
      const view = this.#view;
      for (let i = 0; i * WORD_BYTES < size; i++) {
        view.setFloat64(start + i * WORD_BYTES, words[i] as number, LITTLE_ENDIAN);
      }
    }
    this.length = start + size;
  }

  byte(value: number): void {
    if (this.bytes.length === this.length) this.#grow(1);
    this.bytes[this.length++] = value;
  }

  /** Text that is JSON already and all ASCII: nothing is checked. */
  ascii(text: string): void {
    const size = text.length;
    if (this.bytes.length - this.length < size) this.#grow(size);
    this.bytes.latin1Write(text, this.length);
    this.length += size;
  }

  /** Text that is JSON already. */
  json(text: string): void {
    const size = Buffer.byteLength(text);
    if (this.bytes.length - this.length < size) this.#grow(size);
    this.length += this.bytes.utf8Write(text, this.length);
  }

  /** Any string, quoted and escaped. Lone surrogates become U+FFFD, for UTF-8 has no bytes for them. */
  string(value: string): void {
    const units = value.length;
    const most = units < MEASURED_FROM_UNITS ? units * UTF8_BYTES_PER_UNIT : Buffer.byteLength(value);
    if (this.bytes.length - this.length < most + STRING_OVERHEAD) this.#grow(most + STRING_OVERHEAD);
    if (units > LOOP_TO_UNITS || !this.#plainString(value)) this.#anyString(value);
  }

  /** Takes short strings of printable ASCII without escapes; writes nothing for others. */
  #plainString(value: string): boolean {
    const bytes = this.bytes;
    let at = this.length;
    bytes[at++] = QUOTE;
    for (let i = 0; i < value.length; i++) {
      const unit = value.charCodeAt(i);
      if (unit >= 0x80 || GROWTH[unit] !== 0) return false;
      bytes[at++] = unit;
    }
    bytes[at++] = QUOTE;
    this.length = at;
    return true;
  }

  #anyString(value: string): void {
    const bytes = this.bytes;
    const start = this.length + 1;
    const end = start + bytes.utf8Write(value, start);
    bytes[start - 1] = QUOTE;
    this.length = end;
    if (this.#needsEscape(start, end)) this.#escape(start);
    this.bytes[this.length++] = QUOTE;
  }

  /**
   * Looks at four bytes at a time, and sets the top bit of a lane below 0x20, or that is a quote or a backslash.
   * https://graphics.stanford.edu/~seander/bithacks.html#HasLessInWord
   */
  #needsEscape(start: number, end: number): boolean {
    const view = this.#view;
    view.setInt32(end, 0x20202020, true);
    let found = 0;
    for (let at = start; at < end; at += 4) {
      const lanes = view.getInt32(at, true);
      const quotes = lanes ^ 0x22222222;
      const backslashes = lanes ^ 0x5c5c5c5c;
      found |= ((lanes - 0x20202020) | (quotes - 0x01010101) | (backslashes - 0x01010101)) & ~lanes;
    }
    return (found & 0x80808080) !== 0;
  }

  /** Escapes what was written from `start` on, in place and from the end, for it grows. */
  #escape(start: number): void {
    let growth = 0;
    for (let i = start; i < this.length; i++) growth += GROWTH[this.bytes[i] as number] as number;
    if (this.bytes.length - this.length < growth + 1) this.#grow(growth + 1);
    const bytes = this.bytes;
    let from = this.length;
    let to = from + growth;
    this.length = to;
    while (from > start) {
      const byte = bytes[--from] as number;
      const growth = GROWTH[byte] as number;
      to -= 1 + growth;
      if (growth === 0) bytes[to] = byte;
      else if (growth === 1) {
        bytes[to] = BACKSLASH;
        bytes[to + 1] = SHORT_ESCAPES.get(byte) as number;
      } else {
        bytes.set(UNICODE_ESCAPE, to);
        bytes[to + 4] = HEX[byte >> 4] as number;
        bytes[to + 5] = HEX[byte & 15] as number;
      }
    }
  }

  /** A whole number, in full whatever its size. Fractions are cut off; what is no number becomes 0. */
  integer(value: number): void {
    if (value >= 0 && value <= INT32_MAX) this.#digits(value | 0);
    else if (value < 0) {
      this.byte(MINUS);
      this.integer(-value);
    } else if (Number.isFinite(value)) {
      const high = Math.floor(value / BILLION);
      this.integer(high);
      this.nineDigits(value - high * BILLION);
    } else this.byte(ZERO);
  }

  /** A number from 0 to 999,999,999 with leading zeros, as fractions of a second are written; others are clamped. */
  nineDigits(value: number): void {
    if (this.bytes.length - this.length < 9) this.#grow(9);
    const whole = value >= 0 ? Math.min(value, BILLION - 1) | 0 : 0;
    const millions = (whole / 1_000_000) | 0;
    const thousands = (whole / 1000) | 0;
    this.#threeDigits(millions);
    this.#threeDigits(thousands - millions * 1000);
    this.#threeDigits(whole - thousands * 1000);
  }

  #threeDigits(value: number): void {
    const bytes = this.bytes;
    const at = this.length;
    const from = value * 3;
    bytes[at] = THREE_DIGITS[from] as number;
    bytes[at + 1] = THREE_DIGITS[from + 1] as number;
    bytes[at + 2] = THREE_DIGITS[from + 2] as number;
    this.length = at + 3;
  }

  #digits(value: number): void {
    if (this.bytes.length - this.length < 10) this.#grow(10);
    const bytes = this.bytes;
    if (value < 10) {
      bytes[this.length++] = ZERO + value;
      return;
    }
    let size = 2;
    for (let limit = 100; size < 10 && value >= limit; limit *= 10) size += 1;
    let rest = value;
    for (let at = this.length + size - 1; at >= this.length; at--) {
      const tens = (rest / 10) | 0;
      bytes[at] = ZERO + rest - tens * 10;
      rest = tens;
    }
    this.length += size;
  }

  #grow(needed: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.length + needed));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
    this.#view = viewOf(larger);
  }
}

function viewOf({ buffer, byteOffset, length }: Buffer): DataView {
  return new DataView(buffer, byteOffset, length);
}
