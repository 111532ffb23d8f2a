import type { ByteStreamListener, Side } from '../tcp/byte-stream.ts';
import type { Activity } from './activity.ts';
import type { SessionFacts } from './session-facts.ts';

/** Bounds that hold for one connection; each comes from the configuration (agent/config.ts has the reasons). */
export interface DecoderLimits {
  /** Longer statement text is cut here (bytes). */
  readonly textBytes: number;
  /** Requests without an answer that are remembered; beyond it the oldest is reported unseen. */
  readonly pendingStatements: number;
  /** Prepared statements remembered per connection; beyond it the least recently used is forgotten. */
  readonly preparedStatements: number;
  /** After this a statement without an answer is reported as still running (nanoseconds). */
  readonly stillRunningNanos: number;
}

/** What a decoder is given for one connection. */
export interface DecoderContext {
  readonly facts: SessionFacts;
  readonly limits: DecoderLimits;
  /** False: the login was before the capture, so flags agreed there must be inferred. */
  readonly capturedFromStart: boolean;
  report(activity: Activity): void;
}

/** Everything dbaudit knows about one database: how to spot it, and how to read it. */
export interface Protocol {
  readonly name: string;
  /** Where it is usually found; decides which packets are captured, and what a connection is when its bytes do not say. */
  readonly ports: readonly number[];
  /**
   * Judges the first bytes of one side, `opening[start, end)`.
   * `yes` must be certain enough to overrule the port; `likely` is taken on the protocol's own port or when nobody
   * says yes; `need-more` is asked again with more bytes.
   */
  recognize(side: Side, opening: Buffer, start: number, end: number): 'yes' | 'likely' | 'no' | 'need-more';
  decode(context: DecoderContext): ByteStreamListener;
}

/** The bytes break the protocol's own rules. Thrown by decoders, caught once, in `session.ts`. */
export class ProtocolViolation extends Error {
  override readonly name = 'ProtocolViolation';
}
