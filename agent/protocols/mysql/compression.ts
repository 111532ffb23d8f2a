import { inflateSync, zstdDecompressSync } from 'node:zlib';
import type { Side } from '../../tcp/byte-stream.ts';
import type { Nanos } from '../../timeline.ts';
import type { BlindReason } from '../activity.ts';
import { type FrameHandler, FrameQueue, type Framing } from '../frame-queue.ts';
import { packetLength } from './packets.ts';

/*
 * The compressed protocol: packets inside packets.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_compression.html
 *
 *   int<3> compressed length, int<1> sequence, int<3> length before compression, 0: the payload is as it is.
 */

const HEADER_BYTES = 7;
/** What is kept of one compressed packet until it is whole. The protocol allows 16 MiB, which no client needs for a statement. */
const MAX_COMPRESSED_BYTES = 4 * 1024 * 1024;
const ZSTD_MAGIC = 0xfd2fb528;

const FRAMING: Framing = { headerBytes: HEADER_BYTES, bodyLength: packetLength };

/** What lies inside. */
export interface PlainListener {
  plain(from: Side, buffer: Buffer, start: number, end: number, at: Nanos): void;
  /** 0 bytes: it is not known how many. */
  plainGap(from: Side, length: number, at: Nanos): void;
  plainBlind(from: Side, reason: BlindReason, detail: string, at: Nanos): void;
}

/** One direction of a compressed connection. */
export class Decompressor implements FrameHandler {
  readonly #from: Side;
  readonly #listener: PlainListener;
  readonly #queue: FrameQueue;
  /** Framing is lost until a piece is one whole packet. */
  #lost = false;
  /** The frame that is given was cut short by lost bytes. */
  #broken = false;

  constructor(from: Side, listener: PlainListener) {
    this.#from = from;
    this.#listener = listener;
    this.#queue = new FrameQueue(FRAMING, this);
  }

  data(buffer: Buffer, start: number, end: number, at: Nanos): void {
    if (this.#lost) {
      if (end - start < HEADER_BYTES || packetLength(buffer, start) !== end - start - HEADER_BYTES) return;
      this.#lost = false;
    }
    this.#queue.push(buffer, start, end, at);
  }

  gap(length: number, at: Nanos): void {
    const between = this.#queue.atBoundary;
    this.#broken = true;
    const exact = this.#queue.lose(length, at);
    this.#broken = false;
    if (exact) return;
    this.#lost = true;
    if (between) this.#listener.plainGap(this.#from, 0, at);
  }

  wantedBytes(_header: Buffer, _headerAt: number, bodyLength: number): number {
    return bodyLength <= MAX_COMPRESSED_BYTES ? bodyLength : 0;
  }

  frame(buffer: Buffer, headerAt: number, bodyStart: number, bodyEnd: number, bodyLength: number, at: Nanos): void {
    const plainLength = packetLength(buffer, headerAt + 4);
    const isWhole = bodyEnd - bodyStart === bodyLength && bodyLength <= MAX_COMPRESSED_BYTES;
    if (!isWhole) {
      if (!this.#broken)
        this.#listener.plainBlind(this.#from, 'limit-reached', `compressed packet of ${bodyLength} bytes`, at);
      this.#listener.plainGap(this.#from, plainLength === 0 ? bodyLength : plainLength, at);
    } else if (plainLength === 0) {
      this.#listener.plain(this.#from, buffer, bodyStart, bodyEnd, at);
    } else {
      this.#expand(buffer, bodyStart, bodyEnd, plainLength, at);
    }
  }

  /** Lost or too long; it was told when the frame began. */
  rest(): void {}

  #expand(buffer: Buffer, start: number, end: number, plainLength: number, at: Nanos): void {
    const plain = expanded(buffer.subarray(start, end), plainLength);
    if (plain === undefined) {
      this.#listener.plainBlind(this.#from, 'malformed', 'compressed packet cannot be expanded', at);
      this.#listener.plainGap(this.#from, plainLength, at);
    } else {
      this.#listener.plain(this.#from, plain, 0, plain.length, at);
    }
  }
}

/** Never more than the `length` bytes that were announced; undefined: it is neither zlib's nor zstd's, or not so long. */
function expanded(bytes: Buffer, length: number): Buffer | undefined {
  const isZstd = bytes.length >= 4 && bytes.readUInt32LE(0) === ZSTD_MAGIC;
  try {
    const options = { maxOutputLength: length };
    const plain = isZstd ? zstdDecompressSync(bytes, options) : inflateSync(bytes, options);
    return plain.length === length ? plain : undefined;
  } catch {
    return undefined;
  }
}
