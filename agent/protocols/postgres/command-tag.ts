/*
 * CommandComplete's tag: `INSERT 0 3`, `SELECT 12`, `CREATE TABLE`.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-COMMANDCOMPLETE
 */

/** The number a command tag ends with is of rows given back, of rows changed, or there is none. */
export type CountedRows = 'returned' | 'affected' | 'none';

const ZERO = 0x30;
const NINE = 0x39;
const SPACE = 0x20;
/** A row count has at most 20 digits; more than 15 are no longer exact here, and no table has them. */
const MAX_DIGITS = 15;

/** Number at the end of the tag in `buffer[start, end)`, its zero byte not included; -1: none. */
export function tagRowCount(buffer: Buffer, start: number, end: number): number {
  let count = 0;
  let scale = 1;
  let position = end - 1;
  for (; position >= start && end - position <= MAX_DIGITS; position -= 1) {
    const byte = buffer[position] ?? 0;
    if (byte < ZERO || byte > NINE) break;
    count += (byte - ZERO) * scale;
    scale *= 10;
  }
  return scale > 1 && position > start && buffer[position] === SPACE ? count : -1;
}

/** What the number counts: told by the first letters, `SELECT`, `FETCH` and the rest that changes rows. */
export function countedRows(buffer: Buffer, start: number): CountedRows {
  const first = buffer[start] ?? 0;
  const second = buffer[start + 1] ?? 0;
  if (first === 0x53) return second === 0x45 ? 'returned' : 'none'; // SELECT; SET, SHOW
  if (first === 0x46) return 'returned'; // FETCH
  if (first === 0x49 || first === 0x55 || first === 0x4d) return 'affected'; // INSERT, UPDATE, MERGE, MOVE
  if (first === 0x44) return second === 0x45 ? 'affected' : 'none'; // DELETE; DROP
  return first === 0x43 && second === 0x4f ? 'affected' : 'none'; // COPY
}
