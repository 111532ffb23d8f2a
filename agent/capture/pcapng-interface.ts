import { NANOS_PER_SECOND } from '../timeline.ts';
import { linkTypeOf } from './capture-format.ts';
import type { LinkType } from './packet-source.ts';

const OPTION_END = 0;
const OPTION_TIMESTAMP_RESOLUTION = 9;
const OPTION_TIMESTAMP_OFFSET = 14;
const OPTION_DROPPED_BY_INTERFACE = 5;
const OPTION_DROPPED_BY_SYSTEM = 7;
const OPTION_HEADER_BYTES = 4;

const DEFAULT_UNITS_PER_SECOND = 1_000_000;
const TWO_TO_32 = 2 ** 32;
/** Up to here the rest of a second fits a signed 32-bit number, which makes the fast way of `set` exact. */
const MAX_FAST_UNITS = 2 ** 30;

/** Turns an interface's timestamps, 64-bit counts of its own unit, into seconds and nanoseconds. */
class InterfaceClock {
  seconds = 0;
  nanos = 0;
  readonly #unitsPerSecond: number;
  readonly #offsetSeconds: number;

  constructor(unitsPerSecond = DEFAULT_UNITS_PER_SECOND, offsetSeconds = 0) {
    this.#unitsPerSecond = unitsPerSecond;
    this.#offsetSeconds = offsetSeconds;
  }

  set(high: number, low: number): void {
    const units = this.#unitsPerSecond;
    if (units > MAX_FAST_UNITS) {
      this.#setExactly(high, low);
      return;
    }
    // A double rounds the count by up to 1024 units, so the quotient may be one off. The remainder modulo 2^32 is exact.
    let seconds = Math.floor((high * TWO_TO_32 + low) / units);
    let rest = (low - Math.imul(seconds, units)) | 0;
    if (rest < 0) {
      seconds--;
      rest += units;
    } else if (rest >= units) {
      seconds++;
      rest -= units;
    }
    this.seconds = seconds + this.#offsetSeconds;
    this.nanos = Math.floor((rest * NANOS_PER_SECOND) / units);
  }

  #setExactly(high: number, low: number): void {
    const count = (BigInt(high) << 32n) | BigInt(low);
    const units = BigInt(this.#unitsPerSecond);
    this.seconds = Number(count / units) + this.#offsetSeconds;
    this.nanos = Number(((count % units) * BigInt(NANOS_PER_SECOND)) / units);
  }
}

/** What an Interface Description Block says, as far as it matters here. */
export interface CapturedInterface {
  readonly linkNumber: number;
  /** `undefined` where nothing here can decode it. */
  readonly linkType: LinkType | undefined;
  /** 0 where there is no limit. */
  readonly snaplen: number;
  readonly clock: InterfaceClock;
  /** As of its latest Interface Statistics Block. */
  dropped: number;
}

/** The block's body is `[start, end)` in `view`. */
export function readInterface(view: DataView, start: number, end: number, littleEndian: boolean): CapturedInterface {
  let unitsPerSecond = DEFAULT_UNITS_PER_SECOND;
  let offsetSeconds = 0;
  forEachOption(view, start + 8, end, littleEndian, (code, value, length) => {
    if (code === OPTION_TIMESTAMP_RESOLUTION && length >= 1) unitsPerSecond = resolution(view.getUint8(value));
    if (code === OPTION_TIMESTAMP_OFFSET && length >= 8) offsetSeconds = Number(view.getBigInt64(value, littleEndian));
  });
  const linkNumber = view.getUint16(start, littleEndian);
  return {
    linkNumber,
    linkType: linkTypeOf(linkNumber),
    snaplen: view.getUint32(start + 4, littleEndian),
    clock: new InterfaceClock(unitsPerSecond, offsetSeconds),
    dropped: 0,
  };
}

/** How many packets an Interface Statistics Block, whose body is `[start, end)` in `view`, says were lost so far. */
export function droppedOnInterface(view: DataView, start: number, end: number, littleEndian: boolean): number {
  let dropped = 0;
  forEachOption(view, start + 12, end, littleEndian, (code, value, length) => {
    const counts = code === OPTION_DROPPED_BY_INTERFACE || code === OPTION_DROPPED_BY_SYSTEM;
    if (counts && length >= 8) dropped += Number(view.getBigInt64(value, littleEndian));
  });
  return dropped;
}

function forEachOption(
  view: DataView,
  start: number,
  end: number,
  littleEndian: boolean,
  visit: (code: number, value: number, length: number) => void,
): void {
  let option = start;
  while (end - option >= OPTION_HEADER_BYTES) {
    const code = view.getUint16(option, littleEndian);
    const length = view.getUint16(option + 2, littleEndian);
    const value = option + OPTION_HEADER_BYTES;
    if (code === OPTION_END || value + length > end) return;
    visit(code, value, length);
    option = value + ((length + 3) & ~3);
  }
}

/** The top bit chooses between powers of two and of ten. */
function resolution(value: number): number {
  const exponent = value & 0x7f;
  return (value & 0x80) === 0 ? 10 ** exponent : 2 ** exponent;
}
