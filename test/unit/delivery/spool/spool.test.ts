import {
  copyFileSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { countOf } from '../../../../delivery/batch.ts';
import type { EventClass } from '../../../../delivery/event-class.ts';
import { HEAD_BYTES } from '../../../../delivery/spool/block-format.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../../../support/leftovers.ts';
import { batchOf, countLost, eventsFrom, idsOf, openTestSpool, readSome, takeAll } from './spool-events.ts';

const MEBIBYTE = 1_048_576;

let parent: TemporaryDirectory;
let path: string;

beforeEach(() => {
  parent = temporaryDirectory('spool');
  path = join(parent.path, 'kafka');
});
afterEach(() => parent.remove());

/** The files as a killed agent leaves them. */
function leaveAsKilled(): string {
  const made = temporaryDirectory('killed');
  for (const name of readdirSync(path)) if (name !== 'lock') copyFileSync(join(path, name), join(made.path, name));
  copied.push(made);
  return made.path;
}
const copied: TemporaryDirectory[] = [];
afterEach(() => {
  for (const one of copied.splice(0)) one.remove();
});

function segmentsIn(directory: string): string[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith('.segment'))
    .sort();
}

test('what was appended comes out in order, and again after a restart unless it was settled', async () => {
  const first = await openTestSpool(path);
  expect(first.losses).toEqual([]);
  await first.spool.append(batchOf(eventsFrom(0, 10)));
  await first.spool.append(batchOf(eventsFrom(10, 10)));
  const reading = await readSome(first.spool, 0, { events: 7, bytes: MEBIBYTE });
  expect(idsOf(reading.batch)).toEqual([0, 1, 2, 3, 4, 5, 6]);
  first.spool.settle(reading);
  await readSome(first.spool);
  await first.spool.close();
  const second = await openTestSpool(path);
  expect(second.losses).toEqual([]);
  expect(second.spool.pendingEvents).toBe(13);
  expect(await takeAll(second.spool)).toEqual(Array.from({ length: 13 }, (_, index) => index + 7));
  await second.spool.close();
});

test('files are for their owner alone', async () => {
  const { spool } = await openTestSpool(path);
  await spool.append(batchOf(eventsFrom(0, 1)));
  expect(statSync(path).mode & 0o777).toBe(0o700);
  for (const name of ['ledger', ...segmentsIn(path)]) expect(statSync(join(path, name)).mode & 0o777).toBe(0o600);
  await spool.close();
});

test('a second process on the same directory is told so, and one after it is not', async () => {
  const { spool } = await openTestSpool(path);
  await expect(openTestSpool(path)).rejects.toMatchObject({
    name: 'StoreUnavailable',
    message: `spool ${path}: another agent uses this directory; each needs its own`,
  });
  await spool.append(batchOf(eventsFrom(0, 3)));
  await spool.close();
  const again = await openTestSpool(path);
  expect(await takeAll(again.spool)).toEqual([0, 1, 2]);
  await again.spool.close();
});

test('a directory with a path longer than a socket may have is locked as well', async () => {
  const long = join(path, 'd'.repeat(100), 'e'.repeat(100));
  const { spool } = await openTestSpool(long);
  await expect(openTestSpool(long)).rejects.toThrow('another agent uses this directory');
  await spool.close();
});

test('what is not the spool’s is left alone and named; no symbolic link is followed', async () => {
  const { spool } = await openTestSpool(path);
  await spool.append(batchOf(eventsFrom(0, 3)));
  await spool.close();
  const target = join(parent.path, 'target');
  writeFileSync(target, 'precious');
  symlinkSync(target, join(path, '0000000000000002.segment'));
  writeFileSync(join(path, 'notes.txt'), 'mine');
  writeFileSync(join(path, '0000000000000003.segment'), 'not ours');
  writeFileSync(join(path, '0000000000000004.segment.new'), 'not ours');
  const again = await openTestSpool(path);
  expect(again.notices).toEqual([
    `spool ${path}: left alone, for it is none of the spool’s: 0000000000000002.segment, notes.txt, 0000000000000004.segment.new, 0000000000000003.segment`,
  ]);
  expect(await takeAll(again.spool)).toEqual([0, 1, 2]);
  await again.spool.append(batchOf(eventsFrom(3, 1)));
  await again.spool.close();
  expect(readFileSync(target, 'utf8')).toBe('precious');
  expect(readFileSync(join(path, 'notes.txt'), 'utf8')).toBe('mine');
  expect(readFileSync(join(path, '0000000000000003.segment'), 'utf8')).toBe('not ours');
  expect(readFileSync(join(path, '0000000000000004.segment.new'), 'utf8')).toBe('not ours');
});

