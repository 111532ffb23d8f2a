import type { Nanos } from '../timeline.ts';

/** `client` opened the connection, `server` is the database. */
export type Side = 'client' | 'server';

export interface Endpoint {
  /** IPv4 dotted, IPv6 as RFC 5952 writes it. */
  readonly ip: string;
  readonly port: number;
}

/** How a connection ended: both sides closed, reset, silent too long, its ports used anew, thrown out for room, end of capture. */
export type CloseReason = 'finished' | 'reset' | 'idle' | 'reused' | 'evicted' | 'capture-end';

/** One TCP connection. The byte counters go on counting while it lives. */
export interface Connection {
  readonly client: Endpoint;
  readonly server: Endpoint;
  readonly ipVersion: 4 | 6;
  /** When the first packet was seen. */
  readonly startedAt: Nanos;
  /** The SYN was seen, so nothing came before. */
  readonly capturedFromStart: boolean;
  /** Interface of the first packet, where the source knows it. */
  readonly interfaceIndex: number | undefined;
}

/** Follows the bytes of one connection. Every decoder is one of these; so is the target of a TLS plaintext source. */
export interface ByteStreamListener {
  /** The next bytes in order are `buffer[start, end)`. They are only lent for the call: copy what you keep. */
  data(from: Side, buffer: Buffer, start: number, end: number, at: Nanos): void;
  /** Here `length` bytes were lost for good; 0 where it is not known how many. */
  gap(from: Side, length: number, at: Nanos): void;
  /** Called about once a second of packet time while the connection lives: time for what is overdue. */
  tick(at: Nanos): void;
  /** Nothing follows. Whatever is still pending is reported now. */
  close(at: Nanos, reason: CloseReason): void;
}

/** Asked once per connection; `undefined` means that nobody cares, and its bytes are dropped unread. */
export type OpenConnection = (connection: Connection) => ByteStreamListener | undefined;
