import { ENTRY_BYTES, type Entry, lineCrc, readEntry } from './block-format.ts';
import { type Block, BlockWalker } from './block-walker.ts';
import type { OrdinalRanges } from './ordinal-ranges.ts';
import { Segment } from './segment.ts';
import type { SegmentFiles } from './segment-files.ts';

/** Whether every line is read and checked, or only those of blocks with a damaged table. */
type Thoroughness = 'tables' | 'lines';

export interface SurveyOptions {
  readonly number: number;
  readonly spool: number;
  /** Where the file's own numbers begin and end, as far as known. */
  readonly first: number;
  readonly limit: number;
  readonly thoroughness: Thoroughness;
  /** Ordinals that do not count as waiting. */
  readonly isOut: OrdinalRanges;
}

export interface Survey {
  /** Undefined where not one block was found. */
  readonly segment: Segment | undefined;
  /** Events that were there and are not any more, settled ones apart: those with something whole behind them, and those at the end. */
  readonly lostInside: number;
  readonly lostAtEnd: number;
}

/** Room for the lines of one block. */
export interface LineBuffer {
  atLeast(bytes: number): Buffer;
}

/**
 * Goes through a segment's file and counts what waits in it. Ordinals of the file that have no event any more are added to
 * `done`, so that they are counted as lost once.
 */
export async function surveySegment(
  files: SegmentFiles,
  options: SurveyOptions,
  done: OrdinalRanges,
  chunk: Buffer,
  lines: LineBuffer,
): Promise<Survey> {
  const file = await files.open(options.number);
  const search = {
    segment: options.number,
    spool: options.spool,
    offset: 0,
    first: options.first,
    limit: options.limit,
  };
  const walker = new BlockWalker(file, (await file.stat()).size, search, chunk);
  let segment: Segment | undefined;
  let [lostInside, lostAtEnd] = [0, 0];
  for (let block = await walker.next(); block !== undefined; block = await walker.next()) {
    const { head } = block;
    segment ??= new Segment(options.number, head.first, head.generation);
    lostAtEnd += done.countOutside(segment.end, head.first);
    done.add(segment.end, head.first);
    segment.addBlock(head, block.offset, 0);
    const lost = await countBlock(walker, block, segment, options, done, lines);
    lostAtEnd += lost;
    if (lost > 0 || !block.isWhole) continue;
    lostInside += lostAtEnd;
    lostAtEnd = 0;
  }
  if (segment !== undefined) segment.bytes = walker.position;
  return { segment, lostInside, lostAtEnd };
}

/** Gives how many of its events are lost. */
async function countBlock(
  walker: BlockWalker,
  block: Block,
  segment: Segment,
  { thoroughness, isOut }: SurveyOptions,
  done: OrdinalRanges,
  lines: LineBuffer,
): Promise<number> {
  const { head } = block;
  const end = head.first + head.span;
  const entries =
    thoroughness === 'tables' && block.tableIsWhole && block.isWhole
      ? wholeEntries(block)
      : await genuineEntries(walker, block, lines);
  const open = done.firstInside(head.first) >= end && isOut.firstInside(head.first) >= end;
  let settled = 0;
  for (const { ordinal, classNumber, length } of entries) {
    if (!open && done.has(ordinal)) settled += 1;
    else if (open || !isOut.has(ordinal)) segment.count(classNumber, 1, length);
  }
  const missing = head.lines - entries.length;
  if (missing === 0) return 0;
  // Of ordinals without a line, some were dropped before the block was written: it has fewer lines than ordinals.
  const candidates = done.countOutside(head.first, end) - (entries.length - settled);
  addMissing(done, head.first, end, entries);
  return Math.min(missing, candidates);
}

function wholeEntries({ head, table }: Block): Entry[] {
  return Array.from({ length: head.lines }, (_, index) => readEntry(table, index, head.first));
}

async function genuineEntries(walker: BlockWalker, block: Block, lines: LineBuffer): Promise<Entry[]> {
  const { head, table } = block;
  const buffer = lines.atLeast(head.lineBytes);
  const there = buffer.subarray(0, await walker.copyLines(block, 0, head.lineBytes, buffer, 0));
  const genuine: Entry[] = [];
  for (let index = 0; index < head.lines && (index + 1) * ENTRY_BYTES <= table.length; index++) {
    const entry = readEntry(table, index, head.first);
    if (isGenuine(entry, there) && entry.ordinal > (genuine.at(-1)?.ordinal ?? -1)) genuine.push(entry);
  }
  return genuine;
}

/** `lines`: those of the entry's block, as far as they are there. */
export function isGenuine({ start, length, ordinal, classNumber, crc }: Entry, lines: Buffer): boolean {
  return start + length <= lines.length && lineCrc(lines.subarray(start, start + length), ordinal, classNumber) === crc;
}

function addMissing(done: OrdinalRanges, first: number, end: number, entries: readonly Entry[]): void {
  let from = first;
  for (const { ordinal } of entries) {
    done.add(from, ordinal);
    from = ordinal + 1;
  }
  done.add(from, end);
}
