import type { FileHandle } from 'node:fs/promises';
import { ENTRY_BYTES, type Entry, readEntry } from './block-format.ts';
import { BlockWalker } from './block-walker.ts';
import { BlockWriter } from './block-writer.ts';
import { Segment } from './segment.ts';
import type { SpoolState } from './spool-state.ts';
import { isGenuine } from './survey.ts';

/** Where the lines that are kept go to. */
export interface RewriteTarget {
  readonly file: FileHandle;
  readonly number: number;
  readonly generation: number;
  /** Where the file ends. */
  readonly bytes: number;
}

/**
 * Copies a segment's lines to a file, those apart that are settled and those that wait and have the class. Gives what is
 * known of the lines where they are now.
 */
export async function copyKept(
  state: SpoolState,
  victim: Segment,
  dropped: number | undefined,
  target: RewriteTarget,
): Promise<Segment> {
  const source = await state.files.open(victim.number);
  const search = { segment: victim.number, spool: state.spool, offset: 0, first: 0, limit: Infinity };
  const walker = new BlockWalker(source, victim.bytes, search, state.chunk);
  const copied = new Segment(target.number, victim.first, target.generation);
  copied.bytes = target.bytes;
  const writer = new BlockWriter(target.file, copied, state.spool, state.writerMemory);
  let written = victim.first;
  for (let block = await walker.next(); block !== undefined; block = await walker.next()) {
    const { head, table } = block;
    const buffer = state.lines.atLeast(head.lineBytes);
    const lines = buffer.subarray(0, await walker.copyLines(block, 0, head.lineBytes, buffer, 0));
    const count = Math.min(head.lines, Math.floor(table.length / ENTRY_BYTES));
    for (let index = 0; index < count; index++) {
      const entry = readEntry(table, index, head.first);
      if (entry.ordinal < written || state.done.has(entry.ordinal) || !isThere(entry, lines, block.tableIsWhole))
        continue;
      const isOut = state.out.has(entry.ordinal);
      if (!isOut && entry.classNumber === dropped) continue;
      await writer.write(entry, lines.subarray(entry.start, entry.start + entry.length), head.at);
      copied.count(entry.classNumber, 1, entry.length);
      if (isOut) copied.takeOut(entry.classNumber, entry.length);
      written = entry.ordinal + 1;
    }
  }
  await writer.finish(victim.end);
  return copied;
}

/** Lines under a whole table are taken as they are: they prove themselves when they are read. */
function isThere(entry: Entry, lines: Buffer, tableIsWhole: boolean): boolean {
  return tableIsWhole ? entry.start + entry.length <= lines.length : isGenuine(entry, lines);
}
