import type { Parameter } from '../activity.ts';
import { ProtocolViolation } from '../protocol.ts';
import { binaryText } from './parameter-values.ts';
import type { ReadText } from './text-encoding.ts';

/*
 * Bind: String portal, String statement, Int16 n, Int16 format codes[n], Int16 m, (Int32 length, value)[m],
 * Int16 k, Int16 result formats[k].
 * FunctionCall: Int32 function, then formats and arguments in the same way.
 */

const BINARY = 1;

export interface BoundParameters {
  readonly values: readonly Parameter[] | undefined;
  /** Not all bytes were kept: the last value is cut, or those behind it are missing. */
  readonly cut: boolean;
}

const NO_PARAMETERS: BoundParameters = { values: undefined, cut: false };
const CUT: BoundParameters = { values: undefined, cut: true };

/** End of the zero-terminated text at `start`, which must lie before `end`; the zero byte's own place. */
export function textEnd(buffer: Buffer, start: number, end: number): number {
  if (buffer[start] === 0 && start < end) return start;
  const zero = start < end ? buffer.indexOf(0, start) : -1;
  if (zero < 0 || zero >= end) throw new ProtocolViolation('text without its closing zero byte');
  return zero;
}

/**
 * Reads formats and values from `start`. The body ends at `bodyEnd`, of which all before `keptEnd` is there. `types`
 * as far as they are known; values whose type is not are given as bytes.
 */
export function readParameters(
  buffer: Buffer,
  start: number,
  keptEnd: number,
  bodyEnd: number,
  types: readonly number[] | undefined,
  readText: ReadText,
): BoundParameters {
  if (start + 2 > keptEnd) return needed(start + 2, bodyEnd);
  const formatCount = buffer.readUInt16BE(start);
  const formatsAt = start + 2;
  let at = formatsAt + formatCount * 2;
  if (at + 2 > keptEnd) return needed(at + 2, bodyEnd);
  const count = buffer.readUInt16BE(at);
  at += 2;
  if (count === 0) return NO_PARAMETERS;
  if (count * 4 > bodyEnd - at) throw new ProtocolViolation('more parameters than bytes');
  const values: Parameter[] = [];
  for (let index = 0; index < count; index += 1) {
    if (at + 4 > keptEnd) {
      needed(at + 4, bodyEnd);
      return { values, cut: true };
    }
    const length = buffer.readInt32BE(at);
    at += 4;
    if (length === -1) {
      values.push(null);
      continue;
    }
    if (length < 0 || length > bodyEnd - at) throw new ProtocolViolation('parameter longer than its message');
    const valueEnd = at + length;
    const format = formatCount === 0 ? 0 : formatAt(buffer, formatsAt, formatCount, index);
    if (valueEnd > keptEnd) {
      values.push(format === BINARY ? `\\x${buffer.hexSlice(at, keptEnd)}` : readText(buffer, at, keptEnd));
      return { values, cut: true };
    }
    if (format === BINARY) values.push(binaryText(types?.[index] ?? 0, buffer, at, valueEnd, readText));
    else values.push(readText(buffer, at, valueEnd));
    at = valueEnd;
  }
  return { values, cut: false };
}

/** One code holds for all values. */
function formatAt(buffer: Buffer, formatsAt: number, formatCount: number, index: number): number {
  if (formatCount === 1) return buffer.readInt16BE(formatsAt);
  return index < formatCount ? buffer.readInt16BE(formatsAt + index * 2) : 0;
}

/** The bytes up to `until` are not there: because they were not kept, or because the message has none. */
function needed(until: number, bodyEnd: number): BoundParameters {
  if (until > bodyEnd) throw new ProtocolViolation('message ends within its parameters');
  return CUT;
}
