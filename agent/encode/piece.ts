/** Longer ones are copied by `set`. */
export const LONGEST_IN_WORDS = 64;

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
    this.words = this.bytes.length < LONGEST_IN_WORDS ? wordsOf(this.bytes) : [];
  }
}

/** One word at a time comes through here: its bytes go in, its number comes out. */
const word = new Float64Array(1);
const wordBytes = new Uint8Array(word.buffer);

/** The last word is filled up with zeros. */
function wordsOf(bytes: Uint8Array): readonly number[] {
  return Array.from({ length: Math.ceil(bytes.length / 8) }, (_, index) => {
    for (let i = 0; i < 8; i++) wordBytes[i] = bytes[index * 8 + i] ?? 0;
    return word[0] as number;
  });
}
