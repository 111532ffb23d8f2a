import type { Nanos } from '../../timeline.ts';
import { OK, type Outcome } from '../activity.ts';
import { ProtocolViolation } from '../protocol.ts';
import {
  CLIENT_DEPRECATE_EOF,
  CLIENT_OPTIONAL_RESULTSET_METADATA,
  MARIADB_CLIENT_CACHE_METADATA,
} from './capabilities.ts';
import type { Command } from './command.ts';
import { COM_FIELD_LIST, COM_STATISTICS, COM_STMT_FETCH, COM_STMT_PREPARE, isDump } from './commands.ts';
import { type MysqlSession, reader } from './mysql-session.ts';
import {
  EOF_HEADER,
  ERR_HEADER,
  FULL_PACKET_BYTES,
  LOCAL_INFILE_HEADER,
  MAX_EOF_BYTES,
  OK_HEADER,
  OkPacket,
  readErr,
  readLengthEncodedInteger,
  STATUS_CURSOR_EXISTS,
  STATUS_MORE_RESULTS,
  STATUS_OUT_PARAMETERS,
} from './packets.ts';

/*
 * The answer to one command, packet by packet.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_query_response.html
 * https://mariadb.com/docs/server/reference/clientserver-protocol/4-server-response-packets/result-set-packets
 *
 *   first        OK, ERR, EOF, LOCAL INFILE, a column count, or what the command alone answers
 *   definitions  so many column definitions, skipped
 *   end          the EOF after them, known by its look: a row never is 0xfe and at most 5 bytes long
 *   rows         counted; ended by EOF, by OK with the header 0xfe, or by ERR
 *   fields       COM_FIELD_LIST: definitions until EOF
 *   prepared     the definitions of a prepared statement's parameters, then of its columns
 */
type State = 'first' | 'definitions' | 'end' | 'rows' | 'fields' | 'prepared' | 'prepared-end';

/** Errors of this code report progress (MariaDB): the answer is still to come. */
const PROGRESS_REPORT = 0xffff;
/** A column count is a lenenc of at most so many bytes, and one byte that says whether definitions follow. */
const MAX_COLUMN_COUNT_BYTES = 10;
/** Shortest OK: header, two counts; servers before 4.1 may send no more. */
const MIN_OK_BYTES = 3;
const MIN_OK_BYTES_41 = 7;
/** The server's answer to PREPARE, and the byte that MySQL 8 may put behind it. */
const PREPARE_OK_BYTES = 9;
const PREPARE_OK_METADATA_AT = 12;

/** Kept of an OK, EOF or ERR: room for a session state of many variables. Rows are longer and counted all the same. */
const MAX_ANSWER_BYTES = 8192;

export interface ReplyListener {
  /** The current command is answered. */
  answered(outcome: Outcome, at: Nanos): void;
  /** The server waits for a file's content. */
  /** ... in packets whose numbers go on from `sequence`. */
  wantsFile(sequence: number): void;
}

/** Follows the answer to the current command and puts what it says into it. Rows are counted and nothing of them is kept. */
export class ReplyReader {
  readonly #session: MysqlSession;
  readonly #listener: ReplyListener;
  readonly #ok = new OkPacket();
  #state: State = 'first';
  #command: Command | undefined;
  #left = 0;
  /** Definitions of the second part of a PREPARE's answer. */
  #leftAfterwards = 0;
  /** Rows of this result alone. */
  #rows = 0;
  /** The answer's first packet is still to come. */
  #fresh = true;
  /** Of the last packet. */
  #sequence = 0;
  /** Whether an EOF follows definitions; undefined: not known, the login was not seen. */
  #endsDefinitions: boolean | undefined;

  constructor(session: MysqlSession, listener: ReplyListener) {
    this.#session = session;
    this.#listener = listener;
  }

  /** The next packet answers `command`. */
  begin(command: Command): void {
    this.#command = command;
    this.#fresh = true;
    this.#state = 'first';
    this.#rows = 0;
    if (command.code === COM_STMT_FETCH) this.#state = 'rows';
    else if (command.code === COM_FIELD_LIST) this.#state = 'fields';
  }

  /** The current command is given up. */
  abandon(): void {
    this.#countRows();
    this.#command = undefined;
  }

  /** The answer's packets are read elsewhere. */
  leaveFirst(): void {
    this.#fresh = false;
  }

  /** No packet of the answer has been seen. */
  get fresh(): boolean {
    return this.#fresh;
  }

  /** Of the next packets only the first byte matters: rows and definitions. */
  get countsOnly(): boolean {
    return this.#state === 'rows' || this.#state === 'definitions' || this.#state === 'prepared';
  }

  /** How many bytes of the next packet are looked at. */
  wantedBytes(): number {
    return this.#state === 'definitions' || this.#state === 'prepared' ? 1 : MAX_ANSWER_BYTES;
  }

