import type { ByteStreamListener, Side } from '../../tcp/byte-stream.ts';
import type { Nanos } from '../../timeline.ts';
import { OK } from '../activity.ts';
import type { DecoderContext } from '../protocol.ts';
import type { Arguments } from './arguments.ts';
import { Pairing } from './pairing.ts';
import { type PendingCommand, pendingCommand, unbalancedLine } from './pending-command.ts';
import { PendingCommands } from './pending-commands.ts';
import type { Reply, ReplyHandler } from './reply.ts';
import { outcomeOf, returnedRows } from './reply-outcome.ts';
import { ReplyScanner } from './reply-scanner.ts';
import { ARRAY, ERROR, PUSH, SIMPLE } from './reply-types.ts';
import { type CommandHandler, RequestReader } from './request-reader.ts';
import { DOLLAR, LF, ZERO } from './resp.ts';
import { SessionChanges } from './session-changes.ts';
import { Subscriptions } from './subscriptions.ts';
import type { TextHash } from './text-hash.ts';
import { Transaction } from './transaction.ts';

/** For what the elements of the answer in progress are looked at. */
type Interest = 'nothing' | 'push' | 'results' | 'hello';

/** Both sides of one connection: requests and the answers to them become activities. */
export class Conversation implements ByteStreamListener, CommandHandler, ReplyHandler {
  readonly #context: DecoderContext;
  readonly #requests: RequestReader;
  readonly #answers: ReplyScanner;
  readonly #pending = new PendingCommands();
  readonly #pairing: Pairing;
  readonly #changes: SessionChanges;
  readonly #transaction = new Transaction();
  readonly #subscriptions = new Subscriptions();
  #interest: Interest = 'nothing';
  /** The client's first byte was seen. */
  #asked: boolean;
  /** It is not known where the server's values begin. */
  #deaf = false;
  /** CLIENT REPLY OFF. */
  #silent = false;
  /** CLIENT REPLY SKIP: the next command is not answered. */
  #skipsNext = false;
  #monitoring = false;
  /** From here on the server sends its data and the commands of others. */
  #replicating = false;

  constructor(context: DecoderContext) {
    this.#context = context;
    this.#requests = new RequestReader(this, context.limits.textBytes, context.capturedFromStart);
    this.#answers = new ReplyScanner(this);
    this.#pairing = new Pairing(context.capturedFromStart);
    this.#changes = new SessionChanges(context);
    this.#asked = context.capturedFromStart;
  }

  data(from: Side, buffer: Buffer, start: number, end: number, at: Nanos): void {
    if (from === 'client') {
      this.#clientSpeaks(at);
      this.#requests.push(buffer, start, end, at);
    } else {
      this.#serverSpeaks(buffer, start, end, at);
    }
  }

