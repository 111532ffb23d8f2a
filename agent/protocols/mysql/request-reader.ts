import type { Nanos } from '../../timeline.ts';
import { CLIENT_QUERY_ATTRIBUTES } from './capabilities.ts';
import { decodeUtf8 } from './character-sets.ts';
import { Command } from './command.ts';
import {
  COM_CHANGE_USER,
  COM_CREATE_DB,
  COM_DROP_DB,
  COM_FIELD_LIST,
  COM_INIT_DB,
  COM_PROCESS_KILL,
  COM_QUERY,
  COM_STMT_BULK_EXECUTE,
  COM_STMT_EXECUTE,
  COM_STMT_PREPARE,
  COM_STMT_RESET,
  EXECUTE_HEAD_BYTES,
  hasAttributesPrefix,
} from './commands.ts';
import {
  type ParametersRead,
  readBulkParameters,
  readExecuteParameters,
  skipQueryAttributes,
} from './execute-parameters.ts';
import { readChangeUser } from './handshake-response.ts';
import { type MysqlSession, reader } from './mysql-session.ts';
import { FULL_PACKET_BYTES, PACKET_HEADER_BYTES } from './packets.ts';
import { PreparedStatement } from './prepared-statements.ts';
import { readText } from './request-text.ts';

/*
 * What a client asks, from its bytes.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_command_phase.html
 */

/** Kept of a request beside its text: the command, an execution's head, query attributes, a change of user. */
const REQUEST_HEAD_BYTES = 8192;
/** MariaDB: the statement of the PREPARE just sent, whose id is not known yet. */
const LAST_PREPARED_ID = 0xffffffff;
const BULK_HEAD_BYTES = 7;
const PARAMETER_COUNT_AVAILABLE = 8;
const BULK_SENDS_TYPES = 128;

/** Reads requests. What it finds goes into a Command; statements prepared ahead of their answer are remembered. */
export class RequestReader {
  readonly #session: MysqlSession;
  #lastPrepared: PreparedStatement | undefined;

  constructor(session: MysqlSession) {
    this.#session = session;
  }

  /** How many of a request's first bytes are kept. */
  wantedBytes(): number {
    return this.#session.context.limits.textBytes + REQUEST_HEAD_BYTES;
  }

  /** Requests may have been lost, of any kind. */
  forgetWhatMayHaveChanged(): void {
    this.#lastPrepared = undefined;
    this.#session.prepared.forgetTypes();
    this.#session.prepared.doubtLongData();
  }

  /** A request of `length` bytes whose body is `buffer[start, end)` as far as it was given. */
  read(code: number, buffer: Buffer, start: number, end: number, length: number, at: Nanos): Command {
    const command = new Command(code, at, PACKET_HEADER_BYTES + length);
    const kept = Math.min(end, start + this.wantedBytes());
    const bodyStart = start + 1;
    switch (code) {
      case COM_QUERY:
        this.#readQuery(command, buffer, bodyStart, kept, end, start + length);
        break;
      case COM_STMT_PREPARE:
        this.#readText(command, buffer, bodyStart, kept, end, start + length);
        this.#prepare(command);
        break;
      case COM_STMT_EXECUTE:
      case COM_STMT_BULK_EXECUTE:
        this.#readExecution(command, buffer, start, kept, kept - start === length && length < FULL_PACKET_BYTES);
        break;
      case COM_CHANGE_USER:
        command.credentials = readChangeUser(reader.over(buffer, bodyStart, kept), this.#session.capabilities);
        break;
      case COM_FIELD_LIST:
        command.targets = [decodeUtf8(buffer, bodyStart, kept).split('\0')[0] ?? ''];
        break;
      case COM_INIT_DB:
      case COM_CREATE_DB:
      case COM_DROP_DB:
        command.parameters = [this.#session.decodeText(buffer, bodyStart, kept)];
        break;
      case COM_PROCESS_KILL:
        if (kept - bodyStart >= 4) command.parameters = [String(buffer.readUInt32LE(bodyStart))];
        break;
      case COM_STMT_RESET:
        this.#forgetLongData(buffer, bodyStart, kept);
        break;
    }
    return command;
  }

  /** A request of which bytes were lost: what is left of a text or of values is none of the client's. */
  readBroken(code: number, buffer: Buffer, start: number, end: number, length: number, at: Nanos): Command {
    const command = new Command(code, at, PACKET_HEADER_BYTES + length);
    if (code === COM_QUERY || code === COM_STMT_PREPARE) command.textLength = length - 1;
    if (code === COM_STMT_PREPARE) this.#prepare(command);
    if (code === COM_STMT_EXECUTE || code === COM_STMT_BULK_EXECUTE) {
      const statement = this.#statementAt(buffer, start + 1, end);
      command.statement = statement;
      command.note('parameters-unseen');
      if (statement !== undefined) {
        statement.executed = true;
        statement.types = undefined;
        statement.longData = undefined;
      }
    }
    return command;
  }

  /** int<4> statement id, int<2> parameter, data. */
  readLongData(buffer: Buffer, start: number, end: number, length: number): void {
    const statement = this.#statementAt(buffer, start + 1, end);
    if (statement === undefined || end - start < BULK_HEAD_BYTES) return;
    const parameter = buffer.readUInt16LE(start + 5);
    const { textBytes } = this.#session.context.limits;
    statement.addLongData(parameter, buffer, start + 7, end, length - 7, textBytes);
  }

  /** A piece of a parameter was lost, in whole or in part. */
  loseLongData(buffer: Buffer, start: number, end: number): void {
    const statement = this.#statementAt(buffer, start + 1, end);
    if (statement !== undefined) statement.lacksLongData = true;
    else this.#session.prepared.doubtLongData();
  }

  /** The parameters of an execution that waited for its PREPARE's answer. */
  readWaitingParameters(command: Command): void {
    const body = command.unreadParameters;
    command.unreadParameters = undefined;
    if (body === undefined || command.statement === undefined) return;
    const whole = command.requestBytes === PACKET_HEADER_BYTES + body.length;
    this.#readParameters(command, command.statement, body, 0, body.length, whole);
  }

  #forgetLongData(buffer: Buffer, start: number, end: number): void {
    const statement = this.#statementAt(buffer, start, end);
    if (statement === undefined) return;
    statement.longData = undefined;
    statement.lacksLongData = false;
  }

  #prepare(command: Command): void {
    const { text, textLength, at, requestBytes } = command;
    this.#lastPrepared = new PreparedStatement(text, textLength, at, requestBytes);
    command.statement = this.#lastPrepared;
  }

