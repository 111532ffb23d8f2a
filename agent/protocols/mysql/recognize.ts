import type { Protocol } from '../protocol.ts';
import { beginsWithCommand } from './commands.ts';
import { GREETING_PROTOCOL_9, GREETING_PROTOCOL_10 } from './greeting.ts';
import { ERR_HEADER, PACKET_HEADER_BYTES, packetLength } from './packets.ts';

type Verdict = ReturnType<Protocol['recognize']>;

/** Greetings are about 80 bytes long; the names in them leave none longer than this. */
const MAX_GREETING_BYTES = 512;
/** Protocol, an empty version, connection id and scramble. */
const MIN_GREETING_BYTES = 15;
/** Refusals before a login: too many connections, host blocked, out of resources, shutting down. */
const FIRST_SERVER_ERROR = 1000;
const LAST_SERVER_ERROR = 4999;
const MIN_RESPONSE_BYTES = 32;
/** Nineteen reserved bytes of zero in a client's answer to the greeting. */
const RESERVED_AT = PACKET_HEADER_BYTES + 9;
const RESERVED_BYTES = 19;
const NO_PACKET_YET = PACKET_HEADER_BYTES + 1;

/** Judges a server's first bytes: a greeting, or the refusal of one. */
export function recognizeServer(buffer: Buffer, start: number, end: number): Verdict {
  if (end - start < PACKET_HEADER_BYTES) return 'need-more';
  const length = packetLength(buffer, start);
  if (buffer[start + 3] !== 0 || length > MAX_GREETING_BYTES || length < 4) return 'no';
  if (end - start < NO_PACKET_YET) return 'need-more';
  const first = buffer[start + PACKET_HEADER_BYTES];
  if (first !== GREETING_PROTOCOL_10 && first !== GREETING_PROTOCOL_9 && first !== ERR_HEADER) return 'no';
  if (end - start < PACKET_HEADER_BYTES + length) return 'need-more';
  if (first === ERR_HEADER) return isRefusal(buffer, start, length) ? 'yes' : 'no';
  return looksLikeGreeting(buffer, start, end) ? 'yes' : 'no';
}

/** A whole greeting: protocol 9 or 10 and a printable version that ends with a zero. */
export function looksLikeGreeting(buffer: Buffer, start: number, end: number): boolean {
  if (end - start < NO_PACKET_YET + 1) return false;
  const length = packetLength(buffer, start);
  const first = buffer[start + PACKET_HEADER_BYTES];
  if (buffer[start + 3] !== 0 || length < MIN_GREETING_BYTES || length > MAX_GREETING_BYTES) return false;
  if (first !== GREETING_PROTOCOL_10 && first !== GREETING_PROTOCOL_9) return false;
  const bodyEnd = start + PACKET_HEADER_BYTES + length;
  if (bodyEnd > end) return false;
  let position = start + NO_PACKET_YET;
  while (position < bodyEnd && isPrintable(buffer[position])) position += 1;
  return position > start + NO_PACKET_YET && buffer[position] === 0 && position + 4 < bodyEnd;
}

function isRefusal(buffer: Buffer, start: number, length: number): boolean {
  const bodyStart = start + PACKET_HEADER_BYTES;
  const code = (buffer[bodyStart + 1] ?? 0) | ((buffer[bodyStart + 2] ?? 0) << 8);
  if (code < FIRST_SERVER_ERROR || code > LAST_SERVER_ERROR) return false;
  for (let position = bodyStart + 3; position < Math.min(bodyStart + length, bodyStart + 16); position += 1) {
    if (!isPrintable(buffer[position])) return false;
  }
  return true;
}

function isPrintable(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x20 && byte < 0x7f;
}

/** What answers a greeting that was not seen: number 1, and reserved bytes that are zero. Since 4.1. */
export function looksLikeHandshakeResponse(buffer: Buffer, start: number, end: number): boolean {
  if (end - start < PACKET_HEADER_BYTES + MIN_RESPONSE_BYTES || buffer[start + 3] !== 1) return false;
  if (packetLength(buffer, start) !== end - start - PACKET_HEADER_BYTES) return false;
  for (let index = 0; index < RESERVED_BYTES; index += 1) {
    if (buffer[start + RESERVED_AT + index] !== 0) return false;
  }
  return true;
}

/** Judges a client's first bytes where the greeting was not seen. */
export function recognizeClient(buffer: Buffer, start: number, end: number): Verdict {
  const verdict = beginsWithCommand(buffer, start, end);
  if (verdict === undefined) {
    const mayGoOn = end - start < PACKET_HEADER_BYTES || (buffer[start + 3] ?? 0) <= 1;
    return mayGoOn ? 'need-more' : 'no';
  }
  return verdict || looksLikeHandshakeResponse(buffer, start, end) ? 'likely' : 'no';
}
