import { appendFileSync, chmodSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { openFileWitness } from '../../../../collector/integrity/file-witness.ts';
import type { Checkpoint } from '../../../../collector/integrity/seal.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../../../support/leftovers.ts';

const HOUR_MILLIS = 3_600_000;
const START = Date.UTC(2026, 10, 21, 10);

let parent: TemporaryDirectory;
let now = START;
let problems: unknown[] = [];

beforeEach(() => {
  parent = temporaryDirectory('witness');
  now = START;
  problems = [];
});
afterEach(() => parent.remove());

function checkpoint(chain: string, position: number): Checkpoint {
  return { chain, position, hash: 'aa', sum: 'bb', at: now, keyId: 'k', signature: `${chain}-${position}` };
}

function openWitness() {
  return openFileWitness(
    join(parent.path, 'w'),
    (problem) => problems.push(problem),
    () => now,
  );
}

test('the newest of each chain is written, and read again after a restart', async () => {
  const first = await openWitness();
  first.publish([checkpoint('a', 1), checkpoint('a', 3), checkpoint('b', 2)]);
  first.publish([checkpoint('a', 2)]);
  await first.close();
  const second = await openWitness();
  expect(await second.read('a')).toEqual([checkpoint('a', 3)]);
  expect(await second.chains()).toEqual(['a', 'b']);
  await second.close();
});

test('files are for their owner alone; a torn line costs no other', async () => {
  const witness = await openWitness();
  witness.publish([checkpoint('a', 1)]);
  await witness.close();
  const [name = ''] = readdirSync(join(parent.path, 'w'));
  const path = join(parent.path, 'w', name);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  appendFileSync(path, '{"chain":"a","posi');
  const again = await openWitness();
  expect(await again.read('a')).toHaveLength(1);
  await again.close();
});

test('of a day that is over, one of each chain and hour stays', async () => {
  for (const [hours, position] of [
    [0, 1],
    [0.5, 2],
    [1, 3],
    [1.5, 4],
    [20, 5],
  ] as const) {
    now = START + hours * HOUR_MILLIS;
    const witness = await openWitness();
    witness.publish([checkpoint('a', position)]);
    await witness.close();
  }
  const witness = await openWitness();
  expect((await witness.read('a')).map(({ position }) => position)).toEqual([2, 4, 5]);
  await witness.close();
});

test('what cannot be written is said, and written once it can', async () => {
  const witness = await openWitness();
  const directory = join(parent.path, 'w');
  rmSync(directory, { recursive: true });
  writeFileSync(directory, 'in the way');
  chmodSync(directory, 0o400);
  witness.publish([checkpoint('a', 1)]);
  await witness.close();
  expect(problems).toHaveLength(1);
  rmSync(directory);
  await (await openWitness()).close();
  await witness.close();
  expect(readFileSync(join(directory, readdirSync(directory)[0] ?? ''), 'utf8')).toContain('"position":1');
});
