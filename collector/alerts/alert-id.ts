import { randomBytes } from 'node:crypto';

/** Crockford's: no letter that looks like a digit. https://github.com/ulid/spec */
const DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const TIME_DIGITS = 10;
const RANDOM_DIGITS = 16;
const RANDOM_BYTES = 10;
const MAX_RANDOM = (1n << 80n) - 1n;

/** Gives ULIDs: 26 characters that sort by time, also within a millisecond and when the clock goes back. */
export class IdSource {
  #millis = 0;
  #random = 0n;

  next(now: number): string {
    if (now > this.#millis || this.#random === MAX_RANDOM) {
      this.#millis = Math.max(now, this.#millis + 1);
      this.#random = BigInt(`0x${randomBytes(RANDOM_BYTES).toString('hex')}`);
    } else {
      this.#random += 1n;
    }
    return digits(BigInt(this.#millis), TIME_DIGITS) + digits(this.#random, RANDOM_DIGITS);
  }
}

function digits(value: bigint, length: number): string {
  let text = '';
  for (let rest = value; text.length < length; rest >>= 5n) text = `${DIGITS[Number(rest & 31n)]}${text}`;
  return text;
}
