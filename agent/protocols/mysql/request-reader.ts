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
  COM_STMT_FETCH,
  COM_STMT_PREPARE,
  COM_STMT_RESET,
  COM_STMT_SEND_LONG_DATA,
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
import { PreparedStatement } from './prepared-statements.ts';

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

  /**
   * A request of `length` bytes whose body is `buffer[start, end)` as far as it was given; `goesOn`: another packet
   * continues it. `broken`: bytes inside of it were lost.
   */
  read(
    code: number,
    buffer: Buffer,
    start: number,
    end: number,
    length: number,
    goesOn: boolean,
    broken: boolean,
    at: Nanos,
    packetBytes: number,
  ): Command {
    const command = new Command(code, at, 0, packetBytes);
    const kept = Math.min(end, start + this.wantedBytes());
    const whole = kept - start === length && !goesOn;
    const bodyStart = start + 1;
    switch (code) {
      case COM_QUERY:
        this.#readQuery(command, buffer, bodyStart, kept, end, start + length, goesOn, broken);
        break;
      case COM_STMT_PREPARE:
        this.#readText(command, buffer, bodyStart, kept, end, start + length, goesOn, broken);
        this.#lastPrepared = new PreparedStatement(command.text, command.textLength, undefined, at, packetBytes);
        command.statement = this.#lastPrepared;
        break;
      case COM_STMT_EXECUTE:
      case COM_STMT_BULK_EXECUTE:
        this.#readExecution(command, buffer, start, kept, whole);
        break;
      case COM_CHANGE_USER:
        reader.over(buffer, bodyStart, kept);
        if (!broken) command.credentials = readChangeUser(reader, this.#session.capabilities);
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
      case COM_STMT_FETCH:
      case COM_STMT_SEND_LONG_DATA:
        break;
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
    const whole = command.requestBytes - body.length <= 4;
    this.#readParameters(command, command.statement, body, 0, body.length, whole);
  }

  #forgetLongData(buffer: Buffer, start: number, end: number): void {
    const statement = this.#statementAt(buffer, start, end);
    if (statement === undefined) return;
    statement.longData = undefined;
    statement.lacksLongData = false;
  }

  #readQuery(
    command: Command,
    buffer: Buffer,
    start: number,
    kept: number,
    end: number,
    until: number,
    goesOn: boolean,
    broken: boolean,
  ): void {
    const { capabilities, decodeText } = this.#session;
    const mayHaveAttributes = capabilities.known
      ? capabilities.has(CLIENT_QUERY_ATTRIBUTES)
      : hasAttributesPrefix(buffer, start, kept);
    if (!mayHaveAttributes) {
      this.#readText(command, buffer, start, kept, end, until, goesOn, broken);
      return;
    }
    reader.over(buffer, start, kept);
    const attributes = skipQueryAttributes(reader, decodeText);
    if (attributes === undefined) {
      command.textLength = until - start;
      return;
    }
    if (attributes > 0) command.note('query-attributes');
    this.#readText(command, buffer, reader.position, kept, end, until, goesOn, broken);
  }

  /** Text from `start` to `until`, of which `end` was given and `kept` may be taken. */
  #readText(
    command: Command,
    buffer: Buffer,
    start: number,
    kept: number,
    end: number,
    until: number,
    goesOn: boolean,
    broken: boolean,
  ): void {
    const { decodeText, context } = this.#session;
    const { textBytes } = context.limits;
    command.textLength = until - start;
    if (kept === until && kept - start <= textBytes && !goesOn) {
      command.text = decodeText(buffer, start, kept);
      return;
    }
    // What is left of a text whose middle was lost is no text of the client's.
    if (broken) return;
    const cut = Math.min(kept, start + textBytes);
    command.text = decodeText(
      buffer,
      start,
      decodeText === decodeUtf8 ? characterBoundary(buffer, start, cut, end) : cut,
    );
    // Loaded here, as it costs memory that an agent in peace does not need.
    const { createHash } = process.getBuiltinModule('node:crypto');
    command.hash = createHash('sha256').update(buffer.subarray(start, end));
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

/** At or before `cut`, so that no UTF-8 character is cut in two. */
function characterBoundary(buffer: Buffer, start: number, cut: number, end: number): number {
  let boundary = cut;
  if (cut >= end) return cut;
  while (boundary > start && boundary > cut - 4 && ((buffer[boundary] ?? 0) & 0xc0) === 0x80) boundary -= 1;
  return boundary;
}
