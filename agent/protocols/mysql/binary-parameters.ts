import { isUtf8 } from 'node:buffer';
import type { Parameter } from '../activity.ts';
import type { ByteReader } from '../byte-reader.ts';
import { type DecodeText, decodeUtf8 } from './character-sets.ts';

/*
 * Bound values of prepared statements.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_binary_resultset.html#sect_protocol_binary_resultset_row_value
 */

const TYPE_DECIMAL = 0;
const TYPE_TINY = 1;
const TYPE_SHORT = 2;
const TYPE_LONG = 3;
const TYPE_FLOAT = 4;
const TYPE_DOUBLE = 5;
const TYPE_NULL = 6;
const TYPE_TIMESTAMP = 7;
const TYPE_LONGLONG = 8;
const TYPE_INT24 = 9;
const TYPE_DATE = 10;
const TYPE_TIME = 11;
const TYPE_DATETIME = 12;
const TYPE_YEAR = 13;
const TYPE_NEWDATE = 14;
const TYPE_VARCHAR = 15;
const TYPE_BIT = 16;
const TYPE_TIMESTAMP2 = 17;
const TYPE_DATETIME2 = 18;
const TYPE_TIME2 = 19;
const TYPE_VECTOR = 242;
const TYPE_BOOL = 244;
const UNSIGNED = 0x80;

/** The bytes end before the value does: it was longer than what is kept of a request. */
export const CUT = Symbol('cut');
/** No value of this type looks like that. */
export const UNREADABLE = Symbol('unreadable');
export type BinaryValue = Parameter | typeof CUT | typeof UNREADABLE;

/** The next value of `type` as text; CUT and UNREADABLE leave the reader where it was. */
export function readBinaryValue(reader: ByteReader, type: number, flags: number, decodeText: DecodeText): BinaryValue {
  const unsigned = (flags & UNSIGNED) !== 0;
  switch (type) {
    case TYPE_LONG:
    case TYPE_INT24:
      if (reader.remaining < 4) return CUT;
      return String(unsigned ? reader.uint32LE() : reader.int32LE());
    case TYPE_LONGLONG:
      return reader.remaining < 8 ? CUT : readInteger64(reader, unsigned);
    case TYPE_TINY:
    case TYPE_BOOL:
      if (reader.remaining < 1) return CUT;
      return String(unsigned ? reader.uint8() : reader.int8());
    case TYPE_SHORT:
    case TYPE_YEAR:
      if (reader.remaining < 2) return CUT;
      return String(unsigned ? reader.uint16LE() : reader.int16LE());
    case TYPE_FLOAT:
      return reader.remaining < 4 ? CUT : shortestFloat32(reader.float32LE());
    case TYPE_DOUBLE:
      return reader.remaining < 8 ? CUT : String(reader.float64LE());
    case TYPE_NULL:
      return null;
    case TYPE_DATE:
    case TYPE_NEWDATE:
    case TYPE_DATETIME:
    case TYPE_TIMESTAMP:
    case TYPE_DATETIME2:
    case TYPE_TIMESTAMP2:
      return readDateTime(reader, type === TYPE_DATE || type === TYPE_NEWDATE);
    case TYPE_TIME:
    case TYPE_TIME2:
      return readTime(reader);
    case TYPE_BIT:
      return readBytes(reader, undefined);
    default:
      return type === TYPE_DECIMAL || type === TYPE_VARCHAR || type >= TYPE_VECTOR
        ? readBytes(reader, decodeText)
        : UNREADABLE;
  }
}

/** Most 64-bit numbers that are bound are small; a bigint costs ten times a number. */
function readInteger64(reader: ByteReader, unsigned: boolean): string {
  const { buffer, position } = reader;
  const low = buffer.readUInt32LE(position);
  const high = buffer.readInt32LE(position + 4);
  if (high === 0 || (high === -1 && !unsigned)) {
    reader.skip(8);
    return String(high * 0x1_0000_0000 + low);
  }
  return String(unsigned ? reader.uint64LE() : reader.int64LE());
}

const FLOAT32_SAFE_DIGITS = 6;
const FLOAT32_MAX_DIGITS = 9;

/** The fewest digits that are the same 32-bit number again: 0.1 rather than 0.10000000149011612. */
function shortestFloat32(value: number): string {
  for (let digits = FLOAT32_SAFE_DIGITS; digits < FLOAT32_MAX_DIGITS; digits += 1) {
    const shorter = Number(value.toPrecision(digits));
    if (Math.fround(shorter) === value) return String(shorter);
  }
  return String(Number(value.toPrecision(FLOAT32_MAX_DIGITS)));
}

