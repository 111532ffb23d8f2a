import { beforeEach, describe, expect, test } from '@jest/globals';
import { TryAgain, WrongConfiguration } from '../../../delivery/sinks/failure.ts';
import { type Numbering, ProducerSequence } from '../../../delivery/sinks/kafka/producer-sequence.ts';
import { NO_IDENTITY } from '../../../delivery/sinks/kafka/record-batch.ts';

let identities = 0;
beforeEach(() => {
  identities = 0;
});

async function obtain() {
  identities += 1;
  return { id: BigInt(identities), epoch: 0 };
}

function numbered(sequence: ProducerSequence, partition: number, fingerprint: string): Numbering {
  const numbering = sequence.numberFor(partition, fingerprint);
  if (numbering === undefined) throw new Error('there is no number');
  return numbering;
}

async function prepared(): Promise<ProducerSequence> {
  const sequence = new ProducerSequence(true, () => {});
  await sequence.prepare(obtain);
  return sequence;
}

describe('the numbers of batches', () => {
  test('go on with what was taken, for each partition', async () => {
    const sequence = await prepared();
    sequence.taken(0, numbered(sequence, 0, 'a'), 10);
    sequence.taken(1, numbered(sequence, 1, 'b'), 3);
    expect(numbered(sequence, 0, 'c')).toEqual({ identity: { id: 1n, epoch: 0 }, sequence: 10 });
    expect(numbered(sequence, 1, 'd').sequence).toBe(3);
    await sequence.prepare(obtain);
    expect(identities).toBe(1);
  });

  test('stay for what was refused', async () => {
    const sequence = await prepared();
    numbered(sequence, 0, 'a');
    expect(numbered(sequence, 0, 'b').sequence).toBe(0);
  });

  test('begin anew behind 31 bits', async () => {
    const sequence = await prepared();
    sequence.taken(0, { identity: { id: 1n, epoch: 0 }, sequence: 2 ** 31 - 2 }, 5);
    expect(numbered(sequence, 0, 'a').sequence).toBe(3);
  });

  test('are the same for a batch whose answer was lost', async () => {
    const sequence = await prepared();
    sequence.taken(0, numbered(sequence, 0, 'a'), 10);
    sequence.doubted(0, numbered(sequence, 0, 'b'), 'b');
    expect(numbered(sequence, 0, 'b').sequence).toBe(10);
    sequence.taken(0, numbered(sequence, 0, 'b'), 5);
    expect(numbered(sequence, 0, 'c').sequence).toBe(15);
    expect(identities).toBe(1);
  });

  test('are given up where others come instead of what was doubted: the broker would take them for a repeat', async () => {
    const sequence = await prepared();
    sequence.doubted(0, numbered(sequence, 0, 'a'), 'a');
    expect(sequence.numberFor(0, 'b')).toBeUndefined();
    await sequence.prepare(obtain);
    expect(numbered(sequence, 0, 'b')).toEqual({ identity: { id: 2n, epoch: 0 }, sequence: 0 });
  });

  test('are not given where they are not wanted', async () => {
    const sequence = new ProducerSequence(false, () => {});
    await sequence.prepare(obtain);
    expect(identities).toBe(0);
    const numbering = numbered(sequence, 0, 'a');
    expect(numbering).toEqual({ identity: NO_IDENTITY, sequence: -1 });
    sequence.doubted(0, numbering, 'a');
    expect(sequence.numberFor(0, 'b')).toEqual(numbering);
  });

  test('are not given where they are not allowed, which is said once', async () => {
    const notices: string[] = [];
    const sequence = new ProducerSequence(true, (message) => notices.push(message));
    const forbidden = () => Promise.reject(new WrongConfiguration('DBA4004', 'no right', 'allow it'));
    await sequence.prepare(forbidden);
    await sequence.prepare(forbidden);
    expect(notices).toEqual([expect.stringContaining('no right')]);
    expect(numbered(sequence, 0, 'a').identity).toBe(NO_IDENTITY);
  });

  test('are asked for again where the broker is away', async () => {
    const sequence = new ProducerSequence(true, () => {});
    await expect(sequence.prepare(() => Promise.reject(new TryAgain('DBA4005', 'away')))).rejects.toThrow('away');
    await sequence.prepare(obtain);
    expect(numbered(sequence, 0, 'a').identity.id).toBe(1n);
  });
});
