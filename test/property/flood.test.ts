import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from '@jest/globals';
import type { ListedPacket } from '../support/packet-list.ts';
import { type Replayed, replayPackets, validEvents } from '../support/replayed.ts';
import { Conversation, tcpPacket } from '../support/segments.ts';

const MEBIBYTE = 1024 * 1024;
const SERVERS = { mysql: 3306, postgresql: 5432, redis: 6379 } as const;

function collectedHeapBytes(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return process.memoryUsage().heapUsed;
}

/** An address of its own for each number. */
function clientOf(index: number) {
  return { ip: `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`, port: 1024 + (index % 60_000) };
}

function serverOf(port: number) {
  return { ip: '192.0.2.1', port };
}

function gapReasons(lines: string): (string | undefined)[] {
  return validEvents(lines)
    .filter(({ event }) => event.action === 'db.gap')
    .map(({ event }) => event.reason);
}

describe('a flood of connection attempts', () => {
  test('100,000 SYNs cost little, evict nobody, and are reported', async () => {
    const live = new Conversation({ client: clientOf(200_000), server: serverOf(SERVERS.redis), intervalNanos: 1 });
    live.open().client('*1\r\n$4\r\nPING\r\n').server('+PONG\r\n');
    const before = [...live.packets];
    const flood: ListedPacket[] = Array.from({ length: 100_000 }, (_, index) => ({
      bytes: tcpPacket({ source: clientOf(index), destination: serverOf(SERVERS.redis), seq: index * 7, flags: 'S' }),
      link: 1,
      seconds: 1_700_000_001,
      nanos: index * 5_000,
    }));
    live.client('*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n').server('$-1\r\n');
    const after = live.packets.slice(before.length).map((packet) => ({ ...packet, seconds: 1_700_000_003 }));
    const heapBytes = collectedHeapBytes();
    const { agent, lines } = await replayPackets([...before, ...flood, ...after]);
    const texts = validEvents(lines).map(({ db }) => db?.query?.text);
    expect(texts).toEqual(expect.arrayContaining(['PING', 'GET key']));
    expect(gapReasons(lines)).toContain('connection-limit');
    expect(agent.pipeline.reassembler.counters.connectionsEvicted).toBe(0);
    expect(collectedHeapBytes() - heapBytes).toBeLessThan(64 * MEBIBYTE);
  });
});

describe('half messages', () => {
  const halves = {
    mysql: { server: Buffer.alloc(0), client: Buffer.from([0xff, 0xff, 0xff, 0x00, 0x03, 0x53]) },
    postgresql: { server: Buffer.alloc(0), client: Buffer.from([0x51, 0x7f, 0xff, 0xff, 0xff, 0x53]) },
    redis: { server: Buffer.alloc(0), client: Buffer.from('*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$536870912\r\nvvvv') },
  };

  test.each(Object.entries(halves))(
    '2,000 slow clients of %s hold back no more than what they sent',
    async (name, { client }) => {
      const port = SERVERS[name as keyof typeof SERVERS];
      const packets = Array.from({ length: 2_000 }, (_, index) => {
        const slow = new Conversation({ client: clientOf(index), server: serverOf(port) }).open();
        for (const byte of client) slow.client(Buffer.from([byte]));
        return slow.packets;
      }).flat();
      const heapBytes = collectedHeapBytes();
      let replayed: Replayed | undefined = await replayPackets(packets);
      expect(replayed.agent.pipeline.reassembler.counters.bufferedBytes).toBe(0);
      replayed = undefined;
      expect(collectedHeapBytes() - heapBytes).toBeLessThan(32 * MEBIBYTE);
    },
  );
});

describe('lengths that nobody sends', () => {
  /** What comes after must still be read, or its absence be told. */
  const giants: readonly (readonly [name: string, port: number, conversation: (talk: Conversation) => Conversation])[] =
    [
      [
        'a Redis reply of 2^63 bytes',
        SERVERS.redis,
        (talk) => talk.client('*1\r\n$4\r\nPING\r\n').server('$9223372036854775807\r\nx'),
      ],
      [
        'a Redis array of 2^31 elements',
        SERVERS.redis,
        (talk) => talk.client('*1\r\n$4\r\nPING\r\n').server('*2147483647\r\n:1\r\n'),
      ],
      [
        'a Redis command of 2^31 arguments',
        SERVERS.redis,
        (talk) => talk.client('*1\r\n$4\r\nPING\r\n').server('+PONG\r\n').client('*2147483647\r\n$3\r\nGET\r\n'),
      ],
      [
        'a PostgreSQL row of 2 GiB',
        SERVERS.postgresql,
        (talk) => talk.client('Q\0\0\0\x0dSELECT 1\0').server('D\x7f\xff\xff\xff\0\x01'),
      ],
      [
        'a PostgreSQL message of length 0',
        SERVERS.postgresql,
        (talk) => talk.client('Q\0\0\0\x0dSELECT 1\0').server('D\0\0\0\0\0\0'),
      ],
    ];

  test.each(giants)('%s: nothing is allocated, nothing hangs, the statement is told', async (_, port, talk) => {
    const conversation = talk(new Conversation({ server: serverOf(port) }));
    const heapBytes = collectedHeapBytes();
    const { lines } = await replayPackets(conversation.packets.map((packet) => ({ ...packet, bytes: packet.bytes })));
    expect(validEvents(lines).map(({ db }) => db?.query?.text ?? '')).toEqual(
      expect.arrayContaining([expect.stringMatching(/^(PING|SELECT 1)$/)]),
    );
    expect(collectedHeapBytes() - heapBytes).toBeLessThan(8 * MEBIBYTE);
  });
});

test('300,000 commands without an answer stay under the bound, and none is forgotten', async () => {
  const COMMANDS = 300_000;
  const talk = new Conversation({ server: serverOf(SERVERS.redis), intervalNanos: 100 }).open();
  talk.client('*1\r\n$4\r\nPING\r\n'.repeat(COMMANDS));
  const { agent } = await replayPackets(talk.packets);
  expect(agent.output.counts.statements.get('redis')).toBe(COMMANDS);
  expect(agent.output.counts.statementsUnseen).toBe(COMMANDS);
});
