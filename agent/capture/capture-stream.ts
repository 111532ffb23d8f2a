import { type CaptureFormat, DamagedCapture, viewOf } from './capture-format.ts';
import type { OnPacket } from './packet-source.ts';
import { PcapFormat } from './pcap-format.ts';
import { PcapngFormat } from './pcapng-format.ts';

const MAGIC_BYTES = 4;
/** Holds nearly every packet; it grows for those that need more. */
const INITIAL_CARRY_BYTES = 64 * 1024;

/**
 * The packets of a pcap or pcapng capture whose bytes come in pieces of any size. A packet that lies whole in a piece
 * is given in place; only one that straddles two is copied. Holds at most one packet.
 */
export class CaptureStream {
  readonly #onPacket: OnPacket;
  #format: CaptureFormat | undefined;
  #carry = Buffer.alloc(INITIAL_CARRY_BYTES);
  #carried = 0;

  constructor(onPacket: OnPacket) {
    this.#onPacket = onPacket;
  }

  /** Packets given. */
  get packets(): number {
    return this.#format?.packets ?? 0;
  }

  /** Bytes of the capture that were read, but for a packet that is not whole yet. */
  get position(): number {
    return this.#format?.position ?? 0;
  }

  /** Packets that the capture itself says were lost. */
  get dropped(): number {
    return this.#format?.dropped ?? 0;
  }

  /** Gives the packets that `chunk` completes. Throws DamagedCapture; nothing may be pushed after that. */
  push(chunk: Buffer): void {
    let offset = 0;
    while (this.#carried > 0 && offset < chunk.length) {
      const missing = (this.#format?.wanted ?? MAGIC_BYTES) - this.#carried;
      const taken = Math.min(missing, chunk.length - offset);
      this.#keep(chunk, offset, offset + taken);
      offset += taken;
      const read = this.#read(this.#carry, 0, this.#carried);
      this.#carry.copyWithin(0, read, this.#carried);
      this.#carried -= read;
    }
    if (offset < chunk.length) this.#keep(chunk, this.#read(chunk, offset, chunk.length), chunk.length);
  }

  /** Says that nothing follows. Throws DamagedCapture where something is missing. */
  end(): void {
    const format = this.#format;
    if (format === undefined) {
      throw new DamagedCapture(0, `expected a pcap or pcapng capture, found ${this.#carried} bytes in all`);
    }
    if (this.#carried > 0) {
      throw new DamagedCapture(
        format.position,
        `expected ${format.wanted} bytes, found ${this.#carried} before the end`,
      );
    }
    if (!format.complete) {
      throw new DamagedCapture(format.position, 'expected the rest of a block, found the end');
    }
  }

  #read(buffer: Buffer, start: number, end: number): number {
    if (this.#format === undefined) {
      if (end - start < MAGIC_BYTES) return start;
      this.#format = formatOf(buffer, start);
    }
    return this.#format.read(buffer, start, end, this.#onPacket);
  }

  #keep(chunk: Buffer, start: number, end: number): void {
    const needed = this.#carried + end - start;
    if (needed > this.#carry.length) {
      const larger = Buffer.alloc(Math.max(needed, this.#carry.length * 2));
      this.#carry.copy(larger, 0, 0, this.#carried);
      this.#carry = larger;
    }
    chunk.copy(this.#carry, this.#carried, start, end);
    this.#carried = needed;
  }
}

function formatOf(buffer: Buffer, start: number): CaptureFormat {
  for (const littleEndian of [true, false]) {
    const magic = viewOf(buffer).getUint32(start, littleEndian);
    if (PcapFormat.recognizes(magic)) return new PcapFormat(magic, littleEndian);
    if (PcapngFormat.recognizes(magic)) return new PcapngFormat();
  }
  const found = buffer.toString('hex', start, start + MAGIC_BYTES);
  throw new DamagedCapture(0, `expected a pcap or pcapng capture, found a beginning of ${found}`);
}
