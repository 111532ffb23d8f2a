import type { ByteStreamListener, Side } from '../../tcp/byte-stream.ts';
import type { Nanos } from '../../timeline.ts';
import type { DecoderContext } from '../protocol.ts';
import { Answers } from './answers.ts';
import type { Arguments } from './arguments.ts';
import { Pairing } from './pairing.ts';
import { type PendingCommand, pendingCommand, unbalancedLine } from './pending-command.ts';
import { ReplyScanner } from './reply-scanner.ts';
import { type CommandHandler, RequestReader } from './request-reader.ts';
import { DOLLAR, LF } from './resp.ts';
import type { TextHash } from './text-hash.ts';

/** Both sides of one connection: requests, and the answers to them, become activities. */
export class Conversation implements ByteStreamListener, CommandHandler {
  readonly #textBytes: number;
  readonly #requests: RequestReader;
  readonly #scanner: ReplyScanner;
  readonly #answers: Answers;
  readonly #pairing: Pairing;
  /** The client was heard first, so that the server's first byte begins an answer. */
  #asked: boolean;
  /** It is not known where the server's values begin. */
  #deaf = false;
  /** CLIENT REPLY OFF. */
  #silent = false;
  /** CLIENT REPLY SKIP: the next command is not answered. */
  #skipsNext = false;

  constructor(context: DecoderContext) {
    const { capturedFromStart } = context;
    this.#textBytes = context.limits.textBytes;
    this.#requests = new RequestReader(this, this.#textBytes, capturedFromStart);
    this.#pairing = new Pairing(capturedFromStart);
    this.#answers = new Answers(context, this.#pairing);
    this.#scanner = new ReplyScanner(this.#answers);
    this.#asked = capturedFromStart;
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
      if (!this.#requests.gap(length)) this.skipped();
    } else if (!this.#answers.replicating && (this.#deaf || !this.#scanner.skip(length, at))) {
      this.#loseAnswers();
    }
  }

  tick(at: Nanos): void {
    this.#answers.remind(at);
  }

  close(): void {
    this.#answers.close();
  }

  command(given: Arguments, hash: TextHash | undefined, wireBytes: number, at: Nanos): void {
    this.#sent(pendingCommand(given, hash, this.#textBytes, wireBytes, at));
  }

  skipped(): void {
    this.#answers.loseRequests();
    this.#pairing.lose('client', this.#answers.open);
  }

  unbalanced(line: Buffer, wireBytes: number, at: Nanos): void {
    this.#sent(unbalancedLine(line, this.#textBytes, wireBytes, at));
  }

  #clientSpeaks(at: Nanos): void {
    this.#asked = true;
    const ready = this.#requests.atBoundary && (this.#deaf || this.#scanner.atBoundary);
    const change = this.#pairing.clientSpeaks(at, this.#answers.open, ready);
    if (change === 'lost') {
      this.#answers.loseAnswers();
    } else if (change === 'regained') {
      this.#deaf = false;
      this.#scanner.reset();
    }
  }

  #serverSpeaks(buffer: Buffer, start: number, end: number, at: Nanos): void {
    this.#pairing.serverSpeaks(at);
    if (!this.#asked) {
      this.#asked = true;
      this.#loseAnswers();
    }
    if (this.#deaf || this.#answers.replicating) return;
    let position = start;
    if (this.#answers.awaitsReplication && this.#scanner.atBoundary) {
      // While it gathers its data the server keeps the connection alive with line feeds; SYNC is answered by the data.
      while (position < end && buffer[position] === LF) position += 1;
      if (position === end) return;
      if (buffer[position] === DOLLAR) {
        this.#answers.replicationBegins(at);
        return;
      }
    }
    this.#scanner.push(buffer, position, end, at);
  }

  #loseAnswers(): void {
    this.#pairing.lose('server', this.#answers.open);
    this.#answers.loseAnswers();
    this.#deaf = true;
    this.#scanner.reset();
  }

  #sent(command: PendingCommand): void {
    const { intent } = command;
    // A replica says once a second how far it has come, and gets no answer: that is no one's doing.
    if (this.#answers.replicating && intent?.kind === 'acknowledge') return;
    if (this.#isUnanswered(intent?.kind === 'reply-mode' ? intent.mode : undefined)) {
      command.note('reply-off');
      this.#answers.reportUnseen(command);
    } else if (this.#pairing.certain) {
      this.#answers.expect(command);
    } else {
      this.#answers.reportUnpaired(command);
    }
  }

  /** Whether the client has asked for no answer, or asks for none with this CLIENT REPLY. */
  #isUnanswered(mode: 'ON' | 'OFF' | 'SKIP' | undefined): boolean {
    if (mode === 'ON') {
      this.#silent = false;
      this.#skipsNext = false;
    } else if (mode === 'OFF') {
      this.#silent = true;
    }
    const unanswered = this.#silent || this.#skipsNext || mode === 'SKIP';
    this.#skipsNext = mode === 'SKIP';
    return unanswered;
  }
}
