import type { Nanos } from '../../timeline.ts';
import { OK } from '../activity.ts';
import type { DecoderContext } from '../protocol.ts';
import type { Pairing } from './pairing.ts';
import type { PendingCommand } from './pending-command.ts';
import { PendingCommands } from './pending-commands.ts';
import type { Reply, ReplyHandler } from './reply.ts';
import { outcomeOf, returnedRows } from './reply-outcome.ts';
import { ARRAY, ERROR, PUSH, SIMPLE } from './reply-types.ts';
import { ZERO } from './resp.ts';
import { SessionChanges } from './session-changes.ts';
import { Subscriptions } from './subscriptions.ts';
import { Transaction } from './transaction.ts';

/** For what the elements of the answer in progress are looked at. */
type Interest = 'nothing' | 'push' | 'results' | 'hello';

/** Gives each answer to its command, and reports the command. Answers come in the order of the requests, pushes at any time. */
export class Answers implements ReplyHandler {
  readonly changes: SessionChanges;
  readonly #context: DecoderContext;
  readonly #pairing: Pairing;
  readonly #pending = new PendingCommands();
  readonly #transaction = new Transaction();
  readonly #subscriptions = new Subscriptions();
  #interest: Interest = 'nothing';
  #monitoring = false;
  #replicating = false;

  constructor(context: DecoderContext, pairing: Pairing) {
    this.#context = context;
    this.#pairing = pairing;
    this.changes = new SessionChanges(context);
  }

  /** How many commands wait for an answer, those given up for room included. */
  get open(): number {
    return this.#pending.answersLeft;
  }

  /** From here on the server sends its data and the commands of others. */
  get replicating(): boolean {
    return this.#replicating;
  }

  /** SYNC or PSYNC is next to be answered. */
  get awaitsReplication(): boolean {
    return this.#pending.first?.intent?.kind === 'sync';
  }

