import { type DecodeText, decodeUtf8 } from './character-sets.ts';
import type { Command } from './command.ts';

/**
 * Puts a request's text into `command`: it begins at `start` and ends at `until`, of which the bytes up to `end` were
 * given; `goesOn`: more packets follow. At most `limitBytes` of it are kept, of those up to `kept`; where it is cut, its
 * digest is begun, which takes what follows.
 */
export function readText(
  command: Command,
  buffer: Buffer,
  start: number,
  kept: number,
  end: number,
  until: number,
  goesOn: boolean,
  limitBytes: number,
  decodeText: DecodeText,
): void {
  command.textLength = until - start;
  if (kept === until && kept - start <= limitBytes && !goesOn) {
    command.text = decodeText(buffer, start, kept);
    return;
  }
  const cut = Math.min(kept, start + limitBytes);
  const boundary = decodeText === decodeUtf8 && cut < end ? characterBoundary(buffer, start, cut) : cut;
  command.text = decodeText(buffer, start, boundary);
  // Loaded here, as it costs memory that an agent in peace does not need.
  const { createHash } = process.getBuiltinModule('node:crypto');
  command.hash = createHash('sha256').update(buffer.subarray(start, end));
}

/** At or before `cut`, so that no UTF-8 character, of at most four bytes, is cut in two. */
function characterBoundary(buffer: Buffer, start: number, cut: number): number {
  let boundary = cut;
  while (boundary > start && boundary > cut - 4 && ((buffer[boundary] ?? 0) & 0xc0) === 0x80) boundary -= 1;
  return boundary;
}
