import { describe, expect, test } from '@jest/globals';
import { type ByteOrder, PcapngWriter, pcap, type WrittenPacket } from './capture-writer.ts';
import { readEveryWay, readInPieces, type SeenPacket } from './read-capture.ts';

const PACKETS: readonly WrittenPacket[] = [
  { seconds: 1_700_000_000, nanos: 1_000, bytes: Buffer.from('00112233445566778899', 'hex') },
  { seconds: 1_700_000_000, nanos: 999_999_000, bytes: Buffer.alloc(0) },
  { seconds: 4_000_000_000, nanos: 0, bytes: Buffer.alloc(333, 7), originalLength: 1500 },
  { seconds: 1, nanos: 123_456_789, bytes: Buffer.alloc(41, 9) },
];
const ORDERS: readonly ByteOrder[] = ['little', 'big'];

const seenAs = (packet: WrittenPacket, { linkType = 1, interfaceIndex = 0 } = {}): SeenPacket => ({
  hex: packet.bytes.toString('hex'),
  originalLength: packet.originalLength ?? packet.bytes.length,
  seconds: packet.seconds,
  nanos: packet.nanos,
  linkType,
  interfaceIndex,
});
const micros = (packet: WrittenPacket): WrittenPacket => ({ ...packet, nanos: packet.nanos - (packet.nanos % 1000) });
const countOf = ({ seconds, nanos }: WrittenPacket, unitsPerSecond: bigint): bigint =>
  BigInt(seconds) * unitsPerSecond + (BigInt(nanos) * unitsPerSecond) / 1_000_000_000n;

/** Fails unless every way of cutting the capture into pieces gives the same. */
function read(capture: Buffer): ReturnType<typeof readEveryWay>['whole'] {
  const { whole, others } = readEveryWay(capture);
  for (const other of others) expect(other).toEqual(whole);
  return whole;
}

describe('pcap', () => {
  for (const order of ORDERS) {
    test(`microseconds, ${order} endian`, () => {
      const { packets, damage } = read(pcap(PACKETS, { order }));
      expect(packets).toEqual(PACKETS.map((packet) => seenAs(micros(packet))));
      expect(damage).toBeUndefined();
    });

    test(`nanoseconds, ${order} endian`, () => {
      expect(read(pcap(PACKETS, { order, nanoseconds: true })).packets).toEqual(
        PACKETS.map((packet) => seenAs(packet)),
      );
    });
  }

  test.each([0, 1, 12, 14, 101, 108, 113, 228, 229])('link type %i', (linkType) => {
    expect(read(pcap(PACKETS, { linkType })).packets[0]?.linkType).toBe(linkType);
  });

  test('a frame check sequence announced in the link type does not hide it', () => {
    expect(read(pcap(PACKETS, { linkType: 0x24000001 })).packets[0]?.linkType).toBe(1);
  });

  test('SLL2 tells the interface', () => {
    const bytes = Buffer.from('0800000000000009000100060000000000000000', 'hex');
    const [packet] = read(pcap([{ seconds: 1, nanos: 0, bytes }], { linkType: 276 })).packets;
    expect(packet?.interfaceIndex).toBe(9);
  });

  test('a header and no packet is a capture', () => {
    expect(read(pcap([]))).toEqual({ packets: [], dropped: 0 });
  });
});

