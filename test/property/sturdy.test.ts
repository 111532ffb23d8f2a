import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from '@jest/globals';
import { Segment } from '../../agent/tcp/segment.ts';
import { mutate } from '../support/mutation/mutate.ts';
import { Random } from '../support/mutation/random.ts';
import { type ListedPacket, readPackets } from '../support/packet-list.ts';
import { replayPackets, validEvents } from '../support/replayed.ts';
import { SEED } from '../support/seed.ts';

/** 100,000 take five minutes of two cores: `DBAUDIT_MUTATIONS=100000`. */
const INPUTS = Number(process.env.DBAUDIT_MUTATIONS ?? 25_000);
const MAX_PACKETS = 48;
/** One input is a few dozen packets: a hundred thousand times what it takes, since other work may have the processors. */
const HANG_MILLIS = 30_000;
/** What is left after a full collection may not grow by more than this from the first tenth to the end. */
const MAX_GROWTH_BYTES = 16 * 1024 * 1024;
const VALIDATE_EACH = 50;

test(`${INPUTS} mutated conversations neither throw, hang nor grow (seed ${SEED})`, async () => {
  const conversations = await recordedConversations();
  expect(conversations.length).toBeGreaterThanOrEqual(6);
  const random = new Random(SEED);
  let heapBytes = 0;
  let events = 0;
  for (let input = 0; input < INPUTS; input += 1) {
    const { packets, ways } = mutate(random.pick(conversations), random);
    const started = performance.now();
    try {
      const { agent, lines } = await replayPackets(packets);
      events += agent.output.counts.events;
      if (agent.pipeline.reassembler.counters.bufferedBytes !== 0)
        throw new Error('bytes are still held back at the end');
      if (input % VALIDATE_EACH === 0) validEvents(lines);
    } catch (error) {
      throw new Error(`input ${input} of seed ${SEED} (${ways.join(', ')}): ${(error as Error).stack}`);
    }
    const millis = performance.now() - started;
    if (millis > HANG_MILLIS) throw new Error(`input ${input} of seed ${SEED} (${ways.join(', ')}) took ${millis} ms`);
    if (input === INPUTS / 10) heapBytes = collectedHeapBytes();
  }
  expect(collectedHeapBytes() - heapBytes).toBeLessThan(MAX_GROWTH_BYTES);
  expect(events).toBeGreaterThan(INPUTS);
});

/** The demo's recording, a connection each, cut to what a mutation can reach. */
async function recordedConversations(): Promise<ListedPacket[][]> {
  const byPorts = new Map<number, ListedPacket[]>();
  const segment = new Segment();
  for (const packet of await readPackets('tools/demo/recording.pcap.gz')) {
    if (segment.parse(packet.bytes, 0, packet.bytes.length, packet.bytes.length, packet.link, 0) !== 'tcp') continue;
    const conversation = byPorts.get(segment.ports) ?? [];
    byPorts.set(segment.ports, conversation);
    if (conversation.length < MAX_PACKETS) conversation.push(packet);
  }
  return [...byPorts.values()].filter((packets) => packets.length > 8);
}

function collectedHeapBytes(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return process.memoryUsage().heapUsed;
}
