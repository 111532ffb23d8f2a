import type { TlsFacts } from './activity.ts';

/*
 * The first message of TLS, as far as a listener may read it.
 * https://www.rfc-editor.org/rfc/rfc8446#section-4.1.2 (ClientHello), https://www.rfc-editor.org/rfc/rfc6066#section-3 (SNI)
 */

const RECORD_HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const RECORD_HEADER_BYTES = 5;
const EXTENSION_SERVER_NAME = 0;
const EXTENSION_SUPPORTED_VERSIONS = 43;
/** A host name is at most 255 bytes long (RFC 1035); anything longer is not one. */
const MAX_SERVER_NAME_BYTES = 255;

const VERSIONS: ReadonlyMap<number, string> = new Map([
  [0x0300, 'SSL 3.0'],
  [0x0301, 'TLS 1.0'],
  [0x0302, 'TLS 1.1'],
  [0x0303, 'TLS 1.2'],
  [0x0304, 'TLS 1.3'],
]);

/** Whether these bytes begin a TLS connection; undefined: too few to tell. */
export function isClientHello(buffer: Buffer, start: number, end: number): boolean | undefined {
  if (end <= start) return undefined;
  if (buffer[start] !== RECORD_HANDSHAKE) return false;
  if (end - start < RECORD_HEADER_BYTES + 1) return undefined;
  return buffer[start + 1] === 3 && (buffer[start + 2] ?? 9) <= 4 && buffer[start + 5] === CLIENT_HELLO;
}

/**
 * What a ClientHello tells: the server name asked for and the highest version offered (the server may choose a lower
 * one). Gives what is readable of a message cut short; undefined where it is no ClientHello.
 */
export function readClientHello(buffer: Buffer, start: number, end: number): TlsFacts | undefined {
  if (isClientHello(buffer, start, end) !== true) return undefined;
  let version = uint16(buffer, start + 9, end);
  let serverName: string | undefined;
  // record header 5, handshake header 4, version 2, random 32; then session id, cipher suites, compression methods
  let position = start + 43;
  position += 1 + (buffer[position] ?? 0);
  position += 2 + uint16(buffer, position, end);
  position += 1 + (buffer[position] ?? 0);
  const extensionsEnd = Math.min(end, position + 2 + uint16(buffer, position, end));
  position += 2;
  while (position + 4 <= extensionsEnd) {
    const type = uint16(buffer, position, end);
    const bodyStart = position + 4;
    const bodyEnd = bodyStart + uint16(buffer, position + 2, end);
    if (bodyEnd > extensionsEnd) break;
    if (type === EXTENSION_SERVER_NAME) serverName = readServerName(buffer, bodyStart, bodyEnd);
    if (type === EXTENSION_SUPPORTED_VERSIONS) version = highestVersion(buffer, bodyStart, bodyEnd);
    position = bodyEnd;
  }
  return { version: VERSIONS.get(version), serverName };
}

/** list length 2, name type 1 (0: host name), name length 2, name */
function readServerName(buffer: Buffer, start: number, end: number): string | undefined {
  const length = uint16(buffer, start + 3, end);
  if (buffer[start + 2] !== 0 || length > MAX_SERVER_NAME_BYTES || start + 5 + length > end) return undefined;
  return buffer.toString('latin1', start + 5, start + 5 + length);
}

/** list length 1, then versions of 2 bytes; GREASE values (RFC 8701) are not versions */
function highestVersion(buffer: Buffer, start: number, end: number): number {
  let highest = 0;
  for (let position = start + 1; position + 2 <= end; position += 2) {
    const version = uint16(buffer, position, end);
    if (version > highest && VERSIONS.has(version)) highest = version;
  }
  return highest;
}

function uint16(buffer: Buffer, at: number, end: number): number {
  return at + 2 <= end ? buffer.readUInt16BE(at) : 0;
}
