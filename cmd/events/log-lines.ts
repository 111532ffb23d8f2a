import type { Readable } from 'node:stream';
import * as z from 'zod';
import { type OwnGap, ownGap } from './own-gap.ts';
import { type Received, readLine } from './received.ts';
import type { SequenceCheck } from './sequence-check.ts';

/**
 * Statement text is cut at 64 KiB by default and JSON makes bytes six times as long at worst; ten times that passes
 * for those who raised the limit. What is longer is reported as a gap.
 */
const LONGEST_LINE_BYTES = 4_194_304;
/** An agent says little: that is more than it says in the seconds that are read twice. */
const RECENT_LINES = 50;
const NEWLINE = 0x0a;
/** Pino's number for `warn`. https://getpino.io/#/docs/api?id=logger-level */
const WARN = 40;
const LEVEL_NAMES: ReadonlyMap<number, string> = new Map([
  [40, 'warning'],
  [50, 'error'],
  [60, 'fatal'],
]);

export type LogItem =
  | { readonly kind: 'event'; readonly received: Received }
  /** What the agent said of itself and a user should know. */
  | { readonly kind: 'word'; readonly text: string };

/** Whose log it is. */
export interface LogOwner {
  readonly namespace: string;
  readonly pod: string;
  readonly sequence: SequenceCheck;
  readonly words: RecentLines;
}

/** A log that is read again gives the agent's own words again, too. */
export class RecentLines {
  readonly #lines = new Set<string>();

  /** False where the line was among the last ones. */
  isNew(line: string): boolean {
    if (this.#lines.has(line)) return false;
    this.#lines.add(line);
    for (const oldest of this.#lines) {
      if (this.#lines.size <= RECENT_LINES) break;
      this.#lines.delete(oldest);
    }
    return true;
  }
}

const TOO_LONG = { kind: 'unreadable', problem: 'its line is too long' } as const;

const ownWord = z.looseObject({ level: z.number(), msg: z.string() });

/**
 * Reads the log of an agent's container, where its events (standard output) and its own words (standard error) are
 * mixed. Events read before are left out, and a hole in the agent's numbers becomes a gap. `mayBeginTorn`: the log is
 * read from a point in time, which may lie within a long line: the kubelet puts the pieces of a line together that the
 * runtime split (every 16 KiB), but skips those that are too old.
 */
export async function* readAgentLog(
  log: Readable,
  owner: LogOwner,
  { mayBeginTorn = false }: { readonly mayBeginTorn?: boolean } = {},
): AsyncGenerator<LogItem> {
  let isFirst = true;
  let at = new Date().toISOString().replace('Z', '000000Z');
  for await (const line of splitLines(log)) {
    const mayBeTorn = line.end === 'unfinished' || (isFirst && mayBeginTorn);
    isFirst = false;
    const content = line.end === 'too-long' ? TOO_LONG : readLine(line.text);
    if (content.kind === 'event') {
      at = content.received.event['@timestamp'];
      yield* inSequence(content.received, owner);
    } else if (content.kind === 'unreadable') {
      if (!mayBeTorn) yield unreadable(content.problem, at, owner);
    } else if (!mayBeTorn && line.text.trim() !== '' && owner.words.isNew(line.text)) {
      yield* worthTelling(line.text, content.json);
    }
  }
}

function* inSequence(received: Received, owner: LogOwner): Generator<LogItem> {
  const verdict = owner.sequence.next(received.event);
  if (verdict.kind === 'repeated') return;
  const at = received.event['@timestamp'];
  if (verdict.kind === 'after-hole') {
    const { first, missing } = verdict;
    const message = `numbers ${first} to ${first + missing - 1} of the agent are not in its log`;
    yield gapOf({ ...owner, at, reason: 'events-missing', message, events: missing, sequence: first });
  } else if (verdict.kind === 'restarted') {
    const message = `the agent was started anew; nothing was seen for some time after ${verdict.after}`;
    yield gapOf({
      ...owner,
      at,
      reason: 'agent-restarted',
      message,
      events: 0,
      sequence: received.event.event.sequence,
    });
  }
  yield { kind: 'event', received };
}

/** The event's own number is unknown: the hole that it leaves is reported with the next one. */
function unreadable(problem: string, at: string, owner: LogOwner): LogItem {
  const message = `an event cannot be read: ${problem}`;
  return gapOf({ ...owner, at, reason: 'unreadable', message, events: 0, sequence: owner.sequence.due });
}

function gapOf(gap: OwnGap): LogItem {
  return { kind: 'event', received: ownGap(gap) };
}

/** Warnings and errors, and whatever is no log of pino's, such as the last words of a process that broke down. */
function* worthTelling(line: string, json: Readonly<Record<string, unknown>> | undefined): Generator<LogItem> {
  const word = ownWord.safeParse(json).data;
  if (word === undefined) yield { kind: 'word', text: line };
  else if (word.level >= WARN) yield { kind: 'word', text: `${LEVEL_NAMES.get(word.level) ?? 'log'}: ${word.msg}` };
}

export interface Line {
  /** Without its newline; empty where it was too long. */
  readonly text: string;
  /** `unfinished`: the stream ended within it, so that its rest may follow over the next connection. */
  readonly end: 'newline' | 'unfinished' | 'too-long';
}

/** Lines of a stream of bytes; no more than `longest` bytes of one are held. */
export async function* splitLines(
  stream: AsyncIterable<Uint8Array | string>,
  longest: number = LONGEST_LINE_BYTES,
): AsyncGenerator<Line> {
  let pieces: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream) {
    const bytes = Buffer.from(chunk);
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, start)) {
      keep(bytes.subarray(start, end));
      yield take('newline');
      start = end + 1;
    }
    keep(bytes.subarray(start));
  }
  if (length > 0) yield take('unfinished');

  function keep(piece: Buffer): void {
    length += piece.length;
    if (length <= longest) pieces.push(piece);
    else pieces = [];
  }

  function take(end: 'newline' | 'unfinished'): Line {
    const text = Buffer.concat(pieces).toString('utf8').replace(/\r$/, '');
    const line: Line = length > longest ? { text: '', end: 'too-long' } : { text, end };
    pieces = [];
    length = 0;
    return line;
  }
}
