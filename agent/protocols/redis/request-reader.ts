import type { Nanos } from '../../timeline.ts';
import { ProtocolViolation } from '../protocol.ts';
import { Arguments } from './arguments.ts';
import { splitInline } from './inline.ts';
import { PartialCommand } from './partial-command.ts';
import { NOT_WHOLE, readWholeCommand, STAR } from './resp.ts';
import { findCommandStart, looksLikeCommand, looksLikeInline } from './resynchronize.ts';
import type { TextHash } from './text-hash.ts';

/** Takes the commands of a client, one by one. */
export interface CommandHandler {
  /** The arguments are lent. `hash` covers the text where `given.cut`; undefined: bytes of it were lost. */
  command(given: Arguments, hash: TextHash | undefined, wireBytes: number, at: Nanos): void;
  /** Bytes were passed over in search of a command; requests may have been among them. */
  skipped(): void;
  /** A line whose quotes are not balanced: the server answers with an error. Lent. */
  unbalanced(line: Buffer, wireBytes: number, at: Nanos): void;
}

/** Of which one connection at a time makes use. */
const shared = new Arguments();

/** Cuts what a client sends into commands, however it was split. */
export class RequestReader {
  readonly #handler: CommandHandler;
  readonly #partial: PartialCommand;
  readonly #textBytes: number;
  /** It is not known where the next command begins. */
  #seeking: boolean;
  /** A beginning was guessed; that it proves wrong is no violation. */
  #tentative = false;
  /** How this client writes its commands, as far as seen. */
  #style: 'unknown' | 'resp' | 'inline' = 'unknown';

  constructor(handler: CommandHandler, textBytes: number, fromStart: boolean) {
    this.#handler = handler;
    this.#textBytes = textBytes;
    this.#partial = new PartialCommand(textBytes);
    this.#seeking = !fromStart;
  }

  /** The next byte is known to begin a command. */
  get atBoundary(): boolean {
    return !this.#seeking && !this.#partial.begun;
  }

  push(buffer: Buffer, start: number, end: number, at: Nanos): void {
    let position = start;
    let guesses = 0;
    for (;;) {
      if (this.#seeking) {
        position = this.#guess(buffer, position, end, guesses++ === 0);
        if (position !== start) this.#handler.skipped();
        if (position < 0) return;
        this.#seeking = false;
        this.#tentative = true;
      }
      try {
        this.#read(buffer, position, end, at);
        return;
      } catch (error) {
        if (!(error instanceof ProtocolViolation) || !this.#tentative) throw error;
        this.#partial.reset();
        this.#seeking = true;
        this.#tentative = false;
        guesses += 1;
      }
    }
  }

  /**
   * `length` bytes are missing here; 0: it is not known how many. True: they belonged to one argument, and it is known
   * where the next command begins. A command that misses bytes is given with what was seen of it.
   */
  gap(length: number): boolean {
    const partial = this.#partial;
    if (!this.#tentative && partial.skip(length)) {
      if (partial.whole) this.#finishPartial();
      return true;
    }
    if (!this.#tentative && partial.abandon()) {
      this.#handler.command(partial.given, undefined, partial.wireBytes, partial.startedAt);
    }
    partial.reset();
    this.#seeking = true;
    this.#tentative = false;
    return false;
  }

  /** Where a command may begin in a piece; -1: nowhere. Clients like to begin a piece with one. */
  #guess(buffer: Buffer, start: number, end: number, atPieceStart: boolean): number {
    if (atPieceStart) {
      if (buffer[start] === STAR) return start;
      if (this.#style !== 'resp' && looksLikeInline(buffer, start, end)) return start;
    }
    return findCommandStart(buffer, start, end);
  }

  #read(buffer: Buffer, start: number, end: number, at: Nanos): void {
    let position = start;
    while (position < end) {
      if (!this.#partial.begun && buffer[position] === STAR) {
        const next = readWholeCommand(buffer, position, end, shared);
        if (next !== NOT_WHOLE && next - position <= this.#textBytes) {
          this.#style = 'resp';
          this.#whole(shared, undefined, next - position, at);
          position = next;
          continue;
        }
      }
      position = this.#partial.feed(buffer, position, end, at);
      if (this.#partial.whole) this.#finishPartial();
    }
  }

  #finishPartial(): void {
    const partial = this.#partial;
    const { given, wireBytes, startedAt } = partial;
    if (!partial.isLine) {
      this.#style = 'resp';
      this.#whole(given, partial.hash, wireBytes, startedAt);
    } else {
      this.#style = 'inline';
      const line = given.buffer.subarray(0, partial.lineBytes);
      if (splitInline(line, 0, line.length, shared)) this.#whole(shared, undefined, wireBytes, startedAt);
      else if (!this.#tentative) this.#handler.unbalanced(line, wireBytes, startedAt);
    }
    partial.reset();
  }

  #whole(given: Arguments, hash: TextHash | undefined, wireBytes: number, at: Nanos): void {
    if (given.total === 0) return;
    if (this.#tentative) {
      if (!looksLikeCommand(given)) throw new ProtocolViolation('not a command');
      this.#tentative = false;
    }
    this.#handler.command(given, hash, wireBytes, at);
  }
}
