/** pcapng. https://www.ietf.org/archive/id/draft-ietf-opsawg-pcapng-02.html */
import { type CaptureFormat, DamagedCapture, MAX_PACKET_BYTES, unknownLinkType, viewOf } from './capture-format.ts';
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
/** A packet with its options. Blocks that are not read, such as TLS secrets, are passed over at any length. */
const MAX_BLOCK_BYTES = MAX_PACKET_BYTES + 64 * 1024;
/** The largest capture hosts have some thousands; memory must not grow with a file that is made up. */
const MAX_INTERFACES = 65_536;

export class PcapngFormat implements CaptureFormat {
  position = 0;
  wanted = BLOCK_START_BYTES;
  packets = 0;
  dropped = 0;
  #littleEndian = true;
  /** Over the buffer that is being read. */
  #view = viewOf(Buffer.alloc(0));
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
    this.#view = viewOf(buffer);
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
      const type = this.#uint32(block);
      if (type === SECTION_HEADER) this.#littleEndian = this.#isLittleEndian(block);
      const leastBytes = fixedBytes(type);
      const length = this.#blockLength(block, type, leastBytes);
      if (leastBytes === undefined) {
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

  #isLittleEndian(block: number): boolean {
    if (this.#view.getUint32(block + BODY, true) === BYTE_ORDER_MAGIC) return true;
    const magic = this.#view.getUint32(block + BODY);
    if (magic === BYTE_ORDER_MAGIC) return false;
    throw this.#damaged('a byte-order magic in the section header', magic.toString(16));
  }

  #blockLength(block: number, type: number, leastBytes: number | undefined): number {
    const length = this.#uint32(block + 4);
    const least = leastBytes ?? BLOCK_START_BYTES;
    if (length % 4 !== 0 || length < least) {
      throw this.#damaged(`a block length of at least ${least}, a multiple of 4`, length);
    }
    if (leastBytes !== undefined && length > MAX_BLOCK_BYTES) {
      throw this.#damaged(`a block of type ${type} of at most ${MAX_BLOCK_BYTES} bytes`, length);
    }
    return length;
  }

  #readBlock(type: number, buffer: Buffer, block: number, end: number, onPacket: OnPacket): void {
    const trailer = end - TRAILER_BYTES;
    const repeated = this.#uint32(trailer);
    if (repeated !== end - block)
      throw this.#damaged(`the block length ${end - block} again at the block's end`, repeated);
    switch (type) {
      case ENHANCED_PACKET:
        this.#readPacket(buffer, block, trailer, this.#uint32(block + BODY), onPacket);
        break;
      case OBSOLETE_PACKET:
        this.#readPacket(buffer, block, trailer, this.#uint16(block + BODY), onPacket);
        break;
      case SIMPLE_PACKET:
        this.#readSimplePacket(buffer, block, trailer, onPacket);
        break;
      case SECTION_HEADER:
        this.#readSection(block);
        break;
      case INTERFACE_DESCRIPTION:
        if (this.#interfaces.length >= MAX_INTERFACES)
          throw this.#damaged(`at most ${MAX_INTERFACES} interfaces`, 'more');
        this.#interfaces.push(readInterface(this.#view, block + BODY, trailer, this.#littleEndian));
        break;
      case INTERFACE_STATISTICS:
        this.#readStatistics(block, trailer);
        break;
    }
  }

  #readSection(block: number): void {
    const major = this.#uint16(block + BODY + 4);
    if (major !== 1) throw this.#damaged('pcapng of version 1', major);
    this.#interfaces = [];
  }

  #readStatistics(block: number, trailer: number): void {
    const captured = this.#interface(this.#uint32(block + BODY));
    const dropped = droppedOnInterface(this.#view, block + BODY, trailer, this.#littleEndian);
    this.dropped += Math.max(0, dropped - captured.dropped);
    captured.dropped = dropped;
  }

  /** The enhanced packet block and its predecessor differ in the interface's number alone. */
  #readPacket(buffer: Buffer, block: number, trailer: number, interfaceId: number, onPacket: OnPacket): void {
    const captured = this.#interface(interfaceId);
    const length = this.#uint32(block + 20);
    const originalLength = this.#uint32(block + 24);
    const packet = block + 28;
    if (length > trailer - packet)
      throw this.#damaged(`a packet of at most ${trailer - packet} bytes in its block`, length);
    const { clock } = captured;
    clock.set(this.#uint32(block + 12), this.#uint32(block + 16));
    this.#seconds = clock.seconds;
    this.#nanos = clock.nanos;
    this.#give(captured, interfaceId, buffer, packet, length, originalLength, onPacket);
  }

  #readSimplePacket(buffer: Buffer, block: number, trailer: number, onPacket: OnPacket): void {
    const captured = this.#interface(0);
    const originalLength = this.#uint32(block + BODY);
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

  #uint32(offset: number): number {
    return this.#view.getUint32(offset, this.#littleEndian);
  }

  #uint16(offset: number): number {
    return this.#view.getUint16(offset, this.#littleEndian);
  }

  #damaged(expected: string, found: number | string): DamagedCapture {
    return new DamagedCapture(this.position, `expected ${expected}, found ${found}`);
  }
}

/** Bytes of the fixed part with header and trailer, for the blocks that are read. */
function fixedBytes(type: number): number | undefined {
  switch (type) {
    case ENHANCED_PACKET:
    case OBSOLETE_PACKET:
      return 32;
    case SIMPLE_PACKET:
      return 16;
    case SECTION_HEADER:
      return 28;
    case INTERFACE_DESCRIPTION:
      return 20;
    case INTERFACE_STATISTICS:
      return 24;
    default:
      return undefined;
  }
}
