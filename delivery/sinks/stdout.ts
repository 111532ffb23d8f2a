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

/** Standard output, or another descriptor. It is not closed: it is not ours. Rejects with ReaderGone. */
export function openStdoutSink(descriptor: number = STDOUT): Sink {
  return {
    name: 'stdout',
    write: ({ lines }: EncodedBatch) => writeAll(descriptor, lines),
    close: () => Promise.resolve(),
  };
}

async function writeAll(descriptor: number, lines: Buffer): Promise<void> {
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
