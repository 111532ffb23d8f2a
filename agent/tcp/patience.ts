import type { HalfStream } from './half-stream.ts';

/** How many further packets of its connection something missing is waited for. */
export interface Patience {
  /** For what the peer has acknowledged: it will not be sent again, it can only have been captured out of order. */
  readonly acknowledged: number;
  /** For what the sender will send again as long as nobody acknowledges it. */
  readonly unacknowledged: number;
}

/** Packets change places over a few positions on their way into a capture; waiting longer only delays what is held. */
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
 * Something is missing in `half`, and with `now` packets seen so far patience with it is over.
 * `isOneWay`: a side never seen is not going to show itself.
 */
export function isOverdue(
  half: HalfStream,
  peer: HalfStream,
  now: number,
  patience: Patience,
  isOneWay: boolean,
): boolean {
  const first = half.firstHeld;
  const waited = now - (first?.order ?? now);
  if (!half.synced) return first !== undefined && waited >= patience.acknowledged;
  if (!half.hasHole) return false;
  if (half.ackedAhead > 0) return (isOneWay && !half.seen) || now - half.ackedOrder >= patience.acknowledged;
  if (peer.seen) return waited >= patience.unacknowledged;
  return patience.acknowledged === 0 || waited >= UNSEEN_PEER_PACKETS;
}
