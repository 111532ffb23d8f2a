import { closeSync, openSync, readSync } from 'node:fs';

const CHUNK_BYTES = 1_048_576;
const NEWLINE = 0x0a;

/** Each line with its newline; a file need not fit into memory. */
export function* linesOf(file: string): Generator<Buffer> {
  const descriptor = openSync(file, 'r');
  try {
    let rest: Buffer = Buffer.alloc(0);
    for (;;) {
      const chunk = Buffer.allocUnsafeSlow(rest.length + CHUNK_BYTES);
      rest.copy(chunk);
      const read = readSync(descriptor, chunk, rest.length, CHUNK_BYTES, null);
      if (read === 0) break;
      const filled = rest.length + read;
      let start = 0;
      for (let at = chunk.indexOf(NEWLINE); at >= 0 && at < filled; at = chunk.indexOf(NEWLINE, start)) {
        yield chunk.subarray(start, at + 1);
        start = at + 1;
      }
      rest = chunk.subarray(start, filled);
    }
    if (rest.length > 0) yield rest;
  } finally {
    closeSync(descriptor);
  }
}
