import { type Batch, joinLines } from '../../../delivery/batch.ts';
import { classNumber } from '../../../delivery/event-class.ts';

const SESSION = '0'.repeat(31);
const CLASS = classNumber('read');

/** A batch of these lines, without their newlines. */
export function batchOf(lines: readonly string[]): Batch {
  return joinLines(lines.map((line) => ({ line: Buffer.from(`${line}\n`), classNumber: CLASS })));
}

/** Lines as short as events can be, with sequence numbers from `first`; `text` is that of the statement. */
export function eventLines(count: number, first = 0, text = 'SELECT 1'): string[] {
  return Array.from({ length: count }, (_, index) => {
    const sequence = first + index;
    const event = { kind: 'event', sequence, dataset: 'dbaudit.mysql', id: `${SESSION}a-${sequence}` };
    return JSON.stringify({ '@timestamp': '2026-11-21T20:00:00.000000001Z', event, db: { query: { text } } });
  });
}