  gap(from: Side, length: number, at: Nanos): void {
    if (from === 'client') {
      this.#asked = true;
      if (this.#requests.gap(length)) return;
      this.#changes.requestsLost();
      this.#transaction.lose();
      this.#pairing.lose('client', this.#pending.answersLeft);
    } else if (!this.#replicating && (this.#deaf || !this.#answers.skip(length, at))) {
      this.#loseAnswers(this.#pending.answersLeft);
    }
  }

  tick(at: Nanos): void {
    const { limits } = this.#context;
    const oldest = this.#pending.first;
    if (oldest === undefined || at - oldest.at < limits.stillRunningNanos) return;
    for (const command of this.#pending.waiting()) {
      if (at - command.at < limits.stillRunningNanos) return;
      if (!command.reportedRunning && !command.command.waits) this.#reportRunning(command, at);
    }
  }

  close(): void {
    const executing = this.#pending.waiting().some((command) => command.intent?.kind === 'exec');
    const queued = executing || !this.#pairing.certain ? this.#transaction.unseen() : this.#transaction.notExecuted();
    for (const command of queued) this.#reportUnseen(command);
    for (const command of this.#pending.clear()) this.#reportUnseen(command);
  }

  command(given: Arguments, hash: TextHash | undefined, wireBytes: number, at: Nanos): void {
    const { textBytes } = this.#context.limits;
    this.#sent(pendingCommand(given, hash, textBytes, wireBytes, at));
  }

  unbalanced(line: Buffer, wireBytes: number, at: Nanos): void {
    this.#sent(unbalancedLine(line, this.#context.limits.textBytes, wireBytes, at));
  }

  begins(type: number): void {
    const intent = this.#pending.first?.intent;
    const kind = intent?.kind;
    if (type === PUSH || (type === ARRAY && (kind === 'subscription' || this.#subscriptions.active))) {
      this.#interest = 'push';
      this.#subscriptions.word = '';
    } else if (kind === 'exec') this.#interest = 'results';
    else this.#interest = kind === 'hello' ? 'hello' : 'nothing';
  }

  element(index: number, element: Reply): void {
    if (this.#interest === 'nothing') return;
    if (this.#interest === 'push') this.#subscriptions.element(index, element);
    else if (this.#interest === 'hello') this.#changes.helloElement(index, element);
    else this.#result(index, element);
  }

  reply(reply: Reply, at: Nanos): void {
    if (this.#interest === 'push' && (reply.type === PUSH || this.#subscriptions.isKnownPush)) {
      this.#pushed(reply, at);
      return;
    }
    if (this.#monitoring && isMonitorLine(reply)) return;
    const command = this.#pending.first;
    if (command === undefined) {
      // An error may come unasked, before the server closes the connection.
      if (this.#pending.takeOrphan() || reply.type === ERROR || !this.#pairing.certain) return;
      this.#pairing.lose('server', 0);
      return;
    }
    command.responseBytes += reply.bytes;
    if (reply.type === SIMPLE && reply.is('QUEUED') && command.intent?.kind !== 'exec') this.#queued(command);
    else this.#answered(command, reply, at);
  }

  #clientSpeaks(at: Nanos): void {
    this.#asked = true;
    const ready = this.#requests.atBoundary && (this.#deaf || this.#answers.atBoundary);
    const change = this.#pairing.clientSpeaks(at, this.#pending.answersLeft, ready);
    if (change === 'regained') {
      this.#deaf = false;
      this.#answers.reset();
    } else if (change === 'lost') {
      this.#abandonOpen();
    }
  }

  #serverSpeaks(buffer: Buffer, start: number, end: number, at: Nanos): void {
    this.#pairing.serverSpeaks(at);
    if (!this.#asked) {
      this.#asked = true;
      this.#loseAnswers(0);
    }
    if (this.#replicating || this.#deaf) return;
    let position = start;
    const first = this.#pending.first;
    if (first?.intent?.kind === 'sync' && this.#answers.atBoundary) {
      // While it writes its data down, the server keeps the line alive with line feeds; SYNC's answer is the data.
      while (position < end && buffer[position] === LF) position += 1;
      if (position < end && buffer[position] === DOLLAR) this.#replicates(first, at);
    }
    if (position < end && !this.#replicating) this.#answers.push(buffer, position, end, at);
  }

  #sent(command: PendingCommand): void {
    const { intent } = command;
    if (this.#replicating && intent?.kind === 'acknowledge') return;
    if (this.#unanswered(intent?.kind === 'reply-mode' ? intent.mode : undefined)) {
      command.note('reply-off');
      this.#reportUnseen(command);
    } else if (this.#pairing.certain) {
      this.#pending.push(command);
      if (this.#pending.size + this.#transaction.size > this.#context.limits.pendingStatements) this.#giveUpOldest();
    } else {
      this.#reportUnpaired(command);
    }
  }

  /** Whether the client has asked not to be answered, as it does with CLIENT REPLY in `mode`. */
  #unanswered(mode: 'ON' | 'OFF' | 'SKIP' | undefined): boolean {
    if (mode === 'ON') this.#silent = false;
    else if (mode === 'OFF') this.#silent = true;
    const unanswered = this.#silent || this.#skipsNext || mode === 'SKIP';
    this.#skipsNext = mode === 'SKIP' && !this.#silent;
    return unanswered;
  }

  #answered(command: PendingCommand, reply: Reply, at: Nanos): void {
    this.#pending.shift();
    command.outcome = outcomeOf(reply, command.secrets);
    command.returnedRows = returnedRows(reply);
    command.until = at;
    const { intent } = command;
    if (intent !== undefined) this.#changeState(command, reply, at);
    this.#changes.answered(command, reply, at);
    this.#context.report(command.toStatement());
  }

  #changeState(command: PendingCommand, reply: Reply, at: Nanos): void {
    const ok = command.outcome === OK;
    switch (command.intent?.kind) {
      case 'multi':
        if (ok) this.#transaction.begin();
        break;
      case 'exec':
        this.#executed(ok && !reply.isNull, command, at);
        break;
      case 'discard':
      case 'quit':
        if (ok) this.#reportAll(this.#transaction.notExecuted());
        break;
      case 'monitor':
        this.#monitoring = ok;
        break;
      case 'sync':
        if (ok) this.#startReplicating();
        break;
      case 'reset':
        this.#monitoring = false;
        this.#subscriptions.clear();
        this.#reportAll(this.#transaction.notExecuted());
        break;
      default:
    }
  }
}
