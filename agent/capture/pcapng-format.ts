/** pcapng. https://www.ietf.org/archive/id/draft-ietf-opsawg-pcapng-02.html */
import {
  type CaptureFormat,
  DamagedCapture,
  MAX_PACKET_BYTES,
  uint16,
  uint32,
  unknownLinkType,
} from './capture-format.ts';
import type { OnPacket } from './packet-source.ts';
import { type CapturedInterface, droppedOnInterface, readInterface } from './pcapng-interface.ts';

const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE_DESCRIPTION = 1;
const OBSOLETE_PACKET = 2;
const SIMPLE_PACKET = 3;
const INTERFACE_STATISTICS = 5;
const ENHANCED_PACKET = 6;

const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
/** Type, length, and in a section header the byte order: enough to know what comes. */
const BLOCK_START_BYTES = 12;
const BODY = 8;
const TRAILER_BYTES = 4;
/** Bytes of the fixed part of a block that is read, with header and trailer. */
const FIXED_BYTES: Readonly<Record<number, number>> = {
  [SECTION_HEADER]: 28,
  [INTERFACE_DESCRIPTION]: 20,
  [OBSOLETE_PACKET]: 32,
  [SIMPLE_PACKET]: 16,
  [INTERFACE_STATISTICS]: 24,
  [ENHANCED_PACKET]: 32,
};
/** A packet with its options. Blocks that are not read, such as TLS secrets, are passed over at any length. */
const MAX_BLOCK_BYTES = MAX_PACKET_BYTES + 64 * 1024;
/** The largest capture hosts have some thousands; memory must not grow with a file that is made up. */
const MAX_INTERFACES = 65_536;

export class PcapngFormat implements CaptureFormat {
  position = 0;
  wanted = BLOCK_START_BYTES;
  packets = 0;
  dropped = 0;
  #bigEndian = false;
  #interfaces: CapturedInterface[] = [];
  /** Bytes that remain of a block that is passed over. */
  #skip = 0;
  // A simple packet has no time of its own: it gets that of the packet before it.
  #seconds = 0;
  #nanos = 0;

  /** Whether a file that begins with these four bytes, in either byte order, is pcapng. */
  static recognizes(magic: number): boolean {
    return magic === SECTION_HEADER;
  }

  get complete(): boolean {
    return this.#skip === 0;
  }

