import { describe, expect, test } from '@jest/globals';
import { ACK, Segment } from '../../../../agent/tcp/segment.ts';
import {
  ipPacket,
  ipv4Packet,
  linkPacket,
  type TcpPacketFields,
  tcpPacket,
  tcpSegment,
} from '../../../support/segments.ts';

const V4: TcpPacketFields = {
  source: { ip: '10.0.0.1', port: 40_000 },
  destination: { ip: '10.0.0.2', port: 3306 },
  seq: 0xfffffff0,
  ack: 7,
  flags: 'PA',
  payload: 'hello',
};
const V6: TcpPacketFields = {
  ...V4,
  source: { ip: '2001:db8::1', port: 40_000 },
  destination: { ip: '2001:db8::2', port: 3306 },
};

const DESTINATION_OPTIONS = Buffer.from([6, 0, 1, 4, 0, 0, 0, 0]);
const HOP_BY_HOP_THEN_ROUTING = Buffer.from([43, 0, 1, 4, 0, 0, 0, 0, 6, 1, 4, 0, ...new Array<number>(12).fill(0)]);
const AUTHENTICATION = Buffer.from([6, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1]);
const ATOMIC_FRAGMENT = Buffer.from([6, 0, 0, 0, 1, 2, 3, 4]);

function parse(bytes: Buffer, link = 1, originalLength = bytes.length): { parsed: string; segment: Segment } {
  const segment = new Segment();
  const buffer = Buffer.concat([Buffer.alloc(5, 0x45), bytes, Buffer.alloc(70, 0x45)]);
  return { parsed: segment.parse(buffer, 5, 5 + bytes.length, originalLength, link, 3), segment };
}

function payload(segment: Segment): string {
  return segment.buffer.toString('latin1', segment.payloadStart, segment.payloadEnd);
}

describe('a segment is found', () => {
  test.each<[string, Buffer, number]>([
    ['in Ethernet', tcpPacket(V4), 1],
    ['behind a VLAN tag', tcpPacket({ ...V4, vlans: [7] }), 1],
    ['behind two VLAN tags', tcpPacket({ ...V4, vlans: [7, 8] }), 1],
    ['with TCP options', tcpPacket({ ...V4, options: Buffer.from([1, 1, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0]) }), 1],
    [
      'with IPv4 options',
      linkPacket(ipv4Packet('10.0.0.1', '10.0.0.2', tcpSegment(V4), { options: Buffer.alloc(8) })),
      1,
    ],
    ['before Ethernet padding', Buffer.concat([tcpPacket(V4), Buffer.alloc(7)]), 1],
    ['in Linux SLL', tcpPacket({ ...V4, link: 113 }), 113],
    ['in Linux SLL2', tcpPacket({ ...V4, link: 276 }), 276],
    ['in raw IP', ipPacket(V4), 101],
    ['in raw IPv4', ipPacket(V4), 228],
    ['in raw IP on BSD', ipPacket(V4), 12],
    ['in raw IP on OpenBSD', ipPacket(V4), 14],
    ['in NULL, little endian', tcpPacket({ ...V4, link: 0 }), 0],
    ['in NULL, big endian', tcpPacket({ ...V4, link: 108 }), 0],
    ['in OpenBSD loopback', tcpPacket({ ...V4, link: 108 }), 108],
    ['in an IPv4 packet larger than its length field', tcpPacket({ ...V4, ipLength: 0 }), 1],
    ['in IPv6', tcpPacket(V6), 1],
    ['in IPv6, NULL', tcpPacket({ ...V6, link: 0 }), 0],
    ['in raw IPv6', ipPacket(V6), 229],
    ['in an IPv6 jumbo payload', tcpPacket({ ...V6, ipLength: 0 }), 1],
    ['behind destination options', tcpPacket({ ...V6, extension: { next: 60, bytes: DESTINATION_OPTIONS } }), 1],
    ['behind two extensions', tcpPacket({ ...V6, extension: { next: 0, bytes: HOP_BY_HOP_THEN_ROUTING } }), 1],
    ['behind an authentication header', tcpPacket({ ...V6, extension: { next: 51, bytes: AUTHENTICATION } }), 1],
    ['behind an atomic fragment header', tcpPacket({ ...V6, extension: { next: 44, bytes: ATOMIC_FRAGMENT } }), 1],
  ])('%s', (_name, bytes, link) => {
    const { parsed, segment } = parse(bytes, link);
    expect(parsed).toBe('tcp');
    expect(payload(segment)).toBe('hello');
    expect(segment.missingBytes).toBe(0);
    expect([segment.seq, segment.ack, segment.flags & ACK]).toEqual([-16, 7, ACK]);
    expect([segment.ports >>> 16, segment.ports & 0xffff, segment.fromLow]).toEqual([3306, 40_000, false]);
    expect(segment.interfaceIndex).toBe(3);
  });

  test.each([
    ['ports', { port: 9 }, { port: 8 }],
    ['addresses', { ip: '10.0.0.9' }, { ip: '10.0.0.8' }],
    ['IPv6 addresses', { ip: '2001:db8::9' }, { ip: '2001:db8::8' }],
    ['IPv6 addresses that fold to the same number', { ip: '::1:0:0' }, { ip: '::1f' }],
  ])('with the same key in both directions: other %s', (_name, one, other) => {
    const source = { ip: '10.0.0.1', port: 5, ...one };
    const destination = { ip: '10.0.0.1', port: 5, ...other };
    const there = parse(tcpPacket({ ...V4, source, destination })).segment;
    const back = parse(tcpPacket({ ...V4, source: destination, destination: source })).segment;
    expect([there.low, there.high, there.ports]).toEqual([back.low, back.high, back.ports]);
    expect(there.fromLow).toBe(!back.fromLow);
  });

  test.each([
    ['in the payload', 3],
    ['in the TCP options', 5 + 4],
  ])('with what the snap length cut off %s', (_name, cut) => {
    const whole = tcpPacket({ ...V4, options: Buffer.alloc(8, 1) });
    const { parsed, segment } = parse(whole.subarray(0, whole.length - cut), 1, whole.length);
    expect(parsed).toBe('tcp');
    expect(payload(segment)).toBe('hello'.slice(0, Math.max(0, 5 - cut)));
    expect(segment.missingBytes).toBe(Math.min(cut, 5));
  });
});

