import type { ByteStreamListener, Side } from '../../tcp/byte-stream.ts';
import type { Nanos } from '../../timeline.ts';
import type { BlindReason } from '../activity.ts';
import { FrameQueue } from '../frame-queue.ts';
import type { DecoderContext } from '../protocol.ts';
import { CLIENT_COMPRESS, CLIENT_ZSTD_COMPRESSION_ALGORITHM } from './capabilities.ts';
import { CommandPhase } from './command-phase.ts';
import { CommandSearch } from './command-search.ts';
import { Decompressor, type PlainListener } from './compression.ts';
import { Handshake, type HandshakeStep } from './handshake.ts';
import { MysqlSession } from './mysql-session.ts';
import { ClientPackets, type PacketListener, ServerPackets } from './packet-sides.ts';
import { PACKET_FRAMING } from './packets.ts';
import { looksLikeGreeting, looksLikeHandshakeResponse } from './recognize.ts';
import { TlsUpgrade } from './tls-upgrade.ts';

/** A login packet of a client: 64 KiB of attributes and what stands before them. */
const MAX_LOGIN_BYTES = 70_000;
/** Follows one connection of MySQL's or MariaDB's protocol. */
export class Conversation implements ByteStreamListener, PlainListener, PacketListener {
  readonly #session: MysqlSession;
  readonly #commands: CommandPhase;
  readonly #client: FrameQueue;
  readonly #server: FrameQueue;
  /** `tls`: the first bytes under cover tell the server's name. `over`: nothing more is to be seen. */
  #phase: HandshakeStep = 'commands';
  #handshake: Handshake | undefined;
  #decompressors: Readonly<Record<Side, Decompressor>> | undefined;
  /** When the client's packet under way began. */
  #requestAt: Nanos = 0;
  /** The frame that is given was cut short by lost bytes. */
  #broken = false;
  /** The server's bytes turned out to be not where they should be. */
  #serverAstray = false;
  #search: CommandSearch | undefined;
  #tls: TlsUpgrade | undefined;

