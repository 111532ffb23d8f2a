/**
 * Grammar of answers, RESP2 and RESP3. https://github.com/redis/redis-specifications/blob/master/protocol/RESP3.md
 */
import type { Nanos } from '../../timeline.ts';
import { ProtocolViolation } from '../protocol.ts';
import { Reply, type ReplyHandler } from './reply.ts';
import {
  AGGREGATE,
  AGGREGATE_END,
  ATTRIBUTE,
  MAP,
  NOT_A_VALUE,
  NULL,
  ONE_LINE,
  SHAPES,
  STRING,
  STRING_PART,
} from './reply-types.ts';
import { CR, LF, readNumber } from './resp.ts';
import { HEAD_BYTES, TextHead } from './text-head.ts';

/** No answer of Redis nests deeper than COMMAND's, about ten levels; a bound against bytes that only open brackets. */
const MAX_DEPTH = 128;
/** A count that only the closing `.` ends, written `?`. */
const STREAMED = -2;
const QUESTION_MARK = 0x3f;
const NO_BYTES = Buffer.alloc(0);

/**
 * Finds where each value ends. Every byte is looked at once at most, bulk strings are skipped, and nothing is kept but
 * the beginning of a text that comes in pieces.
 */
export class ReplyScanner {
  readonly #handler: ReplyHandler;
  readonly #reply = new Reply();
  readonly #element = new Reply();
  /** Per open aggregate, what is still to come, and its type. */
  readonly #left: number[] = [];
  readonly #types: number[] = [];
  #depth = 0;
  /** Depth of the outermost open attribute, whose values are nobody's elements; 0: none is open. */
  #attributeDepth = 0;
  /** Values so far directly inside the value in progress. */
  #elements = 0;
  #inValue = false;
  #finished = false;
  /** Bytes of the value in progress in earlier pieces. */
  #earlierBytes = 0;
  /** What is left of a string and its line end. */
  #skip = 0;
  #stringType = 0;
  /** A streamed string is open: parts follow. No server sends a text that matters here in this way: it is not kept. */
  #inParts = false;
  /** A line is not whole. */
  #inLine = false;
  /** The beginning of a line or string that comes in pieces. */
  readonly #head = new TextHead();

  constructor(handler: ReplyHandler) {
    this.#handler = handler;
  }

  /** The next byte begins a value. */
  get atBoundary(): boolean {
    return !this.#inValue;
  }

  /** Forgets the value in progress; the next byte begins one. */
  reset(): void {
    this.#depth = 0;
    this.#attributeDepth = 0;
    this.#inValue = false;
    this.#finished = false;
    this.#skip = 0;
    this.#inParts = false;
    this.#inLine = false;
    this.#head.clear();
  }

