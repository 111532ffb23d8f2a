import type { Nanos } from '../timeline.ts';

/** How a protocol says where a frame ends. */
export interface Framing {
  /** Bytes needed to know a frame's length. */
  readonly headerBytes: number;
  /** Length of the body that follows the header at `buffer[at]`. Throws ProtocolViolation where it cannot be one. */
  bodyLength(buffer: Buffer, at: number): number;
}

/** Takes the frames of one direction. */
export interface FrameHandler {
  /**
   * How many of the body's first bytes `frame` needs at once; asked only where the frame is not whole in one piece.
   * The rest is skimmed: each byte is looked at once and none is kept. This bounds what a length field can cost.
   */
  wantedBytes(header: Buffer, headerAt: number, bodyLength: number): number;
  /**
   * A frame: its header at `buffer[headerAt]`, its body from `bodyStart`. `bodyEnd - bodyStart` is `bodyLength`, or at
   * least what was wanted. The buffer is lent.
   */
  frame(buffer: Buffer, headerAt: number, bodyStart: number, bodyEnd: number, bodyLength: number, at: Nanos): void;
  /** What follows the wanted bytes of the frame just given; the frame is over when `remaining` is 0. */
  rest(buffer: Buffer, start: number, end: number, remaining: number, at: Nanos): void;
}

const FIRST_KEPT_BYTES = 1024;

/**
 * Cuts one direction into length-prefixed frames, however the bytes were split. A frame that lies whole in what is
 * given is handed on in place; only a frame's wanted head is ever copied.
 */
export class FrameQueue {
  readonly #framing: Framing;
  readonly #handler: FrameHandler;
  #kept: Buffer | undefined;
  #keptBytes = 0;
  /** Header and wanted body bytes of the frame being collected; the header alone until it is whole. */
  #neededBytes: number;
  #bodyLength = -1;
  /** Body bytes of the current frame that are still to be skimmed. */
  #skimBytes = 0;

  constructor(framing: Framing, handler: FrameHandler) {
    this.#framing = framing;
    this.#handler = handler;
    this.#neededBytes = framing.headerBytes;
  }

  /** Nothing of a frame has been seen: the next byte begins one. */
  get atBoundary(): boolean {
    return this.#keptBytes === 0 && this.#skimBytes === 0;
  }

  /** Bytes held back for a frame that is not whole. */
  get keptBytes(): number {
    return this.#keptBytes;
  }

  /** How many bytes are missing until the current frame ends, as far as its header tells; 0 at a boundary. */
  get missingBytes(): number {
    if (this.#skimBytes > 0) return this.#skimBytes;
    if (this.#bodyLength >= 0) return this.#framing.headerBytes + this.#bodyLength - this.#keptBytes;
    return 0;
  }

  /** Forgets the frame in progress; the next byte begins one. */
  reset(): void {
    this.#keptBytes = 0;
    this.#neededBytes = this.#framing.headerBytes;
    this.#bodyLength = -1;
    this.#skimBytes = 0;
    this.#kept = undefined;
  }

  /**
   * The next `length` bytes are lost (0: nobody knows how many). True where they lie inside the current frame, so that
   * it is still known where that ends; else nothing is known and the next byte is taken to begin a frame. A frame whose
   * header was seen but which was not given yet is given now, with less than was wanted.
   */
  lose(length: number, at: Nanos): boolean {
    const exact = length > 0 && length <= this.missingBytes;
    const kept = this.#kept;
    if (this.#bodyLength >= 0 && kept !== undefined) this.#finish(kept, 0, this.#keptBytes, at);
    // The handler may have called `reset`.
    if (exact && this.#skimBytes >= length) {
      this.#skimBytes -= length;
      return true;
    }
    this.reset();
    return false;
  }

  /** The next bytes in order. Stops early when a handler calls `stop`, and gives back where: `end` otherwise. */
  push(buffer: Buffer, start: number, end: number, at: Nanos): number {
    const { headerBytes } = this.#framing;
    let position = start;
    this.#stopped = false;
    while (position < end && !this.#stopped) {
      if (this.#skimBytes > 0) {
        position = this.#skim(buffer, position, end, at);
      } else if (this.#keptBytes > 0) {
        position = this.#collect(buffer, position, end, at);
      } else if (end - position < headerBytes) {
        position = this.#keep(buffer, position, end);
      } else {
        const length = this.#framing.bodyLength(buffer, position);
        const bodyStart = position + headerBytes;
        if (length <= end - bodyStart) {
          position = bodyStart + length;
          this.#handler.frame(buffer, bodyStart - headerBytes, bodyStart, position, length, at);
        } else {
          this.#bodyLength = length;
          this.#neededBytes = headerBytes + Math.min(length, this.#handler.wantedBytes(buffer, position, length));
          if (end - position >= this.#neededBytes) {
            const given = position + this.#neededBytes;
            this.#finish(buffer, position, given, at);
            position = given;
          } else {
            position = this.#keep(buffer, position, end);
          }
        }
      }
    }
    return position;
  }

  /** To be called by a handler: what follows the current frame is not for this queue (TLS, another framing). */
  stop(): void {
    this.#stopped = true;
  }
  #stopped = false;

  #skim(buffer: Buffer, start: number, end: number, at: Nanos): number {
    const until = Math.min(end, start + this.#skimBytes);
    this.#skimBytes -= until - start;
    this.#handler.rest(buffer, start, until, this.#skimBytes, at);
    return until;
  }

  #keep(buffer: Buffer, start: number, end: number): number {
    const size = this.#keptBytes + (end - start);
    if (this.#kept === undefined || this.#kept.length < size) {
      const grown = Buffer.allocUnsafeSlow(Math.max(FIRST_KEPT_BYTES, Math.min(this.#neededBytes, size * 2), size));
      this.#kept?.copy(grown, 0, 0, this.#keptBytes);
      this.#kept = grown;
    }
    buffer.copy(this.#kept, this.#keptBytes, start, end);
    this.#keptBytes = size;
    return end;
  }

  #collect(buffer: Buffer, start: number, end: number, at: Nanos): number {
    const position = this.#keep(buffer, start, Math.min(end, start + this.#neededBytes - this.#keptBytes));
    const kept = this.#kept;
    if (kept === undefined || this.#keptBytes < this.#neededBytes) return position;
    if (this.#bodyLength < 0) {
      this.#bodyLength = this.#framing.bodyLength(kept, 0);
      const wanted = this.#handler.wantedBytes(kept, 0, this.#bodyLength);
      this.#neededBytes = this.#framing.headerBytes + Math.min(this.#bodyLength, wanted);
      if (this.#keptBytes < this.#neededBytes) return position;
    }
    this.#finish(kept, 0, this.#neededBytes, at);
    return position;
  }

  /** State is cleared before the handler runs, so that it may call `reset` or `stop`. */
  #finish(buffer: Buffer, headerAt: number, given: number, at: Nanos): void {
    const { headerBytes } = this.#framing;
    const length = this.#bodyLength;
    this.#skimBytes = length - (given - headerAt - headerBytes);
    this.#keptBytes = 0;
    this.#neededBytes = headerBytes;
    this.#bodyLength = -1;
    if (this.#kept !== undefined && this.#kept.length > FIRST_KEPT_BYTES) this.#kept = undefined;
    this.#handler.frame(buffer, headerAt, headerAt + headerBytes, given, length, at);
  }
}