  constructor(context: DecoderContext) {
    this.#session = new MysqlSession(context);
    this.#commands = new CommandPhase(this.#session);
    this.#client = new FrameQueue(PACKET_FRAMING, new ClientPackets(this));
    this.#server = new FrameQueue(PACKET_FRAMING, new ServerPackets(this));
    if (context.capturedFromStart) this.#beginHandshake('greeting');
    else this.#commands.continuity.beginInMiddle();
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
    if (this.#phase === 'tls') {
      if (this.#tls?.take(from, buffer, start, end) !== false) this.#encrypted(at);
    } else if (from === 'client') this.#fromClient(buffer, start, end, at);
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
      this.#commands.continuity.ignoredServer(at);
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
    this.#handshake?.close();
    if (this.#phase === 'commands') this.#commands.close(at);
    this.#phase = 'over';
  }

  clientWantedBytes(): number {
    return this.#phase === 'commands' ? this.#commands.requests.wantedBytes() : MAX_LOGIN_BYTES;
  }

  serverWantedBytes(): number {
    return this.#phase === 'commands' ? this.#commands.replyWantedBytes() : MAX_LOGIN_BYTES;
  }

  clientPacket(buffer: Buffer, headerAt: number, start: number, end: number, length: number, at: Nanos): void {
    const begunAt = this.#requestAt;
    this.#requestAt = at;
    if (this.#phase === 'commands') {
      if (this.#commands.ignoresClient) return;
      this.#commands.requests.packet(buffer, headerAt, start, end, length, begunAt, this.#broken);
    } else if (this.#handshake !== undefined) {
      this.#step(this.#handshake.client(buffer, start, end, begunAt));
    }
  }

  clientRest(buffer: Buffer, start: number, end: number, at: Nanos): void {
    this.#requestAt = at;
    if (this.#phase === 'commands') this.#commands.requests.rest(buffer, start, end);
  }

  serverPacket(buffer: Buffer, headerAt: number, start: number, end: number, length: number, at: Nanos): void {
    if (this.#phase === 'commands') {
      if (this.#commands.reply(buffer, headerAt, start, end, length, at, this.#broken)) return;
      this.#serverAstray = true;
      this.#server.stop();
    } else if (this.#handshake !== undefined) {
      this.#step(this.#handshake.server(buffer, start, end, at));
    }
  }

  #fromClient(buffer: Buffer, start: number, end: number, at: Nanos): void {
    if (this.#client.atBoundary) this.#requestAt = at;
    if (this.#phase === 'commands' && this.#commands.continuity.clientLost) {
      this.#findClient(buffer, start, end, at);
      return;
    }
    const position = this.#client.push(buffer, start, end, at);
    if (position < end) this.plain('client', buffer, position, end, at);
  }

  #fromServer(buffer: Buffer, start: number, end: number, at: Nanos): void {
    if (this.#phase === 'commands' && this.#commands.ignoresServer) {
      if (
        !this.#commands.continuity.clientLost ||
        this.#session.capabilities.known ||
        !looksLikeGreeting(buffer, start, end)
      ) {
        this.#commands.continuity.ignoredServer(at);
        this.#server.reset();
        return;
      }
      this.#beginHandshake('greeting');
    }
    const position = this.#server.push(buffer, start, end, at);
    if (this.#serverAstray) {
      this.#serverAstray = false;
      this.#server.reset();
    } else if (position < end) {
      this.data('server', buffer, position, end, at);
    }
  }

  /** A command, or the answer to a greeting that was not seen. */
  #findClient(buffer: Buffer, start: number, end: number, at: Nanos): void {
    const isLoginSought = !this.#session.capabilities.known;
    this.#search ??= new CommandSearch();
    const found = this.#search.find(buffer, start, end, isLoginSought ? looksLikeHandshakeResponse : () => false);
    if (found === undefined) return;
    if (isLoginSought && looksLikeHandshakeResponse(found, 0, found.length)) this.#beginHandshake('response');
    this.#commands.continuity.clientLost = false;
    this.#client.reset();
    this.#fromClient(found, 0, found.length, at);
  }

  #clientGap(length: number, at: Nanos): void {
    if (this.#commands.continuity.clientLost) {
      this.#search?.forgetLead();
      return;
    }
    this.#commands.requests.restLost();
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

  #beginHandshake(stage: 'greeting' | 'response'): void {
    this.#phase = 'handshake';
    this.#handshake = new Handshake(this.#session, stage);
  }

  #step(step: HandshakeStep): void {
    if (step === 'handshake') return;
    this.#handshake = undefined;
    this.#phase = step;
    if (step === 'commands') this.#enterCommands();
    if (step === 'tls') {
      this.#tls = new TlsUpgrade();
      this.#client.stop();
    }
  }

  #enterCommands(): void {
    this.#commands.continuity.begin();
    const { capabilities } = this.#session;
    if (!capabilities.has(CLIENT_COMPRESS) && !capabilities.has(CLIENT_ZSTD_COMPRESSION_ALGORITHM)) return;
    this.#decompressors = { client: new Decompressor('client', this), server: new Decompressor('server', this) };
    this.#commands.numbersAnswers = false;
    this.#server.stop();
  }

  /** Bytes of the login are missing: whether it succeeded shows when commands follow. */
  #lostInLogin(at: Nanos): void {
    this.#handshake?.assumeAccepted();
    this.#handshake = undefined;
    this.#phase = 'commands';
    this.#client.reset();
    this.#server.reset();
    this.#enterCommands();
    if (this.#decompressors === undefined) {
      this.#commands.continuity.beginInMiddle();
    } else {
      this.#decompressors.client.gap(0, at);
      this.#decompressors.server.gap(0, at);
    }
  }

  #encrypted(at: Nanos): void {
    this.#phase = 'over';
    this.#session.context.facts.update({ tls: this.#tls?.facts() });
    this.#tls = undefined;
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
