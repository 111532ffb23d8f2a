import type { Session } from '../audit-event.ts';
import type { ByteStreamListener, CloseReason, Side } from '../tcp/byte-stream.ts';
import type { Nanos } from '../timeline.ts';
import type { Activity } from './activity.ts';
import { Opening } from './opening.ts';
import { type DecoderLimits, type Protocol, ProtocolViolation } from './protocol.ts';
import { readClientHello } from './tls-hello.ts';

/** After so many violations a connection is what its decoder cannot read; each try costs a decoder's state. */
const MAX_VIOLATIONS = 8;

/** What all sessions have in common. */
export interface SessionParts {
  readonly protocols: readonly Protocol[];
  readonly limits: DecoderLimits;
  report(session: Session, activity: Activity): void;
  /** The connection is over or its port is used by nothing that is known here. */
  ended(session: Session, at: Nanos, reason: CloseReason): void;
  /** The protocol is known from now on; the session's facts speak of it. */
  recognized(session: Session, protocol: Protocol, at: Nanos): void;
}

type Reader = ByteStreamListener | 'opening' | 'blind';

/**
 * One connection from its first byte: finds out which protocol it speaks, hands it to that decoder, and survives
 * whatever the decoder throws. This is the only place that catches a ProtocolViolation.
 */
export class SessionListener implements ByteStreamListener {
  readonly #parts: SessionParts;
  readonly #session: Session;
  readonly #expected: Protocol | undefined;
  #reader: Reader = 'opening';
  #opening: Opening | undefined;
  #violations = 0;
  #protocol: Protocol | undefined;

  /** `expected` is what the server's port stands for; undefined: nothing in particular. */
  constructor(parts: SessionParts, session: Session, expected: Protocol | undefined) {
    this.#parts = parts;
    this.#session = session;
    this.#expected = expected;
  }

  data(from: Side, buffer: Buffer, start: number, end: number, at: Nanos): void {
    const reader = this.#reader;
    if (reader === 'blind') return;
    if (reader === 'opening') {
      this.#open(from, buffer, start, end, at);
      return;
    }
    try {
      reader.data(from, buffer, start, end, at);
    } catch (error) {
      this.#violated(error, from, at);
    }
  }

  gap(from: Side, length: number, at: Nanos): void {
    const reader = this.#reader;
    if (reader === 'blind') return; // said already: nothing of this session is seen any more
    if (reader === 'opening') {
      this.#opening ??= new Opening();
      this.#opening.gap(from, length, at);
      return;
    }
    this.#report({ kind: 'blind', at, reason: 'bytes-lost', from, bytes: length, forGood: false, detail: undefined });
    try {
      reader.gap(from, length, at);
    } catch (error) {
      this.#violated(error, from, at);
    }
  }

  tick(at: Nanos): void {
    if (typeof this.#reader === 'string') return;
    this.#reader.tick(at);
  }

  close(at: Nanos, reason: CloseReason): void {
    if (this.#reader === 'opening') this.#decideAtLast(at);
    if (typeof this.#reader !== 'string') this.#reader.close(at, reason);
    this.#reader = 'blind';
    this.#opening = undefined;
    this.#parts.ended(this.#session, at, reason);
  }

  #open(from: Side, buffer: Buffer, start: number, end: number, at: Nanos): void {
    const { protocols } = this.#parts;
    this.#opening ??= new Opening();
    const opening = this.#opening;
    const verdict = opening.judge(
      from,
      buffer,
      start,
      end,
      protocols,
      this.#expected,
      this.#session.connection.capturedFromStart,
    );
    if (verdict === 'tls') {
      this.#encrypted(opening, from, buffer, start, end, at);
    } else if (verdict === 'unknown') {
      this.#unrecognized(opening.bytesSeen + end - start, at);
    } else if (verdict === 'undecided') {
      opening.keep(from, buffer, start, end, at);
      if (opening.full) this.#decideAtLast(at);
    } else {
      this.#decode(verdict, at);
      this.data(from, buffer, start, end, at);
    }
  }

  /** Hands what was held back to the decoder, in the order it came. */
  #decode(protocol: Protocol, at: Nanos): void {
    const session = this.#session;
    const { limits } = this.#parts;
    const opening = this.#opening;
    this.#opening = undefined;
    this.#protocol = protocol;
    this.#parts.recognized(session, protocol, at);
    this.#reader = protocol.decode({
      facts: session.facts,
      limits,
      capturedFromStart: session.connection.capturedFromStart,
      report: this.#report,
    });
    opening?.replay(this);
  }

  /** No more time to judge: the port decides, where it stands for a protocol. */
  #decideAtLast(at: Nanos): void {
    const opening = this.#opening;
    const bytes = opening?.bytesSeen ?? 0;
    if (opening === undefined || bytes === 0) return;
    const expected = this.#expected;
    const session = this.#session;
    const fromStart = session.connection.capturedFromStart && !opening.hasGap;
    if (expected !== undefined && !fromStart) this.#decode(expected, at);
    else this.#unrecognized(bytes, at);
  }

  #encrypted(opening: Opening, from: Side, buffer: Buffer, start: number, end: number, at: Nanos): void {
    this.#reader = 'blind';
    const hello = opening.joined(from, buffer, start, end);
    this.#opening = undefined;
    if (this.#expected === undefined) return;
    this.#parts.recognized(this.#session, this.#expected, at);
    this.#session.facts.update({ tls: readClientHello(hello, 0, hello.length) });
    this.#report({
      kind: 'blind',
      at,
      reason: 'encrypted',
      from: undefined,
      bytes: undefined,
      forGood: true,
      detail: 'TLS from the first byte',
    });
  }

  /** Other people's traffic is none of ours; what comes to a database's port is. */
  #unrecognized(bytes: number, at: Nanos): void {
    this.#reader = 'blind';
    this.#opening = undefined;
    const expected = this.#expected;
    if (expected === undefined) return;
    this.#parts.recognized(this.#session, expected, at);
    this.#report({
      kind: 'blind',
      at,
      reason: 'unrecognized',
      from: undefined,
      bytes,
      forGood: true,
      detail: `expected ${expected.name} on this port`,
    });
  }

  /** The decoder starts afresh in mid-stream, with what is known of the session. */
  #violated(error: unknown, from: Side, at: Nanos): void {
    if (!(error instanceof ProtocolViolation)) throw error;
    const reader = this.#reader;
    const protocol = this.#protocol;
    if (typeof reader === 'string' || protocol === undefined) return;
    this.#violations += 1;
    const forGood = this.#violations >= MAX_VIOLATIONS;
    this.#reader = 'blind';
    reader.close(at, 'evicted');
    this.#report({ kind: 'blind', at, reason: 'malformed', from, bytes: undefined, forGood, detail: error.message });
    if (forGood) return;
    const session = this.#session;
    const { limits } = this.#parts;
    this.#reader = protocol.decode({ facts: session.facts, limits, capturedFromStart: false, report: this.#report });
  }

  readonly #report = (activity: Activity): void => this.#parts.report(this.#session, activity);
}
