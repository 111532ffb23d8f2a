import { NANOS_PER_SECOND, type Nanos } from '../../timeline.ts';
import { type Outcome, UNSEEN } from '../activity.ts';
import { ProtocolViolation } from '../protocol.ts';
import { Authentication } from './authentication.ts';
import type { Command } from './command.ts';
import {
  COM_CHANGE_USER,
  COM_INIT_DB,
  COM_MULTI,
  COM_QUERY,
  COM_QUIT,
  COM_RESET_CONNECTION,
  COM_STMT_CLOSE,
  COM_STMT_PREPARE,
  COM_STMT_SEND_LONG_DATA,
  commandName,
  isDump,
} from './commands.ts';
import type { MysqlSession } from './mysql-session.ts';
import { EOF_HEADER, FULL_PACKET_BYTES, PACKET_HEADER_BYTES } from './packets.ts';
import { PendingCommands } from './pending-commands.ts';
import { ReplyReader } from './reply-reader.ts';
import { RequestReader } from './request-reader.ts';
import { characterSetOfSet, databaseOfUse } from './statement-effects.ts';
import { reportCommand, reportPrepare } from './statement-report.ts';

/** Texts of requests without an answer; a client that never gets one, or whose server is not seen, costs no more. */
const MAX_PENDING_TEXT_BYTES = 1024 * 1024;
/**
 * After bytes were lost in a pipeline nobody knows which answer is whose, until neither side has said anything for so
 * long: everything sent before is answered by then.
 */
const QUIET_NANOS = 5 * NANOS_PER_SECOND;
/** A request that must not be checked for the number of its answer. */
const ANY_SEQUENCE = -1;

/** Commands and their answers, in order, across whatever was lost. */
export class CommandPhase {
  readonly #session: MysqlSession;
  readonly #requests: RequestReader;
  readonly #replies: ReplyReader;
  readonly #pending = new PendingCommands();
  #pendingTextBytes = 0;
  /** The client's last packet is continued by its next. */
  #requestGoesOn = false;
  #replyGoesOn = false;
  /** The last request, while more of it may come. */
  #current: Command | undefined;
  /** The client is sending a file's content. */
  #receivesFile = false;
  #fileSequence = 0;
  /** A server may break off while the client still sends. */
  #mayBeDialogue = false;
  #authentication: Authentication | undefined;
  /** The server's bytes are an endless stream of events from now on. */
  #streams = false;
  /** Packet numbers say where an answer begins; not so inside compressed packets. */
  numbersAnswers = true;
  #lastAt: Nanos = 0;

  /** Where a client's packet begins is unknown. */
  clientLost = false;
  /** Where a server's packet begins, and whose answer it is, is unknown. */
  #serverLost = false;
  /** Lost, but a command was sent since: the server's next byte begins its answer. */
  #expectsAnswer = false;
  /** Lost while several commands were under way, or may have been. */
  #lostInPipeline = false;
  /** The client has sent commands without waiting for answers. */
  #pipelines = false;
  /** Requests may have been lost behind those that are pending. */
  #lostBehindPending = false;
  /** A request was lost and nothing of the server's has come since: what comes may be the answer to it. */
  #owesAnswer = false;

  constructor(session: MysqlSession) {
    this.#session = session;
    this.#requests = new RequestReader(session);
    this.#replies = new ReplyReader(session, this);
  }

  /** The capture begins in the middle: the next plausible command is the first. */
  startInMiddle(): void {
    this.clientLost = true;
    this.#serverLost = true;
  }

  /** The server said something that cannot be used. */
  ignoredServer(at: Nanos): void {
    this.#owesAnswer = false;
    this.#lastAt = at;
  }

  /** The login is over, and nothing of it is missing. */
  enter(): void {
    this.clientLost = false;
    this.#serverLost = false;
    this.#lostBehindPending = false;
  }

  /** The server's bytes cannot be used now. */
  get ignoresServer(): boolean {
    return this.#streams || (this.#serverLost && !this.#expectsAnswer);
  }

  requestWantedBytes(): number {
    return this.#requestGoesOn || this.#receivesFile ? 0 : this.#requests.wantedBytes();
  }

  replyWantedBytes(): number {
    return this.#replyGoesOn ? 0 : this.#replies.wantedBytes();
  }

