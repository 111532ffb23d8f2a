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
    const words: number[] = [];
    appendWords(words, this.bytes);
    this.words = words.slice();
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
    appendWords(this.#words, bytes);
    return packed;
  }

  pack(): readonly number[] {
    return this.#words.slice();
  }
}

/** One word at a time comes through here: its bytes go in, its number comes out. */
const word = new Float64Array(1);
const wordBytes = new Uint8Array(word.buffer);

/** The last word is filled up with zeros. */
function appendWords(words: number[], bytes: Uint8Array): void {
  for (let start = 0; start < bytes.length; start += 8) {
    for (let i = 0; i < 8; i++) wordBytes[i] = bytes[start + i] ?? 0;
    words.push(word[0] as number);
  }
}
