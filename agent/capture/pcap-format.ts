/** pcap. https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-04.html */

import {
  type CaptureFormat,
  DamagedCapture,
  linkTypeOf,
  MAX_PACKET_BYTES,
  unknownLinkType,
  viewOf,
} from './capture-format.ts';
import type { LinkType, OnPacket } from './packet-source.ts';

const MAGIC_MICROSECONDS = 0xa1b2c3d4;
const MAGIC_NANOSECONDS = 0xa1b23c4d;
const NANOS_PER_MICROSECOND = 1000;
const FILE_HEADER_BYTES = 24;
const LINK_TYPE = 20;
const RECORD_HEADER_BYTES = 16;
const LINUX_SLL2: LinkType = 276;

export class PcapFormat implements CaptureFormat {
  position = 0;
  wanted = FILE_HEADER_BYTES;
  packets = 0;
  readonly dropped = 0;
  readonly #littleEndian: boolean;
  readonly #nanosPerFraction: number;
  #linkType: LinkType | undefined;

  /** Whether a file that begins with these four bytes is pcap. */
  static recognizes(magic: number): boolean {
    return magic === MAGIC_MICROSECONDS || magic === MAGIC_NANOSECONDS;
  }

  /** The first four bytes, read in the byte order in which `recognizes` knows them. */
  constructor(magic: number, littleEndian: boolean) {
    this.#littleEndian = littleEndian;
    this.#nanosPerFraction = magic === MAGIC_NANOSECONDS ? 1 : NANOS_PER_MICROSECOND;
  }

  get complete(): boolean {
    return this.#linkType !== undefined;
  }

  read(buffer: Buffer, start: number, end: number, onPacket: OnPacket): number {
    if (this.#linkType !== undefined) return this.#readRecords(buffer, start, end, this.#linkType, onPacket);
    if (end - start < FILE_HEADER_BYTES) return start;
    // The upper bits tell the length of the frame check sequence, which lies behind the IP packet.
    const value = viewOf(buffer).getUint32(start + LINK_TYPE, this.#littleEndian) & 0xffff;
    this.#linkType = linkTypeOf(value);
    if (this.#linkType === undefined) throw unknownLinkType(value, this.position + LINK_TYPE);
    this.position += FILE_HEADER_BYTES;
    return this.#readRecords(buffer, start + FILE_HEADER_BYTES, end, this.#linkType, onPacket);
  }

  #readRecords(buffer: Buffer, start: number, end: number, linkType: LinkType, onPacket: OnPacket): number {
    const view = viewOf(buffer);
    const littleEndian = this.#littleEndian;
    const nanosPerFraction = this.#nanosPerFraction;
    const base = this.position - start;
    this.wanted = RECORD_HEADER_BYTES;
    let record = start;
    while (end - record >= RECORD_HEADER_BYTES) {
      const length = view.getUint32(record + 8, littleEndian);
      if (length > MAX_PACKET_BYTES) {
        throw new DamagedCapture(
          base + record,
          `expected a packet of at most ${MAX_PACKET_BYTES} bytes, found ${length}`,
        );
      }
      const packet = record + RECORD_HEADER_BYTES;
      if (end - packet < length) {
        this.wanted = RECORD_HEADER_BYTES + length;
        break;
      }
      this.packets++;
      const originalLength = view.getUint32(record + 12, littleEndian);
      onPacket(
        buffer,
        packet,
        packet + length,
        Math.max(originalLength, length),
        view.getUint32(record, littleEndian),
        view.getUint32(record + 4, littleEndian) * nanosPerFraction,
        linkType,
        linkType === LINUX_SLL2 && length >= 8 ? view.getUint32(packet + 4) : 0,
      );
      record = packet + length;
    }
    this.position = base + record;
    return record;
  }
}
