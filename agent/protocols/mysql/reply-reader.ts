import type { Nanos } from '../../timeline.ts';
import { OK, type Outcome } from '../activity.ts';
import { ProtocolViolation } from '../protocol.ts';
import { readDefinitionCount } from './column-count.ts';
import type { Command } from './command.ts';
import { COM_FIELD_LIST, COM_STATISTICS, COM_STMT_FETCH, COM_STMT_PREPARE, isDump } from './commands.ts';
import { type MysqlSession, reader } from './mysql-session.ts';
import {
  EOF_HEADER,
  ERR_HEADER,
  FULL_PACKET_BYTES,
  isOk,
  LOCAL_INFILE_HEADER,
  MAX_EOF_BYTES,
  OkPacket,
  PROGRESS_REPORT,
  readErr,
  STATUS_CURSOR_EXISTS,
  STATUS_MORE_RESULTS,
  STATUS_OUT_PARAMETERS,
} from './packets.ts';
import { PrepareReply } from './prepare-reply.ts';

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
 *   prepared     what follows the first packet of a PREPARE's answer (prepare-reply.ts)
 */
type State = 'first' | 'definitions' | 'end' | 'rows' | 'fields' | 'prepared';

/** Kept of an OK, EOF or ERR: room for a session state of many variables. Rows are longer and counted all the same. */
const MAX_ANSWER_BYTES = 8192;

export interface ReplyListener {
  /** The current command is answered. */
  answered(outcome: Outcome, at: Nanos): void;
  /** The server waits for a file's content, in packets whose numbers go on from `sequence`. */
  wantsFile(sequence: number): void;
}

/** Follows the answer to the current command and puts what it says into it. Rows are counted and nothing of them is kept. */
export class ReplyReader {
  readonly #session: MysqlSession;
  readonly #listener: ReplyListener;
  readonly #prepareReply: PrepareReply;
  readonly #ok = new OkPacket();
  #state: State = 'first';
  #command: Command | undefined;
  #left = 0;
  /** Rows of this result alone. */
  #rows = 0;
  /** The answer's first packet is still to come. */
  #fresh = true;
  /** Of the last packet. */
  #sequence = 0;

  constructor(session: MysqlSession, listener: ReplyListener) {
    this.#session = session;
    this.#listener = listener;
    this.#prepareReply = new PrepareReply(session);
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
    return this.#state === 'rows' || this.#skips;
  }

  /** How many bytes of the next packet are looked at. */
  wantedBytes(): number {
    return this.#skips ? 1 : MAX_ANSWER_BYTES;
  }

  get #skips(): boolean {
    return this.#state === 'definitions' || (this.#state === 'prepared' && this.#prepareReply.countsOnly);
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
        if (this.#prepareReply.packet(header, length)) this.#answered(OK, at);
    }
  }

  /** After an answer, an EOF that ends definitions nobody knew to end with one. */
  isLateEof(buffer: Buffer, start: number, length: number): boolean {
    return this.#prepareReply.isLateEof(buffer[start] ?? 0, length);
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
      this.#state = 'prepared';
      if (this.#prepareReply.begin(command, buffer, start, end)) this.#answered(OK, at);
    } else if (isOk(header, length, this.#session.capabilities)) {
      this.#ok.readOk(reader.over(buffer, start, end), this.#session.capabilities);
      command.affectedRows = (command.affectedRows ?? 0) + this.#ok.affectedRows;
      if (this.#ok.insertId !== undefined) command.insertId = this.#ok.insertId;
      this.#resultOver(command, at);
    } else if (header === EOF_HEADER) {
      this.#ok.readEnd(reader.over(buffer, start, end), length, this.#session.capabilities);
      this.#resultOver(command, at);
    } else if (header === LOCAL_INFILE_HEADER) {
      command.note('local-infile');
      this.#listener.wantsFile(this.#sequence);
    } else {
      this.#left = readDefinitionCount(reader.over(buffer, start, end), length, this.#session.capabilities);
      this.#state = this.#left > 0 ? 'definitions' : 'end';
      command.returnedRows ??= 0;
    }
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
    this.#prepareReply.learn(isEof);
    if (!isEof) {
      this.packet(buffer, start, end, length, this.#sequence, at);
      return;
    }
    this.#ok.readEnd(reader.over(buffer, start, end), length, this.#session.capabilities);
    // A cursor was opened: rows come when they are fetched.
    if ((this.#ok.status & STATUS_CURSOR_EXISTS) !== 0) this.#resultOver(command, at);
  }

  #endOfRows(command: Command, buffer: Buffer, start: number, end: number, length: number, at: Nanos): void {
    this.#ok.readEnd(reader.over(buffer, start, end), length, this.#session.capabilities);
    if ((this.#ok.status & STATUS_OUT_PARAMETERS) !== 0) {
      // A procedure's OUT parameters come as a row, which is none.
      this.#rows = 0;
      command.note('out-parameters');
    }
    this.#resultOver(command, at);
  }

  #countRows(): void {
    const command = this.#command;
    if (command === undefined || (this.#rows === 0 && command.returnedRows === undefined)) return;
    command.returnedRows = (command.returnedRows ?? 0) + this.#rows;
    this.#rows = 0;
  }

  /** One of perhaps several results. */
  #resultOver(command: Command, at: Nanos): void {
    this.#countRows();
    command.warnings = (command.warnings ?? 0) + this.#ok.warnings;
    this.#session.follow(this.#ok);
    const status = command.code === COM_STMT_FETCH ? 0 : this.#ok.status;
    if ((status & STATUS_CURSOR_EXISTS) !== 0) command.note('cursor');
    if ((status & STATUS_MORE_RESULTS) !== 0) this.#state = 'first';
    else this.#answered(OK, at);
  }

  #error(command: Command, buffer: Buffer, start: number, end: number, at: Nanos): void {
    const error = readErr(reader.over(buffer, start, end), this.#session.decodeText);
    if (error.code === PROGRESS_REPORT) return;
    this.#countRows();
    if (command.returnedRows === 0) command.returnedRows = undefined;
    this.#answered(error, at);
  }

  #answered(outcome: Outcome, at: Nanos): void {
    this.#command = undefined;
    this.#listener.answered(outcome, at);
  }
}
