import { describe, expect, test } from '@jest/globals';
import { PacketRing } from '../../../../agent/capture/packet-ring.ts';
import { packetKeeper } from './read-capture.ts';

const BLOCK_BYTES = 4096;
const BLOCKS = 3;
const NETWORK_OFFSET = 82;

interface RingPacket {
  readonly bytes: Buffer;
  readonly originalLength?: number;
}

/** Plays the kernel: fills blocks as linux/if_packet.h lays them out. */
class KernelRing {
  readonly memory = new ArrayBuffer(BLOCK_BYTES * BLOCKS);
  readonly #view = new DataView(this.memory);
  #next = 0;

  /** False where the block is still the reader's: that is when the kernel drops. */
  retire(packets: readonly RingPacket[]): boolean {
    const block = this.#next * BLOCK_BYTES;
    if (this.#view.getUint32(block + 8, true) !== 0) return false;
    this.#view.setUint32(block + 12, packets.length, true);
    this.#view.setUint32(block + 16, 48, true);
    let frame = block + 48;
    for (const packet of packets) frame += this.#write(frame, packet);
    this.#view.setUint32(block + 8, 1 | (1 << 5), true);
    this.#next = (this.#next + 1) % BLOCKS;
    return true;
  }

  #write(frame: number, { bytes, originalLength = bytes.length }: RingPacket): number {
    const frameBytes = (NETWORK_OFFSET + bytes.length + 15) & ~15;
    for (const [i, value] of [frameBytes, 4_000_000_000, 999_999_999, bytes.length, originalLength].entries()) {
      this.#view.setUint32(frame + i * 4, value, true);
    }
    this.#view.setUint16(frame + 24, NETWORK_OFFSET, true);
    this.#view.setUint16(frame + 26, NETWORK_OFFSET, true);
    this.#view.setInt32(frame + 52, 7, true);
    bytes.copy(Buffer.from(this.memory), frame + NETWORK_OFFSET);
    return frameBytes;
  }
}

const packet = (number: number): RingPacket => ({
  bytes: Buffer.from([0x45, number, 1, 2, 3].slice(0, 2 + (number % 4))),
});
const hexOf = ({ bytes }: RingPacket): string => bytes.toString('hex');

describe('packet ring', () => {
  test('packets come in order, once, around the ring, and blocks go back to the kernel', () => {
    const kernel = new KernelRing();
    const ring = new PacketRing(kernel.memory, BLOCK_BYTES);
    const { seen, onPacket } = packetKeeper();
    const sent: RingPacket[] = [];
    for (let round = 0; round < 10; round++) {
      for (let block = 0; block <= round % BLOCKS; block++) {
        const packets = Array.from({ length: (round % 4) + 1 }, (_, i) => packet(sent.length + i));
        expect(kernel.retire(packets)).toBe(true);
        sent.push(...packets);
      }
      ring.drain(onPacket);
      expect(ring.drain(onPacket)).toBe(0);
    }
    expect(seen.map(({ hex }) => hex)).toEqual(sent.map(hexOf));
  });

  test('a block is the kernel’s again only after it was read', () => {
    const kernel = new KernelRing();
    const ring = new PacketRing(kernel.memory, BLOCK_BYTES);
    for (let block = 0; block < BLOCKS; block++) kernel.retire([packet(block)]);
    expect(kernel.retire([packet(9)])).toBe(false);
    const free: boolean[] = [];
    ring.drain(() => free.push(kernel.retire([packet(9)])));
    expect(free.slice(0, 2)).toEqual([false, true]);
  });

  const ip4 = '4500001400000000000600000a0000010a000002';
  const ip6 = `60000000000306${'00'.repeat(33)}abcdef`;
  test.each([
    ['whole', ip4, undefined, ip4, 20],
    ['cut', ip4, 600_000, ip4, 600_000],
    ['empty', '', 0, '', 0],
    ['with a VLAN tag in the frame', `00050800${ip4}`, undefined, ip4, 20],
    ['with one that looks like IPv4', `45000800${ip4}`, undefined, ip4, 20],
    ['with one that looks like IPv6', `600086dd${ip6}`, undefined, ip6, 43],
    ['with one and cut', `000586dd${ip6.slice(0, 80)}`, 47, ip6.slice(0, 80), 43],
    ['with one and filled up', `00050800${ip4}${'00'.repeat(22)}`, undefined, ip4 + '00'.repeat(22), 42],
    ['with two', `0005810000060800${ip4}`, undefined, ip4, 20],
    ['with two of IPv6', `000588a8000686dd${ip6}`, undefined, ip6, 43],
    [
      'of 2048 bytes, which is an EtherType',
      `45000800${'45'.repeat(2044)}`,
      undefined,
      `45000800${'45'.repeat(2044)}`,
      2048,
    ],
    [
      'whose flow label is an EtherType',
      `600086dd00030640${ip6.slice(16)}`,
      undefined,
      `600086dd00030640${ip6.slice(16)}`,
      43,
    ],
  ])('a packet %s', (_name, sent, wireLength, hex, originalLength) => {
    const kernel = new KernelRing();
    const { seen, onPacket } = packetKeeper();
    const bytes = Buffer.from(sent, 'hex');
    kernel.retire([{ bytes, originalLength: wireLength ?? bytes.length }]);
    new PacketRing(kernel.memory, BLOCK_BYTES).drain(onPacket);
    const rest = { seconds: 4_000_000_000, nanos: 999_999_999, linkType: 101, interfaceIndex: 7 };
    expect(seen).toEqual([{ hex, originalLength, ...rest }]);
  });
});
