import type { ByteReader } from '../byte-reader.ts';
import { CLIENT_MYSQL, CLIENT_PROTOCOL_41 } from './capabilities.ts';

/*
 * The server's first packet.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_packets_protocol_handshake_v10.html
 */

export const GREETING_PROTOCOL_10 = 10;
/** Servers before 3.21. */
export const GREETING_PROTOCOL_9 = 9;

export interface Greeting {
  readonly version: string;
  readonly connectionId: number;
  readonly capabilities: number;
  readonly extendedCapabilities: number;
  readonly system: 'mysql' | 'mariadb';
  /** The plugin the server would like; the client may name another. */
  readonly authMethod: string | undefined;
}

/** MariaDB from 10.0 put this before its version, so that replicas of MySQL took it for a known one. */
const REPLICATION_VERSION_PREFIX = '5.5.5-';
/** Filler, character set, status and the reserved bytes: what lies between the two halves of what matters here. */
const CHARACTER_SET_AND_STATUS_BYTES = 3;
const RESERVED_BYTES = 6;
const FIRST_SCRAMBLE_BYTES = 8;
/** The second part of the scramble is at least so long, its closing zero included. */
const MIN_SECOND_SCRAMBLE_BYTES = 13;

/**
 * int<1> protocol, string<NUL> version, int<4> connection id, string[8] scramble, int<1> 0, int<2> capabilities,
 * int<1> character set, int<2> status, int<2> capabilities, int<1> scramble length, string[6] reserved, int<4>
 * MariaDB's extended capabilities, string scramble, string<NUL> plugin. Old servers stop after the first capabilities;
 * protocol 9 after the connection id and a scramble.
 */
export function readGreeting(reader: ByteReader): Greeting {
  const protocol = reader.uint8();
  const version = reader.zeroTerminatedUtf8();
  const connectionId = reader.uint32LE();
  const namesMariaDb = /mariadb/i.test(version);
  if (protocol === GREETING_PROTOCOL_9) {
    return { version, connectionId, capabilities: 0, extendedCapabilities: 0, system: 'mysql', authMethod: undefined };
  }
  reader.skip(FIRST_SCRAMBLE_BYTES + 1);
  let capabilities = reader.uint16LE();
  let extendedCapabilities = 0;
  let authMethod = (capabilities & CLIENT_PROTOCOL_41) === 0 ? 'mysql_old_password' : 'mysql_native_password';
  if (reader.remaining > 0) {
    reader.skip(CHARACTER_SET_AND_STATUS_BYTES);
    capabilities |= reader.uint16LE() << 16;
    const scrambleBytes = reader.uint8();
    reader.skip(RESERVED_BYTES);
    const extended = reader.uint32LE();
    if ((capabilities & CLIENT_MYSQL) === 0) extendedCapabilities = extended;
    reader.skip(Math.min(reader.remaining, Math.max(MIN_SECOND_SCRAMBLE_BYTES, scrambleBytes - FIRST_SCRAMBLE_BYTES)));
    // Some servers leave out the closing zero.
    if (reader.remaining > 0) authMethod = reader.utf8(reader.remaining).split('\0')[0] || authMethod;
  }
  return {
    version:
      namesMariaDb && version.startsWith(REPLICATION_VERSION_PREFIX)
        ? version.slice(REPLICATION_VERSION_PREFIX.length)
        : version,
    connectionId,
    capabilities,
    extendedCapabilities,
    system: namesMariaDb ? 'mariadb' : 'mysql',
    authMethod,
  };
}
