import type { Outcome } from '../activity.ts';
import type { ByteReader } from '../byte-reader.ts';
import type { Framing } from '../frame-queue.ts';
import { ProtocolViolation } from '../protocol.ts';
import {
  type Capabilities,
  CLIENT_OPTIONAL_RESULTSET_METADATA,
  CLIENT_PROTOCOL_41,
  CLIENT_SESSION_TRACK,
} from './capabilities.ts';
import type { DecodeText } from './character-sets.ts';

/*
 * Packets, integers and strings, and the three generic answers.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basics.html
 * https://mariadb.com/docs/server/reference/clientserver-protocol/4-server-response-packets
 *
 *   packet: int<3> length, int<1> sequence, payload. A payload of 0xffffff bytes goes on in the next packet.
 */

export const PACKET_HEADER_BYTES = 4;
/** A packet of this length is continued by the next one, which may be empty. */
export const FULL_PACKET_BYTES = 0xffffff;

export const PACKET_FRAMING: Framing = {
  headerBytes: PACKET_HEADER_BYTES,
  bodyLength: packetLength,
};

export function packetLength(buffer: Buffer, at: number): number {
  return (buffer[at] ?? 0) | ((buffer[at + 1] ?? 0) << 8) | ((buffer[at + 2] ?? 0) << 16);
}

/** First bytes of an answer. */
export const OK_HEADER = 0x00;
export const LOCAL_INFILE_HEADER = 0xfb;
/** EOF, and with CLIENT_DEPRECATE_EOF the OK that ends a result set. In a login: another plugin is asked for. */
export const EOF_HEADER = 0xfe;
export const ERR_HEADER = 0xff;

/** An EOF has at most 5 bytes, an OK at least 7. */
export const MAX_EOF_BYTES = 5;

/** int<lenenc>; above 2^53 not exact. */
export function readLengthEncodedInteger(reader: ByteReader): number {
  const first = reader.uint8();
  if (first < 0xfb) return first;
  if (first === 0xfc) return reader.uint16LE();
  if (first === 0xfd) return reader.uint24LE();
  if (first === 0xfe) return Number(reader.uint64LE());
  throw new ProtocolViolation(`0x${first.toString(16)} where a length is expected`);
}

/** Passes over a string<lenenc> and gives back how long it is: it ends at the reader's position. */
export function skipLengthEncodedString(reader: ByteReader): number {
  const length = readLengthEncodedInteger(reader);
  reader.skip(length);
  return length;
}

/** string<lenenc> in UTF-8, as names and attributes are. */
export function readLengthEncodedUtf8(reader: ByteReader): string {
  return reader.utf8(readLengthEncodedInteger(reader));
}

export const STATUS_MORE_RESULTS = 0x0008;
export const STATUS_CURSOR_EXISTS = 0x0040;
export const STATUS_OUT_PARAMETERS = 0x1000;
const STATUS_SESSION_STATE_CHANGED = 0x4000;

const TRACK_SYSTEM_VARIABLES = 0;
const TRACK_SCHEMA = 1;

/** The last OK or EOF that was read. One per conversation serves them all. */
export class OkPacket {
  affectedRows = 0;
  /** Decimal; undefined where none was made. */
  insertId: string | undefined;
  status = 0;
  warnings = 0;
  /** The current database from now on, where the server says so; empty: none. */
  schema: string | undefined;
  characterSetClient: string | undefined;

  /** What ends a result set: an EOF, or where that is deprecated an OK. */
  readEnd(reader: ByteReader, length: number, capabilities: Capabilities): void {
    if (length <= MAX_EOF_BYTES) this.#readEof(reader);
    else this.readOk(reader, capabilities);
  }

