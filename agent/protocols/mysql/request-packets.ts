import type { Nanos } from '../../timeline.ts';
import { ProtocolViolation } from '../protocol.ts';
import type { Command } from './command.ts';
import { COM_MULTI, COM_QUIT, COM_STMT_CLOSE, COM_STMT_SEND_LONG_DATA } from './commands.ts';
import type { MysqlSession } from './mysql-session.ts';
import { FULL_PACKET_BYTES, PACKET_HEADER_BYTES } from './packets.ts';
import { RequestReader } from './request-reader.ts';

export interface RequestListener {
  /** A request that will be answered. More of its text may come. */
  arrived(command: Command): void;
  /** The request that is being answered at present. */
  readonly current: Command | undefined;
  /** The client may be in a dialogue with the server that is no request. */
  readonly mayBeInDialogue: boolean;
}

const CLOSE_BODY_BYTES = 5;

/** From a client's packets to requests. */
export class RequestPackets {
  readonly #session: MysqlSession;
  readonly #listener: RequestListener;
  readonly #reader: RequestReader;
  /** The last packet is continued by the next. */
  #goesOn = false;
  /** The last request, while more of it may come. */
  #unfinished: Command | undefined;
  /** The client is sending a file's content. */
  #sendsFile = false;
  #fileSequence = 0;
  /** A server may break off while the client still sends. */
  #fileMayGoOn = false;

  constructor(session: MysqlSession, listener: RequestListener) {
    this.#session = session;
    this.#listener = listener;
    this.#reader = new RequestReader(session);
  }

  wantedBytes(): number {
    return this.#goesOn || this.#sendsFile ? 0 : this.#reader.wantedBytes();
  }

  /** A packet, or the beginning of it. `broken`: bytes inside of it were lost. */
  packet(
    buffer: Buffer,
    headerAt: number,
    start: number,
    end: number,
    length: number,
    at: Nanos,
    broken: boolean,
  ): void {
    const sequence = buffer[headerAt + 3] ?? 0;
    const continues = this.#goesOn;
    this.#goesOn = length === FULL_PACKET_BYTES;
    if (continues) {
      this.#continue(buffer, start, end, length, sequence, broken);
      return;
    }
    if (this.#sendsFile && this.#receiveFile(length, sequence)) return;
    if (sequence !== 0) {
      // Part of a dialogue: a change of user, or a file that the server asked for, which may not have been seen.
      if (this.#fileMayGoOn || this.#listener.mayBeInDialogue) return;
      throw new ProtocolViolation(`request with sequence number ${sequence}`);
    }
    this.#fileMayGoOn = false;
    if (end > start) this.#accept(buffer, start, end, length, at, broken);
    else if (!broken) throw new ProtocolViolation('empty request');
  }

  /** What follows the beginning of a packet. */
  rest(buffer: Buffer, start: number, end: number): void {
    this.#unfinished?.hash?.update(buffer.subarray(start, end));
  }

  /** Bytes were lost in the part of a request that is not kept. */
  restLost(): void {
    const command = this.#unfinished;
    if (command?.hash === undefined) return;
    command.hash = undefined;
    command.note('text-digest-unseen');
  }

  /** Bytes were lost, and with them where the next packet begins. */
  lose(): void {
    this.#goesOn = false;
    this.#unfinished = undefined;
    this.#reader.forgetWhatMayHaveChanged();
  }

  /** The server asked for a file's content, which comes in packets whose numbers go on from `sequence`. */
  expectFile(sequence: number): void {
    this.#sendsFile = true;
    this.#fileMayGoOn = true;
    this.#fileSequence = sequence;
    this.#goesOn = false;
  }

  /** Nobody waits for more of `command`, nor for a file. */
  over(command: Command): void {
    if (command === this.#unfinished) this.#unfinished = undefined;
    this.#sendsFile = false;
    if (command.unreadParameters !== undefined) this.#reader.readWaitingParameters(command);
  }

  #accept(buffer: Buffer, start: number, end: number, length: number, at: Nanos, broken: boolean): void {
    const code = buffer[start] ?? 0;
    switch (code) {
      case COM_QUIT:
        return;
      case COM_STMT_SEND_LONG_DATA:
        if (broken) this.#reader.loseLongData(buffer, start, end);
        else this.#reader.readLongData(buffer, start, end, length);
        return;
      case COM_STMT_CLOSE:
        if (end - start >= CLOSE_BODY_BYTES) this.#session.prepared.close(buffer.readUInt32LE(start + 1));
        return;
      case COM_MULTI:
        this.#acceptMany(buffer, start + 1, end, at);
        return;
    }
    const command = broken
      ? this.#reader.readBroken(code, buffer, start, end, length, at)
      : this.#reader.read(code, buffer, start, end, length, at);
    this.#unfinished = command.hash !== undefined || this.#goesOn ? command : undefined;
    this.#listener.arrived(command);
  }

  /** string<lenenc> each; answered one after the other with numbers that go on. */
  #acceptMany(buffer: Buffer, start: number, end: number, at: Nanos): void {
    let position = start;
    while (position < end) {
      const first = buffer[position] ?? 0;
      const wide = first === 0xfc && end - position >= 3;
      const length = wide ? buffer.readUInt16LE(position + 1) : first;
      const bodyStart = position + (wide ? 3 : 1);
      position = bodyStart + length;
      const isLength = wide || first < 0xfb;
      if (!isLength || length === 0 || position > end) throw new ProtocolViolation('command of no length');
      const code = buffer[bodyStart] ?? 0;
      if (code === COM_MULTI) throw new ProtocolViolation('COM_MULTI inside of COM_MULTI');
      const command = this.#reader.read(code, buffer, bodyStart, position, length, at);
      command.lastSequence = undefined;
      this.#listener.arrived(command);
    }
  }

  #continue(buffer: Buffer, start: number, end: number, length: number, sequence: number, broken: boolean): void {
    const command = this.#unfinished;
    if (command === undefined) return;
    command.lastSequence = sequence;
    command.requestBytes += PACKET_HEADER_BYTES + length;
    command.textLength += length;
    if (broken) this.restLost();
    else command.hash?.update(buffer.subarray(start, end));
  }

  /** Numbers go on from the server's, and begin again after 255; what does not go on is the next command. */
  #receiveFile(length: number, sequence: number): boolean {
    this.#fileSequence = (this.#fileSequence + 1) & 0xff;
    this.#sendsFile = sequence === this.#fileSequence && length > 0;
    if (sequence !== this.#fileSequence) return false;
    const { current } = this.#listener;
    if (current !== undefined) current.requestBytes += PACKET_HEADER_BYTES + length;
    return true;
  }
}
