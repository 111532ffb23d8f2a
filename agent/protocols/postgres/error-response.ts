import type { Outcome } from '../activity.ts';
import type { ReadText } from './text-encoding.ts';

/*
 * ErrorResponse: Byte1 field code, String value, repeated; a zero byte ends the list.
 * https://www.postgresql.org/docs/current/protocol-error-fields.html
 */

const SQLSTATE = 0x43; // C
const MESSAGE = 0x4d; // M
const POSITION = 0x50; // P

/** Severity, code and message come first; the rest is detail, hint and where in the server's source it happened. */
export const ERROR_WANTED_BYTES = 8192;

export interface ServerError {
  readonly outcome: Extract<Outcome, { kind: 'failed' }>;
  /** Where in the query text, in characters from 1; undefined: not told. */
  readonly position: number | undefined;
}

/** Reads the fields that are there, of a message cut short too. */
export function readErrorResponse(buffer: Buffer, start: number, end: number, readText: ReadText): ServerError {
  let code = '';
  let message = '';
  let position: number | undefined;
  let at = start;
  while (at < end && buffer[at] !== 0) {
    const zero = buffer.indexOf(0, at + 1);
    const valueEnd = zero < 0 || zero > end ? end : zero;
    const field = buffer[at];
    if (field === SQLSTATE) code = buffer.latin1Slice(at + 1, valueEnd);
    else if (field === MESSAGE) message = readText(buffer, at + 1, valueEnd);
    else if (field === POSITION) position = Number.parseInt(buffer.latin1Slice(at + 1, valueEnd), 10) || undefined;
    at = valueEnd + 1;
  }
  return { outcome: { kind: 'failed', code, message, sqlstate: code.length === 5 ? code : undefined }, position };
}
