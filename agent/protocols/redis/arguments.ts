/** More arguments are counted, not kept: 8192 short ones are already a text that nobody reads to its end. */
export const MAX_KEPT_ARGUMENTS = 8192;

/**
 * The arguments of one command as places in a buffer, the command's name first. One object serves many commands; the
 * buffer is lent.
 */
export class Arguments {
  buffer: Buffer = Buffer.alloc(0);
  readonly starts: number[] = [];
  readonly ends: number[] = [];
  /** How many the command has; known once it is whole. */
  total = 0;
  /** How many are kept in `starts` and `ends`. */
  count = 0;
  /** Bytes of all arguments, those not kept included, joined by single spaces. */
  textLength = 0;
  /** Something was not kept: the last kept argument may be cut, more may follow it. */
  cut = false;
  /** Bytes were lost inside an argument that should have been kept; it and what follows is not kept. */
  torn = false;

  clear(buffer: Buffer): void {
    this.buffer = buffer;
    this.total = 0;
    this.count = 0;
    this.textLength = 0;
    this.cut = false;
    this.torn = false;
  }

  /** The next argument is `buffer[start, end)`. */
  add(start: number, end: number): void {
    const index = this.count;
    this.starts[index] = start;
    this.ends[index] = end;
    this.count = index + 1;
    this.textLength += end - start + (index === 0 ? 0 : 1);
  }

  start(index: number): number {
    return this.starts[index] ?? 0;
  }

  end(index: number): number {
    return this.ends[index] ?? 0;
  }

  /** The command as the client wrote it; empty where it is too long to be one. */
  name(): string {
    if (this.count === 0) return '';
    const start = this.start(0);
    const end = this.end(0);
    return end - start > MAX_WORD_BYTES ? '' : this.buffer.latin1Slice(start, end);
  }

  /** For names and options: ASCII, in upper case. Too long to be one, or not there: empty. */
  word(index: number): string {
    if (index >= this.count || this.end(index) - this.start(index) > MAX_WORD_BYTES) return '';
    return this.buffer.latin1Slice(this.start(index), this.end(index)).toUpperCase();
  }

  /** A count such as EVAL's number of keys; -1 where it is none. */
  integer(index: number): number {
    const word = this.word(index);
    return /^\d{1,9}$/.test(word) ? Number(word) : -1;
  }
}

/** Longer than every option and every configuration parameter of Redis. */
const MAX_WORD_BYTES = 64;
