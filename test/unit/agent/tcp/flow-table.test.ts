import { expect, test } from '@jest/globals';
import type { Flow } from '../../../../agent/tcp/flow.ts';
import { FlowTable } from '../../../../agent/tcp/flow-table.ts';
import { Segment } from '../../../../agent/tcp/segment.ts';
import { tcpPacket } from '../../../support/segments.ts';

const ADDRESSES = ['10.0.0.1', '10.0.0.2', '2001:db8::1', '2001:db8:1::1'];

function segmentOf(number: number, isReply = false): Segment {
  const ip = ADDRESSES[number % ADDRESSES.length] ?? '';
  const client = { ip, port: 1024 + Math.floor(number / ADDRESSES.length) };
  const server = { ip, port: 3306 };
  const [source, destination] = isReply ? [server, client] : [client, server];
  const bytes = tcpPacket({ source, destination, seq: 1, flags: 'A' });
  const segment = new Segment();
  segment.parse(bytes, 0, bytes.length, bytes.length, 1, 0);
  return segment;
}

test('a flow is found in both directions, through growing, shrinking and removal in any order', () => {
  const table = new FlowTable();
  const flows = new Map<number, Flow>();
  const segments = Array.from({ length: 2_500 }, (_, number) => segmentOf(number));
  const replies = segments.map((_segment, number) => segmentOf(number, true));
  const isRight = (number: number): boolean =>
    [segments[number], replies[number]].every((segment) => segment && table.find(segment) === flows.get(number));
  let wrong = 0;
  segments.forEach((segment, number) => {
    if (!isRight(number)) wrong += 1;
    flows.set(number, table.add(segment, 0));
  });
  for (let step = 0; step < 2_500; step++) {
    const number = (step * 1_811) % 2_500;
    const flow = flows.get(number);
    if (flow === undefined || !isRight(number)) throw new Error(`${number} is not found`);
    table.remove(flow);
    flows.delete(number);
    if (!isRight(number) || !isRight((number + 1) % 2_500) || table.size !== flows.size) wrong += 1;
  }
  expect(wrong).toBe(0);
  expect(table.size).toBe(0);
});