  read(buffer: Buffer, start: number, end: number, onPacket: OnPacket): number {
    const base = this.position - start;
    this.wanted = BLOCK_START_BYTES;
    let block = start;
    while (block < end) {
      if (this.#skip > 0) {
        const passed = Math.min(this.#skip, end - block);
        this.#skip -= passed;
        block += passed;
        continue;
      }
      if (end - block < BLOCK_START_BYTES) break;
      this.position = base + block;
      const type = uint32(buffer, block, this.#bigEndian);
      if (type === SECTION_HEADER) this.#bigEndian = this.#byteOrder(buffer, block);
      const length = this.#blockLength(buffer, block, type);
      if (FIXED_BYTES[type] === undefined) {
        this.#skip = length;
        continue;
      }
      if (end - block < length) {
        this.wanted = length;
        break;
      }
      this.#readBlock(type, buffer, block, block + length, onPacket);
      block += length;
    }
    this.position = base + block;
    return block;
  }

  #byteOrder(buffer: Buffer, block: number): boolean {
    if (uint32(buffer, block + BODY, false) === BYTE_ORDER_MAGIC) return false;
    if (uint32(buffer, block + BODY, true) === BYTE_ORDER_MAGIC) return true;
    throw this.#damaged('a byte-order magic in the section header', uint32(buffer, block + BODY, true).toString(16));
  }

  #blockLength(buffer: Buffer, block: number, type: number): number {
    const length = uint32(buffer, block + 4, this.#bigEndian);
    const least = FIXED_BYTES[type] ?? BLOCK_START_BYTES;
    if (length % 4 !== 0 || length < least)
      throw this.#damaged(`a block length of at least ${least}, a multiple of 4`, length);
    if (FIXED_BYTES[type] !== undefined && length > MAX_BLOCK_BYTES) {
      throw this.#damaged(`a block of type ${type} of at most ${MAX_BLOCK_BYTES} bytes`, length);
    }
    return length;
  }

  #readBlock(type: number, buffer: Buffer, block: number, end: number, onPacket: OnPacket): void {
    const trailer = end - TRAILER_BYTES;
    const repeated = uint32(buffer, trailer, this.#bigEndian);
    if (repeated !== end - block)
      throw this.#damaged(`the block length ${end - block} again at the block's end`, repeated);
    switch (type) {
      case ENHANCED_PACKET:
        this.#readPacket(buffer, block, trailer, uint32(buffer, block + BODY, this.#bigEndian), onPacket);
        break;
      case OBSOLETE_PACKET:
        this.#readPacket(buffer, block, trailer, uint16(buffer, block + BODY, this.#bigEndian), onPacket);
        break;
      case SIMPLE_PACKET:
        this.#readSimplePacket(buffer, block, trailer, onPacket);
        break;
      case SECTION_HEADER:
        this.#readSection(buffer, block);
        break;
      case INTERFACE_DESCRIPTION:
        if (this.#interfaces.length >= MAX_INTERFACES)
          throw this.#damaged(`at most ${MAX_INTERFACES} interfaces`, 'more');
        this.#interfaces.push(readInterface(buffer, block + BODY, trailer, this.#bigEndian));
        break;
      case INTERFACE_STATISTICS:
        this.#readStatistics(buffer, block, trailer);
        break;
    }
  }

  #readSection(buffer: Buffer, block: number): void {
    const major = uint16(buffer, block + BODY + 4, this.#bigEndian);
    if (major !== 1) throw this.#damaged('pcapng of version 1', major);
    this.#interfaces = [];
  }

  #readStatistics(buffer: Buffer, block: number, trailer: number): void {
    const captured = this.#interface(uint32(buffer, block + BODY, this.#bigEndian));
    const dropped = droppedOnInterface(buffer, block + BODY, trailer, this.#bigEndian);
    this.dropped += Math.max(0, dropped - captured.dropped);
    captured.dropped = dropped;
  }

  /** The enhanced packet block and its predecessor differ in the interface's number alone. */
  #readPacket(buffer: Buffer, block: number, trailer: number, interfaceId: number, onPacket: OnPacket): void {
    const bigEndian = this.#bigEndian;
    const captured = this.#interface(interfaceId);
    const length = uint32(buffer, block + 20, bigEndian);
    const originalLength = uint32(buffer, block + 24, bigEndian);
    const packet = block + 28;
    if (length > trailer - packet)
      throw this.#damaged(`a packet of at most ${trailer - packet} bytes in its block`, length);
    const { clock } = captured;
    clock.set(uint32(buffer, block + 12, bigEndian), uint32(buffer, block + 16, bigEndian));
    this.#seconds = clock.seconds;
    this.#nanos = clock.nanos;
    this.#give(captured, interfaceId, buffer, packet, length, originalLength, onPacket);
  }

  #readSimplePacket(buffer: Buffer, block: number, trailer: number, onPacket: OnPacket): void {
    const captured = this.#interface(0);
    const originalLength = uint32(buffer, block + BODY, this.#bigEndian);
    const packet = block + BODY + 4;
    const room = captured.snaplen === 0 ? trailer - packet : Math.min(captured.snaplen, trailer - packet);
    this.#give(captured, 0, buffer, packet, Math.min(originalLength, room), originalLength, onPacket);
  }

  #give(
    captured: CapturedInterface,
    interfaceId: number,
    buffer: Buffer,
    packet: number,
    length: number,
    originalLength: number,
    onPacket: OnPacket,
  ): void {
    if (captured.linkType === undefined) throw unknownLinkType(captured.linkNumber, this.position);
    this.packets++;
    onPacket(
      buffer,
      packet,
      packet + length,
      Math.max(originalLength, length),
      this.#seconds,
      this.#nanos,
      captured.linkType,
      interfaceId + 1,
    );
  }

  #interface(id: number): CapturedInterface {
    const found = this.#interfaces[id];
    if (found === undefined) throw this.#damaged(`an interface below ${this.#interfaces.length}`, id);
    return found;
  }

  #damaged(expected: string, found: number | string): DamagedCapture {
    return new DamagedCapture(this.position, `expected ${expected}, found ${found}`);
  }
}
