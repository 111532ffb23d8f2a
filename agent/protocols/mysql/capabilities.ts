/*
 * Capability flags. https://dev.mysql.com/doc/dev/mysql-server/latest/group__group__cs__capabilities__flags.html
 * MariaDB's extended half: https://mariadb.com/docs/server/reference/clientserver-protocol/1-connecting/connection
 */

/** Set by MySQL; a MariaDB server or client leaves it out to say that four bytes of extended flags are given. */
export const CLIENT_MYSQL = 1;
export const CLIENT_CONNECT_WITH_DB = 1 << 3;
export const CLIENT_COMPRESS = 1 << 5;
export const CLIENT_PROTOCOL_41 = 1 << 9;
export const CLIENT_SSL = 1 << 11;
export const CLIENT_SECURE_CONNECTION = 1 << 15;
export const CLIENT_PLUGIN_AUTH = 1 << 19;
export const CLIENT_CONNECT_ATTRS = 1 << 20;
export const CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA = 1 << 21;
export const CLIENT_SESSION_TRACK = 1 << 23;
export const CLIENT_DEPRECATE_EOF = 1 << 24;
export const CLIENT_OPTIONAL_RESULTSET_METADATA = 1 << 25;
export const CLIENT_ZSTD_COMPRESSION_ALGORITHM = 1 << 26;
export const CLIENT_QUERY_ATTRIBUTES = 1 << 27;

/** Extended: the column count says whether column definitions follow it. */
export const MARIADB_CLIENT_CACHE_METADATA = 1 << 4;

/** What both sides agreed on at login. */
export class Capabilities {
  /** False: the login was not seen, so what was agreed shows in the traffic alone. */
  known = false;
  /** Until it is known: what every client since 5.6 sets and what shows nowhere else. */
  #flags = CLIENT_PROTOCOL_41 | CLIENT_SECURE_CONNECTION | CLIENT_PLUGIN_AUTH | CLIENT_CONNECT_ATTRS;
  #extended = 0;

  agree(flags: number, extended: number): void {
    this.known = true;
    this.#flags = flags;
    this.#extended = extended;
  }

  has(flag: number): boolean {
    return (this.#flags & flag) !== 0;
  }

  hasExtended(flag: number): boolean {
    return (this.#extended & flag) !== 0;
  }
}
