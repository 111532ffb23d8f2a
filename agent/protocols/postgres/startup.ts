import type { Framing } from '../frame-queue.ts';
import { ProtocolViolation } from '../protocol.ts';
import type { ReadText } from './text-encoding.ts';

/*
 * What a client says first, without a type byte: Int32 length (itself included), Int32 code, body.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-STARTUPMESSAGE
 */

export const STARTUP_HEADER_BYTES = 8;
/** PostgreSQL refuses longer ones (MAX_STARTUP_PACKET_LENGTH). */
const MAX_STARTUP_BYTES = 10_000;
/** Protocol 2.0 had one packet of fixed size. */
const STARTUP_V2_BYTES = 296;

const CANCEL_REQUEST = 80_877_102;
const SSL_REQUEST = 80_877_103;
const GSSENC_REQUEST = 80_877_104;

export type StartupKind = 'startup' | 'startup-v2' | 'ssl' | 'gssenc' | 'cancel';

/** What the eight bytes at `buffer[at]` begin; undefined: nothing a PostgreSQL server would take. */
export function startupKind(buffer: Buffer, at: number): StartupKind | undefined {
  const length = buffer.readUInt32BE(at);
  const code = buffer.readUInt32BE(at + 4);
  if (length < STARTUP_HEADER_BYTES || length > MAX_STARTUP_BYTES) return undefined;
  if (code === SSL_REQUEST) return length === STARTUP_HEADER_BYTES ? 'ssl' : undefined;
  if (code === GSSENC_REQUEST) return length === STARTUP_HEADER_BYTES ? 'gssenc' : undefined;
  if (code === CANCEL_REQUEST) return length >= 16 && length <= 12 + 256 ? 'cancel' : undefined;
  if (code >>> 16 === 3) return length > STARTUP_HEADER_BYTES ? 'startup' : undefined;
  return code >>> 16 === 2 && length === STARTUP_V2_BYTES ? 'startup-v2' : undefined;
}

export const startupFraming: Framing = {
  headerBytes: STARTUP_HEADER_BYTES,
  bodyLength(buffer, at) {
    if (startupKind(buffer, at) === undefined) throw new ProtocolViolation('not a startup packet');
    return buffer.readUInt32BE(at) - STARTUP_HEADER_BYTES;
  },
};

export interface StartupParameters {
  readonly user: string | undefined;
  readonly database: string | undefined;
  readonly program: string | undefined;
  readonly clientEncoding: string | undefined;
  /** All the others, as the client named them. */
  readonly attributes: Readonly<Record<string, string>> | undefined;
}

/** StartupMessage's body: String name, String value, repeated; a zero byte ends the list. */
export function readStartupParameters(
  buffer: Buffer,
  start: number,
  end: number,
  readText: ReadText,
): StartupParameters {
  const values = new Map<string, string>();
  let at = start;
  while (at < end && buffer[at] !== 0) {
    const nameEnd = textEnd(buffer, at, end);
    const valueEnd = textEnd(buffer, nameEnd + 1, end);
    values.set(readText(buffer, at, nameEnd), readText(buffer, nameEnd + 1, valueEnd));
    at = valueEnd + 1;
  }
  const take = (name: string) => {
    const value = values.get(name);
    values.delete(name);
    return value;
  };
  const user = take('user');
  return {
    user,
    database: take('database') || user,
    program: take('application_name') || undefined,
    clientEncoding: values.get('client_encoding'),
    attributes: values.size > 0 ? Object.fromEntries(values) : undefined,
  };
}

function textEnd(buffer: Buffer, at: number, end: number): number {
  const zero = at < end ? buffer.indexOf(0, at) : -1;
  if (zero < 0 || zero >= end) throw new ProtocolViolation('startup parameter without its closing zero byte');
  return zero;
}
