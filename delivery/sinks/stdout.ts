import { write } from 'node:fs';
import { promisify } from 'node:util';
import type { EncodedBatch, Sink } from './sink.ts';

const STDOUT = 1;
/** A pipe that does not block says EAGAIN while its reader is behind; there is no event for a bare descriptor. */
const FULL_PIPE_WAIT_MILLIS = 5;

const writeBytes = promisify(write);

/** Nobody reads standard output any more (`| head`). Whoever runs the sink decides what that means. */
export class ReaderGone extends Error {
  override readonly name = 'ReaderGone';
}

/**
 * Writes all of it to standard output, or to another descriptor.
 * @throws ReaderGone once the other end of a pipe is closed
 */
export async function writeAll(lines: Buffer, descriptor: number = STDOUT): Promise<void> {
  let written = 0;
  while (written < lines.length) {
    try {
      const { bytesWritten } = await writeBytes(descriptor, lines, written, lines.length - written);
      written += bytesWritten;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EPIPE') throw new ReaderGone('nobody reads standard output any more');
      if (code !== 'EAGAIN') throw error;
      await new Promise((resolve) => setTimeout(resolve, FULL_PIPE_WAIT_MILLIS));
    }
  }
}

/** Standard output. It is not closed: it is not ours. */
export function openStdoutSink(): Sink {
  return {
    name: 'stdout',
    write: ({ lines }: EncodedBatch) => writeAll(lines),
    close: () => Promise.resolve(),
  };
}
