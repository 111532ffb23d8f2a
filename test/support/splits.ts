/** How a test cuts bytes into pieces: decoders must give the same for all of them. */
export type Split = (bytes: Buffer) => readonly Buffer[];

export const WHOLE: Split = (bytes) => [bytes];
export const BYTE_BY_BYTE: Split = (bytes) => Array.from(bytes, (_, index) => bytes.subarray(index, index + 1));

/** Pieces of 1 to 40 bytes; the same seed gives the same pieces. */
export function randomly(seed: number): Split {
  let state = seed;
  return (bytes) => {
    const pieces: Buffer[] = [];
    for (let start = 0; start < bytes.length; ) {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      const end = start + 1 + ((state >>> 16) % 40);
      pieces.push(bytes.subarray(start, end));
      start = end;
    }
    return pieces;
  };
}
