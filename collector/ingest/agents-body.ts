import type { IncomingMessage } from 'node:http';
import { constants, createGunzip, createZstdDecompress } from 'node:zlib';

/** Decompressed; the http sink's own limit is 16 MiB, and a batch of one event may be somewhat above it. */
const MAX_BODY_BYTES = 17 * 1_048_576;
/** What is decompressed at once: some 230 events, a few milliseconds of work between two looks at other requests. */
const CHUNK_BYTES = 262_144;
/** zstd would let the sender choose how much memory it takes: 8 MiB is what its level 19 uses. */
const ZSTD_WINDOW_LOG = 23;
const TOO_LARGE = 'the body is larger than 17 MiB decompressed';

/** Why a body cannot be taken; `status` is the answer's. */
export class BodyProblem extends Error {
  override readonly name = 'BodyProblem';
  readonly status: 400 | 413 | 415 | 429;

  constructor(status: 400 | 413 | 415 | 429, message: string) {
    super(message);
    this.status = status;
  }
}

/** Bytes of bodies that are being worked on, of all requests together. */
export class BodyMemory {
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** For one request; `release` gives back all that it took. */
  open(): { take(bytes: number): boolean; release(): void } {
    let taken = 0;
    return {
      take: (bytes) => {
        if (this.#bytes + bytes > this.#maxBytes) return false;
        this.#bytes += bytes;
        taken += bytes;
        return true;
      },
      release: () => {
        this.#bytes -= taken;
        taken = 0;
      },
    };
  }
}

/**
 * The body as its sender had it before compression, piece by piece. The connection stays usable for an answer.
 * @throws BodyProblem for what is too much, broken or compressed otherwise
 */
export async function* decodedBody(
  request: IncomingMessage,
  memory: { take(bytes: number): boolean },
): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of decompressed(request)) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) throw new BodyProblem(413, TOO_LARGE);
    if (!memory.take(chunk.length)) throw new BodyProblem(429, 'too many events are on their way in; try again');
    yield chunk;
  }
}

async function* decompressed(request: IncomingMessage): AsyncGenerator<Buffer> {
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding === 'identity') {
    yield* request.iterator({ destroyOnReturn: false });
    return;
  }
  const decoder = decoderOf(encoding);
  // Whoever leaves in the middle ends the decoder too, which would wait for the rest otherwise.
  const left = (): void => {
    if (!request.complete) decoder.destroy(new BodyProblem(400, 'the body broke off'));
  };
  request.once('close', left);
  request.pipe(decoder);
  try {
    yield* decoder.iterator({ destroyOnReturn: false });
  } catch (error) {
    throw error instanceof BodyProblem ? error : new BodyProblem(400, `the body is not what ${encoding} makes`);
  } finally {
    request.off('close', left);
    request.unpipe(decoder);
    decoder.destroy();
  }
}

function decoderOf(encoding: string) {
  switch (encoding) {
    case 'gzip':
      return createGunzip({ chunkSize: CHUNK_BYTES });
    case 'zstd':
      return createZstdDecompress({
        chunkSize: CHUNK_BYTES,
        params: { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG },
      });
    default:
      throw new BodyProblem(415, 'content-encoding is gzip, zstd or identity');
  }
}
