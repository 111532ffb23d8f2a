import { once } from 'node:events';
import { constants, createGunzip } from 'node:zlib';

const MAGIC = Buffer.from([0x1f, 0x8b]);
/** Deflate expands a thousandfold at most, and the output of one piece is held: 16 MiB in the worst case. */
const PIECE_BYTES = 16 * 1024;
const OUTPUT_BYTES = 256 * 1024;

/** Looks whether `bytes` begin as gzip does; `chunks` are all of them, once. */
export async function isGzip(
  bytes: AsyncIterable<Buffer>,
): Promise<{ readonly compressed: boolean; readonly chunks: AsyncGenerator<Buffer> }> {
  const rest = bytes[Symbol.asyncIterator]();
  let opening: Buffer = Buffer.alloc(0);
  let next = await rest.next();
  while (!next.done && opening.length + next.value.length < MAGIC.length) {
    opening = Buffer.concat([opening, next.value]);
    next = await rest.next();
  }
  if (opening.length > 0 && !next.done) next.value = Buffer.concat([opening, next.value]);
  const first = next.done ? opening : next.value;
  return { compressed: first.subarray(0, MAGIC.length).equals(MAGIC), chunks: resumed(first, rest) };
}

async function* resumed(first: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  try {
    for (let chunk = first; ; ) {
      yield chunk;
      const next = await rest.next();
      if (next.done) return;
      chunk = next.value;
    }
  } finally {
    await rest.return?.();
  }
}

/**
 * Decompresses gzip, of several members too. Where the input is damaged, everything before the damage is given first;
 * where it is cut, what was there is given and nothing is thrown: what it holds tells that its end is missing.
 */
export async function* gunzipped(compressed: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const gunzip = createGunzip({ chunkSize: OUTPUT_BYTES, finishFlush: constants.Z_SYNC_FLUSH });
  const output: Buffer[] = [];
  let damage: Error | undefined;
  gunzip.on('data', (chunk: Buffer) => output.push(chunk));
  gunzip.on('error', (error) => {
    damage = error;
  });
  try {
    for await (const chunk of compressed) {
      for (let start = 0; start < chunk.length; start += PIECE_BYTES) {
        const piece = chunk.subarray(start, start + PIECE_BYTES);
        await new Promise((resolve) => gunzip.write(piece, resolve));
        yield* output.splice(0);
        if (damage !== undefined) throw damage;
      }
    }
    gunzip.end();
    if (damage === undefined) await once(gunzip, 'end');
    yield* output.splice(0);
  } finally {
    gunzip.destroy();
  }
}
