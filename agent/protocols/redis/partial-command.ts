import type { Nanos } from '../../timeline.ts';
import { ProtocolViolation } from '../protocol.ts';
import { Arguments, MAX_KEPT_ARGUMENTS } from './arguments.ts';
import { CR, DOLLAR, LF, MAX_LENGTH_DIGITS, MINUS, STAR, ZERO } from './resp.ts';
import { TextHash } from './text-hash.ts';

/** Redis refuses longer lines (PROTO_INLINE_MAX_SIZE). */
const MAX_LINE_BYTES = 65_536;
const FIRST_KEPT_BYTES = 512;
/** A larger buffer is given back once its command is over. */
const REUSED_BYTES = 4096;

const IDLE = 0;
const COUNT = 1;
const MARKER = 2;
const LENGTH = 3;
/** An argument and its line end. */
const CONTENT = 4;
const LINE = 5;
const WHOLE = 6;

/**
 * A command that comes in pieces, or is too long for a text. Each byte is looked at once; of the arguments no more is
 * kept than the text may hold, whatever the lengths announced.
 */
export class PartialCommand {
  readonly given = new Arguments();
  /** Covers the whole text where `given.cut`; undefined: bytes of it were lost. */
  hash: TextHash | undefined;
  startedAt: Nanos = 0;
  wireBytes = 0;
  readonly #limitBytes: number;
  #phase = IDLE;
  /** The number being read. */
  #value = 0;
  #digits = 0;
  #negative = false;
  #lineEnding = false;
  #argumentsLeft = 0;
  #contentLeft = 0;
  /** Bytes kept in `given.buffer`. */
  #used = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  get begun(): boolean {
    return this.#phase !== IDLE;
  }

  /** The command is complete: `given`, or where `isLine` the line `given.buffer[0, lineBytes)`. */
  get whole(): boolean {
    return this.#phase === WHOLE;
  }

  get isLine(): boolean {
    return this.#isLine;
  }
  #isLine = false;

  get lineBytes(): number {
    return this.#used > 0 && this.given.buffer[this.#used - 1] === CR ? this.#used - 1 : this.#used;
  }

  reset(): void {
    const { buffer } = this.given;
    this.given.clear(buffer.length > REUSED_BYTES ? EMPTY : buffer);
    this.hash = undefined;
    this.wireBytes = 0;
    this.#used = 0;
    this.#phase = IDLE;
  }

  /** Takes the next bytes, the first of the command included, up to its end; gives back how far it came. */
  feed(buffer: Buffer, start: number, end: number, at: Nanos): number {
    let position = start;
    if (this.#phase === IDLE) {
      this.startedAt = at;
      this.#isLine = buffer[position] !== STAR;
      if (this.#isLine) {
        if (!startsText(buffer[position] as number)) throw new ProtocolViolation('neither an array nor a line of text');
        this.#phase = LINE;
      } else {
        this.#expectNumber(COUNT);
        position += 1;
      }
    }
    while (position < end && this.#phase !== WHOLE) {
      if (this.#phase === CONTENT) {
        position = this.#content(buffer, position, end);
      } else if (this.#phase === LINE) {
        position = this.#line(buffer, position, end);
      } else if (this.#phase === MARKER) {
        if (buffer[position] !== DOLLAR) throw new ProtocolViolation('argument is not a bulk string');
        this.#expectNumber(LENGTH);
        position += 1;
      } else {
        this.#number(buffer[position++] as number);
      }
    }
    this.wireBytes += position - start;
    return position;
  }

  /** `length` bytes are missing. True: they lie within one argument, whose end is known. */
  skip(length: number): boolean {
    if (this.#phase !== CONTENT || length <= 0 || length > this.#contentLeft) return false;
    this.#tear();
    this.wireBytes += length;
    this.#contentLeft -= length;
    if (this.#contentLeft === 0) this.#argumentOver();
    return true;
  }

  /** The rest is lost. True: enough was seen to say which command it was. */
  abandon(): boolean {
    if (this.#isLine || this.#phase === IDLE) return false;
    if (this.#phase === CONTENT) this.#tear();
    this.given.torn = true;
    return this.given.count > 0;
  }

  #expectNumber(phase: number): void {
    this.#phase = phase;
    this.#value = 0;
    this.#digits = 0;
    this.#negative = false;
    this.#lineEnding = false;
  }

  #number(byte: number): void {
    if (this.#lineEnding) {
      if (byte !== LF) throw new ProtocolViolation('length without its line end');
      this.#numberRead(this.#negative ? -this.#value : this.#value);
    } else if (byte === CR && this.#digits > 0) {
      this.#lineEnding = true;
    } else if (byte === MINUS && this.#digits === 0 && !this.#negative && this.#phase === COUNT) {
      this.#negative = true;
    } else if (byte >= ZERO && byte <= ZERO + 9) {
      this.#value = this.#value * 10 + byte - ZERO;
      if (++this.#digits > MAX_LENGTH_DIGITS) throw new ProtocolViolation('length with too many digits');
    } else {
      throw new ProtocolViolation('length is not a number');
    }
  }

  #numberRead(value: number): void {
    const { given } = this;
    if (this.#phase === COUNT) {
      if (value < -1) throw new ProtocolViolation('negative length');
      given.total = Math.max(0, value);
      this.#argumentsLeft = given.total;
      this.#phase = value > 0 ? MARKER : WHOLE;
      return;
    }
    this.#contentLeft = value + 2;
    this.#phase = CONTENT;
    const separator = this.#argumentsLeft === given.total ? 0 : 1;
    given.textLength += value + separator;
    if (!given.cut) {
      if (given.count < MAX_KEPT_ARGUMENTS && this.#used + given.count <= this.#limitBytes) {
        given.starts[given.count] = this.#used;
        given.ends[given.count] = this.#used;
        given.count += 1;
        return;
      }
      this.#cut();
    }
    this.hash?.argument();
  }

  #content(buffer: Buffer, start: number, end: number): number {
    const until = Math.min(end, start + this.#contentLeft);
    const contentEnd = Math.min(until, start + this.#contentLeft - 2);
    if (contentEnd > start) this.#take(buffer, start, contentEnd);
    for (let position = Math.max(start, contentEnd); position < until; position += 1) {
      const expected = this.#contentLeft - (position - start) === 2 ? CR : LF;
      if (buffer[position] !== expected) throw new ProtocolViolation('argument without its line end');
    }
    this.#contentLeft -= until - start;
    if (this.#contentLeft === 0) this.#argumentOver();
    return until;
  }

  #argumentOver(): void {
    this.#argumentsLeft -= 1;
    this.#phase = this.#argumentsLeft === 0 ? WHOLE : MARKER;
  }

  #take(buffer: Buffer, start: number, end: number): void {
    const { given } = this;
    let position = start;
    if (!given.cut) {
      const room = this.#limitBytes - this.#used - (given.count - 1);
      const length = Math.min(room, end - start);
      this.#keep(buffer, start, start + length);
      given.ends[given.count - 1] = this.#used;
      position = start + length;
      if (position === end) return;
      this.#cut();
    }
    this.hash?.bytes(buffer, position, end);
  }

  #cut(): void {
    this.given.cut = true;
    this.hash = new TextHash().kept(this.given);
  }

  /** The argument in progress misses bytes. */
  #tear(): void {
    const { given } = this;
    this.hash = undefined;
    if (given.cut) return;
    given.cut = true;
    given.torn = true;
    given.count -= 1;
  }

  #line(buffer: Buffer, start: number, end: number): number {
    const distance = buffer.subarray(start, end).indexOf(LF);
    const until = distance < 0 ? end : start + distance;
    if (this.#used + until - start > MAX_LINE_BYTES) throw new ProtocolViolation('line too long');
    this.#keep(buffer, start, until);
    if (distance < 0) return end;
    this.#phase = WHOLE;
    return until + 1;
  }

  #keep(buffer: Buffer, start: number, end: number): void {
    const { given } = this;
    const size = this.#used + end - start;
    if (given.buffer.length < size) {
      const grown = Buffer.allocUnsafeSlow(Math.max(FIRST_KEPT_BYTES, size * 2));
      given.buffer.copy(grown, 0, 0, this.#used);
      given.buffer = grown;
    }
    buffer.copy(given.buffer, this.#used, start, end);
    this.#used = size;
  }
}

const EMPTY = Buffer.alloc(0);

/** White space, or anything but a control character. */
function startsText(byte: number): boolean {
  return byte >= 0x20 ? byte !== 0x7f : byte >= 0x09 && byte <= CR;
}