  /** A client's packet, or the beginning of it. `broken`: bytes inside of it were lost. */
  request(
    buffer: Buffer,
    headerAt: number,
    start: number,
    end: number,
    length: number,
    at: Nanos,
    broken: boolean,
  ): void {
    if (this.#streams) return;
    const sequence = buffer[headerAt + 3] ?? 0;
    const packetBytes = PACKET_HEADER_BYTES + length;
    const continues = this.#requestGoesOn;
    this.#requestGoesOn = length === FULL_PACKET_BYTES;
    if (continues) {
      this.#continueRequest(buffer, start, end, length, sequence, broken);
      return;
    }
    if (this.#receivesFile && this.#receiveFile(length, sequence)) return;
    // Part of a dialogue: a change of user, or a file that the server asked for, which may not have been seen.
    if (sequence !== 0 && (this.#mayBeDialogue || this.#pending.length > 0 || this.#serverLost)) return;
    if (sequence !== 0) throw new ProtocolViolation(`request with sequence number ${sequence}`);
    if (end === start) {
      if (broken) return;
      throw new ProtocolViolation('empty request');
    }
    this.#mayBeDialogue = false;
    this.#accept(buffer, start, end, length, packetBytes, at, broken);
  }

  /** What follows the beginning of a client's packet. */
  requestRest(buffer: Buffer, start: number, end: number): void {
    this.#current?.hash?.update(buffer.subarray(start, end));
  }

  /** Bytes were lost in the part of a request that is not kept. */
  requestRestLost(): void {
    const current = this.#current;
    if (current?.hash === undefined) return;
    current.hash = undefined;
    current.note('text-digest-unseen');
  }

  /** A server's packet, or the beginning of it. False: it is not where it should be, and what follows is worth nothing. */
  reply(
    buffer: Buffer,
    headerAt: number,
    start: number,
    end: number,
    length: number,
    at: Nanos,
    broken: boolean,
  ): boolean {
    const continues = this.#replyGoesOn;
    this.#replyGoesOn = length === FULL_PACKET_BYTES;
    const command = this.#pending.first;
    // Nobody asked: a server says farewell to a client that was silent too long.
    if (command === undefined || this.#streams) return true;
    if (continues) {
      command.responseBytes += PACKET_HEADER_BYTES + length;
      return true;
    }
    const sequence = buffer[headerAt + 3] ?? 0;
    if (this.#replies.fresh && this.numbersAnswers && !isAnswerTo(command, sequence)) {
      if (this.#replies.isLateEof(buffer, start, length)) return true;
      this.#giveUp(at);
      return false;
    }
    if (broken && !(end > start && this.#replies.countsOnly && (buffer[start] ?? 0) < EOF_HEADER)) {
      this.#giveUp(at);
      return false;
    }
    command.responseBytes += PACKET_HEADER_BYTES + length;
    if (command.code === COM_CHANGE_USER) this.#authenticate(buffer, start, end, at);
    else this.#replies.packet(buffer, start, end, length, sequence, at);
    return true;
  }

  /** Client bytes were lost, and with them where the next packet begins. */
  loseClient(): void {
    this.clientLost = true;
    this.#requestGoesOn = false;
    this.#current = undefined;
    this.#requests.forgetWhatMayHaveChanged();
    if (this.#pipelines) this.#lostInPipeline = true;
    if (this.#pending.length > 0) this.#lostBehindPending = true;
    else this.#loseAnswer();
  }

  /** Server bytes were lost, and with them where the next packet begins. */
  loseServer(at: Nanos): void {
    this.#giveUp(at);
  }

  tick(at: Nanos): void {
    const { limits, report } = this.#session.context;
    for (const command of this.#pending) {
      if (at - command.at < limits.stillRunningNanos) return;
      if (command.saidStillRunning) continue;
      command.saidStillRunning = true;
      const isSql = command.statement !== undefined || command.code === COM_QUERY;
      const source = command.statement ?? command;
      report({
        kind: 'still-running',
        at,
        since: command.at,
        language: isSql ? 'sql' : 'none',
        text: source.text,
        operation: isSql ? undefined : commandName(command.code),
      });
    }
  }

  close(at: Nanos): void {
    this.#giveUp(at);
    this.#session.prepared.closeAll();
  }

  /** Called by the reply reader. */
  answered(outcome: Outcome, at: Nanos): void {
    const command = this.#take();
    if (command === undefined) return;
    this.#receivesFile = false;
    this.#serverLost = false;
    this.#expectsAnswer = false;
    this.#finish(command, outcome, at);
    const next = this.#pending.first;
    if (next !== undefined) this.#begin(next);
    else if (this.#lostBehindPending) this.#loseAnswer();
  }

  /** Called by the reply reader. */
  wantsFile(sequence: number): void {
    this.#receivesFile = true;
    this.#fileSequence = sequence;
    this.#mayBeDialogue = true;
    this.#requestGoesOn = false;
  }

  #accept(
    buffer: Buffer,
    start: number,
    end: number,
    length: number,
    packetBytes: number,
    at: Nanos,
    broken: boolean,
  ): void {
    const code = buffer[start] ?? 0;
    switch (code) {
      case COM_QUIT:
        return;
      case COM_STMT_SEND_LONG_DATA:
        if (broken) this.#requests.loseLongData(buffer, start, end);
        else this.#requests.readLongData(buffer, start, end, length);
        return;
      case COM_STMT_CLOSE:
        if (end - start >= 5) this.#session.prepared.close(buffer.readUInt32LE(start + 1));
        return;
      case COM_MULTI:
        this.#acceptMany(buffer, start + 1, end, at);
        return;
    }
    const goesOn = length === FULL_PACKET_BYTES;
    const command = this.#requests.read(code, buffer, start, end, length, goesOn, broken, at, packetBytes);
    this.#current = command.hash !== undefined || goesOn ? command : undefined;
    this.#arrived(command);
    this.#lastAt = at;
  }

  /** string<lenenc> each; answered one after the other with numbers that go on. */
  #acceptMany(buffer: Buffer, start: number, end: number, at: Nanos): void {
    let position = start;
    while (position < end) {
      const first = buffer[position] ?? 0;
      const wide = first === 0xfc && end - position >= 3;
      const length = wide ? buffer.readUInt16LE(position + 1) : first;
      const bodyStart = position + (wide ? 3 : 1);
      position = bodyStart + length;
      if (length === 0 || position > end || (first > 0xfa && !wide))
        throw new ProtocolViolation('command of no length');
      const code = buffer[bodyStart] ?? 0;
      if (code === COM_MULTI) throw new ProtocolViolation('COM_MULTI inside of COM_MULTI');
      const command = this.#requests.read(code, buffer, bodyStart, position, length, false, false, at, length);
      command.lastSequence = ANY_SEQUENCE;
      this.#arrived(command);
    }
  }

  #continueRequest(
    buffer: Buffer,
    start: number,
    end: number,
    length: number,
    sequence: number,
    broken: boolean,
  ): void {
    const command = this.#current;
    if (command === undefined) return;
    command.lastSequence = sequence;
    command.requestBytes += PACKET_HEADER_BYTES + length;
    command.textLength += length;
    if (broken) this.requestRestLost();
    else command.hash?.update(buffer.subarray(start, end));
  }

  /** Numbers go on from the server's, and begin again after 255; what does not go on is the next command. */
  #receiveFile(length: number, sequence: number): boolean {
    const expected = (this.#fileSequence + 1) & 0xff;
    if (sequence !== expected) {
      this.#receivesFile = false;
      return false;
    }
    this.#fileSequence = sequence;
    const command = this.#pending.first;
    if (command !== undefined) command.requestBytes += PACKET_HEADER_BYTES + length;
    if (length === 0) this.#receivesFile = false;
    return true;
  }

  #arrived(command: Command): void {
    const { limits } = this.#session.context;
    if (this.#serverLost) {
      this.#arrivedWhileLost(command);
      return;
    }
    if (this.#lostBehindPending && this.#pending.length > 0) {
      this.#lostInPipeline = true;
      this.#finish(command, UNSEEN, undefined);
      return;
    }
    this.#add(command);
    if (this.#pending.length > limits.pendingStatements || this.#pendingTextBytes > MAX_PENDING_TEXT_BYTES) {
      this.#giveUp(command.at);
    }
  }

  /**
   * A client that waits for each answer begins anew with its next command. One that does not leaves answers behind that
   * nobody can tell apart.
   */
  #arrivedWhileLost(command: Command): void {
    if (command.at - this.#lastAt >= QUIET_NANOS) this.#lostInPipeline = false;
    if (this.#owesAnswer) {
      this.#finish(command, UNSEEN, undefined);
      return;
    }
    if (this.#pending.length === 0 && !this.#lostInPipeline) {
      this.#expectsAnswer = true;
      this.#add(command);
      return;
    }
    this.#giveUp(command.at);
    this.#lostInPipeline = true;
    this.#finish(command, UNSEEN, undefined);
  }

  #add(command: Command): void {
    this.#pending.push(command);
    this.#pendingTextBytes += command.text?.length ?? 0;
    if (this.#pending.length === 1) this.#begin(command);
    else this.#pipelines = true;
  }

  #take(): Command | undefined {
    const command = this.#pending.shift();
    this.#pendingTextBytes -= command?.text?.length ?? 0;
    return command;
  }

  #begin(command: Command): void {
    this.#replies.begin(command);
    if (command.code !== COM_CHANGE_USER) return;
    this.#authentication = new Authentication(this.#session, 'change-user', command.credentials, command.at);
  }

  #authenticate(buffer: Buffer, start: number, end: number, at: Nanos): void {
    const outcome = this.#authentication?.packet(buffer, start, end, at);
    this.#replies.leaveFirst();
    if (outcome === undefined) return;
    this.#authentication = undefined;
    if (outcome.kind === 'ok') this.#session.prepared.closeAll();
    this.answered(outcome, at);
  }

  /** All that is under way stays without an answer, and so does what the server says until the next command. */
  #giveUp(at: Nanos): void {
    if (this.#pending.length > 1) this.#lostInPipeline = true;
    const { fresh } = this.#replies;
    if (!fresh) this.#pending.first?.note('answer-incomplete');
    this.#replies.abandon();
    for (let command = this.#take(); command !== undefined; command = this.#take()) {
      this.#finish(command, UNSEEN, undefined);
    }
    this.#loseServer();
    this.#lastAt = at;
  }

  #loseAnswer(): void {
    this.#loseServer();
    this.#owesAnswer = true;
  }

  #loseServer(): void {
    this.#serverLost = true;
    this.#expectsAnswer = false;
    this.#owesAnswer = false;
    this.#lostBehindPending = false;
    this.#replyGoesOn = false;
    this.#receivesFile = false;
  }

  #finish(command: Command, outcome: Outcome, until: Nanos | undefined): void {
    const { code, statement } = command;
    if (command.hash !== undefined) {
      const source = statement ?? command;
      source.textSha256 = command.hash.digest('hex');
      source.textLength = command.textLength;
      command.hash = undefined;
    }
    if (command === this.#current) this.#current = undefined;
    if (code === COM_CHANGE_USER) {
      if (outcome.kind === 'unseen') this.#unseenChangeOfUser(command);
      return;
    }
    if (code === COM_STMT_PREPARE && statement !== undefined) {
      statement.outcome = outcome;
      statement.until = until;
      statement.responseBytes = command.responseBytes;
      if (outcome.kind !== 'ok') reportPrepare(this.#session.context, statement);
      return;
    }
    if (command.unreadParameters !== undefined) this.#requests.readWaitingParameters(command);
    reportCommand(this.#session.context, command, outcome, until);
    if (outcome.kind === 'ok') this.#apply(command);
  }

  #unseenChangeOfUser(command: Command): void {
    const begun = this.#authentication;
    this.#authentication = undefined;
    (begun ?? new Authentication(this.#session, 'change-user', command.credentials, command.at)).unseen();
  }

  /** What a success changes for the statements that follow. */
  #apply(command: Command): void {
    const { code, text } = command;
    if (isDump(code)) this.#streams = true;
    switch (code) {
      case COM_QUERY: {
        if (text === undefined) return;
        const database = databaseOfUse(text);
        if (database !== undefined) this.#session.useDatabase(database);
        const characterSet = characterSetOfSet(text);
        if (characterSet !== undefined) this.#session.useCharacterSet(characterSet);
        return;
      }
      case COM_INIT_DB:
        this.#session.useDatabase(command.parameters?.[0] ?? undefined);
        return;
      case COM_RESET_CONNECTION:
        this.#session.prepared.closeAll();
        this.#session.resetCharacterSet();
        return;
    }
  }
}

/** An answer's first packet has the number after the request's last; a refusal in the middle of a long request comes early. */
function isAnswerTo(command: Command, sequence: number): boolean {
  const { lastSequence } = command;
  return lastSequence === ANY_SEQUENCE || sequence === ((lastSequence + 1) & 0xff) || sequence === 1;
}
