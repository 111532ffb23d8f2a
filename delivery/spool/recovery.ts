import { randomInt } from 'node:crypto';
import type { Loss } from '../event-store.ts';
import { systemErrorCode } from '../system-error.ts';
import { type Block, BlockWalker, CHUNK_BYTES } from './block-walker.ts';
import { type FoundLedger, Ledger, type LedgerState, type Rewriting } from './ledger.ts';
import { FILE_MODE, type SegmentFiles } from './segment-files.ts';
import { SpoolState } from './spool-state.ts';
import { type Survey, surveySegment } from './survey.ts';

export interface Recovery {
  readonly state: SpoolState;
  readonly ledger: Ledger;
  readonly losses: readonly Loss[];
  /** Names of what is in the directory and not ours, or cannot be read at all. It is left alone. */
  readonly foreign: readonly string[];
}

/** Finds out what a directory holds, whatever was done to it. Only the operating system's errors end it. */
export async function recover(files: SegmentFiles, segmentBytes: number): Promise<Recovery> {
  let state: SpoolState | undefined;
  const { ledger, found } = await Ledger.open(files.directory, FILE_MODE, () => state?.snapshot() ?? NOTHING);
  try {
    const listing = await files.list();
    const leftovers = await Promise.all(listing.rewritten.map((number) => files.removeLeftover(number)));
    const spool = found?.state.spool ?? (await spoolOf(files, listing.segments)) ?? randomInt(2 ** 32);
    state = new SpoolState(files, spool, segmentBytes);
    state.unreported = found?.state.unreported ?? 0;
    for (const { start, end } of found?.state.done ?? []) state.done.add(start, end);
    if (found?.state.rewriting !== undefined) await finishRewriting(state, listing.segments, found.state.rewriting);
    const damage = new Damage(found, listing.segments.length > 0);
    const unreadable = await surveyAll(state, listing.segments, damage);
    countMissing(state, found?.state, damage);
    state.nextNumber = Math.max(0, ...listing.segments, ...listing.rewritten) + 1;
    state.thinned = (found?.state.thinned ?? true) && state.segments.length > 0;
    const foreign = [...listing.foreign, ...leftovers.filter((name) => name !== undefined), ...unreadable];
    return { state, ledger, losses: damage.losses(state.unreported), foreign };
  } catch (error) {
    await ledger.close();
    throw error;
  }
}

const NOTHING: LedgerState = {
  spool: 0,
  next: 0,
  unreported: 0,
  clean: false,
  thinned: false,
  rewriting: undefined,
  done: [],
};

/** What recovery has to tell of. */
class Damage {
  inside = 0;
  torn = 0;
  readonly wasClean: boolean;
  readonly #isNew: boolean;
  readonly #isExact: boolean;

  constructor(found: FoundLedger | undefined, hasSegments: boolean) {
    this.wasClean = found?.state.clean === true && !found.doubtful;
    this.#isNew = found === undefined && !hasSegments;
    this.#isExact = found?.doubtful === false && !found.state.thinned;
  }

  atEnd(events: number): void {
    if (this.wasClean) this.inside += events;
    else this.torn += events;
  }

