import type { HalfStream } from './half-stream.ts';

/** How many further packets of its connection something missing is waited for. */
export interface Patience {
  /** For what the peer has acknowledged: it will not be sent again, it can only have been captured out of order. */
  readonly acknowledged: number;
  /** For what the sender will send again as long as nobody acknowledges it. */
  readonly unacknowledged: number;
}

/** Captures swap packets over a few places; measured on real captures with 2 % reordered, 16 is enough. */
const REORDERED_PACKETS = 16;
/** Where the acknowledging side is not captured: what a fast retransmission may take at a full window. */
const UNSEEN_PEER_PACKETS = 128;

/** While packets go on coming. */
export const WHILE_PACKETS_COME: Patience = { acknowledged: REORDERED_PACKETS, unacknowledged: Infinity };
/** After some time without progress. */
export const ONLY_FOR_RETRANSMISSION: Patience = { acknowledged: 0, unacknowledged: Infinity };
/** At the end, or for want of room. */
export const NO_PATIENCE: Patience = { acknowledged: 0, unacknowledged: 0 };

/**
 * Since which packet something is missing in `half` with which patience is over by packet `now`; undefined: nothing.
 * `isOneWay`: a side never seen is not going to show itself.
 */
export function overdueSince(
  half: HalfStream,
  peer: HalfStream,
  now: number,
  patience: Patience,
  isOneWay: boolean,
): number | undefined {
  const first = half.firstHeld;
  let since = first?.order ?? now;
  let packets = patience.acknowledged;
  if (!half.synced) {
    if (first === undefined) return undefined;
  } else if (!half.hasHole) {
    return undefined;
  } else if (half.ackedAhead > 0) {
    since = half.ackedOrder;
    if (isOneWay && !half.seen) packets = 0;
  } else if (peer.seen) {
    packets = patience.unacknowledged;
  } else if (packets > 0) {
    packets = UNSEEN_PEER_PACKETS;
  }
  return now - since >= packets ? since : undefined;
}
