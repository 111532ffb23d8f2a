import { write } from 'node:fs';
import { promisify } from 'node:util';
import * as z from 'zod';
import { type Batch, NO_LIMITS } from '../batch.ts';
import { systemErrorCode } from '../system-error.ts';
import { ReceiverGone, TryAgain } from './failure.ts';
import type { Sink, SinkKind } from './sink.ts';
import { sinkFields } from './sink-fields.ts';

const STDOUT = 1;
/** A pipe that does not block says EAGAIN while its reader is behind; there is no event for a bare descriptor. */
const FULL_PIPE_WAIT_MILLIS = 5;
const NEWLINE = 0x0a;

const writeBytes = promisify(write);

/** Nobody reads standard output any more (`| head`). Whoever runs the sink decides what that means. */
export class ReaderGone extends ReceiverGone {
  override readonly name = 'ReaderGone';
}

const schema = z.strictObject({ type: z.literal('stdout'), ...sinkFields });

/** Standard output: a container runtime's log, or a pipe. */
export const stdoutSink = {
  schema,
  place: () => 'standard output',
  open: ({ name }: z.infer<typeof schema>): Sink => openStdoutSink(STDOUT, name),
} satisfies SinkKind<typeof schema>;

/** Standard output, or another descriptor. It is not closed: it is not ours. `write` rejects with ReaderGone as well. */
export function openStdoutSink(descriptor: number = STDOUT, name = 'stdout'): Sink {
  /** Where the last batch broke off within a line, the next begins with the line's end. */
  let isTorn = false;
  return {
    name,
    limits: NO_LIMITS,
    async write({ bytes }: Batch, signal: AbortSignal) {
      if (isTorn) await writeAll(descriptor, Buffer.of(NEWLINE), signal, () => undefined);
      isTorn = false;
      await writeAll(descriptor, bytes, signal, (written) => {
        isTorn = written > 0 && bytes[written - 1] !== NEWLINE;
      });
    },
    close: () => Promise.resolve(),
  };
}

async function writeAll(
  descriptor: number,
  bytes: Buffer,
  signal: AbortSignal,
  onBrokenOff: (written: number) => void,
): Promise<void> {
  let written = 0;
  try {
    while (written < bytes.length) {
      try {
        const { bytesWritten } = await writeBytes(descriptor, bytes, written, bytes.length - written);
        written += bytesWritten;
      } catch (error) {
        const code = systemErrorCode(error);
        if (code === 'EPIPE') throw new ReaderGone('nobody reads standard output any more');
        if (code !== 'EAGAIN') throw error;
        if (signal.aborted) throw new TryAgain('DBA4007', 'standard output: given up, its reader is behind');
        await new Promise((resolve) => setTimeout(resolve, FULL_PIPE_WAIT_MILLIS));
      }
    }
  } catch (error) {
    onBrokenOff(written);
    throw error;
  }
}