  #readQuery(command: Command, buffer: Buffer, start: number, kept: number, end: number, until: number): void {
    const { capabilities, decodeText } = this.#session;
    const mayHaveAttributes = capabilities.known
      ? capabilities.has(CLIENT_QUERY_ATTRIBUTES)
      : hasAttributesPrefix(buffer, start, kept);
    if (!mayHaveAttributes) {
      this.#readText(command, buffer, start, kept, end, until);
      return;
    }
    const attributes = skipQueryAttributes(reader.over(buffer, start, kept), decodeText);
    command.textLength = until - start;
    if (attributes === undefined) return;
    if (attributes > 0) command.note('query-attributes');
    this.#readText(command, buffer, reader.position, kept, end, until);
  }

  #readText(command: Command, buffer: Buffer, start: number, kept: number, end: number, until: number): void {
    const { decodeText, context } = this.#session;
    const goesOn = command.requestBytes === PACKET_HEADER_BYTES + FULL_PACKET_BYTES;
    readText(command, buffer, start, kept, end, until, goesOn, context.limits.textBytes, decodeText);
  }

  #readExecution(command: Command, buffer: Buffer, start: number, kept: number, whole: boolean): void {
    const statement = this.#statementAt(buffer, start + 1, kept);
    command.statement = statement;
    if (statement === undefined) return;
    statement.executed = true;
    if (statement.id === undefined) command.unreadParameters = Buffer.from(buffer.subarray(start, kept));
    else this.#readParameters(command, statement, buffer, start, kept, whole);
  }

  #readParameters(
    command: Command,
    statement: PreparedStatement,
    buffer: Buffer,
    start: number,
    kept: number,
    whole: boolean,
  ): void {
    const { capabilities, decodeText } = this.#session;
    let read: ParametersRead;
    if (command.code === COM_STMT_BULK_EXECUTE) {
      if (kept - start < BULK_HEAD_BYTES) {
        command.note('parameters-unseen');
        return;
      }
      const flags = buffer.readUInt16LE(start + 5);
      reader.over(buffer, start + BULK_HEAD_BYTES, kept);
      read = readBulkParameters(reader, statement, (flags & BULK_SENDS_TYPES) !== 0, whole, decodeText);
    } else {
      if (kept - start < EXECUTE_HEAD_BYTES) {
        command.note('parameters-unseen');
        return;
      }
      const announced = ((buffer[start + 5] ?? 0) & PARAMETER_COUNT_AVAILABLE) !== 0;
      const counted = capabilities.known
        ? capabilities.has(CLIENT_QUERY_ATTRIBUTES) && (announced || statement.parameterCount > 0)
        : announced;
      reader.over(buffer, start + EXECUTE_HEAD_BYTES, kept);
      read = readExecuteParameters(reader, statement, counted, whole, decodeText);
    }
    command.parameters = read.values;
    if (read.note !== undefined) command.note(read.note);
    if (read.hasAttributes) command.note('query-attributes');
  }

  #statementAt(buffer: Buffer, at: number, end: number): PreparedStatement | undefined {
    if (end - at < 4) return undefined;
    const id = buffer.readUInt32LE(at);
    return id === LAST_PREPARED_ID ? this.#lastPrepared : this.#session.prepared.get(id);
  }
}
