import type { Nanos } from '../timeline.ts';
import type { OpenConnection } from './byte-stream.ts';

/** Bounds of reassembly; the configuration has the defaults and their reasons. */
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
