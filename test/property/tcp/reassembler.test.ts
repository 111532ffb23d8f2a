import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Side } from '../../../agent/tcp/byte-stream.ts';
import { RecordingReassembler } from '../../support/recorded-streams.ts';
import { Conversation, type TestPacket } from '../../support/segments.ts';

const SIDES: readonly Side[] = ['client', 'server'];

/** One thing one side does; `length` bytes of data, or a bare acknowledgement where it is 0. */
interface Turn {
  readonly from: Side;
  readonly length: number;
}

interface Sent {
  readonly packets: readonly TestPacket[];
  readonly bytes: Readonly<Record<Side, Buffer>>;
  /** When each byte of a side was sent: how many bytes both sides had sent before it. */
  readonly rank: Readonly<Record<Side, readonly number[]>>;
}

const turns = fc.array(
  fc.record({ from: fc.constantFrom<Side>('client', 'server'), length: fc.oneof(fc.constant(0), fc.nat(120)) }),
  { minLength: 1, maxLength: 60 },
);
const sequenceNumber = fc.oneof(fc.integer({ min: 0xffff_ff00, max: 0xffff_ffff }), fc.nat(0xffff_ffff));
const endings = fc.constantFrom<'close' | 'reset' | 'none'>('close', 'reset', 'none');
const settings = fc.record({
  clientSeq: sequenceNumber,
  serverSeq: sequenceNumber,
  mss: fc.integer({ min: 1, max: 60 }),
});

function converse(options: { clientSeq: number; serverSeq: number; mss: number }, plan: Turn[], ending: string): Sent {
  const conversation = new Conversation(options).open();
  const sent: Record<Side, Buffer[]> = { client: [], server: [] };
  plan.forEach(({ from, length }, index) => {
    const bytes = Buffer.from(Array.from({ length }, (_, at) => (index * 31 + at * 7) & 255));
    if (length === 0) conversation.acknowledge(from);
    else conversation[from](bytes);
    sent[from].push(bytes);
  });
  // What was sent last is acknowledged before the end, as hosts do.
  conversation.acknowledge('client').acknowledge('server');
  if (ending === 'close') conversation.close();
  if (ending === 'reset') conversation.reset();
  const rank: Record<Side, number[]> = { client: [], server: [] };
  let count = 0;
  for (const { from, payloadBytes } of conversation.packets) {
    for (let byte = 0; byte < payloadBytes; byte++) rank[from].push(count++);
  }
  return {
    packets: conversation.packets,
    bytes: { client: Buffer.concat(sent.client), server: Buffer.concat(sent.server) },
    rank,
  };
}

function run(packets: Iterable<TestPacket>): RecordingReassembler {
  return new RecordingReassembler().accept(packets).tick(3).end();
}

/**
 * Delivered bytes stand where they were sent and come in the order both sides sent them; everything is either delivered
 * or reported lost.
 */
function expectFaithful(recorded: RecordingReassembler, sent: Sent, lostBytes: Readonly<Record<Side, number>>): void {
  const { only } = recorded;
  let last = -1;
  for (const { side, offset, bytes } of only.pieces) {
    expect(bytes.equals(sent.bytes[side].subarray(offset, offset + bytes.length))).toBe(true);
    expect(sent.rank[side][offset]).toBeGreaterThan(last);
    last = sent.rank[side][offset + bytes.length - 1] ?? Infinity;
  }
  for (const side of SIDES) {
    expect([side, only.gapBytes[side]]).toEqual([side, lostBytes[side]]);
    expect(only.length(side)).toBe(sent.bytes[side].length);
  }
  expect(recorded.reassembler.counters.bufferedBytes).toBe(0);
  expect(recorded.reassembler.counters.connectionsOpen).toBe(0);
}

const NOTHING = { client: 0, server: 0 };

describe('the reassembler, compared with the bytes that were sent', () => {
  test('delivers everything in order, whatever the segments', () => {
    fc.assert(
      fc.property(settings, turns, endings, (options, plan, ending) => {
        const sent = converse(options, plan, ending);
        expectFaithful(run(sent.packets), sent, NOTHING);
      }),
      { numRuns: 150 },
    );
  });

  test('loses nothing when packets are captured in another order, and delivers nothing twice', () => {
    fc.assert(
      fc.property(settings, turns, endings, fc.infiniteStream(fc.nat(99)), (options, plan, ending, chance) => {
        const sent = converse(options, plan, ending);
        const packets = [...sent.packets];
        for (let index = 1; index < packets.length; index++) {
          const roll = chance.next().value;
          const [before, packet] = [packets[index - 1], packets[index]];
          if (before === undefined || packet === undefined) continue;
          if (roll < 10) packets.splice(index - 1, 2, packet, before);
          else if (roll < 20) packets.splice(index, 0, packet);
        }
        expectFaithful(run(packets), sent, NOTHING);
      }),
      { numRuns: 300 },
    );
  });

  test('reports exactly the bytes that were removed', () => {
    fc.assert(
      fc.property(settings, turns, endings, fc.infiniteStream(fc.nat(99)), (options, plan, ending, chance) => {
        const sent = converse(options, plan, ending);
        const lost = { client: 0, server: 0 };
        const kept = sent.packets.filter((packet, index) => {
          const isBeyondHandshake = index > 2 && index < sent.packets.length - (ending === 'none' ? 2 : 5);
          // One byte at the end cannot be told from a FIN that was lost.
          if (!isBeyondHandshake || packet.payloadBytes === 1 || chance.next().value >= 15) return true;
          lost[packet.from] += packet.payloadBytes;
          return false;
        });
        expectFaithful(run(kept), sent, lost);
      }),
      { numRuns: 300 },
    );
  });

  test('takes overlapping retransmissions apart', () => {
    fc.assert(
      fc.property(settings, turns, fc.infiniteStream(fc.nat(99)), (options, plan, chance) => {
        const sent = converse(options, plan, 'close');
        const packets = sent.packets.flatMap((packet, index) => {
          const earlier = sent.packets[index - 1];
          const isRun = earlier?.from === packet.from && earlier.payloadBytes > 0 && packet.payloadBytes > 0;
          if (!isRun || chance.next().value >= 30) return [packet];
          return [joined(earlier, packet), packet];
        });
        expectFaithful(run(packets), sent, NOTHING);
      }),
      { numRuns: 150 },
    );
  });

  test('never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(
        settings,
        turns,
        fc.array(fc.tuple(fc.nat(400), fc.nat(80), fc.nat(255)), { maxLength: 60 }),
        (options, plan, changes) => {
          const { packets } = converse(options, plan, 'close');
          for (const [index, offset, value] of changes) {
            const packet = packets[index % packets.length];
            if (packet !== undefined) packet.bytes[14 + (offset % (packet.bytes.length - 14))] = value;
          }
          const recorded = new RecordingReassembler().accept(packets).tick(3).tick(20).end();
          expect(recorded.reassembler.counters.bufferedBytes).toBe(0);
          for (const stream of recorded.streams) expect(stream.closed).toBeDefined();
        },
      ),
      { numRuns: 400 },
    );
  });
});

/** The payloads of two consecutive packets in one, sent by the first. */
function joined(first: TestPacket, second: TestPacket): TestPacket {
  const bytes = Buffer.concat([first.bytes, second.bytes.subarray(second.bytes.length - second.payloadBytes)]);
  bytes.writeUInt16BE(bytes.length - 14, 16);
  return { ...second, bytes };
}