test.each(['ledger', ''])(
  'a symbolic link in the place of the directory or its ledger (%j) is refused',
  async (name) => {
    const elsewhere = temporaryDirectory('elsewhere');
    copied.push(elsewhere);
    if (name === '') symlinkSync(elsewhere.path, path);
    else {
      await (await openTestSpool(path)).spool.close();
      rmSync(join(path, name));
      symlinkSync(join(elsewhere.path, 'x'), join(path, name));
    }
    await expect(openTestSpool(path)).rejects.toMatchObject({ name: 'StoreUnavailable' });
    expect(readdirSync(elsewhere.path)).toEqual([]);
  },
);

describe('after a kill', () => {
  test('nothing that was appended is missing, and it is said that the agent was killed', async () => {
    const { spool } = await openTestSpool(path);
    await spool.append(batchOf(eventsFrom(0, 20)));
    const killed = await openTestSpool(leaveAsKilled());
    expect(killed.losses).toMatchObject([{ reason: 'agent-killed', count: 0 }]);
    expect(await takeAll(killed.spool)).toEqual(Array.from({ length: 20 }, (_, index) => index));
    await killed.spool.close();
    await spool.close();
  });

  test('a torn end is reported with its count, once', async () => {
    const { spool } = await openTestSpool(path);
    await spool.append(batchOf(eventsFrom(0, 20)));
    await spool.append(batchOf(eventsFrom(20, 20)));
    const directory = leaveAsKilled();
    const [name = ''] = segmentsIn(directory);
    truncateSync(join(directory, name), statSync(join(directory, name)).size - 250);
    const killed = await openTestSpool(directory);
    const ids = await takeAll(killed.spool);
    expect(ids.length).toBeLessThan(40);
    expect(ids).toEqual(ids.map((_, index) => index));
    expect(killed.losses).toMatchObject([
      { reason: 'spool-torn', count: 40 - ids.length },
      { reason: 'agent-killed', count: 0 },
    ]);
    await killed.spool.close();
    const later = await openTestSpool(directory);
    expect(later.losses).toEqual([]);
    await later.spool.close();
    await spool.close();
  });

  test('without the ledger everything in the segments is sent again', async () => {
    const { spool } = await openTestSpool(path);
    await spool.append(batchOf(eventsFrom(0, 20)));
    spool.settle(await readSome(spool, 0, { events: 5, bytes: MEBIBYTE }));
    const directory = leaveAsKilled();
    writeFileSync(join(directory, 'ledger'), 'rubbish');
    const killed = await openTestSpool(directory);
    expect((await takeAll(killed.spool)).length).toBe(20);
    await killed.spool.close();
    await spool.close();
  });
});

describe('what was just appended', () => {
  test('is given without being read back, as often as it was appended, and only once', async () => {
    const { spool, losses } = await openTestSpool(path);
    await spool.append(batchOf(eventsFrom(0, 5)));
    const [name = ''] = segmentsIn(path);
    truncateSync(join(path, name), 0);
    const reading = await readSome(spool);
    expect(idsOf(reading.batch)).toEqual([0, 1, 2, 3, 4]);
    expect(await spool.read(0, { events: 9, bytes: MEBIBYTE })).toBeUndefined();
    expect(losses).toEqual([]);
    spool.settle(reading);
    await spool.close();
  });

  test('goes together with what came behind it where it is little', async () => {
    const { spool } = await openTestSpool(path);
    for (let round = 0; round < 3; round++) await spool.append(batchOf(eventsFrom(round * 10, 10)));
    expect(countOf((await readSome(spool)).batch)).toBe(30);
    await spool.close();
  });

  test('is not given once it was dropped', async () => {
    const { spool, losses } = await openTestSpool(path, { maxBytes: MEBIBYTE });
    const mixed = eventsFrom(0, 10, 'write', 4_000).map((event) =>
      event.id % 2 === 0 ? event : eventsFrom(event.id, 1, 'read', 4_000),
    );
    await spool.append(batchOf(mixed.flat()));
    for (let round = 1; countLost(losses) === 0; round++) {
      await spool.append(batchOf(eventsFrom(round * 10, 10, 'write', 4_000)));
    }
    expect(countLost(losses)).toBe(5);
    // A limit below which the block would be large enough to be given by itself.
    const reading = await readSome(spool, 0, { events: 10, bytes: 65_536 });
    expect(idsOf(reading.batch).slice(0, 5)).toEqual([0, 2, 4, 6, 8]);
    await spool.close();
  });
});

