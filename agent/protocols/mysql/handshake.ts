import type { Nanos } from '../../timeline.ts';
import { ProtocolViolation } from '../protocol.ts';
import { Authentication } from './authentication.ts';
import { type Greeting, readGreeting } from './greeting.ts';
import { readHandshakeResponse } from './handshake-response.ts';
import { type MysqlSession, reader } from './mysql-session.ts';
import { ERR_HEADER } from './packets.ts';

/** Whose turn it is: the server greets, the client says who it is, and both go on until the server has decided. */
type Stage = 'greeting' | 'response' | 'authenticating';
/** What follows a packet of the handshake. */
export type HandshakeStep = 'handshake' | 'commands' | 'tls' | 'over';

/** From the first byte to the server's verdict. */
export class Handshake {
  readonly #session: MysqlSession;
  #stage: Stage;
  #greeting: Greeting | undefined;
  #authentication: Authentication | undefined;

  /** `stage` is later than the greeting where that was not seen. */
  constructor(session: MysqlSession, stage: Stage) {
    this.#session = session;
    this.#stage = stage;
  }

  client(buffer: Buffer, start: number, end: number, at: Nanos): HandshakeStep {
    if (this.#stage === 'greeting') throw new ProtocolViolation('the client spoke first');
    // What proves the client to be who it says is passed over.
    if (this.#stage === 'authenticating') return 'handshake';
    const response = readHandshakeResponse(reader.over(buffer, start, end));
    const { capabilities, extendedCapabilities, credentials } = response;
    const offered = this.#greeting?.capabilities ?? -1;
    const offeredExtended = this.#greeting?.extendedCapabilities ?? -1;
    this.#session.capabilities.agree(capabilities & offered, extendedCapabilities & offeredExtended);
    if (credentials === undefined) return 'tls';
    this.#authentication = new Authentication(this.#session, 'start', credentials, at);
    this.#stage = 'authenticating';
    return 'handshake';
  }

  server(buffer: Buffer, start: number, end: number, at: Nanos): HandshakeStep {
    if (this.#authentication !== undefined) {
      const outcome = this.#authentication.packet(buffer, start, end, at);
      if (outcome === undefined) return 'handshake';
      this.#authentication = undefined;
      return outcome.kind === 'ok' ? 'commands' : 'over';
    }
    if (buffer[start] === ERR_HEADER) {
      // Too many connections, a host that is blocked, a client that takes too long: before it has said a word.
      new Authentication(this.#session, 'start', undefined, at).packet(buffer, start, end, at);
      return 'over';
    }
    if (this.#stage === 'greeting') this.#greet(buffer, start, end);
    return 'handshake';
  }

  /** Bytes are missing: whether the login succeeded shows when commands follow. */
  assumeAccepted(): void {
    this.#authentication?.assumeAccepted();
    this.#authentication = undefined;
  }

  /** Nothing follows. */
  close(): void {
    this.#authentication?.unseen();
    this.#authentication = undefined;
  }

  #greet(buffer: Buffer, start: number, end: number): void {
    const greeting = readGreeting(reader.over(buffer, start, end));
    const { version, connectionId, system } = greeting;
    this.#session.context.facts.update({ serverVersion: version, connectionId: String(connectionId), system });
    this.#greeting = greeting;
    this.#stage = 'response';
  }
}
