import type { Nanos } from '../../timeline.ts';
import type { FrameHandler } from '../frame-queue.ts';

/** Takes the packets of both sides. */
export interface PacketListener {
  clientWantedBytes(): number;
  serverWantedBytes(): number;
  clientPacket(buffer: Buffer, headerAt: number, start: number, end: number, length: number, at: Nanos): void;
  /** What follows the wanted beginning of a client's packet. */
  clientRest(buffer: Buffer, start: number, end: number, at: Nanos): void;
  serverPacket(buffer: Buffer, headerAt: number, start: number, end: number, length: number, at: Nanos): void;
}

/** The client's packets as a queue hands them on. */
export class ClientPackets implements FrameHandler {
  readonly #listener: PacketListener;

  constructor(listener: PacketListener) {
    this.#listener = listener;
  }

  wantedBytes(): number {
    return this.#listener.clientWantedBytes();
  }

  frame(buffer: Buffer, headerAt: number, start: number, end: number, length: number, at: Nanos): void {
    this.#listener.clientPacket(buffer, headerAt, start, end, length, at);
  }

  rest(buffer: Buffer, start: number, end: number, _remaining: number, at: Nanos): void {
    this.#listener.clientRest(buffer, start, end, at);
  }
}

/** The server's packets as a queue hands them on; what is not wanted of them is skimmed. */
export class ServerPackets implements FrameHandler {
  readonly #listener: PacketListener;

  constructor(listener: PacketListener) {
    this.#listener = listener;
  }

  wantedBytes(): number {
    return this.#listener.serverWantedBytes();
  }

  frame(buffer: Buffer, headerAt: number, start: number, end: number, length: number, at: Nanos): void {
    this.#listener.serverPacket(buffer, headerAt, start, end, length, at);
  }

  rest(): void {}
}
