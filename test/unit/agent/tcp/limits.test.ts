import { describe, expect, test } from '@jest/globals';
import { RecordingReassembler } from '../../../support/recorded-streams.ts';
import { Conversation, type TestPacket } from '../../../support/segments.ts';

/** Where an IPv4 packet in Ethernet has its source address. */
const SOURCE_AT = 14 + 12;

function connection(number: number): Conversation {
  const client = { ip: `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`, port: 40_000 };
  return new Conversation({ client, mss: 1_000 });
}

describe('a flood of 100,000 SYNs', () => {
  const flooded = new RecordingReassembler({ connections: 10, halfOpen: 1_000 });
  const live = connection(1).open();
  flooded.accept(live.packets);
  const [syn] = connection(2).send('client', 'S').packets;
  for (let number = 2; number < 100_002 && syn !== undefined; number++) {
    syn.bytes.writeUInt32BE(0x0a000000 | number, SOURCE_AT);
    flooded.accept([syn]);
  }

  test('opens nothing, takes no more than its bound and is reported', () => {
    expect(flooded.streams).toHaveLength(1);
    expect(flooded.reassembler.counters).toMatchObject({ halfOpen: 1_000, connectionsOpen: 1, connectionsEvicted: 0 });
    flooded.tick(1).tick(1);
    expect(flooded.gaps).toEqual([{ reason: 'connection-limit', count: 99_000 }]);
  });

  test('leaves live connections alone', () => {
    flooded.accept(live.client('still here').packets.slice(3)).end();
    expect(flooded.only.calls).toEqual(['client:still here', 'close:capture-end']);
  });
});

describe('when there is no room for another connection', () => {
  test('the one silent for longest is given up, and reported', () => {
    const full = new RecordingReassembler({ connections: 3 });
    const conversations = [1, 2, 3].map((number) => connection(number).open());
    full.accept(conversations.flatMap(({ packets }) => packets)).tick(5);
    for (const active of [conversations[0], conversations[2]]) full.accept(active?.client('x').packets.slice(3) ?? []);
    full.accept(connection(4).open().packets).tick(1);
    expect(full.streams.map(({ closed }) => closed)).toEqual([undefined, 'evicted', undefined, undefined]);
    expect(full.gaps).toEqual([{ reason: 'connection-limit', count: 1 }]);
  });

  test('one of which a single side was seen goes before any other', () => {
    const full = new RecordingReassembler({ connections: 2 });
    full.accept(connection(1).open().packets).tick(5);
    full.accept(connection(2).client('spoofed').packets).accept(connection(3).open().packets);
    expect(full.streams.map(({ closed }) => closed)).toEqual([undefined, 'evicted', undefined]);
  });

  test('one that nobody wants goes without a report', () => {
    const full = new RecordingReassembler({ connections: 2 }, ({ client }) => client.ip !== '10.0.0.2');
    for (const number of [1, 2, 3]) full.accept(connection(number).open().packets);
    expect(full.tick(1).streams.map(({ closed }) => closed)).toEqual([undefined, undefined]);
    expect(full.gaps).toEqual([]);
  });
});

test('a connection silent for too long is closed', () => {
  const conversation = connection(1).open().send('client', 'FA');
  const idle = new RecordingReassembler({ idleNanos: 60_000_000_000 }).accept(conversation.packets.slice(0, 3));
  expect(idle.tick(60).only.closed).toBeUndefined();
  idle.accept(conversation.packets.slice(3)).tick(119);
  expect(idle.only.closed).toBeUndefined();
  expect(idle.tick(2).only.calls).toEqual(['close:idle']);
});

test('1,000 closed connections leave nothing behind', () => {
  const busy = new RecordingReassembler({ halfOpen: 10 });
  const conversations = Array.from({ length: 1_000 }, (_, number) => connection(number).open().client('x').close());
  for (const { packets } of conversations) busy.accept(packets);
  expect(busy.streams.every(({ closed }) => closed === 'finished')).toBe(true);
  expect(busy.reassembler.counters).toMatchObject({ connectionsOpened: 1_000, connectionsOpen: 0, bufferedBytes: 0 });
  // Only the last ten are still remembered.
  for (const { packets } of conversations) busy.accept(packets.slice(3, 4));
  expect(busy.streams).toHaveLength(1_000 + 1_000 - 10);
});

describe('bytes held back stay within the bound', () => {
  /** The first of many segments is missing, and nobody acknowledges. */
  function withHole(number: number, segments: number): TestPacket[] {
    const { packets } = connection(number)
      .open()
      .client(Buffer.alloc(segments * 1_000, 'd'));
    return packets.filter((_packet, index) => index !== 3);
  }

  test('of one connection', () => {
    const bounded = new RecordingReassembler({ bufferedBytesPerConnection: 20_000 });
    for (const packet of withHole(1, 30)) {
      bounded.accept([packet]);
      expect(bounded.reassembler.counters.bufferedBytes).toBeLessThanOrEqual(20_000);
    }
    expect(bounded.only.gapBytes.client).toBe(1_000);
    expect(bounded.only.text('client')).toHaveLength(29_000);
  });

  test('of all connections together', () => {
    const bounded = new RecordingReassembler({ bufferedBytes: 50_000 });
    for (let number = 0; number < 10; number++) {
      bounded.accept(withHole(number, 15));
      expect(bounded.reassembler.counters.bufferedBytes).toBeLessThanOrEqual(50_000);
    }
    bounded.end();
    for (const { gapBytes } of bounded.streams) expect(gapBytes.client).toBe(1_000);
    expect(bounded.reassembler.counters.bufferedBytes).toBe(0);
  });

  test('though the same is sent again and again', () => {
    const bounded = new RecordingReassembler().accept(withHole(1, 2));
    const { bufferedBytes } = bounded.reassembler.counters;
    for (let again = 0; again < 10; again++) bounded.accept(withHole(1, 2).slice(3));
    expect(bounded.reassembler.counters.bufferedBytes).toBe(bufferedBytes);
  });

  test('though the segments are tiny and come backwards', () => {
    const bounded = new RecordingReassembler({ bufferedBytesPerConnection: 100_000 });
    const { packets } = new Conversation({ mss: 1 }).open().client(Buffer.alloc(3_000, 'd'));
    bounded.accept([...packets.slice(0, 3), ...packets.slice(4).reverse()]).end();
    expect(bounded.only.gapBytes.client + bounded.only.text('client').length).toBe(3_000);
  });
});
