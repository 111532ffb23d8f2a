import type { ByteStreamListener, Side } from '../../tcp/byte-stream.ts';
import type { Nanos } from '../../timeline.ts';
import type { BlindReason } from '../activity.ts';
import { type FrameHandler, FrameQueue } from '../frame-queue.ts';
import { type DecoderContext, ProtocolViolation } from '../protocol.ts';
import { readClientHello } from '../tls-hello.ts';
import { Authentication } from './authentication.ts';
import { CLIENT_COMPRESS, CLIENT_ZSTD_COMPRESSION_ALGORITHM } from './capabilities.ts';
import { CommandPhase } from './command-phase.ts';
import { beginsWithCommand } from './commands.ts';
import { Decompressor, type PlainListener } from './compression.ts';
import { type Greeting, readGreeting } from './greeting.ts';
import { readHandshakeResponse } from './handshake-response.ts';
import { MysqlSession, reader } from './mysql-session.ts';
import { ERR_HEADER, PACKET_FRAMING } from './packets.ts';
import { looksLikeGreeting, looksLikeHandshakeResponse } from './recognize.ts';

/**
 *   greeting        the server speaks first, or refuses
 *   response        the client says who it is, or asks for TLS
 *   authenticating  both go on until the server has decided
 *   commands        requests and answers
 *   tls             the first bytes under cover tell the server's name
 *   over            nothing more is to be seen
 */
type Phase = 'greeting' | 'response' | 'authenticating' | 'commands' | 'tls' | 'over';

/** A login packet of a client: 64 KiB of attributes and what stands before them. */
const MAX_LOGIN_BYTES = 70_000;
/** A ClientHello is one record of at most 16 KiB in ordinary life; what is longer tells enough at its beginning. */
const MAX_CLIENT_HELLO_BYTES = 16_384;
/** While it is unknown where packets begin, a piece of less than a packet's header waits for the next. */
const MAX_LEAD_BYTES = 8;

/** Follows one connection of MySQL's or MariaDB's protocol. */
export class Conversation implements ByteStreamListener, PlainListener {
  readonly #session: MysqlSession;
  readonly #commands: CommandPhase;
  readonly #client: FrameQueue;
  readonly #server: FrameQueue;
  #phase: Phase;
  #greeting: Greeting | undefined;
  #authentication: Authentication | undefined;
  #decompressors: Readonly<Record<Side, Decompressor>> | undefined;
  /** When the client's packet under way began. */
  #requestAt: Nanos = 0;
  /** The frame that is given was cut short by lost bytes. */
  #broken = false;
  /** The server's bytes turned out to be not where they should be. */
  #serverAstray = false;
  #lead: Buffer | undefined;
  #clientHello: Buffer | undefined;

  constructor(context: DecoderContext) {
    this.#session = new MysqlSession(context);
    this.#commands = new CommandPhase(this.#session);
    this.#client = new FrameQueue(PACKET_FRAMING, new ClientPackets(this));
    this.#server = new FrameQueue(PACKET_FRAMING, new ServerPackets(this));
    this.#phase = context.capturedFromStart ? 'greeting' : 'commands';
    if (!context.capturedFromStart) this.#commands.startInMiddle();
  }

