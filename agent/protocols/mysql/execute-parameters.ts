import type { Parameter } from '../activity.ts';
import type { ByteReader } from '../byte-reader.ts';
import { bytesAsText, CUT, readBinaryValue, UNREADABLE } from './binary-parameters.ts';
import type { DecodeText } from './character-sets.ts';
import type { PreparedStatement } from './prepared-statements.ts';

/*
 * The parameters of an execution, and the attributes of a query, which look the same.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_stmt_execute.html
 * https://mariadb.com/docs/server/reference/clientserver-protocol/3-binary-protocol-prepared-statements/com_stmt_bulk_execute
 */

/** A parameter of a bulk execution stands for all its rows; so many values show what was done without growing events. */
const MAX_BULK_VALUES = 1000;
const INDICATOR_VALUE = 0;
const INDICATOR_NULL = 1;
const INDICATOR_DEFAULT = 2;
/** MySQL's own bound for the parameters of a statement. */
const MAX_PARAMETERS = 65_535;

export interface ParametersRead {
  readonly values: readonly Parameter[] | undefined;
  /** Why there are fewer values than were bound. */
  readonly note: 'parameters-cut' | 'parameters-unseen' | undefined;
  readonly hasAttributes: boolean;
}

const NO_PARAMETERS: ParametersRead = { values: undefined, note: undefined, hasAttributes: false };
const UNSEEN_PARAMETERS: ParametersRead = { values: undefined, note: 'parameters-unseen', hasAttributes: false };

/**
 * [int<lenenc> count], null bitmap, int<1> whether types follow, types (int<2>, with string<lenenc> name each where
 * `counted`), values. The reader stands after the iteration count and is `whole` where nothing of the request is missing.
 * `counted`: the count is given, as query attributes may follow the parameters.
 */
export function readExecuteParameters(
  reader: ByteReader,
  statement: PreparedStatement,
  counted: boolean,
  whole: boolean,
  decodeText: DecodeText,
): ParametersRead {
  const { longData, lacksLongData } = statement;
  statement.longData = undefined;
  statement.lacksLongData = false;
  const count = counted ? readCount(reader) : statement.parameterCount;
  if (count === undefined) return UNSEEN_PARAMETERS;
  if (count === 0) return NO_PARAMETERS;
  const nulls = reader.position;
  if (!readTypes(reader, statement, count, counted)) return UNSEEN_PARAMETERS;
  const { types } = statement;
  if (lacksLongData || types?.length !== count * 2) return UNSEEN_PARAMETERS;
  const { buffer } = reader;
  const values: Parameter[] = [];
  let note: ParametersRead['note'];
  for (let index = 0; index < count; index += 1) {
    const long = longData?.get(index);
    if (long !== undefined) {
      const bytes = Buffer.concat(long.pieces);
      values.push(bytesAsText(bytes, 0, bytes.length, decodeText));
      if (long.keptBytes < long.totalBytes) note = 'parameters-cut';
    } else if ((((buffer[nulls + (index >> 3)] ?? 0) >> (index & 7)) & 1) === 1) {
      values.push(null);
    } else {
      const value = readBinaryValue(reader, types[index * 2] ?? 0, types[index * 2 + 1] ?? 0, decodeText);
      if (value === CUT && !whole)
        return { values, note: 'parameters-cut', hasAttributes: count > statement.parameterCount };
      if (value === CUT || value === UNREADABLE) return UNSEEN_PARAMETERS;
      values.push(value);
    }
  }
  // What is left over shows that the types were others than those known.
  if (whole && reader.remaining > 0) return UNSEEN_PARAMETERS;
  const { parameterCount } = statement;
  if (count > parameterCount) values.length = parameterCount;
  return { values: parameterCount === 0 ? undefined : values, note, hasAttributes: count > parameterCount };
}

/** int<lenenc> */
function readCount(reader: ByteReader): number | undefined {
  const first = reader.peek();
  if (first >= 0 && first < 0xfb) return reader.uint8();
  if (first !== 0xfc || reader.remaining < 3) return undefined;
  reader.skip(1);
  return reader.uint16LE();
}

