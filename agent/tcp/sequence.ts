/**
 * TCP sequence numbers are counted modulo 2^32 (RFC 9293, 3.4). Here they are signed 32-bit integers.
 */
export type SequenceNumber = number;

/** How far `to` lies after `from`; negative where it lies before. Right for numbers less than 2 GiB apart. */
export function distance(from: SequenceNumber, to: SequenceNumber): number {
  return (to - from) | 0;
}

/** The number `bytes` after `from`. */
export function advance(from: SequenceNumber, bytes: number): SequenceNumber {
  return (from + bytes) | 0;
}

/** Whichever of the two comes first. */
export function earlier(a: SequenceNumber, b: SequenceNumber): SequenceNumber {
  return distance(a, b) < 0 ? b : a;
}