describe('damage', () => {
  test('a damaged line is left out and counted, and costs no other', async () => {
    const { spool, losses } = await openTestSpool(path);
    await spool.append(batchOf(eventsFrom(0, 20)));
    const [name = ''] = segmentsIn(path);
    const content = readFileSync(join(path, name));
    content.fill(0x20, content.length - 30, content.length - 25);
    writeFileSync(join(path, name), content);
    // The first reading is of what is still in memory; the second has to come from the file.
    spool.giveBack(await readSome(spool));
    expect(await takeAll(spool)).toEqual(Array.from({ length: 19 }, (_, index) => index));
    expect(losses).toMatchObject([{ reason: 'spool-damaged', count: 1 }]);
    expect(spool.pendingEvents).toBe(0);
    await spool.close();
  });

  test('a damaged head costs its block; the next one is found again', async () => {
    const first = await openTestSpool(path);
    for (let round = 0; round < 3; round++) await first.spool.append(batchOf(eventsFrom(round * 10, 10)));
    await first.spool.close();
    const [name = ''] = segmentsIn(path);
    const content = readFileSync(join(path, name));
    const second = content.indexOf(content.subarray(0, 8), HEAD_BYTES);
    content.fill(0xff, second, second + 8);
    writeFileSync(join(path, name), content);
    const { spool, losses } = await openTestSpool(path);
    expect(losses).toMatchObject([{ reason: 'spool-damaged', count: 10 }]);
    expect(await takeAll(spool)).toEqual([
      ...Array(10).keys(),
      ...Array.from({ length: 10 }, (_, index) => index + 20),
    ]);
    await spool.close();
  });
});