  /** `command` was sent. */
  expect(command: PendingCommand): void {
    this.#pending.push(command);
    if (this.#pending.size + this.#transaction.size <= this.#context.limits.pendingStatements) return;
    const oldest = this.#transaction.dropOldest() ?? this.#pending.giveUpOldest();
    if (oldest !== undefined) this.reportUnseen(oldest);
  }

  /** `command` was sent, and it will not be known which answer is its own. */
  reportUnpaired(command: PendingCommand): void {
    if (command.command.waits) this.#pairing.leaveWaiting();
    this.reportUnseen(command);
  }

  /** `command` got no answer that was seen. */
  reportUnseen(command: PendingCommand): void {
    this.changes.unseen(command);
    this.#context.report(command.toStatement());
  }

  /** Requests were lost: those that are open keep their answers, but a transaction may hold more than was seen. */
  loseRequests(): void {
    this.changes.requestsLost();
    this.#transaction.lose();
  }

  /** Answers were lost: which of those still to come belongs to whom is not known any more. */
  loseAnswers(): void {
    for (const command of this.#transaction.unseen()) this.reportUnseen(command);
    for (const command of this.#pending.clear()) this.reportUnpaired(command);
  }

  /** Says of what has been open for long that it still is. */
  remind(at: Nanos): void {
    const { stillRunningNanos } = this.#context.limits;
    const oldest = this.#pending.first;
    if (oldest === undefined || at - oldest.at < stillRunningNanos) return;
    for (const command of this.#pending.waiting()) {
      if (at - command.at < stillRunningNanos) return;
      if (command.reportedRunning || command.command.waits) continue;
      command.reportedRunning = true;
      const { text, operation } = command;
      this.#context.report({ kind: 'still-running', at, since: command.at, language: 'redis', text, operation });
    }
  }

  /** No answer follows. What was queued is discarded by the server, unless EXEC may have reached it. */
  close(): void {
    const executing = this.#pending.waiting().some((command) => command.intent?.kind === 'exec');
    const queued = executing || !this.#pairing.certain ? this.#transaction.unseen() : this.#transaction.notExecuted();
    for (const command of queued) this.reportUnseen(command);
    for (const command of this.#pending.clear()) this.reportUnseen(command);
  }

  begins(type: number): void {
    const kind = this.#pending.first?.intent?.kind;
    if (type === PUSH || (type === ARRAY && (kind === 'subscription' || this.#subscriptions.active))) {
      this.#interest = 'push';
      this.#subscriptions.begin();
    } else if (kind === 'exec') {
      this.#interest = 'results';
    } else {
      this.#interest = kind === 'hello' ? 'hello' : 'nothing';
    }
  }

  element(index: number, element: Reply): void {
    if (this.#interest === 'nothing') return;
    if (this.#interest === 'push') this.#subscriptions.element(index, element);
    else if (this.#interest === 'hello') this.changes.helloElement(index, element);
    else this.#result(index, element);
  }

  reply(reply: Reply, at: Nanos): boolean {
    if (this.#interest === 'push' && (reply.type === PUSH || this.#subscriptions.isKnownPush)) this.#pushed(reply, at);
    else if (!this.#monitoring || !isMonitorLine(reply)) this.#answer(reply, at);
    return !this.#replicating;
  }

  /** SYNC is answered by the data itself. */
  replicationBegins(at: Nanos): void {
    const command = this.#pending.shift();
    if (command === undefined) return;
    this.#replicating = true;
    this.#report(command, at);
  }

  #answer(reply: Reply, at: Nanos): void {
    const command = this.#pending.first;
    if (command === undefined) {
      // An error may come unasked, before the server closes the connection.
      if (this.#pending.takeOrphan() || reply.type === ERROR || !this.#pairing.certain) return;
      this.#pairing.lose('server', 0);
      return;
    }
    command.responseBytes += reply.bytes;
    if (reply.type === SIMPLE && reply.is('QUEUED')) this.#queued(command);
    else this.#answered(command, reply, at);
  }

  #answered(command: PendingCommand, reply: Reply, at: Nanos): void {
    this.#pending.shift();
    command.outcome = outcomeOf(reply, command.secrets);
    command.returnedRows = returnedRows(reply);
    if (command.intent !== undefined) this.#changeState(command, reply, at);
    this.changes.answered(command, reply, at);
    this.#report(command, at);
  }

  #report(command: PendingCommand, at: Nanos): void {
    if (command.outcome.kind === 'unseen') command.outcome = OK;
    command.until = at;
    this.#context.report(command.toStatement());
  }

  #changeState(command: PendingCommand, reply: Reply, at: Nanos): void {
    const ok = command.outcome === OK;
    switch (command.intent?.kind) {
      case 'multi':
        if (ok) this.#transaction.begin();
        break;
      case 'exec':
        this.#executed(ok && !reply.isNull, at);
        break;
      case 'discard':
      case 'quit':
        if (ok) this.#discard();
        break;
      case 'reset':
        if (!ok) break;
        this.#monitoring = false;
        this.#subscriptions.clear();
        this.#discard();
        break;
      case 'monitor':
        this.#monitoring = ok;
        break;
      case 'sync':
        this.#replicating = ok;
        break;
      default:
    }
  }

  /** The command waits for EXEC. */
  #queued(command: PendingCommand): void {
    this.#pending.shift();
    this.#transaction.queue(command);
  }

  /** Element `index` of EXEC's answer: what came of a queued command. */
  #result(index: number, element: Reply): void {
    const command = this.#transaction.command(index);
    if (command === undefined) return;
    command.outcome = outcomeOf(element, command.secrets);
    command.returnedRows = returnedRows(element);
    this.changes.answered(command, element, command.at);
  }

  #executed(ran: boolean, at: Nanos): void {
    if (!ran) {
      this.#discard();
      return;
    }
    for (const command of this.#transaction.executed(at)) {
      if (command.until === undefined) this.reportUnseen(command);
      else this.#context.report(command.toStatement());
    }
  }

  #discard(): void {
    for (const command of this.#transaction.notExecuted()) this.#context.report(command.toStatement());
  }

  /** A message, which is nobody's answer, or the confirmation of a subscription. */
  #pushed(reply: Reply, at: Nanos): void {
    const subscriptions = this.#subscriptions;
    const command = this.#pending.first;
    const intent = command?.intent;
    const before = intent?.kind === 'subscription' ? subscriptions.size(intent.family) : 0;
    subscriptions.confirm();
    if (command === undefined || intent?.kind !== 'subscription' || subscriptions.word !== intent.word) return;
    if (command.answersLeft === 0) command.answersLeft = Math.max(1, intent.channels > 0 ? intent.channels : before);
    command.answersLeft -= 1;
    command.returnedRows = (command.returnedRows ?? 0) + 1;
    command.responseBytes += reply.bytes;
    if (command.answersLeft > 0) return;
    this.#pending.shift();
    this.#report(command, at);
  }
}

/** `1339518083.107412 [0 127.0.0.1:60866] "keys" "*"`: what others do. */
function isMonitorLine(reply: Reply): boolean {
  const digit = (reply.buffer[reply.start] ?? 0) - ZERO;
  return reply.type === SIMPLE && reply.end > reply.start && digit >= 0 && digit <= 9;
}
