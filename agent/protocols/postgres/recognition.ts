import type { Protocol } from '../protocol.ts';
import { isClientHello } from '../tls-hello.ts';
import * as message from './messages.ts';
import { STARTUP_HEADER_BYTES, startupKind } from './startup.ts';

/** As ALPN writes it in a ClientHello: length, name. https://www.postgresql.org/docs/current/protocol-flow.html */
const ALPN_POSTGRESQL = Buffer.from('\x0apostgresql', 'latin1');

/** Messages that begin what a client sends in mid-session. */
const OPENING_REQUESTS: ReadonlySet<number> = new Set([message.QUERY, message.PARSE, message.BIND, message.EXECUTE]);
/** Authentication codes run from 0 to 12, openGauss' included. */
const MAX_AUTHENTICATION_CODE = 13;

export const recognize: Protocol['recognize'] = (side, opening, start, end) =>
  side === 'client' ? recognizeClient(opening, start, end) : recognizeServer(opening, start, end);

function recognizeClient(opening: Buffer, start: number, end: number): ReturnType<Protocol['recognize']> {
  const first = opening[start];
  if (first === 0) {
    if (end - start < STARTUP_HEADER_BYTES) return (opening[start + 1] ?? 0) === 0 ? 'need-more' : 'no';
    return startupKind(opening, start) === undefined ? 'no' : 'yes';
  }
  if (isClientHello(opening, start, end) === true) {
    const alpn = opening.indexOf(ALPN_POSTGRESQL, start);
    return alpn >= 0 && alpn + ALPN_POSTGRESQL.length <= end ? 'yes' : 'no';
  }
  if (first === undefined || !OPENING_REQUESTS.has(first)) return 'no';
  if (end - start < message.HEADER_BYTES) return 'need-more';
  const length = message.clientBodyLength(opening, start);
  if (length < 0) return 'no';
  const next = start + message.HEADER_BYTES + length;
  if (first === message.QUERY && next <= end && opening[next - 1] !== 0) return 'no';
  return end - next >= message.HEADER_BYTES && message.clientBodyLength(opening, next) < 0 ? 'no' : 'likely';
}

/** A server speaks second; what it says alone is told from others by whole messages that follow each other. */
function recognizeServer(opening: Buffer, start: number, end: number): ReturnType<Protocol['recognize']> {
  if (end - start < message.HEADER_BYTES || !message.isServerHeader(opening, start)) return 'no';
  const next = start + message.HEADER_BYTES + opening.readUInt32BE(start + 1) - 4;
  if (opening[start] === message.AUTHENTICATION) {
    if (end - start < message.HEADER_BYTES + 4) return 'need-more';
    if (opening.readUInt32BE(start + message.HEADER_BYTES) > MAX_AUTHENTICATION_CODE) return 'no';
  }
  if (next > end) return 'likely';
  return end - next >= message.HEADER_BYTES && !message.isServerHeader(opening, next) ? 'no' : 'likely';
}