describe('room', () => {
  const limits = { maxBytes: MEBIBYTE };

  test('the oldest of the first class go first, gap events never, and the files stay within the bound', async () => {
    const { spool, losses } = await openTestSpool(path, limits);
    let id = 0;
    for (let round = 0; round < 200; round++) {
      await spool.append(
        batchOf([
          ...eventsFrom(id, 20, 'read', 500),
          ...eventsFrom(id + 20, 5, 'login', 500),
          ...eventsFrom(id + 25, 1, 'gap', 100),
        ]),
      );
      id += 26;
      expect(spool.diskBytes).toBeLessThan(MEBIBYTE);
    }
    const ids = await takeAll(spool);
    expect(ids).toEqual([...ids].sort((a, b) => a - b));
    expect(countLost(losses)).toBe(id - ids.length);
    expect(losses.every(({ reason }) => reason === 'output-full')).toBe(true);
    expect(ids.filter((one) => one % 26 === 25).length).toBe(200);
    // Room is for some 1,700 events: all logins stay, and the youngest of the reads.
    expect(ids.filter((one) => one % 26 >= 20 && one % 26 < 25).length).toBe(1000);
    const reads = ids.filter((one) => one % 26 < 20);
    expect(reads.length).toBeGreaterThan(100);
    expect(reads[0]).toBeGreaterThan(id / 2);
    await spool.close();
  });

  test('what is settled or given back while segments are written anew is counted once', async () => {
    const { spool, losses } = await openTestSpool(path, limits);
    // A bound of a mebibyte, reached by reads: each further batch has some of them dropped, from segments that are partly out.
    let made = 0;
    const append = async (count: number, eventClass: EventClass) => {
      made += count;
      await spool.append(batchOf(eventsFrom(made - count, count, eventClass, 1000)));
    };
    for (let round = 0; round < 20; round++) await append(40, round % 2 === 0 ? 'read' : 'write');
    let settled = 0;
    for (let round = 0; round < 120; round++) {
      const from = spool.oldest + ((round * 37) % (spool.next - spool.oldest - 50));
      const reading = await readSome(spool, from, { events: 3, bytes: 1_000_000 });
      const appended = append(20, 'read');
      // Somewhere in the middle of it.
      for (let turn = 0; turn < round % 40; turn++) await setImmediate();
      if (round % 3 === 0) spool.giveBack(reading);
      else {
        settled += countOf(reading.batch);
        spool.settle(reading);
      }
      await appended;
      expect(spool.pendingEvents + settled + countLost(losses)).toBe(made);
    }
    settled += (await takeAll(spool)).length;
    expect(settled + countLost(losses)).toBe(made);
    expect(countLost(losses)).toBeGreaterThan(100);
    expect(spool.pendingEvents).toBe(0);
    await spool.close();
  });

  test('what is out is not dropped', async () => {
    const { spool } = await openTestSpool(path, limits);
    await spool.append(batchOf(eventsFrom(0, 100, 'read', 500)));
    const reading = await readSome(spool, 0, { events: 40, bytes: MEBIBYTE });
    for (let round = 0; round < 40; round++)
      await spool.append(batchOf(eventsFrom(1000 * (round + 1), 100, 'read', 500)));
    spool.giveBack(reading);
    const ids = await takeAll(spool);
    expect(ids.slice(0, 40)).toEqual(Array.from({ length: 40 }, (_, index) => index));
    expect(ids[40]).toBeGreaterThan(1000);
    await spool.close();
  });

  test('drops that no event has told of are told of after a kill', async () => {
    const { spool, losses } = await openTestSpool(path, limits);
    for (let round = 0; round < 30; round++) await spool.append(batchOf(eventsFrom(round * 100, 100, 'read', 500)));
    const dropped = countLost(losses);
    expect(dropped).toBeGreaterThan(0);
    await spool.append(batchOf(eventsFrom(5000, 1, 'login')));
    await spool.close();
    const again = await openTestSpool(path, limits);
    expect(again.losses).toMatchObject([{ reason: 'output-full', count: dropped }]);
    await again.spool.append(batchOf(eventsFrom(6000, 1, 'gap')));
    await again.spool.close();
    const last = await openTestSpool(path, limits);
    expect(last.losses).toEqual([]);
    await last.spool.close();
  });

  test('settled segments are removed', async () => {
    const { spool } = await openTestSpool(path, limits);
    for (let round = 0; round < 50; round++) {
      await spool.append(batchOf(eventsFrom(round * 100, 100, 'write', 500)));
      await takeAll(spool);
    }
    await spool.read(0, { events: 1, bytes: 1 });
    expect(segmentsIn(path).length).toBeLessThanOrEqual(2);
    await spool.close();
  });

  test('a batch of gap events that do not fit is refused, and nothing of it is there', async () => {
    const { spool } = await openTestSpool(path, limits);
    await expect(spool.append(batchOf(eventsFrom(0, 2000, 'gap', 600)))).rejects.toMatchObject({
      name: 'StoreUnavailable',
    });
    expect(spool.pendingEvents).toBe(0);
    await spool.append(batchOf(eventsFrom(0, 20, 'gap', 600)));
    expect((await takeAll(spool)).length).toBe(20);
    await spool.close();
  });
});

test('a line longer than a reading may be is one by itself', async () => {
  const { spool } = await openTestSpool(path, { maxBytes: 64 * MEBIBYTE });
  await spool.append(batchOf([...eventsFrom(0, 1), ...eventsFrom(1, 1, 'write', 3 * MEBIBYTE), ...eventsFrom(2, 1)]));
  const limits = { events: 100, bytes: 1000 };
  for (const id of [0, 1, 2]) {
    const reading = await readSome(spool, 0, limits);
    expect(idsOf(reading.batch)).toEqual([id]);
    spool.settle(reading);
  }
  await spool.close();
});

test.each(['interval', 'always'] as const)('with the policy %s everything works as with never', async (fsync) => {
  const { spool, notices } = await openTestSpool(path, { fsync, fsyncMillis: 10 });
  for (let round = 0; round < 5; round++) await spool.append(batchOf(eventsFrom(round * 10, 10)));
  expect((await takeAll(spool)).length).toBe(50);
  await spool.close();
  expect(notices).toEqual([]);
});
