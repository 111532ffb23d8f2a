import type { Framing } from '../frame-queue.ts';
import { ProtocolViolation } from '../protocol.ts';

/*
 * The typed messages: one byte that names the message, then its length (itself included, the type not).
 * https://www.postgresql.org/docs/current/protocol-message-formats.html
 */

export const HEADER_BYTES = 5;

/** Messages of the client. */
export const BIND = 0x42; // B
export const CLOSE = 0x43; // C
export const COPY_DATA = 0x64; // d, both sides
export const COPY_DONE = 0x63; // c, both sides
export const COPY_FAIL = 0x66; // f
export const DESCRIBE = 0x44; // D
export const EXECUTE = 0x45; // E
export const FLUSH = 0x48; // H
export const FUNCTION_CALL = 0x46; // F
export const AUTHENTICATION_RESPONSE = 0x70; // p
export const PARSE = 0x50; // P
export const QUERY = 0x51; // Q
export const SYNC = 0x53; // S
export const TERMINATE = 0x58; // X

/** Messages of the server. */
export const AUTHENTICATION = 0x52; // R
export const BACKEND_KEY_DATA = 0x4b; // K
export const BIND_COMPLETE = 0x32; // 2
export const CLOSE_COMPLETE = 0x33; // 3
export const COMMAND_COMPLETE = 0x43; // C
export const COPY_BOTH_RESPONSE = 0x57; // W
export const COPY_IN_RESPONSE = 0x47; // G
const COPY_OUT_RESPONSE = 0x48; // H
export const DATA_ROW = 0x44; // D
export const EMPTY_QUERY_RESPONSE = 0x49; // I
export const ERROR_RESPONSE = 0x45; // E
export const FUNCTION_CALL_RESPONSE = 0x56; // V
export const NEGOTIATE_PROTOCOL_VERSION = 0x76; // v
export const NO_DATA = 0x6e; // n
export const NOTICE_RESPONSE = 0x4e; // N
export const NOTIFICATION_RESPONSE = 0x41; // A
export const PARAMETER_DESCRIPTION = 0x74; // t
export const PARAMETER_STATUS = 0x53; // S
export const PARSE_COMPLETE = 0x31; // 1
export const PORTAL_SUSPENDED = 0x73; // s
export const READY_FOR_QUERY = 0x5a; // Z
export const ROW_DESCRIPTION = 0x54; // T

/** PostgreSQL allocates no message larger than this (MaxAllocSize). */
const LARGEST = 0x3fff_ffff;
/** PostgreSQL's own bound for messages that hold a name at most (PQ_SMALL_MESSAGE_LIMIT). */
const SMALL = 10_000;
/** A notice or an error is text for people; PostgreSQL's libpq trusts no longer one (MAX_ERRLEN). */
const LONGEST_FOR_PEOPLE = 30_000_000;
/** The cancel key may be 256 bytes long since protocol 3.2. */
const LONGEST_KEY_DATA = 4 + 256;

type Bounds = readonly [type: number, least: number, most: number];

/** Least and most bytes of a body, for each type a client may send. */
const clientBounds = boundsTable([
  [BIND, 8, LARGEST],
  [CLOSE, 2, SMALL],
  [COPY_DATA, 0, LARGEST],
  [COPY_DONE, 0, 0],
  [COPY_FAIL, 1, SMALL],
  [DESCRIBE, 2, SMALL],
  [EXECUTE, 5, SMALL],
  [FLUSH, 0, 0],
  [FUNCTION_CALL, 10, LARGEST],
  [AUTHENTICATION_RESPONSE, 0, 65_535],
  [PARSE, 4, LARGEST],
  [QUERY, 1, LARGEST],
  [SYNC, 0, 0],
  [TERMINATE, 0, 0],
]);

const serverBounds = boundsTable([
  [AUTHENTICATION, 4, LONGEST_FOR_PEOPLE],
  [BACKEND_KEY_DATA, 8, LONGEST_KEY_DATA],
  [BIND_COMPLETE, 0, 0],
  [CLOSE_COMPLETE, 0, 0],
  [COMMAND_COMPLETE, 1, SMALL],
  [COPY_BOTH_RESPONSE, 3, LARGEST],
  [COPY_IN_RESPONSE, 3, LARGEST],
  [COPY_OUT_RESPONSE, 3, LARGEST],
  [COPY_DATA, 0, LARGEST],
  [COPY_DONE, 0, 0],
  [DATA_ROW, 2, LARGEST],
  [EMPTY_QUERY_RESPONSE, 0, 0],
  [ERROR_RESPONSE, 1, LONGEST_FOR_PEOPLE],
  [FUNCTION_CALL_RESPONSE, 4, LARGEST],
  [NEGOTIATE_PROTOCOL_VERSION, 8, LONGEST_FOR_PEOPLE],
  [NO_DATA, 0, 0],
  [NOTICE_RESPONSE, 1, LONGEST_FOR_PEOPLE],
  [NOTIFICATION_RESPONSE, 6, LONGEST_FOR_PEOPLE],
  [PARAMETER_DESCRIPTION, 2, 2 + 4 * 65_535],
  [PARAMETER_STATUS, 2, LONGEST_FOR_PEOPLE],
  [PARSE_COMPLETE, 0, 0],
  [PORTAL_SUSPENDED, 0, 0],
  [READY_FOR_QUERY, 1, 1],
  [ROW_DESCRIPTION, 2, LARGEST],
]);

function boundsTable(bounds: readonly Bounds[]): Float64Array {
  const table = new Float64Array(512).fill(-1);
  for (const [type, least, most] of bounds) {
    table[type * 2] = least;
    table[type * 2 + 1] = most;
  }
  return table;
}

/** Length of the body behind the header at `buffer[at]`; -1 where no such message exists. */
function boundedLength(table: Float64Array, buffer: Buffer, at: number): number {
  const type = buffer[at] ?? 0;
  const length = buffer.readUInt32BE(at + 1) - 4;
  return length >= (table[type * 2] ?? 0) && length <= (table[type * 2 + 1] ?? -1) ? length : -1;
}

/** Whether `buffer[at]` may begin a message of the server; five bytes must be there. */
export function isServerHeader(buffer: Buffer, at: number): boolean {
  return boundedLength(serverBounds, buffer, at) >= 0;
}

/** Body length of the client's message at `buffer[at]`, or -1 where none begins; five bytes must be there. */
export function clientBodyLength(buffer: Buffer, at: number): number {
  return boundedLength(clientBounds, buffer, at);
}

/** Whether a client may send messages of this type. */
export function isClientType(type: number): boolean {
  return (clientBounds[type * 2] ?? -1) >= 0;
}

function framing(table: Float64Array, side: string): Framing {
  return {
    headerBytes: HEADER_BYTES,
    bodyLength(buffer, at) {
      const length = boundedLength(table, buffer, at);
      if (length < 0) {
        const type = String.fromCharCode(buffer[at] ?? 0);
        throw new ProtocolViolation(`no ${side} message: type ${JSON.stringify(type)}, length ${length + 4}`);
      }
      return length;
    },
  };
}

export const clientFraming = framing(clientBounds, 'client');
export const serverFraming = framing(serverBounds, 'server');