  push(buffer: Buffer, start: number, end: number, at: Nanos): void {
    let position = start;
    let valueStart = start;
    while (position < end) {
      if (!this.#inValue) {
        this.#inValue = true;
        this.#earlierBytes = 0;
        this.#elements = 0;
        valueStart = position;
        this.#handler.begins(buffer[position] as number);
      }
      position = this.#skip > 0 ? this.#skipString(buffer, position, end) : this.#line(buffer, position, end);
      if (this.#finished && !this.#give(this.#earlierBytes + position - valueStart, at)) return;
    }
    if (this.#inValue) this.#earlierBytes += end - valueStart;
  }

  /** `length` bytes are missing. True: they lie within one string, and it is known where it ends. */
  skip(length: number, at: Nanos): boolean {
    if (length <= 0 || length > this.#skip) return false;
    this.#head.tear();
    this.#skip -= length;
    this.#earlierBytes += length;
    if (this.#skip === 0 && !this.#inParts) this.#stringOver();
    if (this.#finished) this.#give(this.#earlierBytes, at);
    return true;
  }

  #give(bytes: number, at: Nanos): boolean {
    this.#finished = false;
    this.#inValue = false;
    this.#reply.bytes = bytes;
    return this.#handler.reply(this.#reply, at);
  }

  /** Reads the line at `position` if it is whole, else keeps its beginning. */
  #line(buffer: Buffer, position: number, end: number): number {
    if (!this.#inLine && SHAPES[buffer[position] as number] === NOT_A_VALUE) {
      throw new ProtocolViolation('unknown type of value');
    }
    let at = position;
    while (at < end && buffer[at] !== LF) at += 1;
    if (at < end && !this.#inLine) {
      return this.#lineRead(buffer, position, buffer[at - 1] === CR ? at - 1 : at, at + 1, end);
    }
    this.#inLine = true;
    this.#head.keep(buffer, position, at);
    if (at === end) return end;
    this.#inLine = false;
    const length = this.#head.clear();
    const { bytes } = this.#head;
    // Only the line is in the head: a string's bytes must not be looked for behind it.
    this.#lineRead(bytes, 0, bytes[length - 1] === CR ? length - 1 : length, length, length);
    return at + 1;
  }

  /** A line `buffer[start, content)`, behind which `next` lies. Gives back where to read on. */
  #lineRead(buffer: Buffer, start: number, content: number, next: number, end: number): number {
    const type = buffer[start] as number;
    const shape = SHAPES[type];
    if (this.#inParts && shape !== STRING_PART) throw new ProtocolViolation('streamed string without its next part');
    if (shape === ONE_LINE) {
      this.#scalar(type, type === NULL, buffer, start + 1, content);
      return next;
    }
    if (shape === AGGREGATE_END) {
      this.#aggregateEnd();
      return next;
    }
    const streamed = content === start + 2 && buffer[start + 1] === QUESTION_MARK;
    const length = streamed ? STREAMED : readNumber(buffer, start + 1, content);
    if (shape === STRING) return this.#string(type, length, buffer, next, end);
    if (shape === AGGREGATE) this.#open(type, length);
    else this.#part(length);
    return next;
  }

  #string(type: number, length: number, buffer: Buffer, next: number, end: number): number {
    this.#stringType = type;
    if (length === STREAMED) {
      this.#inParts = true;
    } else if (length < 0) {
      this.#scalar(type, true, NO_BYTES, 0, 0);
    } else if (next + length + 2 <= end) {
      this.#scalar(type, false, buffer, next, next + length);
      return next + length + 2;
    } else {
      this.#skip = length + 2;
    }
    return next;
  }

  #part(length: number): void {
    if (!this.#inParts || length < 0) throw new ProtocolViolation('part of no streamed string');
    this.#inParts = length > 0;
    if (this.#inParts) this.#skip = length + 2;
    else this.#stringOver();
  }

  #skipString(buffer: Buffer, position: number, end: number): number {
    const until = Math.min(end, position + this.#skip);
    const contentEnd = Math.min(until, position + this.#skip - 2);
    if (contentEnd > position && this.#depth <= 1 && !this.#inParts) this.#head.keep(buffer, position, contentEnd);
    this.#skip -= until - position;
    if (this.#skip === 0 && !this.#inParts) this.#stringOver();
    return until;
  }

  #stringOver(): void {
    this.#scalar(this.#stringType, false, this.#head.bytes, 0, this.#head.clear());
  }

  #scalar(type: number, isNull: boolean, buffer: Buffer, start: number, end: number): void {
    if (this.#depth <= 1 && this.#attributeDepth === 0) {
      const value = this.#depth === 0 ? this.#reply : this.#element;
      value.scalar(type, isNull, buffer, start, Math.min(end, start + HEAD_BYTES));
    }
    this.#valueOver();
  }

  #open(type: number, length: number): void {
    const count = Math.max(0, length);
    if (type !== ATTRIBUTE && this.#depth <= 1 && this.#attributeDepth === 0) {
      (this.#depth === 0 ? this.#reply : this.#element).aggregate(type, length === -1, count);
    }
    if (count === 0 && length !== STREAMED) {
      if (type !== ATTRIBUTE) this.#valueOver();
      return;
    }
    if (this.#depth >= MAX_DEPTH) throw new ProtocolViolation('values nested too deep');
    this.#left[this.#depth] = length === STREAMED ? STREAMED : isPaired(type) ? length * 2 : length;
    this.#types[this.#depth] = type;
    this.#depth += 1;
    if (type === ATTRIBUTE && this.#attributeDepth === 0) this.#attributeDepth = this.#depth;
  }

  #aggregateEnd(): void {
    if (this.#depth === 0 || this.#left[this.#depth - 1] !== STREAMED) throw new ProtocolViolation('end of nothing');
    if (this.#depth === 1 && this.#attributeDepth === 0) {
      this.#reply.count = isPaired(this.#reply.type) ? this.#elements >> 1 : this.#elements;
    }
    if (this.#close()) this.#valueOver();
  }

  /** Leaves the innermost aggregate. True: it is a value; false: it was an attribute, and its value follows. */
  #close(): boolean {
    this.#depth -= 1;
    if (this.#attributeDepth > this.#depth) this.#attributeDepth = 0;
    return this.#types[this.#depth] !== ATTRIBUTE;
  }

  /** A value is over, and with it every aggregate of which it was the last. */
  #valueOver(): void {
    while (this.#depth > 0) {
      const innermost = this.#depth - 1;
      if (innermost === 0 && this.#attributeDepth === 0) this.#handler.element(this.#elements++, this.#element);
      const left = this.#left[innermost] as number;
      if (left === STREAMED) return;
      this.#left[innermost] = left - 1;
      if (left > 1 || !this.#close()) return;
    }
    this.#finished = true;
  }
}

function isPaired(type: number): boolean {
  return type === MAP || type === ATTRIBUTE;
}