  /** One packet, its first bytes `buffer[start, end)` of `length` in all; none of it is needed beyond the call. */
  packet(buffer: Buffer, start: number, end: number, length: number, sequence: number, at: Nanos): void {
    const command = this.#command;
    if (command === undefined) return;
    if (length === 0) throw new ProtocolViolation('empty packet in an answer');
    this.#fresh = false;
    this.#sequence = sequence;
    const until = Math.min(end, start + MAX_ANSWER_BYTES);
    const header = buffer[start] ?? 0;
    // A value of 16 MiB and more also begins with 0xfe.
    if (this.#state === 'rows' && (header < EOF_HEADER || length === FULL_PACKET_BYTES)) {
      this.#rows += 1;
      return;
    }
    if (header === ERR_HEADER && length < FULL_PACKET_BYTES) {
      this.#error(command, buffer, start, until, at);
      return;
    }
    switch (this.#state) {
      case 'first':
        this.#first(command, header, buffer, start, until, length, at);
        return;
      case 'definitions':
        this.#left -= 1;
        if (this.#left <= 0) this.#state = 'end';
        return;
      case 'end':
        this.#endOfDefinitions(command, header, buffer, start, until, length, at);
        return;
      case 'rows':
        this.#endOfRows(command, buffer, start, until, length, at);
        return;
      case 'fields':
        if (header === EOF_HEADER) this.#answered(OK, at);
        return;
      default:
        this.#preparedDefinition(header, buffer, start, until, length, at);
    }
  }

  /** After an answer, an EOF that ends definitions nobody knew to end with one. */
  isLateEof(buffer: Buffer, start: number, length: number): boolean {
    if (this.#endsDefinitions !== undefined || buffer[start] !== EOF_HEADER || length !== MAX_EOF_BYTES) return false;
    this.#endsDefinitions = true;
    return true;
  }

  #first(
    command: Command,
    header: number,
    buffer: Buffer,
    start: number,
    end: number,
    length: number,
    at: Nanos,
  ): void {
    if (command.code === COM_STATISTICS || isDump(command.code)) {
      // A text, or the first of the events: neither is an OK, whatever it begins with.
      this.#answered(OK, at);
    } else if (command.code === COM_STMT_PREPARE) {
      this.#prepared(command, header, buffer, start, end, at);
    } else if (header === OK_HEADER && length >= this.#leastOkBytes()) {
      reader.over(buffer, start, end);
      this.#ok.readOk(reader, this.#session.capabilities);
      command.affectedRows = (command.affectedRows ?? 0) + this.#ok.affectedRows;
      if (this.#ok.insertId !== undefined) command.insertId = this.#ok.insertId;
      this.#resultOver(command, at);
    } else if (header === EOF_HEADER) {
      this.#readEnd(buffer, start, end, length);
      this.#resultOver(command, at);
    } else if (header === LOCAL_INFILE_HEADER) {
      command.note('local-infile');
      this.#listener.wantsFile(this.#sequence);
    } else {
      this.#columnCount(command, buffer, start, end, length);
    }
  }

  #leastOkBytes(): number {
    return this.#session.capabilities.has(CLIENT_OPTIONAL_RESULTSET_METADATA) || !this.#session.capabilities.known
      ? MIN_OK_BYTES_41
      : MIN_OK_BYTES;
  }

  /**
   * int<lenenc> columns. With MariaDB's cached metadata int<1> whether definitions follow comes after it, with MySQL's
   * optional metadata before it; where the login was not seen its length says that there is one, and the values which.
   */
  #columnCount(command: Command, buffer: Buffer, start: number, end: number, length: number): void {
    if (length > MAX_COLUMN_COUNT_BYTES) throw new ProtocolViolation(`column count of ${length} bytes`);
    const { capabilities } = this.#session;
    reader.over(buffer, start, end);
    let before = capabilities.has(CLIENT_OPTIONAL_RESULTSET_METADATA);
    if (!capabilities.known && length > 1) {
      const [first = 0, second = 0] = [buffer[start], buffer[start + 1]];
      before = first === 0 || (first === 1 && second > 1);
    }
    let follows = true;
    if (before) follows = reader.uint8() !== 0;
    const columns = readLengthEncodedInteger(reader);
    const after = capabilities.hasExtended(MARIADB_CLIENT_CACHE_METADATA) || !capabilities.known;
    if (!before && after && reader.remaining === 1) follows = reader.uint8() !== 0;
    if (columns === 0) throw new ProtocolViolation('result set without columns');
    command.returnedRows ??= 0;
    this.#left = follows ? columns : 0;
    this.#state = follows ? 'definitions' : 'end';
  }