  data(from: Side, buffer: Buffer, start: number, end: number, at: Nanos): void {
    if (this.#decompressors !== undefined) this.#decompressors[from].data(buffer, start, end, at);
    else this.plain(from, buffer, start, end, at);
  }

  gap(from: Side, length: number, at: Nanos): void {
    if (this.#decompressors !== undefined) this.#decompressors[from].gap(length, at);
    else this.plainGap(from, length, at);
  }

  plain(from: Side, buffer: Buffer, start: number, end: number, at: Nanos): void {
    if (this.#phase === 'over') return;
    if (this.#phase === 'tls') this.#underCover(from, buffer, start, end, at);
    else if (from === 'client') this.#fromClient(buffer, start, end, at);
    else this.#fromServer(buffer, start, end, at);
  }

  plainGap(from: Side, length: number, at: Nanos): void {
    if (this.#phase === 'over') return;
    if (this.#phase === 'tls') {
      this.#encrypted(at);
    } else if (this.#phase !== 'commands') {
      this.#lostInLogin(at);
    } else if (from === 'client') {
      this.#clientGap(length, at);
    } else if (this.#commands.ignoresServer) {
      this.#commands.ignoredServer(at);
    } else {
      this.#serverGap(length, at);
    }
  }

  plainBlind(from: Side, reason: BlindReason, detail: string, at: Nanos): void {
    this.#session.context.report({ kind: 'blind', at, reason, from, bytes: undefined, forGood: false, detail });
  }

  tick(at: Nanos): void {
    if (this.#phase === 'commands') this.#commands.tick(at);
  }

  close(at: Nanos): void {
    if (this.#phase === 'tls') this.#encrypted(at);
    this.#authentication?.unseen();
    this.#authentication = undefined;
    if (this.#phase === 'commands') this.#commands.close(at);
    this.#phase = 'over';
  }

  clientWantedBytes(): number {
    return this.#phase === 'commands' ? this.#commands.requestWantedBytes() : MAX_LOGIN_BYTES;
  }

  serverWantedBytes(): number {
    return this.#phase === 'commands' ? this.#commands.replyWantedBytes() : MAX_LOGIN_BYTES;
  }

  clientPacket(buffer: Buffer, headerAt: number, start: number, end: number, length: number, at: Nanos): void {
    const begunAt = this.#requestAt;
    this.#requestAt = at;
    if (this.#phase === 'commands') {
      this.#commands.request(buffer, headerAt, start, end, length, begunAt, this.#broken);
    } else if (this.#phase === 'response') {
      this.#readResponse(buffer, start, end, begunAt);
    } else if (this.#phase === 'greeting') {
      throw new ProtocolViolation('the client spoke first');
    }
  }

  clientRest(buffer: Buffer, start: number, end: number, at: Nanos): void {
    this.#requestAt = at;
    if (this.#phase === 'commands') this.#commands.requestRest(buffer, start, end);
  }

  serverPacket(buffer: Buffer, headerAt: number, start: number, end: number, length: number, at: Nanos): void {
    if (this.#phase === 'commands') {
      if (this.#commands.reply(buffer, headerAt, start, end, length, at, this.#broken)) return;
      this.#serverAstray = true;
      this.#server.stop();
    } else if (this.#phase === 'greeting') {
      this.#readGreeting(buffer, start, end, at);
    } else if (this.#phase === 'authenticating') {
      this.#authenticate(buffer, start, end, at);
    } else if (buffer[start] === ERR_HEADER) {
      // It waited too long for the client's answer.
      this.#refused(buffer, start, end, at);
    }
  }

  #fromClient(buffer: Buffer, start: number, end: number, at: Nanos): void {
    if (this.#client.atBoundary) this.#requestAt = at;
    if (this.#phase === 'commands' && this.#commands.clientLost) {
      this.#findClient(buffer, start, end, at);
      return;
    }
    const position = this.#client.push(buffer, start, end, at);
    if (position < end) this.plain('client', buffer, position, end, at);
  }

  #fromServer(buffer: Buffer, start: number, end: number, at: Nanos): void {
    if (this.#phase === 'commands' && this.#commands.ignoresServer) {
      if (!this.#commands.clientLost || this.#session.capabilities.known || !looksLikeGreeting(buffer, start, end)) {
        this.#commands.ignoredServer(at);
        this.#server.reset();
        return;
      }
      this.#phase = 'greeting';
    }
    const position = this.#server.push(buffer, start, end, at);
    if (this.#serverAstray) {
      this.#serverAstray = false;
      this.#server.reset();
    } else if (position < end) {
      this.data('server', buffer, position, end, at);
    }
  }

  /** Looks for a packet's beginning, with what little came before. */
  #findClient(buffer: Buffer, start: number, end: number, at: Nanos): void {
    const lead = this.#lead;
    this.#lead = undefined;
    if (lead !== undefined) {
      const joined = Buffer.concat([lead, buffer.subarray(start, end)]);
      if (this.#tryClient(joined, 0, joined.length, at)) return;
    }
    this.#tryClient(buffer, start, end, at);
  }

  #tryClient(buffer: Buffer, start: number, end: number, at: Nanos): boolean {
    const verdict = beginsWithCommand(buffer, start, end);
    if (verdict === undefined) {
      if (end - start <= MAX_LEAD_BYTES) this.#lead = Buffer.from(buffer.subarray(start, end));
      return true;
    }
    if (!verdict && (this.#session.capabilities.known || !looksLikeHandshakeResponse(buffer, start, end))) return false;
    if (!verdict) this.#phase = 'response';
    this.#commands.clientLost = false;
    this.#client.reset();
    this.#fromClient(buffer, start, end, at);
    return true;
  }

  #clientGap(length: number, at: Nanos): void {
    if (this.#commands.clientLost) {
      this.#lead = undefined;
      return;
    }
    this.#commands.requestRestLost();
    this.#broken = true;
    const exact = this.#client.lose(length, at);
    this.#broken = false;
    if (!exact) this.#commands.loseClient();
  }

  #serverGap(length: number, at: Nanos): void {
    this.#broken = true;
    const exact = this.#server.lose(length, at);
    this.#broken = false;
    if (exact && !this.#serverAstray) return;
    if (!this.#serverAstray) this.#commands.loseServer(at);
    this.#serverAstray = false;
    this.#server.reset();
  }

  #readGreeting(buffer: Buffer, start: number, end: number, at: Nanos): void {
    if (buffer[start] === ERR_HEADER) {
      this.#refused(buffer, start, end, at);
      return;
    }
    const greeting = readGreeting(reader.over(buffer, start, end));
    this.#greeting = greeting;
    const { version, connectionId, system } = greeting;
    this.#session.context.facts.update({ serverVersion: version, connectionId: String(connectionId), system });
    this.#phase = 'response';
  }

  /** Too many connections, a host that is blocked: before the client has said a word. */
  #refused(buffer: Buffer, start: number, end: number, at: Nanos): void {
    new Authentication(this.#session, 'start', undefined, at).packet(buffer, start, end, at);
    this.#phase = 'over';
  }

  #readResponse(buffer: Buffer, start: number, end: number, at: Nanos): void {
    const response = readHandshakeResponse(reader.over(buffer, start, end));
    const { capabilities, extendedCapabilities, credentials } = response;
    const offered = this.#greeting?.capabilities ?? -1;
    const offeredExtended = this.#greeting?.extendedCapabilities ?? -1;
    this.#session.capabilities.agree(capabilities & offered, extendedCapabilities & offeredExtended);
    if (credentials === undefined) {
      this.#phase = 'tls';
      this.#client.stop();
      return;
    }
    this.#authentication = new Authentication(this.#session, 'start', credentials, at);
    this.#phase = 'authenticating';
  }

  #authenticate(buffer: Buffer, start: number, end: number, at: Nanos): void {
    const outcome = this.#authentication?.packet(buffer, start, end, at);
    if (outcome === undefined) return;
    this.#authentication = undefined;
    if (outcome.kind === 'failed') {
      this.#phase = 'over';
      return;
    }
    this.#enterCommands();
  }

  #enterCommands(): void {
    this.#phase = 'commands';
    this.#commands.enter();
    const { capabilities } = this.#session;
    if (!capabilities.has(CLIENT_COMPRESS) && !capabilities.has(CLIENT_ZSTD_COMPRESSION_ALGORITHM)) return;
    this.#decompressors = { client: new Decompressor('client', this), server: new Decompressor('server', this) };
    this.#commands.numbersAnswers = false;
    this.#server.stop();
  }

  /** Bytes of the login are missing: whether it succeeded shows when commands follow. */
  #lostInLogin(at: Nanos): void {
    this.#authentication?.assumeAccepted();
    this.#authentication = undefined;
    this.#client.reset();
    this.#server.reset();
    this.#enterCommands();
    if (this.#decompressors === undefined) {
      this.#commands.startInMiddle();
    } else {
      this.#decompressors.client.gap(0, at);
      this.#decompressors.server.gap(0, at);
    }
  }

  /** Collects the ClientHello: it is the last that can be read. */
  #underCover(from: Side, buffer: Buffer, start: number, end: number, at: Nanos): void {
    if (from === 'client') {
      const piece = buffer.subarray(start, end);
      this.#clientHello =
        this.#clientHello === undefined ? Buffer.from(piece) : Buffer.concat([this.#clientHello, piece]);
      const hello = this.#clientHello;
      const recordBytes = hello.length >= 5 ? 5 + hello.readUInt16BE(3) : MAX_CLIENT_HELLO_BYTES;
      if (hello.length < Math.min(recordBytes, MAX_CLIENT_HELLO_BYTES)) return;
    }
    this.#encrypted(at);
  }

  #encrypted(at: Nanos): void {
    const hello = this.#clientHello;
    this.#clientHello = undefined;
    this.#phase = 'over';
    const tls = hello === undefined ? undefined : readClientHello(hello, 0, hello.length);
    this.#session.context.facts.update({ tls: tls ?? { version: undefined, serverName: undefined } });
    this.#session.context.report({
      kind: 'blind',
      at,
      reason: 'encrypted',
      from: undefined,
      bytes: undefined,
      forGood: true,
      detail: 'the client asked for TLS',
    });
  }
}

/** The client's packets as a queue hands them on. */
class ClientPackets implements FrameHandler {
  readonly #conversation: Conversation;

  constructor(conversation: Conversation) {
    this.#conversation = conversation;
  }

  wantedBytes(): number {
    return this.#conversation.clientWantedBytes();
  }

  frame(buffer: Buffer, headerAt: number, start: number, end: number, length: number, at: Nanos): void {
    this.#conversation.clientPacket(buffer, headerAt, start, end, length, at);
  }

  rest(buffer: Buffer, start: number, end: number, _remaining: number, at: Nanos): void {
    this.#conversation.clientRest(buffer, start, end, at);
  }
}

/** The server's packets as a queue hands them on; what is not wanted of them is skimmed. */
class ServerPackets implements FrameHandler {
  readonly #conversation: Conversation;

  constructor(conversation: Conversation) {
    this.#conversation = conversation;
  }

  wantedBytes(): number {
    return this.#conversation.serverWantedBytes();
  }

  frame(buffer: Buffer, headerAt: number, start: number, end: number, length: number, at: Nanos): void {
    this.#conversation.serverPacket(buffer, headerAt, start, end, length, at);
  }

  rest(): void {}
}
