import type { LineBuffer } from './survey.ts';

/** The lines of a block of the usual size; longer ones come once in a while and are not kept room for. */
export const USUAL_BLOCK_BYTES = 524_288;

export function lineBuffer(): LineBuffer {
  let usual: Buffer | undefined;
  return {
    atLeast(bytes) {
      if (bytes > USUAL_BLOCK_BYTES) return Buffer.allocUnsafeSlow(bytes);
      usual ??= Buffer.allocUnsafeSlow(USUAL_BLOCK_BYTES);
      return usual;
    },
  };
}
