import type { Nanos } from '../../timeline.ts';

const NO_BYTES = Buffer.alloc(0);

/** One value that the server sent, or an element of one. It serves the next one too: read it at once. */
export class Reply {
  /** Its first byte. */
  type = 0;
  isNull = false;
  /** Elements of an aggregate, pairs of a map. */
  count = 0;
  /** On the wire, nested values and attributes included; not counted for an element. */
  bytes = 0;
  /** The beginning of a value that is no aggregate: `buffer[start, end)`. Lent. */
  buffer: Buffer = NO_BYTES;
  start = 0;
  end = 0;

  scalar(type: number, isNull: boolean, buffer: Buffer, start: number, end: number): void {
    this.type = type;
    this.isNull = isNull;
    this.count = 0;
    this.buffer = buffer;
    this.start = start;
    this.end = end;
  }

  aggregate(type: number, isNull: boolean, count: number): void {
    this.type = type;
    this.isNull = isNull;
    this.count = count;
    this.buffer = NO_BYTES;
    this.start = 0;
    this.end = 0;
  }

  /** The beginning of the text; empty for an aggregate. */
  get text(): string {
    return this.buffer.utf8Slice(this.start, this.end);
  }

  /** Whether the text is `word`, which is ASCII. */
  is(word: string): boolean {
    return this.end - this.start === word.length && this.buffer.latin1Slice(this.start, this.end) === word;
  }
}

/** Takes the values that a server sends. */
export interface ReplyHandler {
  /** A value of this type begins, or an attribute before one. */
  begins(type: number): void;
  /** Element `index` of the aggregate in progress; of a map key and value take turns. */
  element(index: number, element: Reply): void;
  /** A whole value. False: what follows it is no RESP, and not to be read. */
  reply(reply: Reply, at: Nanos): boolean;
}
