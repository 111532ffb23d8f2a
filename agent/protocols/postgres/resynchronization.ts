import * as message from './messages.ts';

/*
 * Where messages begin again, after bytes were lost or where the capture began within a connection. Only what is a
 * whole and valid message is taken: a value within a row can look like the beginning of one.
 */

/** A first message longer than this is given up: until it is whole nothing behind it can be read. */
const MAX_CANDIDATE_BYTES = 16_384;
const READY_BYTES = 6;
const NO_BYTES = Buffer.alloc(0);

type Verdict = 'yes' | 'no' | 'need-more';

/** Looks for the first request of a client. */
export class ClientScan {
  /** After a find: the bytes from `position` to `end` begin with a message. */
  buffer: Buffer = NO_BYTES;
  position = 0;
  end = 0;
  /** Bytes passed over since the last find. */
  skippedBytes = 0;
  #kept: Buffer = NO_BYTES;

  /** Whether a message was found in these bytes and those kept of earlier ones. */
  find(buffer: Buffer, start: number, end: number): boolean {
    this.#take(buffer, start, end);
    return this.#search(true);
  }

  /** The server answers, so the client has sent all of its message: what is kept is judged as it is. */
  findInKept(): boolean {
    if (this.#kept.length === 0) return false;
    this.#take(NO_BYTES, 0, 0);
    return this.#search(false);
  }

  /** Bytes after those kept were lost. */
  reset(): void {
    this.skippedBytes += this.#kept.length;
    this.#kept = NO_BYTES;
  }

  #take(buffer: Buffer, start: number, end: number): void {
    if (this.#kept.length === 0) {
      this.buffer = buffer;
      this.position = start;
      this.end = end;
    } else {
      this.buffer = Buffer.concat([this.#kept, buffer.subarray(start, end)]);
      this.position = 0;
      this.end = this.buffer.length;
      this.#kept = NO_BYTES;
    }
  }

  #search(moreMayCome: boolean): boolean {
    const { buffer, end } = this;
    for (; this.position < end; this.position += 1) {
      const verdict = judgeRequest(buffer, this.position, end);
      if (verdict === 'yes') return true;
      if (verdict === 'need-more' && moreMayCome) {
        this.#kept = Buffer.from(buffer.subarray(this.position, end));
        return false;
      }
      this.skippedBytes += 1;
    }
    return false;
  }
}

/** Looks for ReadyForQuery, which ends every exchange; or for the beginning of an answer that is known to come next. */
export class ServerScan {
  buffer: Buffer = NO_BYTES;
  position = 0;
  end = 0;
  skippedBytes = 0;
  #kept: Buffer = NO_BYTES;
  #expectsAnswer = false;

  /** The next byte is the first of an answer. */
  expectAnswer(): void {
    this.reset();
    this.#expectsAnswer = true;
  }

