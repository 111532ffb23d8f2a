/**
 * Bytes that are written often, also as words of eight: copying a few words costs less than a call of `set`. Words are
 * numbers in an array, for a typed array takes 250 bytes before it holds one. Valid UTF-8 never makes a word that is no
 * number: that takes a byte 0xff, or a byte from 0xf0 on right before 0x7f.
 */
export class Piece {
  readonly size: number;
  readonly bytes: Uint8Array;
  readonly words: readonly number[];

  constructor(text: string | Uint8Array) {
    this.bytes = typeof text === 'string' ? Buffer.from(text) : Uint8Array.from(text);
    this.size = this.bytes.length;
    this.words = wordsOf(this.bytes);
  }
}

/** Where one of several texts lies among the words that they share. */
export interface PackedText {
  readonly firstWord: number;
  readonly size: number;
}

/** Puts the words of several texts in one array. */
export class WordPacker {
  readonly #words: number[] = [];

  add(text: string): PackedText {
    const bytes = Buffer.from(text);
    const packed = { firstWord: this.#words.length, size: bytes.length };
    this.#words.push(...wordsOf(bytes));
    return packed;
  }

  pack(): readonly number[] {
    return this.#words.slice();
  }
}

/** Little-endian, the last one filled up with zeros. */
function wordsOf(bytes: Uint8Array): number[] {
  const count = Math.ceil(bytes.length / 8);
  const padded = Buffer.alloc(count * 8);
  padded.set(bytes);
  return Array.from({ length: count }, (_, word) => padded.readDoubleLE(word * 8));
}