  /** int<1> header, int<2> warnings, int<2> status: the last four only since 4.1. */
  #readEof(reader: ByteReader): void {
    this.#clear();
    reader.skip(1);
    if (reader.remaining >= 4) {
      this.warnings = reader.uint16LE();
      this.status = reader.uint16LE();
    }
  }

  /**
   * int<1> header, int<lenenc> affected rows, int<lenenc> insert id, int<2> status, int<2> warnings, then
   * string<lenenc> info and, when the status says so, string<lenenc> session state.
   */
  readOk(reader: ByteReader, capabilities: Capabilities): void {
    this.#clear();
    reader.skip(1);
    this.affectedRows = readLengthEncodedInteger(reader);
    if (reader.peek() === 0) reader.skip(1);
    else this.insertId = readDecimal(reader);
    if (reader.remaining >= 2) this.status = reader.uint16LE();
    if (reader.remaining >= 2 && capabilities.has(CLIENT_PROTOCOL_41)) this.warnings = reader.uint16LE();
    if ((this.status & STATUS_SESSION_STATE_CHANGED) === 0) return;
    if (capabilities.known && !capabilities.has(CLIENT_SESSION_TRACK)) return;
    const infoBytes = reader.remaining > 0 ? readLengthEncodedInteger(reader) : 0;
    if (infoBytes >= reader.remaining) return;
    reader.skip(infoBytes);
    this.#readSessionState(reader);
  }

  #clear(): void {
    this.affectedRows = 0;
    this.insertId = undefined;
    this.status = 0;
    this.warnings = 0;
    this.schema = undefined;
    this.characterSetClient = undefined;
  }

  /** Entries of int<1> type, string<lenenc> data. A state longer than what is kept of an answer is read as far as it goes. */
  #readSessionState(reader: ByteReader): void {
    const until = Math.min(reader.end, readLengthEncodedInteger(reader) + reader.position);
    while (until - reader.position > 2) {
      const type = reader.uint8();
      const length = readLengthEncodedInteger(reader);
      const entryEnd = reader.position + length;
      if (entryEnd > until) return;
      if (type === TRACK_SCHEMA) this.schema = readLengthEncodedUtf8(reader);
      else if (type === TRACK_SYSTEM_VARIABLES && readLengthEncodedUtf8(reader) === 'character_set_client') {
        this.characterSetClient = readLengthEncodedUtf8(reader);
      }
      reader.skip(entryEnd - reader.position);
    }
  }
}

/** int<lenenc> as digits: an insert id may be above 2^53. */
function readDecimal(reader: ByteReader): string {
  if (reader.peek() !== 0xfe) return String(readLengthEncodedInteger(reader));
  reader.skip(1);
  return String(reader.uint64LE());
}

type Failure = Extract<Outcome, { kind: 'failed' }>;

/** The code of a report of progress (MariaDB): the answer is still to come. */
export const PROGRESS_REPORT = '65535';
const SQLSTATE_MARKER = 0x23;
const SQLSTATE_CHARACTERS = 5;

/** int<1> header, int<2> code, `#` and five characters of SQLSTATE (4.1), then the message. */
export function readErr(reader: ByteReader, decodeText: DecodeText): Failure {
  reader.skip(1);
  const code = String(reader.uint16LE());
  let sqlstate: string | undefined;
  if (reader.peek() === SQLSTATE_MARKER && reader.remaining > SQLSTATE_CHARACTERS) {
    reader.skip(1);
    sqlstate = reader.latin1(SQLSTATE_CHARACTERS);
  }
  const message = decodeText(reader.buffer, reader.position, reader.end);
  return { kind: 'failed', code, message, sqlstate };
}

/** Shortest OK: header and two counts; servers before 4.1 may send no more. */
const MIN_OK_BYTES = 3;
const MIN_OK_BYTES_41 = 7;

/** Whether an answer's first packet is an OK: where metadata is optional, a column count may begin with 0 too. */
export function isOk(header: number, length: number, capabilities: Capabilities): boolean {
  if (header !== OK_HEADER) return false;
  const mayBeCount = !capabilities.known || capabilities.has(CLIENT_OPTIONAL_RESULTSET_METADATA);
  return length >= (mayBeCount ? MIN_OK_BYTES_41 : MIN_OK_BYTES);
}
