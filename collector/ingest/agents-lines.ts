import type { AuditEvent } from '../../contract/audit-event.ts';
import { BodyProblem } from './agents-body.ts';
import { checkEvent } from './event-check.ts';

/** The most that the http sink can be told to send at once. */
const MAX_LINES = 100_000;
/** An agent cuts statements; what is longer than this is no event of one. */
const MAX_LINE_BYTES = 4 * 1_048_576;
const LINE_END = 0x0a;

/** A line that will never be taken; its number counts from 0. */
interface RefusedEvent {
  readonly index: number;
  readonly reason: string;
}

export interface ReadEvents {
  readonly lines: number;
  readonly events: readonly AuditEvent[];
  readonly refused: readonly RefusedEvent[];
  /** Of the refused, those that were events but not the sender's to send. */
  readonly notTheirs: number;
}

/**
 * Reads NDJSON as it comes. `problemOf` says why an event is not its sender's to send.
 * @throws BodyProblem where there are too many lines, and what `chunks` throws
 */
export async function readEvents(
  chunks: AsyncIterable<Buffer>,
  problemOf: (event: AuditEvent) => string | undefined,
): Promise<ReadEvents> {
  const events: AuditEvent[] = [];
  const refused: RefusedEvent[] = [];
  let lines = 0;
  let notTheirs = 0;
  const take = (line: Buffer): void => {
    const index = lines;
    lines += 1;
    if (lines > MAX_LINES) throw new BodyProblem(413, `more than ${MAX_LINES} lines`);
    const checked = line.length > MAX_LINE_BYTES ? TOO_LONG : eventOf(line);
    if ('reason' in checked) {
      refused.push({ index, reason: checked.reason });
      return;
    }
    const problem = problemOf(checked.event);
    if (problem === undefined) events.push(checked.event);
    else {
      notTheirs += 1;
      refused.push({ index, reason: problem });
    }
  };
  /** Of a line whose end has not come yet. */
  let begun: Buffer[] = [];
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(LINE_END); end >= 0; end = chunk.indexOf(LINE_END, start)) {
      const rest = chunk.subarray(start, end);
      take(begun.length === 0 ? rest : Buffer.concat([...begun, rest]));
      begun = [];
      start = end + 1;
    }
    if (start < chunk.length) begun.push(chunk.subarray(start));
  }
  if (begun.length > 0) take(Buffer.concat(begun));
  return { lines, events, refused, notTheirs };
}

const TOO_LONG = { reason: `longer than ${MAX_LINE_BYTES} bytes` } as const;

function eventOf(line: Buffer) {
  try {
    return checkEvent(JSON.parse(line.toString('utf8')));
  } catch {
    return { reason: 'no JSON' } as const;
  }
}
