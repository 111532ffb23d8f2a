import type { Nanos } from '../../timeline.ts';
import { type Outcome, UNSEEN } from '../activity.ts';
import { Authentication } from './authentication.ts';
import type { Command } from './command.ts';
import { COM_CHANGE_USER, COM_QUERY, COM_STMT_PREPARE, commandName, isDump } from './commands.ts';
import { Continuity } from './continuity.ts';
import type { MysqlSession } from './mysql-session.ts';
import { EOF_HEADER, FULL_PACKET_BYTES, PACKET_HEADER_BYTES } from './packets.ts';
import { PendingCommands } from './pending-commands.ts';
import { ReplyReader } from './reply-reader.ts';
import { RequestPackets } from './request-packets.ts';
import { applySuccess } from './session-effects.ts';
import { reportCommand, reportPrepare } from './statement-report.ts';

/** Texts of requests without an answer; a client that never gets one, or whose server is not seen, costs no more. */
const MAX_PENDING_TEXT_BYTES = 1024 * 1024;

/** Commands and their answers, in order, across whatever was lost. */
export class CommandPhase {
  readonly requests: RequestPackets;
  readonly continuity = new Continuity();
  readonly #session: MysqlSession;
  readonly #replies: ReplyReader;
  readonly #pending = new PendingCommands();
  #pendingTextBytes = 0;
  /** The server's last packet is continued by its next. */
  #replyGoesOn = false;
  #authentication: Authentication | undefined;
  /** The server's bytes are an endless stream of events from now on, and the client's what it says to them. */
  #streams = false;
  /** Packet numbers say where an answer begins; not so inside compressed packets. */
  numbersAnswers = true;

  constructor(session: MysqlSession) {
    this.#session = session;
    this.requests = new RequestPackets(session, this);
    this.#replies = new ReplyReader(session, this);
  }

  /** The server's bytes cannot be used now. */
  get ignoresServer(): boolean {
    return this.#streams || (this.continuity.serverLost && !this.continuity.expectsAnswer);
  }

  get ignoresClient(): boolean {
    return this.#streams;
  }

  get current(): Command | undefined {
    return this.#pending.first;
  }

  get mayBeInDialogue(): boolean {
    return this.#pending.length > 0 || this.continuity.serverLost;
  }

  replyWantedBytes(): number {
    return this.#replyGoesOn ? 0 : this.#replies.wantedBytes();
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
      this.loseServer(at);
      return false;
    }
    if (broken && !(end > start && this.#replies.countsOnly && (buffer[start] ?? 0) < EOF_HEADER)) {
      this.loseServer(at);
      return false;
    }
    command.responseBytes += PACKET_HEADER_BYTES + length;
    if (command.code === COM_CHANGE_USER) this.#authenticate(buffer, start, end, at);
    else this.#replies.packet(buffer, start, end, length, sequence, at);
    return true;
  }

  /** Client bytes were lost, and with them where the next packet begins. */
  loseClient(): void {
    this.requests.lose();
    this.continuity.loseClient(this.#pending.length);
  }

  /** All that is under way stays without an answer, and so does what the server says until the next command. */
  loseServer(at: Nanos): void {
    this.continuity.loseServer(this.#pending.length);
    this.continuity.heard(at);
    this.#replyGoesOn = false;
    if (!this.#replies.fresh) this.#pending.first?.note('answer-incomplete');
    this.#replies.abandon();
    for (let command = this.#take(); command !== undefined; command = this.#take()) {
      this.#finish(command, UNSEEN, undefined);
    }
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
    this.loseServer(at);
    this.#session.prepared.closeAll();
  }

  arrived(command: Command): void {
    const { continuity } = this;
    if (continuity.serverLost) {
      this.#arrivedWhileLost(command);
    } else if (continuity.lostBehindPending) {
      continuity.sentBehindLoss();
      this.#finish(command, UNSEEN, undefined);
    } else {
      this.#add(command);
      const { pendingStatements } = this.#session.context.limits;
      const isTooMuch = this.#pending.length > pendingStatements || this.#pendingTextBytes > MAX_PENDING_TEXT_BYTES;
      if (isTooMuch) this.loseServer(command.at);
    }
    continuity.heard(command.at);
  }

  answered(outcome: Outcome, at: Nanos): void {
    const command = this.#take();
    if (command === undefined) return;
    this.continuity.answered();
    this.#finish(command, outcome, at);
    const next = this.#pending.first;
    if (next !== undefined) this.#begin(next);
    else if (this.continuity.lostBehindPending) this.continuity.loseAnswer();
  }

  wantsFile(sequence: number): void {
    this.requests.expectFile(sequence);
  }

  #arrivedWhileLost(command: Command): void {
    const verdict = this.continuity.judge(this.#pending.length, command.at);
    if (verdict === 'answered-next') {
      this.#add(command);
      return;
    }
    if (verdict === 'all-unanswered') this.loseServer(command.at);
    this.#finish(command, UNSEEN, undefined);
  }

  #add(command: Command): void {
    this.continuity.sent(this.#pending.length);
    this.#pending.push(command);
    this.#pendingTextBytes += command.text?.length ?? 0;
    if (this.#pending.first === command) this.#begin(command);
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

  #finish(command: Command, outcome: Outcome, until: Nanos | undefined): void {
    const { code, statement } = command;
    if (command.hash !== undefined) {
      const source = statement ?? command;
      source.textSha256 = command.hash.digest('hex');
      source.textLength = command.textLength;
      command.hash = undefined;
    }
    this.requests.over(command);
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
    reportCommand(this.#session.context, command, outcome, until);
    if (outcome.kind !== 'ok') return;
    if (isDump(code)) this.#streams = true;
    applySuccess(this.#session, command);
  }

  #unseenChangeOfUser(command: Command): void {
    const begun = this.#authentication;
    this.#authentication = undefined;
    (begun ?? new Authentication(this.#session, 'change-user', command.credentials, command.at)).unseen();
  }
}

/** An answer's first packet has the number after the request's last; a refusal in the middle of a long request comes early. */
function isAnswerTo({ lastSequence }: Command, sequence: number): boolean {
  return lastSequence === undefined || sequence === ((lastSequence + 1) & 0xff) || sequence === 1;
}
