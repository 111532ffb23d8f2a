import { dateText, intervalText, timestampText, timeText, zoneText } from './date-values.ts';
import { networkText, numericText, uuidText } from './number-values.ts';
import type { ReadText } from './text-encoding.ts';

/*
 * Parameters in binary format: each type's `…send` function in src/backend/utils/adt. Type numbers:
 * src/include/catalog/pg_type.dat
 */

type Decode = (buffer: Buffer, start: number, end: number, readText: ReadText) => string | undefined;

/** A decoder for values that have one length only. */
function fixed(bytes: number, decode: (buffer: Buffer, start: number) => string): Decode {
  return (buffer, start, end) => (end - start === bytes ? decode(buffer, start) : undefined);
}

const text: Decode = (buffer, start, end, readText) => readText(buffer, start, end);
const macAddress: Decode = (buffer, start, end) => buffer.hexSlice(start, end).replace(/..(?=.)/g, '$&:');
const timestamp = (zone: string) => fixed(8, (buffer, start) => timestampText(buffer.readBigInt64BE(start), zone));
const unsigned = fixed(4, (buffer, start) => String(buffer.readUInt32BE(start)));
const array: Decode = (buffer, start, end, readText) => arrayText(buffer, start, end, readText);

const decoders: ReadonlyMap<number, Decode> = new Map<number, Decode>([
  [16, fixed(1, (buffer, start) => (buffer[start] === 0 ? 'f' : 't'))], // bool
  [18, text], // "char"
  [19, text], // name
  [20, fixed(8, (buffer, start) => String(buffer.readBigInt64BE(start)))], // int8
  [21, fixed(2, (buffer, start) => String(buffer.readInt16BE(start)))], // int2
  [23, fixed(4, (buffer, start) => String(buffer.readInt32BE(start)))], // int4
  [25, text], // text
  [26, unsigned], // oid
  [114, text], // json
  [142, text], // xml
  [700, fixed(4, (buffer, start) => floatText(buffer.readFloatBE(start), true))], // float4
  [701, fixed(8, (buffer, start) => floatText(buffer.readDoubleBE(start), false))], // float8
  [774, macAddress], // macaddr8
  [829, macAddress], // macaddr
  [650, (buffer, start, end) => networkText(buffer, start, end)], // cidr
  [869, (buffer, start, end) => networkText(buffer, start, end)], // inet
  [705, text], // unknown
  [1042, text], // bpchar
  [1043, text], // varchar
  [1082, fixed(4, (buffer, start) => dateText(buffer.readInt32BE(start)))], // date
  [1083, fixed(8, (buffer, start) => timeText(buffer.readBigInt64BE(start)))], // time
  [1114, timestamp('')], // timestamp
  [1184, timestamp('+00')], // timestamptz
  [1186, fixed(16, readInterval)], // interval
  [
    1266,
    fixed(12, (buffer, start) => timeText(buffer.readBigInt64BE(start)) + zoneText(buffer.readInt32BE(start + 8))),
  ], // timetz
  [1700, (buffer, start, end) => numericText(buffer, start, end)], // numeric
  [2950, fixed(16, uuidText)], // uuid
  [3802, (buffer, start, end, readText) => (buffer[start] === 1 ? readText(buffer, start + 1, end) : undefined)], // jsonb
  ...[
    143, 199, 651, 775, 1000, 1001, 1002, 1003, 1005, 1007, 1009, 1014, 1015, 1016, 1021, 1022, 1028, 1040, 1041, 1115,
    1182, 1183, 1185, 1187, 1231, 1270, 2951, 3807,
  ].map((oid): [number, Decode] => [oid, array]),
]);

/** A binary value as PostgreSQL would write it as text; `\x…` for what is not known, bytea included. */
export function binaryText(type: number, buffer: Buffer, start: number, end: number, readText: ReadText): string {
  return decoders.get(type)?.(buffer, start, end, readText) ?? `\\x${buffer.hexSlice(start, end)}`;
}

function readInterval(buffer: Buffer, start: number): string {
  return intervalText(buffer.readBigInt64BE(start), buffer.readInt32BE(start + 8), buffer.readInt32BE(start + 12));
}

/** Shortest digits that give the same value again; those of a single float are fewer. */
function floatText(value: number, single: boolean): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? 'Infinity' : '-Infinity';
  if (Object.is(value, -0)) return '-0';
  if (!single) return String(value);
  for (let digits = 1; digits < 9; digits += 1) {
    const shorter = Number(value.toPrecision(digits));
    if (Math.fround(shorter) === value) return String(shorter);
  }
  return String(Number(value.toPrecision(9)));
}

/** PostgreSQL's MAXDIM. */
const MAX_DIMENSIONS = 6;
/** An array of many NULLs takes four bytes each; past this the rest is not worth a page of text. */
const MAX_ELEMENTS = 100_000;

/** Int32 dimensions, Int32 has nulls, Int32 element type, (Int32 size, Int32 lower bound) each, (Int32 length, value) each. */
function arrayText(buffer: Buffer, start: number, end: number, readText: ReadText): string | undefined {
  if (end - start < 12) return undefined;
  const dimensions = buffer.readInt32BE(start);
  const type = buffer.readUInt32BE(start + 8);
  if (dimensions < 0 || dimensions > MAX_DIMENSIONS || end - start < 12 + dimensions * 8) return undefined;
  if (dimensions === 0) return '{}';
  const sizes: number[] = [];
  for (let index = 0; index < dimensions; index += 1) sizes.push(buffer.readInt32BE(start + 12 + index * 8));
  const total = sizes.reduce((product, size) => product * size, 1);
  let at = start + 12 + dimensions * 8;
  if (sizes.some((size) => size < 0) || total > MAX_ELEMENTS || total * 4 > end - at) return undefined;
  let broken = false;
  const element = (): string => {
    const length = at + 4 <= end ? buffer.readInt32BE(at) : -2;
    at += 4;
    if (length === -1) return 'NULL';
    if (length < 0 || length > end - at) {
      broken = true;
      return '';
    }
    at += length;
    return quotedElement(binaryText(type, buffer, at - length, at, readText));
  };
  const level = (depth: number): string => {
    const parts: string[] = [];
    for (let index = 0; index < (sizes[depth] ?? 0) && !broken; index += 1) {
      parts.push(depth === dimensions - 1 ? element() : level(depth + 1));
    }
    return `{${parts.join(',')}}`;
  };
  const written = level(0);
  return broken ? undefined : written;
}

const NEEDS_QUOTES = /^$|^null$|[{}",\\\s]/i;

function quotedElement(value: string): string {
  return NEEDS_QUOTES.test(value) ? `"${value.replace(/["\\]/g, '\\$&')}"` : value;
}
