import type { Side } from '../../tcp/byte-stream.ts';
import type { Nanos } from '../../timeline.ts';
import { UNSEEN } from '../activity.ts';
import { FrameQueue } from '../frame-queue.ts';
import { ProtocolViolation } from '../protocol.ts';
import { isClientHello, readClientHello } from '../tls-hello.ts';
import { openStatement } from './open-statement.ts';
import type { PostgresSession } from './postgres-session.ts';
import { readStartupParameters, STARTUP_HEADER_BYTES, startupFraming, startupKind } from './startup.ts';

/*
 * What happens before typed messages: SSLRequest and GSSENCRequest with their one byte of answer, CancelRequest,
 * StartupMessage. https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-START-UP
 */

/** A client that has asked for encryption waits for the answer; more than a startup packet is not held for it. */
const MAX_HELD_BYTES = 16_384;
/** The names in a ClientHello come within its first bytes; large ones hold keys behind. */
const MAX_HELLO_BYTES = 4096;
const TLS_RECORD_HEADER_BYTES = 5;
const TLS_HANDSHAKE = 22;
const ACCEPTED_SSL = 0x53; // S
const ACCEPTED_GSSENC = 0x47; // G
const REFUSED = 0x4e; // N
const ERROR_RESPONSE = 0x45; // E
const NO_BYTES = Buffer.alloc(0);
const NO_PARAMETERS = {
  user: undefined,
  database: undefined,
  program: undefined,
  clientEncoding: undefined,
  attributes: undefined,
};

/** `open`: typed messages follow. `over`: nothing more can be read of this connection. */
type Phase = 'startup' | 'asked' | 'hello' | 'open' | 'over';

/** Follows a connection until its typed messages begin, or until it is known that they will not be seen. */
export class Negotiation {
  readonly #session: PostgresSession;
  readonly #queue: FrameQueue;
  #phase: Phase;
  /** Of the client: sent before its question was answered, or a ClientHello that is not whole. */
  #held: Buffer = NO_BYTES;

  constructor(session: PostgresSession) {
    this.#session = session;
    this.#phase = session.context.capturedFromStart ? 'startup' : 'open';
    this.#queue = new FrameQueue(startupFraming, {
      wantedBytes: (_header, _headerAt, bodyLength) => bodyLength,
      frame: (buffer, headerAt, start, end, _bodyLength, at) => this.#packet(buffer, headerAt, start, end, at),
      rest: () => {},
    });
  }

  get open(): boolean {
    return this.#phase === 'open';
  }

  /** Gives back where typed messages begin in these bytes; `end` where they do not. */
  client(buffer: Buffer, start: number, end: number, at: Nanos): number {
    if (this.#phase === 'startup') {
      const fresh = this.#queue.atBoundary && buffer[start] === TLS_HANDSHAKE;
      const position = fresh ? start : this.#queue.push(buffer, start, end, at);
      if (fresh) this.#phase = 'hello';
      return position < end && !this.open ? this.client(buffer, position, end, at) : position;
    }
    if (this.#phase === 'over') return end;
    this.#held = Buffer.concat([this.#held, buffer.subarray(start, end)]);
    if (this.#phase === 'hello') this.#hello(at);
    else if (this.#held.length > MAX_HELD_BYTES) throw new ProtocolViolation('no answer to the request for encryption');
    return end;
  }

  /** Gives back where typed messages begin. The client's bytes that waited for the answer are then in `takeHeld`. */
  server(buffer: Buffer, start: number, end: number, at: Nanos): number {
    if (this.#phase === 'over' || this.#phase === 'hello') return end;
    if (this.#phase === 'startup') throw new ProtocolViolation('the server speaks before the client');
    const answer = buffer[start];
    if (answer === ACCEPTED_SSL) {
      this.#phase = 'hello';
      if (this.#held.length > 0) this.#hello(at);
      return end;
    }
    if (answer === ACCEPTED_GSSENC) {
      this.#encrypted(at, 'GSSAPI');
      return end;
    }
    if (answer === ERROR_RESPONSE) {
      this.#session.startLogin(at, NO_PARAMETERS);
      this.#phase = 'open';
      return start;
    }
    if (answer !== REFUSED) throw new ProtocolViolation('no answer to a request for encryption');
    this.#phase = 'startup';
    return start + 1;
  }

  /** Bytes that the client sent before its question was answered, to be given again. */
  takeHeld(): Buffer {
    const held = this.#held;
    this.#held = NO_BYTES;
    return held;
  }

  /** True where typed messages may follow from here on, at a place that is not known. */
  gap(from: Side, at: Nanos): boolean {
    if (this.#phase === 'hello') this.#encrypted(at, 'TLS');
    if (this.#phase === 'over') return false;
    // The answer to a request for encryption was lost: what the client sends next tells what it was.
    if (from === 'server') this.#phase = 'startup';
    else this.#phase = 'open';
    return from === 'client';
  }

  close(at: Nanos): void {
    if (this.#phase === 'hello') this.#encrypted(at, 'TLS');
  }

  #packet(buffer: Buffer, headerAt: number, start: number, end: number, at: Nanos): void {
    const kind = startupKind(buffer, headerAt);
    const { context, readText } = this.#session;
    this.#queue.stop();
    if (kind === 'ssl' || kind === 'gssenc') {
      this.#phase = 'asked';
    } else if (kind === 'cancel') {
      this.#phase = 'over';
      const statement = openStatement(at, 'db.cancel', 'cancel');
      statement.language = 'none';
      statement.operation = 'CANCEL';
      statement.targets = [String(buffer.readUInt32BE(start))];
      statement.outcome = UNSEEN;
      statement.requestBytes = STARTUP_HEADER_BYTES + end - start;
      context.report(statement);
    } else if (kind === 'startup') {
      this.#phase = 'open';
      this.#session.startLogin(at, readStartupParameters(buffer, start, end, readText));
    } else {
      this.#blind(at, 'unrecognized', 'protocol 2.0, which servers gave up with PostgreSQL 14');
    }
  }

  #hello(at: Nanos): void {
    const { length } = this.#held;
    const whole = length >= TLS_RECORD_HEADER_BYTES && length >= TLS_RECORD_HEADER_BYTES + this.#held.readUInt16BE(3);
    if (whole || length >= MAX_HELLO_BYTES) this.#encrypted(at, 'TLS');
  }

  #encrypted(at: Nanos, by: string): void {
    if (isClientHello(this.#held, 0, this.#held.length) === true) {
      this.#session.context.facts.update({ tls: readClientHello(this.#held, 0, this.#held.length) });
    }
    this.#blind(at, 'encrypted', by);
  }

  #blind(at: Nanos, reason: 'encrypted' | 'unrecognized', detail: string): void {
    this.#phase = 'over';
    this.#held = NO_BYTES;
    this.#session.context.report({
      kind: 'blind',
      at,
      reason,
      from: undefined,
      bytes: undefined,
      forGood: true,
      detail,
    });
  }
}
