/**
 * Bytes that are written often. They lie at eight-byte steps, so that a writer may copy words where that is faster than
 * calling `set`. Valid UTF-8 never makes a word that is no number: that takes a byte 0xff, or 0xf0 and more before 0x7f.
 */
export class Piece {
  readonly size: number;
  readonly bytes: Uint8Array;
  readonly words: Float64Array;

  constructor(text: string | Uint8Array) {
    const source = typeof text === 'string' ? Buffer.from(text) : text;
    this.size = source.length;
    this.words = new Float64Array(Math.ceil(source.length / 8));
    this.bytes = new Uint8Array(this.words.buffer, 0, source.length);
    this.bytes.set(source);
  }
}

/** Where one of several texts lies in the array that they share. */
export interface PackedText {
  readonly firstWord: number;
  readonly size: number;
}

/** Puts several texts in one array, which takes less memory than a piece for each. */
export class WordPacker {
  readonly #texts: Buffer[] = [];
  #wordCount = 0;

  add(text: string): PackedText {
    const bytes = Buffer.from(text);
    const packed = { firstWord: this.#wordCount, size: bytes.length };
    this.#texts.push(bytes);
    this.#wordCount += Math.ceil(bytes.length / 8);
    return packed;
  }

  pack(): Float64Array {
    const words = new Float64Array(this.#wordCount);
    const bytes = new Uint8Array(words.buffer);
    let at = 0;
    for (const text of this.#texts) {
      bytes.set(text, at);
      at += Math.ceil(text.length / 8) * 8;
    }
    return words;
  }
}
