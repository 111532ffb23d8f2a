import { describe, expect, test } from '@jest/globals';
import { ByteReader } from '../../../../agent/protocols/byte-reader.ts';
import { ProtocolViolation } from '../../../../agent/protocols/protocol.ts';

const ONES = Buffer.alloc(8, 0xff);
const COUNT = Buffer.from([1, 2, 3, 4, 5, 6, 7, 8]);

const integers: readonly (readonly [
  string,
  number,
  Buffer,
  (reader: ByteReader) => number | bigint,
  number | bigint,
])[] = [
  ['uint8', 1, ONES, (reader) => reader.uint8(), 255],
  ['int8', 1, ONES, (reader) => reader.int8(), -1],
  ['uint16LE', 2, COUNT, (reader) => reader.uint16LE(), 0x0201],
  ['uint16BE', 2, COUNT, (reader) => reader.uint16BE(), 0x0102],
  ['int16LE', 2, ONES, (reader) => reader.int16LE(), -1],
  ['int16BE', 2, ONES, (reader) => reader.int16BE(), -1],
  ['uint24LE', 3, COUNT, (reader) => reader.uint24LE(), 0x030201],
  ['uint32LE', 4, ONES, (reader) => reader.uint32LE(), 0xffffffff],
  ['uint32BE', 4, COUNT, (reader) => reader.uint32BE(), 0x01020304],
  ['int32LE', 4, ONES, (reader) => reader.int32LE(), -1],
  ['int32BE', 4, ONES, (reader) => reader.int32BE(), -1],
  ['uint64LE', 8, ONES, (reader) => reader.uint64LE(), 0xffffffffffffffffn],
  ['int64LE', 8, ONES, (reader) => reader.int64LE(), -1n],
  ['int64BE', 8, COUNT, (reader) => reader.int64BE(), 0x0102030405060708n],
];

describe('ByteReader', () => {
  test.each(integers)('%s takes %d bytes and no byte beyond the frame', (_, size, bytes, read, value) => {
    const reader = new ByteReader(Buffer.concat([Buffer.alloc(1), bytes]), 1, 1 + size);
    expect(read(reader)).toBe(value);
    expect(reader.remaining).toBe(0);
    const short = new ByteReader(bytes, 0, size - 1);
    expect(() => read(short)).toThrow(ProtocolViolation);
    expect(short.position).toBe(0);
  });

  test('floating numbers in both byte orders', () => {
    const buffer = Buffer.alloc(24);
    buffer.writeFloatLE(1.5, 0);
    buffer.writeFloatBE(-2.5, 4);
    buffer.writeDoubleLE(0.1, 8);
    buffer.writeDoubleBE(-0.1, 16);
    const reader = new ByteReader(buffer);
    expect([reader.float32LE(), reader.float32BE(), reader.float64LE(), reader.float64BE()]).toEqual([
      1.5, -2.5, 0.1, -0.1,
    ]);
    expect(() => reader.float64BE()).toThrow(ProtocolViolation);
  });

  test('text and hex', () => {
    const reader = new ByteReader(Buffer.from('äb\0\xc3\xa9', 'latin1'));
    expect(reader.latin1(2)).toBe('äb');
    expect(reader.hex(1)).toBe('00');
    expect(reader.utf8(2)).toBe('é');
    expect(() => reader.utf8(1)).toThrow('1 bytes wanted, 0 left');
  });

  test('text up to its zero, which must lie inside the frame', () => {
    const buffer = Buffer.from('user\0db\0');
    const reader = new ByteReader(buffer, 0, 6);
    expect(reader.zeroTerminatedUtf8()).toBe('user');
    expect(() => reader.zeroTerminatedUtf8()).toThrow(ProtocolViolation);
    expect(() => new ByteReader(buffer, 8, 8).zeroDistance()).toThrow(ProtocolViolation);
  });

  test('peek stays where it is, and says when there is nothing', () => {
    const reader = new ByteReader(Buffer.from([7]));
    expect([reader.peek(), reader.uint8(), reader.peek()]).toEqual([7, 7, -1]);
  });

  test.each([-1, Number.NaN, 9, Number.POSITIVE_INFINITY])('cannot skip %d bytes of eight', (length) => {
    expect(() => new ByteReader(ONES).skip(length)).toThrow(ProtocolViolation);
  });

  test('serves frame after frame', () => {
    const reader = new ByteReader(COUNT, 0, 1);
    expect(reader.uint8()).toBe(1);
    expect(reader.over(COUNT, 6, 8).uint16BE()).toBe(0x0708);
  });
});
