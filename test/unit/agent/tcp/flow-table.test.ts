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
  expect(segment.parse(bytes, 0, bytes.length, bytes.length, 1, 0)).toBe('tcp');
  return segment;
}

test('a flow is found in both directions, through growing, shrinking and removal in any order', () => {
  const table = new FlowTable();
  const flows = new Map<number, Flow>();
  for (let number = 0; number < 3_000; number++) {
    expect(table.find(segmentOf(number))).toBeUndefined();
    flows.set(number, table.add(segmentOf(number), 0));
  }
  for (let step = 0; step < 3_000; step++) {
    const number = (step * 1_811) % 3_000;
    const flow = flows.get(number);
    expect(table.find(segmentOf(number))).toBe(flow);
    expect(table.find(segmentOf(number, true))).toBe(flow);
    if (flow === undefined) throw new Error('removed before');
    table.remove(flow);
    flows.delete(number);
    expect(table.find(segmentOf(number))).toBeUndefined();
    const other = (number + 1) % 3_000;
    expect(table.find(segmentOf(other))).toBe(flows.get(other));
    expect(table.size).toBe(flows.size);
  }
});
