import { describe, expect, test } from '@jest/globals';
import { RecordingReassembler } from '../../../support/recorded-streams.ts';
import { ipv4Packet, ipv6Packet, tcpSegment } from '../../../support/segments.ts';

const RAW = 101;
const CLIENT = { port: 40_000 };
const SERVER = { port: 3306 };
const TEXT = 'a statement that is cut into pieces';

function body(ip: string): Buffer {
  const source = { ip, ...CLIENT };
  const destination = { ip, ...SERVER };
  return tcpSegment({ source, destination, seq: 100, ack: 5, flags: 'PA', payload: TEXT });
}

/** The packet's body in pieces of `size` bytes, a multiple of eight. */
function pieces(whole: Buffer, size: number): { offset: number; bytes: Buffer; more: boolean }[] {
  const offsets = Array.from({ length: Math.ceil(whole.length / size) }, (_, index) => index * size);
  return offsets.map((offset) => ({
    offset,
    bytes: whole.subarray(offset, offset + size),
    more: offset + size < whole.length,
  }));
}

function v4(identification = 1, size = 16): Buffer[] {
  return pieces(body('10.0.0.1'), size).map(({ offset, bytes, more }) =>
    ipv4Packet('10.0.0.1', '10.0.0.2', bytes, { identification, fragmentOffset: offset, moreFragments: more }),
  );
}

function v6(identification = 1): Buffer[] {
  return pieces(body('2001:db8::1'), 16).map(({ offset, bytes, more }) => {
    const header = Buffer.from([6, 0, offset >> 8, (offset & 0xf8) | (more ? 1 : 0), 0, 0, 0, identification]);
    return ipv6Packet('2001:db8::1', '2001:db8::2', 44, Buffer.concat([header, bytes]));
  });
}

function received(packets: readonly Buffer[]): RecordingReassembler {
  const recorded = new RecordingReassembler();
  for (const packet of packets) recorded.acceptBytes(packet, RAW);
  return recorded;
}

describe('fragments are put together', () => {
  test.each<[string, Buffer[]]>([
    ['IPv4', v4()],
    ['IPv4, the last first', v4().reverse()],
    ['IPv4, each twice', v4().flatMap((packet) => [packet, packet])],
    ['IPv4, all of it twice', [...v4(), ...v4()]],
    ['IPv6', v6()],
    ['IPv6, the last first', v6().reverse()],
  ])('%s', (_name, packets) => {
    const recorded = received(packets).end();
    expect(recorded.only.calls).toEqual([`client:${TEXT}`, 'close:capture-end']);
    expect(recorded.gaps).toEqual([]);
  });
});

describe('a packet that stays incomplete is reported', () => {
  test.each<[string, Buffer[], number]>([
    ['one fragment missing', v4().slice(1), 1],
    ['fragments that overlap', [...v4(1, 16).slice(0, 2), ...v4(1, 24).slice(1, 2)], 1],
    ['fragments of many packets', Array.from({ length: 200 }, (_, id) => v4(id).slice(0, 1)).flat(), 200],
  ])('%s', (_name, packets, count) => {
    const recorded = received(packets).end();
    expect(recorded.streams).toEqual([]);
    expect(recorded.gaps.map(({ reason }) => reason)).toEqual(['fragments-lost']);
    expect(recorded.gaps[0]?.count).toBe(count);
  });

  test('after 15 seconds', () => {
    const recorded = received(v4().slice(1)).tick(14);
    expect(recorded.gaps).toEqual([]);
    recorded.tick(1);
    expect(recorded.gaps).toEqual([{ reason: 'fragments-lost', count: 1 }]);
  });

  test('when the snap length cut a fragment', () => {
    const recorded = new RecordingReassembler();
    const packets = v4();
    packets.forEach((packet, index) => {
      const cut = index + 1 === packets.length ? 1 : 0;
      recorded.acceptBytes(packet.subarray(0, packet.length - cut), RAW, packet.length);
    });
    expect(recorded.streams).toEqual([]);
    expect(recorded.end().gaps).toEqual([{ reason: 'fragments-lost', count: 1 }]);
  });
});

test('other protocols are left alone', () => {
  const recorded = received([
    ipv4Packet('10.0.0.1', '10.0.0.2', Buffer.alloc(64), { protocol: 17, moreFragments: true }),
  ]);
  expect(recorded.end().gaps).toEqual([]);
});
