/** Where commands begin, for a reader that has lost its place. */
import { ProtocolViolation } from '../protocol.ts';
import { Arguments } from './arguments.ts';
import { isCommandName, isKnownCommand } from './commands.ts';
import { LF, NOT_WHOLE, readWholeCommand, STAR } from './resp.ts';

const LINE_OF_TEXT = /^[\t\x20-\x7e\x80-\xff]+\r?$/;
const LONGEST_LINE_JUDGED = 512;

const LINE_END_AND_STAR = Buffer.from('\r\n*');
const scratch = new Arguments();

/** Whether a command's name can be one. */
export function looksLikeCommand(given: Arguments): boolean {
  return given.count > 0 && isCommandName(given.name());
}

/** Whether a piece is a line with a command that Redis is known to have. */
export function looksLikeInline(buffer: Buffer, start: number, end: number): boolean {
  if (buffer[end - 1] !== LF) return false;
  const line = buffer.latin1Slice(start, Math.min(end - 1, start + LONGEST_LINE_JUDGED)).split('\n', 1)[0] ?? '';
  return LINE_OF_TEXT.test(line) && isKnownCommand(line.split(/\s/, 1)[0] ?? '');
}

/**
 * Looks for a command inside `buffer[start, end)`, which begins anywhere. A value may hold what looks like commands, so
 * that whole commands must follow each other from there to the very end. -1: there is none.
 */
export function findCommandStart(buffer: Buffer, start: number, end: number): number {
  const piece = buffer.subarray(0, end);
  let position = start;
  for (;;) {
    const found = piece.indexOf(LINE_END_AND_STAR, position);
    if (found < 0) return -1;
    const candidate = found + LINE_END_AND_STAR.length - 1;
    const reached = lastInChain(buffer, candidate, end);
    if (reached === end) return candidate;
    // Every command on the way there leads to the same dead end.
    position = Math.max(reached - 2, candidate);
  }
}

/** How far whole commands reach from `start`. */
function lastInChain(buffer: Buffer, start: number, end: number): number {
  let position = start;
  try {
    while (position < end && buffer[position] === STAR) {
      const next = readWholeCommand(buffer, position, end, scratch);
      if (next === NOT_WHOLE || !looksLikeCommand(scratch)) break;
      position = next;
    }
  } catch (error) {
    if (!(error instanceof ProtocolViolation)) throw error;
  }
  return position;
}
