import { NANOS_PER_SECOND, type Nanos } from '../timeline.ts';
import type { OpenConnection } from './byte-stream.ts';

/** Bounds of reassembly; the defaults are for a sidecar. */
export interface Limits {
  /** Connections followed at once; beyond it the one silent for longest is given up. */
  readonly connections: number;
  /** SYNs without an answer that are remembered, and as many closed connections. */
  readonly halfOpen: number;
  /** A connection silent for so long is given up. */
  readonly idleNanos: Nanos;
  /** Bytes held back for one connection while something before them is missing. */
  readonly bufferedBytesPerConnection: number;
  /** The same for all connections together. */
  readonly bufferedBytes: number;
}

export const DEFAULT_LIMITS: Limits = {
  // At about 2 kB each with the decoder: what 40 MB hold. Servers rarely allow more than a few thousand.
  connections: 20_000,
  // Linux keeps at most 4096 unanswered SYNs for a listening socket (net.core.somaxconn).
  halfOpen: 4_096,
  // MySQL and MariaDB close after 8 hours of silence (wait_timeout); the connection is then over for everybody.
  idleNanos: 8 * 3600 * NANOS_PER_SECOND,
  // The largest receive window Linux grows to by default is 6 MiB (tcp_rmem): more is rarely in flight.
  bufferedBytesPerConnection: 6 * 1024 * 1024,
  // A third of the memory that the agent may take under load.
  bufferedBytes: 32 * 1024 * 1024,
};

/** Loss that belongs to no connection; `count` is connections or packets. */
export type ReassemblyGap = 'connection-limit' | 'fragments-lost' | 'packets-cut';

export interface ReassemblerOptions {
  readonly open: OpenConnection;
  /** Tells who the server is where the SYN was not seen. */
  readonly isServerPort: (port: number) => boolean;
  readonly limits: Limits;
  /** Called at most once a tick for each reason. */
  readonly onGap: (reason: ReassemblyGap, count: number, at: Nanos) => void;
}

/** What reassembly has counted. */
export interface ReassemblyCounters {
  segments: number;
  /** Payload seen again, which is delivered once. */
  retransmittedBytes: number;
  /** Segments that had to wait for an earlier one, or for what they answer. */
  outOfOrderSegments: number;
  /** Bytes declared lost. */
  gapBytes: number;
  /** Holes declared lost. */
  gaps: number;
  connectionsOpened: number;
  /** Followed now. */
  connectionsOpen: number;
  /** Given up for want of room. */
  connectionsEvicted: number;
  /** SYNs without an answer, now. */
  halfOpen: number;
  /** Held back now, overhead included. */
  bufferedBytes: number;
  /** Segments whose numbers no sender would use. */
  implausibleSegments: number;
  /** Packets that contradict themselves, which no host takes either. */
  malformedPackets: number;
}

export function newCounters(): ReassemblyCounters {
  return {
    segments: 0,
    retransmittedBytes: 0,
    outOfOrderSegments: 0,
    gapBytes: 0,
    gaps: 0,
    connectionsOpened: 0,
    connectionsOpen: 0,
    connectionsEvicted: 0,
    halfOpen: 0,
    bufferedBytes: 0,
    implausibleSegments: 0,
    malformedPackets: 0,
  };
}
