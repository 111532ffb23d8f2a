/**
 * Grammar of requests: an array of bulk strings, `*2 $3 GET $1 k`, each header ending with CR LF.
 * https://redis.io/docs/latest/develop/reference/protocol-spec/#sending-commands-to-a-redis-server
 */
import { ProtocolViolation } from '../protocol.ts';
import { type Arguments, MAX_KEPT_ARGUMENTS } from './arguments.ts';

export const CR = 0x0d;
export const LF = 0x0a;
export const STAR = 0x2a;
export const DOLLAR = 0x24;
export const MINUS = 0x2d;
export const ZERO = 0x30;

/** Ten digits write 4 GiB and more; Redis takes no more than 512 MiB unless told otherwise. */
export const MAX_LENGTH_DIGITS = 10;

/** The number after a type byte. One object serves all readers: `read` fills it. */
class LengthLine {
  value = 0;
  /** Where what follows the line begins. */
  next = 0;

  /** Reads digits and CR LF at `buffer[at]`; false: they are not whole. -1 is the only negative number. */
  read(buffer: Buffer, at: number, end: number): boolean {
    let position = at;
    let value = 0;
    let byte = position < end ? buffer[position] : CR;
    const negative = byte === MINUS;
    if (negative) byte = buffer[++position];
    const firstDigit = position;
    while (position < end && byte !== undefined && byte >= ZERO && byte <= ZERO + 9) {
      value = value * 10 + byte - ZERO;
      byte = buffer[++position];
    }
    const digits = position - firstDigit;
    if (digits > MAX_LENGTH_DIGITS) throw new ProtocolViolation('length with too many digits');
    if (position >= end) return false;
    if (byte !== CR || digits === 0) throw new ProtocolViolation('length is not a number');
    if (negative && value !== 1) throw new ProtocolViolation('negative length');
    if (position + 1 >= end) return false;
    if (buffer[position + 1] !== LF) throw new ProtocolViolation('length without its line end');
    this.value = negative ? -1 : value;
    this.next = position + 2;
    return true;
  }
}

const line = new LengthLine();

/** The command is not whole, or too long for this reader. */
export const NOT_WHOLE = -1;

/**
 * Reads the command that begins at `buffer[start]`, a `*`, in place. Gives back where the next one begins, or NOT_WHOLE.
 * A command without arguments (`*0`, `*-1`) is legal and ignored by the server.
 */
export function readWholeCommand(buffer: Buffer, start: number, end: number, into: Arguments): number {
  into.clear(buffer);
  if (!line.read(buffer, start + 1, end)) return NOT_WHOLE;
  const total = line.value;
  if (total > MAX_KEPT_ARGUMENTS) return NOT_WHOLE;
  let position = line.next;
  into.total = Math.max(0, total);
  for (let index = 0; index < total; index += 1) {
    if (position >= end) return NOT_WHOLE;
    if (buffer[position] !== DOLLAR) throw new ProtocolViolation('argument is not a bulk string');
    if (!line.read(buffer, position + 1, end)) return NOT_WHOLE;
    const length = line.value;
    if (length < 0) throw new ProtocolViolation('argument without a length');
    const first = line.next;
    position = first + length + 2;
    if (position > end) return NOT_WHOLE;
    if (buffer[position - 2] !== CR || buffer[position - 1] !== LF) {
      throw new ProtocolViolation('argument without its line end');
    }
    into.add(first, first + length);
  }
  return position;
}

/** The digits `buffer[start, end)`; -1 is the only negative number. */
export function readNumber(buffer: Buffer, start: number, end: number): number {
  if (end - start === 2 && buffer[start] === MINUS && buffer[start + 1] === ZERO + 1) return -1;
  if (end <= start || end - start > MAX_LENGTH_DIGITS) throw new ProtocolViolation('length is not a number');
  let value = 0;
  for (let at = start; at < end; at += 1) {
    const digit = (buffer[at] as number) - ZERO;
    if (digit < 0 || digit > 9) throw new ProtocolViolation('length is not a number');
    value = value * 10 + digit;
  }
  return value;
}