describe('pcapng', () => {
  for (const order of ORDERS) {
    const writer = new PcapngWriter(order);

    test.each([
      ['the default, microseconds', undefined, 1_000_000n],
      ['milliseconds', 3, 1_000n],
      ['nanoseconds', 9, 1_000_000_000n],
      ['picoseconds, early in 1970', 12, 1_000_000_000_000n],
      ['seconds', 0, 1n],
      ['2^-10 s', 0x8a, 1024n],
      ['2^-30 s', 0x9e, 2n ** 30n],
      ['2^-32 s', 0xa0, 2n ** 32n],
    ])(`${order} endian, time in %s`, (_name, resolution, unitsPerSecond) => {
      const packets = PACKETS.filter(({ seconds }) => unitsPerSecond < 2n ** 31n || seconds < 1000);
      const capture = Buffer.concat([
        writer.section(),
        writer.interface(resolution === undefined ? {} : { resolution }),
        ...packets.map((packet) =>
          writer.enhancedPacket(0, countOf(packet, unitsPerSecond), packet.bytes, packet.originalLength),
        ),
      ]);
      const expected = packets.map((packet) => {
        const nanos =
          Number((countOf(packet, unitsPerSecond) % unitsPerSecond) * 1_000_000_000n) / Number(unitsPerSecond);
        return seenAs({ ...packet, nanos: Math.floor(nanos) }, { interfaceIndex: 1 });
      });
      expect(read(capture).packets).toEqual(expected);
    });

    test(`${order} endian, every second is exact to the nanosecond`, () => {
      const times = [0n, 1n, 999_999_999n, 1_000_000_000n].flatMap((near) =>
        [0n, 1_700_000_000n, 2_147_483_647n, 4_294_967_295n].map((seconds) => seconds * 1_000_000_000n + near),
      );
      const capture = Buffer.concat([
        writer.section(),
        writer.interface({ resolution: 9 }),
        ...times.map((time) => writer.enhancedPacket(0, time, Buffer.alloc(0))),
      ]);
      const seen = read(capture).packets.map(({ seconds, nanos }) => BigInt(seconds) * 1_000_000_000n + BigInt(nanos));
      expect(seen).toEqual(times);
    });

    test(`${order} endian, time offset, several interfaces and sections, each with its own`, () => {
      const bytes = Buffer.from('abcdef', 'hex');
      const other = new PcapngWriter(order === 'big' ? 'little' : 'big');
      const capture = Buffer.concat([
        writer.section(),
        writer.interface({ offsetSeconds: -5 }),
        writer.interface({ linkType: 113, resolution: 9, offsetSeconds: 1_700_000_000 }),
        writer.enhancedPacket(1, 7n, bytes),
        writer.enhancedPacket(0, 10_000_001n, bytes),
        other.section(),
        other.interface({ linkType: 101 }),
        other.obsoletePacket(0, 3_000_000n, bytes),
      ]);
      const seen = { hex: 'abcdef', originalLength: 3 };
      expect(read(capture).packets).toEqual([
        { ...seen, seconds: 1_700_000_000, nanos: 7, linkType: 113, interfaceIndex: 2 },
        { ...seen, seconds: 5, nanos: 1000, linkType: 1, interfaceIndex: 1 },
        { ...seen, seconds: 3, nanos: 0, linkType: 101, interfaceIndex: 1 },
      ]);
    });

    test(`${order} endian, simple packets have the time of the one before and end at the snaplen`, () => {
      const bytes = Buffer.alloc(10, 3);
      const capture = Buffer.concat([
        writer.section(),
        writer.interface({ snaplen: 10 }),
        writer.enhancedPacket(0, 2_500_000n, bytes),
        writer.simplePacket(bytes, 64),
        writer.simplePacket(bytes.subarray(0, 5)),
      ]);
      const seen = { seconds: 2, nanos: 500_000_000, linkType: 1, interfaceIndex: 1 };
      expect(read(capture).packets).toEqual([
        { ...seen, hex: bytes.toString('hex'), originalLength: 10 },
        { ...seen, hex: bytes.toString('hex'), originalLength: 64 },
        { ...seen, hex: '0303030303', originalLength: 5 },
      ]);
    });

    test(`${order} endian, blocks of other types are passed over`, () => {
      const capture = Buffer.concat([
        writer.section(),
        writer.interface(),
        writer.block(10, Buffer.alloc(5000)),
        writer.block(0x40000bad, Buffer.alloc(0)),
        writer.enhancedPacket(0, 0n, Buffer.from([1])),
      ]);
      expect(read(capture).packets.map(({ hex }) => hex)).toEqual(['01']);
    });

    test(`${order} endian, they are passed over however long, and not held`, () => {
      const secrets = writer.block(10, Buffer.alloc(3 * 1024 * 1024));
      const packet = writer.enhancedPacket(0, 0n, Buffer.from([1]));
      const capture = Buffer.concat([writer.section(), writer.interface(), secrets, packet]);
      expect(readInPieces(capture, () => 65_536).packets.map(({ hex }) => hex)).toEqual(['01']);
    });

    test(`${order} endian, drops are those of the latest statistics of each interface`, () => {
      const capture = Buffer.concat([
        writer.section(),
        writer.interface(),
        writer.interface(),
        writer.statistics(0, 5),
        writer.statistics(1, 100),
        writer.statistics(0, 7),
      ]);
      expect(read(capture).dropped).toBe(107);
    });
  }
});