/**
 * int<1> length, then int<2> year, int<1> month, day (length 4), hour, minute, second (7), int<4> microseconds (11),
 * int<2> minutes of time zone offset (13).
 */
function readDateTime(reader: ByteReader, dateOnly: boolean): BinaryValue {
  const length = reader.peek();
  if (reader.remaining < 1 + length || length < 0) return CUT;
  if (length !== 0 && length !== 4 && length !== 7 && length !== 11 && length !== 13) return UNREADABLE;
  reader.skip(1);
  const year = length >= 4 ? reader.uint16LE() : 0;
  const month = length >= 4 ? reader.uint8() : 0;
  const day = length >= 4 ? reader.uint8() : 0;
  const date = `${digits(year, 4)}-${digits(month, 2)}-${digits(day, 2)}`;
  if (length < 7) return dateOnly ? date : `${date} 00:00:00`;
  const time = readClock(reader, reader.uint8());
  const fraction = length >= 11 ? readFraction(reader) : '';
  return `${date} ${time}${fraction}${length === 13 ? readOffset(reader) : ''}`;
}

/** int<1> length, then int<1> negative, int<4> days, int<1> hours, minutes, seconds (length 8), int<4> microseconds (12). */
function readTime(reader: ByteReader): BinaryValue {
  const length = reader.peek();
  if (reader.remaining < 1 + length || length < 0) return CUT;
  if (length !== 0 && length !== 8 && length !== 12) return UNREADABLE;
  reader.skip(1);
  if (length === 0) return '00:00:00';
  const sign = reader.uint8() === 0 ? '' : '-';
  const days = reader.uint32LE();
  const clock = readClock(reader, days * 24 + reader.uint8());
  return `${sign}${clock}${length === 12 ? readFraction(reader) : ''}`;
}

function readClock(reader: ByteReader, hours: number): string {
  return `${digits(hours, 2)}:${digits(reader.uint8(), 2)}:${digits(reader.uint8(), 2)}`;
}

function readFraction(reader: ByteReader): string {
  return `.${digits(reader.uint32LE(), 6)}`;
}

function readOffset(reader: ByteReader): string {
  const minutes = reader.int16LE();
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${digits(Math.floor(size / 60), 2)}:${digits(size % 60, 2)}`;
}

function digits(value: number, width: number): string {
  return String(value).padStart(width, '0');
}

/** string<lenenc>; `decodeText` undefined: never text. */
function readBytes(reader: ByteReader, decodeText: DecodeText | undefined): BinaryValue {
  const first = reader.peek();
  const lengthBytes = first < 0xfb ? 0 : first === 0xfc ? 2 : first === 0xfd ? 3 : first === 0xfe ? 8 : -1;
  if (lengthBytes < 0) return UNREADABLE;
  if (first < 0 || reader.remaining < 1 + lengthBytes) return CUT;
  const at = reader.position + 1;
  const length = lengthBytes === 0 ? first : readLength(reader.buffer, at, lengthBytes);
  const start = at + lengthBytes;
  if (length > reader.end - start) return CUT;
  reader.skip(start + length - reader.position);
  return bytesAsText(reader.buffer, start, start + length, decodeText);
}

/** Above 2^32 it only matters that it is too long. */
function readLength(buffer: Buffer, at: number, bytes: number): number {
  if (bytes < 8) return buffer.readUIntLE(at, bytes);
  return buffer.readUInt32LE(at) + buffer.readUInt32LE(at + 4) * 0x1_0000_0000;
}

/** Longer values are searched by native code, which costs a view of them first. */
const SHORT_BYTES = 128;

/** Text where the bytes are text in the session's character set, else `0x` and hex digits. */
export function bytesAsText(buffer: Buffer, start: number, end: number, decodeText: DecodeText | undefined): string {
  if (decodeText === undefined) return `0x${buffer.hexSlice(start, end)}`;
  if (end - start <= SHORT_BYTES && isPlainAscii(buffer, start, end)) return buffer.latin1Slice(start, end);
  const bytes = buffer.subarray(start, end);
  if (bytes.includes(0) || (decodeText === decodeUtf8 && !isUtf8(bytes))) return `0x${buffer.hexSlice(start, end)}`;
  return decodeText(buffer, start, end);
}

function isPlainAscii(buffer: Buffer, start: number, end: number): boolean {
  for (let position = start; position < end; position += 1) {
    const byte = buffer[position] ?? 0;
    if (byte === 0 || byte > 0x7f) return false;
  }
  return true;
}
