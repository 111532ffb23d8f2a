import { NANOS_PER_SECOND, type Nanos } from '../../timeline.ts';

/**
 * After bytes were lost in a pipeline nobody knows which answer is whose, until neither side has said anything for so
 * long: everything sent before is answered by then.
 */
const QUIET_NANOS = 5 * NANOS_PER_SECOND;

/**
 * What is still known, after bytes were lost, of where packets begin and whose answer comes next.
 *
 * A client that waits for each answer begins anew with its next command: what the server says after it is its answer.
 * One that does not wait leaves answers behind that nobody can tell apart. A wrong answer is worse than none; what
 * cannot be told is a client that began to send ahead only where the bytes were lost.
 */
export class Continuity {
  /** Where a client's packet begins is unknown. */
  clientLost = false;
  /** Where a server's packet begins, and whose answer it is, is unknown. */
  serverLost = false;
  /** Lost, but a command was sent since: the server's next byte begins its answer. */
  expectsAnswer = false;
  /** Requests may have been lost behind those that are pending. */
  lostBehindPending = false;
  /** Several commands were under way when bytes were lost, or may have been. */
  #lostInPipeline = false;
  /** The client has sent commands without waiting for answers. */
  #pipelines = false;
  /** A request was lost and nothing of the server's has come since: what comes may be the answer to it. */
  #owesAnswer = false;
  #lastAt: Nanos = 0;

  /** Nothing is missing. */
  begin(): void {
    this.clientLost = false;
    this.serverLost = false;
    this.lostBehindPending = false;
  }

  /** The capture begins in the middle: the next plausible command is the first. */
  beginInMiddle(): void {
    this.clientLost = true;
    this.serverLost = true;
  }

  /** Someone said something. */
  heard(at: Nanos): void {
    this.#lastAt = at;
  }

  /** The server said something that cannot be used. */
  ignoredServer(at: Nanos): void {
    this.#owesAnswer = false;
    this.#lastAt = at;
  }

  /** A command was sent behind `pending` others. */
  sent(pending: number): void {
    if (pending > 0) this.#pipelines = true;
  }

  loseClient(pending: number): void {
    this.clientLost = true;
    if (this.#pipelines) this.#lostInPipeline = true;
    if (pending > 0) this.lostBehindPending = true;
    else this.loseAnswer();
  }

  /** With `pending` commands under way, none of which will be answered. */
  loseServer(pending: number): void {
    if (pending > 1) this.#lostInPipeline = true;
    this.serverLost = true;
    this.expectsAnswer = false;
    this.lostBehindPending = false;
    this.#owesAnswer = false;
  }

  /** The server's next answer may be to a request that was lost. */
  loseAnswer(): void {
    this.loseServer(0);
    this.#owesAnswer = true;
  }

  /** A command's answer came to its end: what follows is in order. */
  answered(): void {
    this.serverLost = false;
    this.expectsAnswer = false;
  }

  /**
   * What becomes of a command sent while the server is lost, and of the `pending` ones before it: it is answered next,
   * or its answer will not be known, or that of none of them.
   */
  judge(pending: number, at: Nanos): 'answered-next' | 'unanswered' | 'all-unanswered' {
    if (at - this.#lastAt >= QUIET_NANOS) this.#lostInPipeline = false;
    if (this.#owesAnswer) return 'unanswered';
    if (pending === 0 && !this.#lostInPipeline) {
      this.expectsAnswer = true;
      return 'answered-next';
    }
    this.#lostInPipeline = true;
    return 'all-unanswered';
  }

  /** A command was sent behind pending ones, between which others may have been lost. */
  sentBehindLoss(): void {
    this.#lostInPipeline = true;
  }
}
