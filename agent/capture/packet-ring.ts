/** Reads the kernel's TPACKET_V3 ring in place. https://docs.kernel.org/networking/packet_mmap.html, linux/if_packet.h */
import type { LinkType, OnPacket } from './packet-source.ts';

// struct tpacket_block_desc, in 32-bit words
const BLOCK_STATUS = 2;
const BLOCK_PACKETS = 3;
const BLOCK_FIRST_PACKET = 4;
const STATUS_KERNEL = 0;
const STATUS_USER_BIT = 1;

// struct tpacket3_hdr, in 32-bit words; tp_net is its 13th 16-bit half
const NEXT_OFFSET = 0;
const SECONDS = 1;
const NANOS = 2;
const CAPTURED_LENGTH = 3;
const ORIGINAL_LENGTH = 4;
const NETWORK_OFFSET_HALF = 13;

// struct sockaddr_ll behind it
const ADDRESS_INTERFACE_WORD = 13;

const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;
/** 802.1Q, 802.1ad, and what came before it. */
const ETHERTYPE_VLAN = 0x8100;
const ETHERTYPE_SERVICE_VLAN = 0x88a8;
const ETHERTYPE_OLD_SERVICE_VLAN = 0x9100;
const VLAN_TAG_BYTES = 4;
const IPV6_HEADER_BYTES = 40;
/** Shorter ones are filled up. */
const MIN_ETHERNET_PAYLOAD_BYTES = 46;

/** A block of 256 KiB holds some 1,500 small packets: a turn stays under ten milliseconds. */
const BLOCKS_PER_TURN = 4;

/** The socket gives packets from the network header on. */
const RAW_IP: LinkType = 101;

/** The reading end of one ring. `memory` must not be unmapped during a call. */
export class PacketRing {
  readonly #bytes: Buffer;
  readonly #words: Int32Array;
  readonly #halves: Uint16Array;
  readonly #blockBytes: number;
  readonly #blockCount: number;
  #nextBlock = 0;

  constructor(memory: ArrayBuffer, blockBytes: number) {
    this.#bytes = Buffer.from(memory);
    this.#words = new Int32Array(memory);
    this.#halves = new Uint16Array(memory);
    this.#blockBytes = blockBytes;
    this.#blockCount = memory.byteLength / blockBytes;
  }

  /**
   * Gives the packets of the blocks that are ready, a few at most, and returns how many. The kernel calls again while
   * there are more: in between the sinks have their turn, so that a burst does not fill the memory for events.
   */
  drain(onPacket: OnPacket): number {
    let packets = 0;
    const most = Math.min(this.#blockCount, BLOCKS_PER_TURN);
    for (let blocks = 0; blocks < most; blocks++) {
      const offset = this.#nextBlock * this.#blockBytes;
      const word = offset >>> 2;
      if ((Atomics.load(this.#words, word + BLOCK_STATUS) & STATUS_USER_BIT) === 0) break;
      const count = this.#words[word + BLOCK_PACKETS] as number;
      this.#give(offset + (this.#words[word + BLOCK_FIRST_PACKET] as number), count, onPacket);
      Atomics.store(this.#words, word + BLOCK_STATUS, STATUS_KERNEL);
      this.#nextBlock = this.#nextBlock + 1 === this.#blockCount ? 0 : this.#nextBlock + 1;
      packets += count;
    }
    return packets;
  }

  #give(first: number, count: number, onPacket: OnPacket): void {
    const words = this.#words;
    const bytes = this.#bytes;
    let offset = first;
    for (let left = count; left > 0; left--) {
      const word = offset >>> 2;
      const start = offset + (this.#halves[(offset >>> 1) + NETWORK_OFFSET_HALF] as number);
      const originalLength = words[word + ORIGINAL_LENGTH] as number;
      const tags = vlanTagBytes(bytes, start, originalLength);
      onPacket(
        bytes,
        start + tags,
        start + (words[word + CAPTURED_LENGTH] as number),
        originalLength - tags,
        (words[word + SECONDS] as number) >>> 0,
        words[word + NANOS] as number,
        RAW_IP,
        words[word + ADDRESS_INTERFACE_WORD] as number,
      );
      offset += words[word + NEXT_OFFSET] as number;
    }
  }
}

/**
 * The kernel takes one VLAN tag away; a second one still lies before the IP header. What else it says of such a packet
 * differs between versions (6.10 changed it), so the bytes decide: a tag is one if an IP packet of just the right
 * length follows it.
 */
function vlanTagBytes(bytes: Buffer, start: number, length: number): number {
  const ethertype = uint16(bytes, start + 2);
  if (ethertype === ETHERTYPE_IPV4 || ethertype === ETHERTYPE_IPV6) {
    return isIpPacket(bytes, start + VLAN_TAG_BYTES, length - VLAN_TAG_BYTES, ethertype) ? VLAN_TAG_BYTES : 0;
  }
  const second =
    ethertype === ETHERTYPE_VLAN || ethertype === ETHERTYPE_SERVICE_VLAN || ethertype === ETHERTYPE_OLD_SERVICE_VLAN;
  if (!second) return 0;
  const inner = uint16(bytes, start + VLAN_TAG_BYTES + 2);
  const tags = 2 * VLAN_TAG_BYTES;
  return isIpPacket(bytes, start + tags, length - tags, inner) ? tags : 0;
}

function isIpPacket(bytes: Buffer, start: number, length: number, ethertype: number): boolean {
  const version = (bytes[start] as number) >> 4;
  let stated: number;
  if (ethertype === ETHERTYPE_IPV4 && version === 4) stated = uint16(bytes, start + 2);
  else if (ethertype === ETHERTYPE_IPV6 && version === 6) stated = uint16(bytes, start + 4) + IPV6_HEADER_BYTES;
  else return false;
  return stated === length || (stated < length && length <= MIN_ETHERNET_PAYLOAD_BYTES);
}

function uint16(bytes: Buffer, offset: number): number {
  return ((bytes[offset] as number) << 8) | (bytes[offset + 1] as number);
}