  /** `misled`: the answer that was expected is none. */
  find(buffer: Buffer, start: number, end: number): 'found' | 'nothing' | 'misled' {
    this.buffer = this.#kept.length === 0 ? buffer : Buffer.concat([this.#kept, buffer.subarray(start, end)]);
    this.position = this.#kept.length === 0 ? start : 0;
    this.end = this.#kept.length === 0 ? end : this.buffer.length;
    this.#kept = NO_BYTES;
    if (!this.#expectsAnswer) return this.#findReady() ? 'found' : 'nothing';
    if (this.end - this.position < message.HEADER_BYTES) {
      this.#keep(this.position);
      return 'nothing';
    }
    this.#expectsAnswer = false;
    return message.isServerHeader(this.buffer, this.position) ? 'found' : 'misled';
  }

  /** The client speaks or the connection ends, so the server was done: a ReadyForQuery that was kept is one. */
  findInKept(): boolean {
    if (this.#kept.length !== READY_BYTES || this.#expectsAnswer) return false;
    this.buffer = this.#kept;
    this.position = 0;
    this.end = READY_BYTES;
    this.#kept = NO_BYTES;
    return true;
  }

  reset(): void {
    this.skippedBytes += this.#kept.length;
    this.#kept = NO_BYTES;
    this.#expectsAnswer = false;
  }

  #keep(from: number): void {
    this.#kept = Buffer.from(this.buffer.subarray(from, this.end));
  }

  #findReady(): boolean {
    const { buffer, end } = this;
    const begin = this.position;
    let candidate = buffer.indexOf(message.READY_FOR_QUERY, begin);
    while (candidate >= 0 && candidate < end) {
      const verdict = judgeReady(buffer, candidate, end);
      if (verdict === 'yes' || verdict === 'need-more') {
        this.skippedBytes += candidate - begin;
        this.position = candidate;
        if (verdict === 'need-more') this.#keep(candidate);
        return verdict === 'yes';
      }
      candidate = buffer.indexOf(message.READY_FOR_QUERY, candidate + 1);
    }
    this.skippedBytes += end - begin;
    return false;
  }
}

/** Another message must follow: in a row "Z", then a value of five bytes looks the same. */
function judgeReady(buffer: Buffer, at: number, end: number): Verdict {
  const next = at + READY_BYTES;
  if (next > end) return 'need-more';
  const status = buffer[at + 5];
  if (buffer.readUInt32BE(at + 1) !== 5 || (status !== 0x49 && status !== 0x54 && status !== 0x45)) return 'no';
  if (end - next < message.HEADER_BYTES) return 'need-more';
  return message.isServerHeader(buffer, next) ? 'yes' : 'no';
}

function judgeRequest(buffer: Buffer, at: number, end: number): Verdict {
  const type = buffer[at];
  const isRequest =
    type === message.QUERY || type === message.PARSE || type === message.BIND || type === message.EXECUTE;
  if (!isRequest) return 'no';
  if (end - at < message.HEADER_BYTES) return 'need-more';
  const length = message.clientBodyLength(buffer, at);
  if (length < 0 || length > MAX_CANDIDATE_BYTES) return 'no';
  const start = at + message.HEADER_BYTES;
  if (length > end - start) return 'need-more';
  const next = start + length;
  return isWholeRequest(type, buffer, start, next) && mayFollow(buffer, next, end) ? 'yes' : 'no';
}

/** Nothing, or another message: a parameter may hold bytes that look like a request, but more of its Bind follows. */
function mayFollow(buffer: Buffer, at: number, end: number): boolean {
  if (at === end) return true;
  if (end - at >= message.HEADER_BYTES) return message.clientBodyLength(buffer, at) >= 0;
  return message.isClientType(buffer[at] ?? 0);
}

function isWholeRequest(type: number, buffer: Buffer, start: number, end: number): boolean {
  const firstZero = zeroBefore(buffer, start, end);
  if (firstZero < 0) return false;
  if (type === message.QUERY) return firstZero === end - 1 && (firstZero === start || (buffer[start] ?? 0) >= 0x09);
  if (type === message.EXECUTE) return firstZero + 5 === end && (buffer[firstZero + 1] ?? 255) < 0x80;
  const secondZero = zeroBefore(buffer, firstZero + 1, end);
  if (secondZero < 0 || secondZero + 3 > end) return false;
  if (type === message.PARSE) return secondZero + 3 + buffer.readUInt16BE(secondZero + 1) * 4 === end;
  return isWholeBind(buffer, secondZero + 1, end);
}

/** Int16 n, formats[n], Int16 m, (Int32 length, value)[m], Int16 k, formats[k] fill it to the byte. */
function isWholeBind(buffer: Buffer, start: number, end: number): boolean {
  let at = start + 2 + buffer.readUInt16BE(start) * 2;
  if (at + 2 > end) return false;
  let values = buffer.readUInt16BE(at);
  at += 2;
  for (; values > 0; values -= 1) {
    if (at + 4 > end) return false;
    const length = buffer.readInt32BE(at);
    if (length < -1 || length > end - at - 4) return false;
    at += 4 + Math.max(0, length);
  }
  return at + 2 <= end && at + 2 + buffer.readUInt16BE(at) * 2 === end;
}

function zeroBefore(buffer: Buffer, start: number, end: number): number {
  const zero = start < end ? buffer.indexOf(0, start) : -1;
  return zero < end ? zero : -1;
}
