import type { Arguments } from './arguments.ts';
import { type Command, commandNamed } from './commands.ts';

/** Places by a name's bytes; a client uses a few dozen names. A power of two. */
const PLACES = 256;

interface Entry {
  /** The name as the client wrote it. */
  readonly bytes: Buffer;
  readonly command: Command;
}

const entries: (Entry | undefined)[] = new Array<Entry | undefined>(PLACES).fill(undefined);

/** The command that `given` calls, found by its bytes: most often no string is made of them. */
export function commandOf(given: Arguments): Command {
  const { buffer } = given;
  const start = given.start(0);
  const length = given.count === 0 ? 0 : given.end(0) - start;
  let hash = length;
  for (let index = 0; index < length && index < 16; index += 1)
    hash = (hash * 31 + (buffer[start + index] as number)) | 0;
  const place = hash & (PLACES - 1);
  const entry = entries[place];
  if (entry !== undefined && isAt(entry.bytes, buffer, start, length)) return entry.command;
  const command = commandNamed(given.name());
  if (command.known) entries[place] = { bytes: Buffer.from(buffer.subarray(start, start + length)), command };
  return command;
}

function isAt(bytes: Buffer, buffer: Buffer, start: number, length: number): boolean {
  if (bytes.length !== length) return false;
  for (let index = 0; index < length; index += 1) if (bytes[index] !== buffer[start + index]) return false;
  return true;
}
