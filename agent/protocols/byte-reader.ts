import { ProtocolViolation } from './protocol.ts';

declare global {
  /** Part of Node though not of its types: what `toString` calls after it has compared the encoding's name. */
  interface Buffer<TArrayBuffer extends ArrayBufferLike = ArrayBufferLike> {
    latin1Slice(start: number, end: number): string;
    utf8Slice(start: number, end: number): string;
    hexSlice(start: number, end: number): string;
  }
}

/**
 * Checked reads over one frame. Every read throws ProtocolViolation where the frame is too short, so that a grammar
 * reads straight on. One reader serves many frames: `over` points it at the next one. It never keeps bytes; the buffer
 * is lent.
 */
export class ByteReader {
  buffer: Buffer;
  /** Where the next read begins. */
  position = 0;
  end = 0;

  constructor(buffer: Buffer = EMPTY, start = 0, end = buffer.length) {
    this.buffer = buffer;
    this.position = start;
    this.end = end;
  }

  /** Points the reader at `buffer[start, end)`. */
  over(buffer: Buffer, start: number, end: number): this {
    this.buffer = buffer;
    this.position = start;
    this.end = end;
    return this;
  }

  get remaining(): number {
    return this.end - this.position;
  }

  /** Moves on by `length` bytes and gives back where they begin. */
  skip(length: number): number {
    const start = this.position;
    if (!(length >= 0 && length <= this.end - start)) this.#tooShort(length);
    this.position = start + length;
    return start;
  }

  /** The next byte without moving on; -1 at the end. */
  peek(): number {
    return this.position < this.end ? (this.buffer[this.position] ?? -1) : -1;
  }

  uint8(): number {
    return this.buffer[this.skip(1)] ?? 0;
  }

  int8(): number {
    return (this.uint8() << 24) >> 24;
  }

  uint16LE(): number {
    return this.buffer.readUInt16LE(this.skip(2));
  }

  uint16BE(): number {
    return this.buffer.readUInt16BE(this.skip(2));
  }

  int16LE(): number {
    return this.buffer.readInt16LE(this.skip(2));
  }

  int16BE(): number {
    return this.buffer.readInt16BE(this.skip(2));
  }

  uint24LE(): number {
    return this.buffer.readUIntLE(this.skip(3), 3);
  }

  uint32LE(): number {
    return this.buffer.readUInt32LE(this.skip(4));
  }

  uint32BE(): number {
    return this.buffer.readUInt32BE(this.skip(4));
  }

  int32LE(): number {
    return this.buffer.readInt32LE(this.skip(4));
  }

  int32BE(): number {
    return this.buffer.readInt32BE(this.skip(4));
  }

  uint64LE(): bigint {
    return this.buffer.readBigUInt64LE(this.skip(8));
  }

  int64LE(): bigint {
    return this.buffer.readBigInt64LE(this.skip(8));
  }

  int64BE(): bigint {
    return this.buffer.readBigInt64BE(this.skip(8));
  }

  float32LE(): number {
    return this.buffer.readFloatLE(this.skip(4));
  }

  float32BE(): number {
    return this.buffer.readFloatBE(this.skip(4));
  }

  float64LE(): number {
    return this.buffer.readDoubleLE(this.skip(8));
  }

  float64BE(): number {
    return this.buffer.readDoubleBE(this.skip(8));
  }

  latin1(length: number): string {
    const start = this.skip(length);
    return this.buffer.latin1Slice(start, start + length);
  }

  utf8(length: number): string {
    const start = this.skip(length);
    return this.buffer.utf8Slice(start, start + length);
  }

  /** Lower-case hex digits. */
  hex(length: number): string {
    const start = this.skip(length);
    return this.buffer.hexSlice(start, start + length);
  }

  /** UTF-8 text that ends with a zero byte, which is read too and not part of the value. */
  zeroTerminatedUtf8(): string {
    const text = this.utf8(this.zeroDistance());
    this.position += 1;
    return text;
  }

  /** How many bytes lie before the next zero byte, which the frame must hold. */
  zeroDistance(): number {
    const zero = this.position < this.end ? this.buffer.indexOf(0, this.position) : -1;
    if (zero < 0 || zero >= this.end) throw new ProtocolViolation('text without its closing zero byte');
    return zero - this.position;
  }

  #tooShort(length: number): never {
    throw new ProtocolViolation(`frame too short: ${length} bytes wanted, ${this.end - this.position} left`);
  }
}

const EMPTY = Buffer.alloc(0);
