import type { Nanos } from '../timeline.ts';
import type { Segment } from './segment.ts';
import { advance, distance, type SequenceNumber } from './sequence.ts';

/** How far a packet may be from the SYN of its connection: a first flight lost as a whole is smaller. */
const FIRST_FLIGHT_BYTES = 1024 * 1024;
/** Data with a SYN fits in one packet without offload; more is not kept, and then missing. */
const MAX_PAYLOAD_BYTES = 1_500;

/** The SYN of whoever opens a connection. */
export interface Syn {
  readonly seq: SequenceNumber;
  readonly fromLow: boolean;
  readonly at: Nanos;
  readonly interfaceIndex: number | undefined;
  /** What it carried (TCP Fast Open, RFC 7413). */
  readonly payload: Buffer | undefined;
}

export function synOf(segment: Segment, at: Nanos): Syn {
  const { seq, fromLow, interfaceIndex, buffer, payloadStart, payloadEnd } = segment;
  const isKept = payloadEnd > payloadStart && payloadEnd - payloadStart <= MAX_PAYLOAD_BYTES;
  const payload = isKept ? Buffer.from(buffer.subarray(payloadStart, payloadEnd)) : undefined;
  return { seq, fromLow, at, interfaceIndex, payload };
}

/** `number` can be among the first of the stream whose first byte has the number `first`. */
export function isFirstFlight(first: SequenceNumber, number: SequenceNumber): boolean {
  const ahead = distance(first, number);
  return ahead >= 0 && ahead <= FIRST_FLIGHT_BYTES;
}

/** `segment` may be the first after `syn`, whichever side it is from. */
export function follows(syn: Syn, segment: Segment): boolean {
  return isFirstFlight(advance(syn.seq, 1), segment.fromLow === syn.fromLow ? segment.seq : segment.ack);
}