/** Passes over the null bitmap, and over the types where they are given; false where they are not all there. */
function readTypes(reader: ByteReader, statement: PreparedStatement, count: number, named: boolean): boolean {
  const bitmapBytes = (count + 7) >> 3;
  if (reader.remaining < bitmapBytes + 1) return false;
  reader.skip(bitmapBytes);
  if (reader.uint8() !== 1) return true;
  if (statement.types?.length !== count * 2) {
    if (count > MAX_PARAMETERS || reader.remaining < count * 2) return false;
    statement.types = Buffer.alloc(count * 2);
  }
  return copyTypes(reader, statement.types, named);
}

function copyTypes(reader: ByteReader, types: Buffer, named: boolean): boolean {
  if (!named) {
    if (reader.remaining < types.length) return false;
    const from = reader.skip(types.length);
    for (let index = 0; index < types.length; index += 1) types[index] = reader.buffer[from + index] ?? 0;
    return true;
  }
  for (let index = 0; index < types.length; index += 2) {
    if (reader.remaining < 3) return false;
    types[index] = reader.uint8();
    types[index + 1] = reader.uint8();
    const nameBytes = readCount(reader);
    if (nameBytes === undefined || reader.remaining < nameBytes) return false;
    reader.skip(nameBytes);
  }
  return true;
}

/**
 * int<lenenc> count, int<lenenc> sets (always 1), then as an execution's. Leaves the reader where the statement's text
 * begins. Gives back how many attributes there are; undefined where they are not readable or not all there.
 */
export function skipQueryAttributes(reader: ByteReader, decodeText: DecodeText): number | undefined {
  const count = readCount(reader);
  if (count === undefined || readCount(reader) === undefined) return undefined;
  if (count === 0) return 0;
  const nulls = reader.position;
  const bitmapBytes = (count + 7) >> 3;
  if (reader.remaining < bitmapBytes + 1 + count * 3) return undefined;
  reader.skip(bitmapBytes + 1);
  const types = Buffer.alloc(count * 2);
  if (!copyTypes(reader, types, true)) return undefined;
  for (let index = 0; index < count; index += 1) {
    if ((((reader.buffer[nulls + (index >> 3)] ?? 0) >> (index & 7)) & 1) === 1) continue;
    const value = readBinaryValue(reader, types[index * 2] ?? 0, types[index * 2 + 1] ?? 0, decodeText);
    if (value === CUT || value === UNREADABLE) return undefined;
  }
  return count;
}

/**
 * [types of int<2> each], then per row and parameter int<1> indicator and, where that is 0, a value. The values of all
 * rows one after the other.
 */
export function readBulkParameters(
  reader: ByteReader,
  statement: PreparedStatement,
  withTypes: boolean,
  whole: boolean,
  decodeText: DecodeText,
): ParametersRead {
  const count = statement.parameterCount;
  if (withTypes) {
    if (statement.types?.length !== count * 2) statement.types = Buffer.alloc(count * 2);
    if (!copyTypes(reader, statement.types, false)) return UNSEEN_PARAMETERS;
  }
  const { types } = statement;
  if (count === 0 || types?.length !== count * 2) return UNSEEN_PARAMETERS;
  const values: Parameter[] = [];
  while (reader.remaining > 0) {
    if (values.length >= MAX_BULK_VALUES) return { values, note: 'parameters-cut', hasAttributes: false };
    const index = values.length % count;
    const indicator = reader.uint8();
    if (indicator !== INDICATOR_VALUE) {
      values.push(indicator === INDICATOR_NULL ? null : indicator === INDICATOR_DEFAULT ? 'DEFAULT' : 'IGNORE');
      continue;
    }
    const value = readBinaryValue(reader, types[index * 2] ?? 0, types[index * 2 + 1] ?? 0, decodeText);
    if (value === CUT && !whole) return { values, note: 'parameters-cut', hasAttributes: false };
    if (value === CUT || value === UNREADABLE) return UNSEEN_PARAMETERS;
    values.push(value);
  }
  return { values, note: whole ? undefined : 'parameters-cut', hasAttributes: false };
}