describe('damage', () => {
  const writer = new PcapngWriter('little');
  const start = Buffer.concat([writer.section(), writer.interface()]);
  const good = writer.enhancedPacket(0, 0n, Buffer.from([1, 2, 3]));
  const first = start.length;
  const second = first + good.length;
  const changed = (block: Buffer, offset: number, value: number): Buffer => {
    const copy = Buffer.from(block);
    copy.writeUInt32LE(value, offset);
    return copy;
  };
  const record = pcap(PACKETS.slice(0, 1)).subarray(24);

  test.each([
    ['an empty file', Buffer.alloc(0), 0, 0, /found 0 bytes/],
    ['three bytes', Buffer.from([0xd4, 0xc3, 0xb2]), 0, 0, /found 3 bytes/],
    ['text', Buffer.from('#!/bin/sh\n'), 0, 0, /found a beginning of 23212f62/],
    ['a cut pcap header', pcap([]).subarray(0, 20), 0, 0, /expected 24 bytes, found 20/],
    ['an unknown link type', pcap([], { linkType: 105 }), 0, 20, /found 105/],
    [
      'a cut record header',
      Buffer.concat([pcap(PACKETS), Buffer.alloc(15)]),
      4,
      24 + 4 * 16 + 384,
      /16 bytes, found 15/,
    ],
    ['a cut record', pcap(PACKETS).subarray(0, -1), 3, 24 + 3 * 16 + 343, /57 bytes, found 56/],
    ['a giant record', Buffer.concat([pcap([]), record, changed(record, 8, 0xffffffff)]), 1, 50, /found 4294967295/],
    ['a record just too long', Buffer.concat([pcap([]), changed(record, 8, 1024 * 1024 + 1)]), 0, 24, /1048577/],
    ['a cut section header', writer.section().subarray(0, 11), 0, 0, /expected 12 bytes, found 11/],
    ['no byte-order magic', changed(writer.section(), 8, 1), 0, 0, /byte-order magic/],
    ['pcapng of version 2', writer.section(2), 0, 0, /version 1, found 2/],
    ['a cut block', Buffer.concat([start, good, good.subarray(0, -1)]), 1, second, /48 bytes, found 47/],
    [
      'a block cut while passed over',
      Buffer.concat([start, writer.block(10, Buffer.alloc(100))]).subarray(0, first + 20),
      0,
      first + 20,
      /rest/,
    ],
    ['an odd block length', Buffer.concat([start, changed(good, 4, 47)]), 0, first, /multiple of 4, found 47/],
    ['a block too short for its type', Buffer.concat([start, changed(good, 4, 28)]), 0, first, /at least 32/],
    ['a giant block', Buffer.concat([start, good, changed(good, 4, 0xfffffffc)]), 1, second, /found 4294967292/],
    ['another length at the end', Buffer.concat([start, good, changed(good, 44, 52)]), 1, second, /48 again.*found 52/],
    [
      'a packet larger than its block',
      Buffer.concat([start, changed(good, 20, 17)]),
      0,
      first,
      /at most 16 bytes.*found 17/,
    ],
    ['an interface that was not described', Buffer.concat([start, changed(good, 8, 1)]), 0, first, /below 1, found 1/],
    [
      'a packet of an unknown link',
      Buffer.concat([writer.section(), writer.interface({ linkType: 189 }), good]),
      0,
      first,
      /189/,
    ],
  ])('%s: what came before is given, and the place is told', (_name, capture, packets, position, message) => {
    const reading = read(capture);
    expect(reading.packets).toHaveLength(packets);
    expect(reading.damage).toEqual({ position, message: expect.stringMatching(message) });
  });
});
