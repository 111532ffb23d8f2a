import type { Parameter } from '../activity.ts';
import type { ByteReader } from '../byte-reader.ts';
import {
  type Capabilities,
  CLIENT_CONNECT_ATTRS,
  CLIENT_CONNECT_WITH_DB,
  CLIENT_MYSQL,
  CLIENT_PLUGIN_AUTH,
  CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA,
  CLIENT_PROTOCOL_41,
  CLIENT_SECURE_CONNECTION,
  CLIENT_SSL,
} from './capabilities.ts';
import { readLengthEncodedInteger, readLengthEncodedUtf8, skipLengthEncodedString } from './packets.ts';

/*
 * What a client answers to the greeting, and what it sends to become someone else.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_packets_protocol_handshake_response.html
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_change_user.html
 * Passwords and their digests are passed over, never read.
 */

export interface Credentials {
  readonly user: string;
  readonly database: string | undefined;
  readonly collationId: number | undefined;
  readonly authMethod: string | undefined;
  readonly attributes: Readonly<Record<string, Parameter>> | undefined;
}

export interface HandshakeResponse {
  readonly capabilities: number;
  readonly extendedCapabilities: number;
  /** undefined: it only asks for TLS, and will say the rest under its cover. */
  readonly credentials: Credentials | undefined;
}

const RESERVED_BYTES = 19;
/** Capabilities, greatest packet, character set, reserved bytes: all of a request for TLS since 4.1. */
const TLS_REQUEST_BYTES = 32;
/** Capabilities and greatest packet: all of a request for TLS before 4.1. */
const OLD_TLS_REQUEST_BYTES = 5;
/** The protocol gives 64 KiB to all attributes together; this many are far more than any driver sends. */
const MAX_ATTRIBUTES = 256;

/**
 * 4.1: int<4> capabilities, int<4> greatest packet, int<1> character set, string[19] reserved, int<4> MariaDB's extended
 * capabilities, string<NUL> user, authentication data, string<NUL> database, string<NUL> plugin, attributes.
 * Before: int<2> capabilities, int<3> greatest packet, string<NUL> user, password, string<NUL> database.
 */
export function readHandshakeResponse(reader: ByteReader): HandshakeResponse {
  const length = reader.remaining;
  let capabilities = reader.uint16LE();
  if ((capabilities & CLIENT_PROTOCOL_41) === 0) return readOldHandshakeResponse(reader, capabilities, length);
  capabilities |= reader.uint16LE() << 16;
  reader.skip(4);
  const collationId = reader.uint8();
  reader.skip(RESERVED_BYTES);
  const extended = reader.uint32LE();
  const extendedCapabilities = (capabilities & CLIENT_MYSQL) === 0 ? extended : 0;
  if ((capabilities & CLIENT_SSL) !== 0 && length <= TLS_REQUEST_BYTES) {
    return { capabilities, extendedCapabilities, credentials: undefined };
  }
  const user = reader.zeroTerminatedUtf8();
  if ((capabilities & CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA) !== 0) skipLengthEncodedString(reader);
  else if ((capabilities & CLIENT_SECURE_CONNECTION) !== 0) reader.skip(reader.uint8());
  else reader.skip(reader.zeroDistance() + 1);
  const database = (capabilities & CLIENT_CONNECT_WITH_DB) !== 0 ? readOptionalText(reader) : undefined;
  const authMethod = (capabilities & CLIENT_PLUGIN_AUTH) !== 0 ? readOptionalText(reader) : undefined;
  const attributes = (capabilities & CLIENT_CONNECT_ATTRS) !== 0 ? readAttributes(reader) : undefined;
  return {
    capabilities,
    extendedCapabilities,
    credentials: { user, database, collationId, authMethod, attributes },
  };
}

function readOldHandshakeResponse(reader: ByteReader, capabilities: number, length: number): HandshakeResponse {
  reader.skip(3);
  if ((capabilities & CLIENT_SSL) !== 0 && length <= OLD_TLS_REQUEST_BYTES) {
    return { capabilities, extendedCapabilities: 0, credentials: undefined };
  }
  const user = readOptionalText(reader) ?? '';
  let database: string | undefined;
  if ((capabilities & CLIENT_CONNECT_WITH_DB) !== 0 && reader.remaining > 0) {
    reader.skip(reader.zeroDistance() + 1);
    database = readOptionalText(reader);
  }
  const credentials: Credentials = {
    user,
    database,
    collationId: undefined,
    authMethod: 'mysql_old_password',
    attributes: undefined,
  };
  return { capabilities, extendedCapabilities: 0, credentials };
}

/** string<NUL> user, authentication data, string<NUL> database, int<2> character set, string<NUL> plugin, attributes. */
export function readChangeUser(reader: ByteReader, capabilities: Capabilities): Credentials {
  const user = reader.zeroTerminatedUtf8();
  if (capabilities.has(CLIENT_SECURE_CONNECTION)) reader.skip(reader.uint8());
  else reader.skip(reader.zeroDistance() + 1);
  const database = readOptionalText(reader);
  const collationId = reader.remaining >= 2 ? reader.uint16LE() : undefined;
  const authMethod = capabilities.has(CLIENT_PLUGIN_AUTH) ? readOptionalText(reader) : undefined;
  const attributes = capabilities.has(CLIENT_CONNECT_ATTRS) ? readAttributes(reader) : undefined;
  return { user, database, collationId, authMethod, attributes };
}

/** string<NUL> that may be absent, and whose closing zero some clients leave out at the end of a packet. */
function readOptionalText(reader: ByteReader): string | undefined {
  if (reader.remaining === 0) return undefined;
  const zero = reader.buffer.indexOf(0, reader.position);
  const length = zero < 0 || zero >= reader.end ? reader.remaining : zero - reader.position;
  const text = reader.utf8(length);
  if (reader.remaining > 0) reader.skip(1);
  return text === '' ? undefined : text;
}

/** int<lenenc> bytes in all, then string<lenenc> key and string<lenenc> value by turns. */
function readAttributes(reader: ByteReader): Readonly<Record<string, Parameter>> | undefined {
  if (reader.remaining === 0) return undefined;
  const length = readLengthEncodedInteger(reader);
  const end = reader.position + length;
  // Longer than what is kept of a request.
  if (end > reader.end) return undefined;
  const attributes: [string, string][] = [];
  while (reader.position < end && attributes.length < MAX_ATTRIBUTES) {
    attributes.push([readLengthEncodedUtf8(reader), readLengthEncodedUtf8(reader)]);
  }
  return attributes.length === 0 ? undefined : Object.fromEntries(attributes);
}