  /** Whether it is there shows in the packet itself; what is no EOF is the first of the rows, or their end. */
  #endOfDefinitions(
    command: Command,
    header: number,
    buffer: Buffer,
    start: number,
    end: number,
    length: number,
    at: Nanos,
  ): void {
    this.#state = 'rows';
    this.#rows = 0;
    const isEof = header === EOF_HEADER && length <= MAX_EOF_BYTES;
    this.#endsDefinitions = isEof;
    if (!isEof) {
      this.packet(buffer, start, end, length, this.#sequence, at);
      return;
    }
    this.#readEnd(buffer, start, end, length);
    // A cursor was opened: rows come when they are fetched.
    if ((this.#ok.status & STATUS_CURSOR_EXISTS) !== 0) this.#resultOver(command, at);
  }

  #endOfRows(command: Command, buffer: Buffer, start: number, end: number, length: number, at: Nanos): void {
    this.#readEnd(buffer, start, end, length);
    if ((this.#ok.status & STATUS_OUT_PARAMETERS) !== 0) {
      // A procedure's OUT parameters come as a row, which is none.
      this.#rows = 0;
      command.note('out-parameters');
    }
    this.#countRows();
    this.#resultOver(command, at);
  }

  #readEnd(buffer: Buffer, start: number, end: number, length: number): void {
    reader.over(buffer, start, end);
    if (length <= MAX_EOF_BYTES) this.#ok.readEof(reader);
    else this.#ok.readOk(reader, this.#session.capabilities);
  }

  #countRows(): void {
    const command = this.#command;
    if (command === undefined || (this.#rows === 0 && command.returnedRows === undefined)) return;
    command.returnedRows = (command.returnedRows ?? 0) + this.#rows;
    this.#rows = 0;
  }

  /** One of perhaps several results. */
  #resultOver(command: Command, at: Nanos): void {
    const ok = this.#ok;
    command.warnings = (command.warnings ?? 0) + ok.warnings;
    if (ok.schema !== undefined) this.#session.useDatabase(ok.schema === '' ? undefined : ok.schema);
    if (ok.characterSetClient !== undefined) this.#session.useCharacterSet(ok.characterSetClient);
    if ((ok.status & STATUS_CURSOR_EXISTS) !== 0 && command.code !== COM_STMT_FETCH) command.note('cursor');
    if ((ok.status & STATUS_MORE_RESULTS) !== 0 && command.code !== COM_STMT_FETCH) this.#state = 'first';
    else this.#answered(OK, at);
  }

  /** int<1> 0, int<4> statement id, int<2> columns, int<2> parameters, int<1> 0, int<2> warnings, [int<1> metadata]. */
  #prepared(command: Command, header: number, buffer: Buffer, start: number, end: number, at: Nanos): void {
    if (header !== OK_HEADER || end - start < PREPARE_OK_BYTES) throw new ProtocolViolation('no answer to a PREPARE');
    reader.over(buffer, start, end);
    reader.skip(1);
    const id = reader.uint32LE();
    const columns = reader.uint16LE();
    const parameters = reader.uint16LE();
    const hasMetadata = end - start <= PREPARE_OK_METADATA_AT || buffer[start + PREPARE_OK_METADATA_AT] !== 0;
    const { statement } = command;
    if (statement !== undefined) {
      statement.id = id;
      statement.parameterCount = parameters;
      this.#session.prepared.add(id, statement);
    }
    if (this.#session.capabilities.known) {
      this.#endsDefinitions = !this.#session.capabilities.has(CLIENT_DEPRECATE_EOF);
    }
    this.#left = hasMetadata ? parameters : 0;
    this.#leftAfterwards = hasMetadata ? columns : 0;
    this.#state = 'prepared';
    if (this.#left === 0) this.#nextDefinitions(at);
  }

  #preparedDefinition(header: number, buffer: Buffer, start: number, end: number, length: number, at: Nanos): void {
    if (this.#state === 'prepared') {
      this.#left -= 1;
      if (this.#left > 0) return;
      if (this.#endsDefinitions === true) this.#state = 'prepared-end';
      else if (this.#endsDefinitions === false || this.#leftAfterwards === 0) this.#nextDefinitions(at);
      else this.#state = 'prepared-end';
      return;
    }
    const isEof = header === EOF_HEADER && length <= MAX_EOF_BYTES;
    this.#endsDefinitions = isEof;
    this.#state = 'prepared';
    this.#nextDefinitions(at);
    if (!isEof && this.#command !== undefined) this.packet(buffer, start, end, length, this.#sequence, at);
  }

  #nextDefinitions(at: Nanos): void {
    this.#left = this.#leftAfterwards;
    this.#leftAfterwards = 0;
    if (this.#left === 0) this.#answered(OK, at);
  }

  #error(command: Command, buffer: Buffer, start: number, end: number, at: Nanos): void {
    reader.over(buffer, start, end);
    const error = readErr(reader, this.#session.decodeText);
    if (error.code === PROGRESS_REPORT) return;
    this.#countRows();
    if (command.returnedRows === 0) command.returnedRows = undefined;
    const { message, sqlstate } = error;
    this.#answered({ kind: 'failed', code: String(error.code), message, sqlstate }, at);
  }

  #answered(outcome: Outcome, at: Nanos): void {
    this.#command = undefined;
    this.#listener.answered(outcome, at);
  }
}
