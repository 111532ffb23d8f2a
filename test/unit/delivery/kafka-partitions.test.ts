import { describe, expect, test } from '@jest/globals';
import { type Batch, joinLines } from '../../../delivery/batch.ts';
import { BalancedPartitioner, SessionPartitioner } from '../../../delivery/sinks/kafka/partitions.ts';

function batchOf(...ids: readonly string[]): Batch {
  return joinLines(ids.map((id) => ({ line: Buffer.from(`{"event":{"id":"${id}"}}\n`), classNumber: 0 })));
}

const THREE = ['a:1', 'a:1', 'b:1'];

describe('partitions', () => {
  // As `org.apache.kafka.common.utils.Utils.murmur2` of Java's client tests them.
  test.each([
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ])('of session %s are those of Java’s partitioner', (key, hash) => {
    const leaders = Array.from({ length: 1000 }, () => 'a:1');
    const divided = new SessionPartitioner().divide(batchOf(`${key}-1`), leaders);
    expect([...divided.keys()]).toEqual([(hash & 0x7fffffff) % 1000]);
  });

  test('keep a session together and in order', () => {
    const ids = ['x-1', 'y-1', 'x-2', 'z-1', 'y-2', 'x-3'];
    const divided = new SessionPartitioner().divide(batchOf(...ids), THREE);
    expect([...divided.values()].flat().toSorted()).toEqual([0, 1, 2, 3, 4, 5]);
    const ofX = [...divided.values()].find((indexes) => indexes.includes(0)) ?? [];
    expect(ofX.filter((index) => ids[index]?.startsWith('x'))).toEqual([0, 2, 5]);
  });

  test('change with their number', () => {
    const partitioner = new SessionPartitioner();
    const sessions = batchOf(...Array.from({ length: 100 }, (_, index) => `session${index}-1`));
    partitioner.divide(sessions, ['a:1']);
    expect(partitioner.divide(sessions, THREE).size).toBe(3);
  });

  test('take turns where balance is wanted, without those that have no leader', () => {
    const partitioner = new BalancedPartitioner();
    const turns = [1, 2, 3, 4].map(() => [...partitioner.divide(batchOf('a-1', 'b-1'), ['a:1', undefined, 'b:1'])]);
    expect(turns).toEqual([[[0, [0, 1]]], [[2, [0, 1]]], [[0, [0, 1]]], [[2, [0, 1]]]]);
  });
});
