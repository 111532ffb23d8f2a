import { AUTHENTICATION_WANTED_BYTES, authenticationMethod } from './authentication.ts';
import { ERROR_WANTED_BYTES } from './error-response.ts';
import * as message from './messages.ts';
import type { PostgresSession } from './postgres-session.ts';

/** Settings, tags and keys are short; a longer value is none that is used here. */
const SMALL_BODY_BYTES = 1024;

/** How many bytes of a server's message are needed. */
export function serverWantedBytes(type: number): number {
  if (type === message.DATA_ROW || type === message.COPY_DATA || type === message.ROW_DESCRIPTION) return 0;
  if (type === message.ERROR_RESPONSE) return ERROR_WANTED_BYTES;
  if (type === message.AUTHENTICATION) return AUTHENTICATION_WANTED_BYTES;
  return isNotice(type) ? 0 : SMALL_BODY_BYTES;
}

/**
 * Login, settings and notices come at any time and answer nothing: false for every other message. `end < 0` where the
 * body was not seen.
 */
export function readBesideAnswers(
  session: PostgresSession,
  type: number,
  buffer: Buffer,
  start: number,
  end: number,
): boolean {
  if (type === message.PARAMETER_STATUS) {
    readParameterStatus(session, buffer, start, end);
  } else if (type === message.AUTHENTICATION) {
    const method = end < 0 ? undefined : authenticationMethod(buffer, start, end);
    if (method !== undefined && method !== 'ok') session.authenticatedBy(method);
  } else if (type === message.BACKEND_KEY_DATA) {
    if (end >= 0) session.backend(buffer.readUInt32BE(start));
  } else return isNotice(type);
  return true;
}

/** ParameterDescription: Int16 n, Int32 types[n]; those that were kept. */
export function readTypes(buffer: Buffer, start: number, end: number): readonly number[] | undefined {
  if (end - start < 2) return undefined;
  const count = Math.min(buffer.readUInt16BE(start), Math.floor((end - start - 2) / 4));
  return Array.from({ length: count }, (_, index) => buffer.readUInt32BE(start + 2 + index * 4));
}

function isNotice(type: number): boolean {
  return (
    type === message.NOTICE_RESPONSE ||
    type === message.NOTIFICATION_RESPONSE ||
    type === message.NEGOTIATE_PROTOCOL_VERSION
  );
}

/** ParameterStatus: String name, String value. */
function readParameterStatus(session: PostgresSession, buffer: Buffer, start: number, end: number): void {
  const nameEnd = end < 0 ? -1 : buffer.indexOf(0, start);
  const valueEnd = nameEnd < 0 ? -1 : buffer.indexOf(0, nameEnd + 1);
  if (nameEnd < start || valueEnd < nameEnd || valueEnd >= end) return;
  session.parameter(session.readText(buffer, start, nameEnd), session.readText(buffer, nameEnd + 1, valueEnd));
}
