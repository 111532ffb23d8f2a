import { open } from 'node:fs/promises';
import { systemErrorCode } from '../../system-error.ts';
import type { ReadBack } from '../sink.ts';

/** What an agent writes in the second between the event and the look, many times over. */
const TAIL_BYTES = 8_388_608;

/** Looks for events at the end of the file. */
export function fileReadBack(path: string): ReadBack {
  return {
    has: async (eventId) => (await readTail(path)).includes(`"id":"${eventId}"`),
    close: () => Promise.resolve(),
  };
}

async function readTail(path: string): Promise<Buffer> {
  let file: Awaited<ReturnType<typeof open>>;
  try {
    file = await open(path, 'r');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return Buffer.alloc(0);
    throw error;
  }
  try {
    const { size } = await file.stat();
    const length = Math.min(size, TAIL_BYTES);
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(length), 0, length, size - length);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