describe('a packet that is no segment', () => {
  const whole = tcpPacket(V4);
  const changed = (at: number, value: number) => {
    const bytes = Buffer.from(whole);
    bytes[at] = value;
    return bytes;
  };
  test.each<[string, Buffer, string]>([
    ['ARP', Buffer.concat([Buffer.alloc(12), Buffer.from([8, 6]), Buffer.alloc(28)]), 'other'],
    ['UDP', changed(14 + 9, 17), 'other'],
    ['nothing', Buffer.alloc(0), 'other'],
    ['half an Ethernet header', whole.subarray(0, 9), 'other'],
    ['IP version 5', changed(14, 0x55), 'other'],
    ['an IPv4 header of 16 bytes', changed(14, 0x44), 'malformed'],
    ['an IPv4 length beyond the frame', changed(14 + 2, 0xff), 'malformed'],
    ['an IPv4 length within the header', changed(14 + 3, 10), 'malformed'],
    ['a TCP header of 16 bytes', changed(14 + 20 + 12, 0x40), 'malformed'],
    ['a TCP header beyond the packet', changed(14 + 20 + 12, 0xf0), 'malformed'],
    ['a fragment', changed(14 + 6, 0x20), 'fragment'],
    ['IPv6 with nothing next', tcpPacket({ ...V6, extension: { next: 59, bytes: Buffer.alloc(8) } }), 'other'],
    [
      'endless extensions',
      tcpPacket({
        ...V6,
        extension: { next: 60, bytes: Buffer.from(new Array(200).fill([60, 0, 1, 4, 0, 0, 0, 0]).flat()) },
      }),
      'other',
    ],
  ])('%s', (_name, bytes, expected) => {
    expect(parse(bytes).parsed).toBe(expected);
  });

  test('is told from one whose headers the snap length cut off', () => {
    for (const bytes of [whole, tcpPacket(V6)]) {
      const headers = bytes.length - 5;
      for (let length = 15; length < headers; length++) {
        expect([length, parse(bytes.subarray(0, length), 1, bytes.length).parsed]).toEqual([length, 'cut']);
      }
    }
  });
});