  losses(unreported: number): Loss[] {
    const most = this.#isExact ? '' : '; at most so many, some may have been settled or dropped before';
    const losses: Loss[] = [
      { reason: 'spool-torn', count: this.torn, detail: `the spool’s end was not written whole${most}` },
      { reason: 'spool-damaged', count: this.inside, detail: `the spool does not hold what was written to it${most}` },
      {
        reason: 'output-full',
        count: unreported,
        detail: 'dropped because the spool was full, before the agent ended; it could not tell of them any more',
      },
    ];
    const told = losses.filter(({ count }) => count > 0);
    if (this.wasClean || this.#isNew) return told;
    const detail =
      'the agent before this one ended without stopping; events that it had captured and not yet spooled are lost, and their number is not known';
    return [...told, { reason: 'agent-killed', count: 0, detail }];
  }
}

/** Gives the names of segments in which nothing of ours was found. */
async function surveyAll(state: SpoolState, numbers: readonly number[], damage: Damage): Promise<string[]> {
  const unreadable: string[] = [];
  const last = numbers.at(-1);
  let limit = Number.POSITIVE_INFINITY;
  // From the last to the first: what a failed append left behind is told by where the next segment begins.
  for (const number of numbers.toReversed()) {
    const thoroughness = number === last && !damage.wasClean ? 'lines' : 'tables';
    const options = { number, spool: state.spool, first: 0, limit, thoroughness, isOut: state.out } as const;
    const survey = await surveyOne(state, options);
    const { segment } = survey;
    if (segment === undefined) {
      if (!(await removeEmpty(state, number))) unreadable.push(state.files.nameOf(number));
      continue;
    }
    damage.inside += survey.lostInside;
    if (number === last) damage.atEnd(survey.lostAtEnd);
    else damage.inside += survey.lostAtEnd;
    await cutOff(state, number, segment.bytes);
    state.segments.unshift(segment);
    limit = segment.first;
  }
  return unreadable;
}

async function surveyOne(state: SpoolState, options: Parameters<typeof surveySegment>[1]): Promise<Survey> {
  try {
    return await surveySegment(state.files, options, state.done, state.chunk, state.lines);
  } catch (error) {
    if (!['EIO', 'EACCES', 'EPERM', 'ELOOP', 'ENOENT'].includes(systemErrorCode(error) ?? '')) throw error;
    return { segment: undefined, lostInside: 0, lostAtEnd: 0 };
  }
}

/** A segment that was just made when the agent ended. */
async function removeEmpty(state: SpoolState, number: number): Promise<boolean> {
  const file = await state.files.open(number).catch(() => undefined);
  if (file === undefined || (await file.stat()).size > 0) return false;
  await state.files.remove(number);
  return true;
}

/** Behind the last block there is nothing that could be used. Where it cannot be cut off it does no harm. */
async function cutOff(state: SpoolState, number: number, bytes: number): Promise<void> {
  const file = await state.files.open(number);
  if ((await file.stat()).size > bytes) await file.truncate(bytes).catch(() => undefined);
}

/** Ordinals between the segments, and before and behind them, that nobody answers for. */
function countMissing(state: SpoolState, ledger: LedgerState | undefined, damage: Damage): void {
  const start = ledger === undefined ? (state.segments[0]?.first ?? 0) : 0;
  state.done.add(0, start);
  let end = start;
  for (const segment of state.segments) {
    damage.inside += state.done.countOutside(end, segment.first);
    state.done.add(end, segment.first);
    end = segment.end;
  }
  state.next = Math.max(end, ledger?.next ?? 0);
  damage.atEnd(state.done.countOutside(end, state.next));
  state.done.add(end, state.next);
}

/** Whether a rewriting had come to its end is told by the files; if it had not, it is undone. */
async function finishRewriting(state: SpoolState, segments: readonly number[], rewriting: Rewriting): Promise<void> {
  const { victim, target, targetBytes, generation, dropped } = rewriting;
  if (victim === target) {
    if ((await firstBlock(state.files, victim))?.head.generation === generation) state.unreported += dropped;
  } else if (!segments.includes(victim)) state.unreported += dropped;
  else if (segments.includes(target)) await cutOff(state, target, targetBytes).catch(() => undefined);
}

async function spoolOf(files: SegmentFiles, segments: readonly number[]): Promise<number | undefined> {
  for (const number of segments) {
    const block = await firstBlock(files, number);
    if (block !== undefined) return block.head.spool;
  }
  return undefined;
}

async function firstBlock(files: SegmentFiles, segment: number): Promise<Block | undefined> {
  try {
    const file = await files.open(segment);
    const search = { segment, spool: undefined, offset: 0, first: 0, limit: Number.POSITIVE_INFINITY };
    return await new BlockWalker(file, (await file.stat()).size, search, Buffer.allocUnsafeSlow(CHUNK_BYTES)).next();
  } catch {
    return undefined;
  }
}
