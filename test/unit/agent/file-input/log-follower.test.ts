import { appendFileSync, copyFileSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { LogFollower, type LogLine } from '../../../../agent/file-input/log-follower.ts';
import { MAX_LINE_BYTES, type Position } from '../../../../agent/file-input/position.ts';

let directory = '';
let path = '';
let unreadable = 0;
let lost = 0;
const open: LogFollower[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'dbaudit-log-'));
  path = join(directory, 'access.log');
  unreadable = 0;
  lost = 0;
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((follower) => follower.close()));
  rmSync(directory, { recursive: true });
});

function follow(saved?: Position): LogFollower {
  const reports = {
    onUnreadable: () => {
      unreadable += 1;
    },
    onLost: () => {
      lost += 1;
    },
  };
  const follower = new LogFollower(path, 'node-1', saved, reports);
  open.push(follower);
  return follower;
}

/** Reads until there are `count` lines; a rotated log is left after two seconds. */
async function take(follower: LogFollower, count: number): Promise<LogLine[]> {
  const lines: LogLine[] = [];
  for (let tries = 0; lines.length < count && tries < 400; tries += 1) {
    const given = await follower.read();
    lines.push(...given);
    if (given.length === 0) await sleep(20);
  }
  return lines;
}
const texts = (lines: readonly LogLine[]) => lines.map(({ text }) => text);

test('a file that is not there yet is waited for; an unfinished line too', async () => {
  const follower = follow();
  expect(await follower.read()).toEqual([]);
  writeFileSync(path, 'one\ntw');
  expect(texts(await take(follower, 1))).toEqual(['one']);
  expect(await follower.read()).toEqual([]);
  appendFileSync(path, 'o\n');
  expect(texts(await follower.read())).toEqual(['two']);
});

test('what is read again has the same ids; equal lines have different ones', async () => {
  writeFileSync(path, 'same\nsame\n');
  const first = await take(follow(), 2);
  expect(await take(follow(), 2)).toEqual(first);
  expect(new Set(first.map(({ id }) => id)).size).toBe(2);
});

test('a saved position goes on in the renamed file, then in those after it', async () => {
  writeFileSync(path, 'a\nb\n');
  const before = follow();
  await take(before, 2);
  appendFileSync(path, 'c\n');
  renameSync(path, `${path}.2`);
  await sleep(15); // The files' times order them.
  writeFileSync(`${path}.1`, 'd\n');
  await sleep(15);
  writeFileSync(path, 'e\n');
  expect(texts(await take(follow(before.position), 3))).toEqual(['c', 'd', 'e']);
  expect(lost).toBe(0);
});

test('copytruncate: the copy is read on, with the ids of the original', async () => {
  writeFileSync(path, 'first line\n');
  const follower = follow();
  await take(follower, 1);
  appendFileSync(path, 'second line\n');
  const whole = await follow(follower.position).read();
  copyFileSync(path, `${path}.1`);
  truncateSync(path);
  // Longer than before: its size alone would not tell.
  appendFileSync(path, 'something quite different from it\n');
  const lines = await take(follower, 2);
  expect(texts(lines)).toEqual(['second line', 'something quite different from it']);
  expect(lines[0]).toEqual(whole[0]);
  expect(lost).toBe(0);
});

test('killed before the first position in a log, which was then copied and truncated: the same ids', async () => {
  writeFileSync(path, 'a\n');
  const first = follow();
  await take(first, 1);
  const saved = first.position;
  renameSync(path, `${path}.2`);
  await sleep(15);
  writeFileSync(path, 'b\nc\n');
  const given = await take(first, 2);
  await sleep(15);
  copyFileSync(path, `${path}.1`);
  truncateSync(path);
  await sleep(15);
  appendFileSync(path, 'd\n');
  const again = await take(follow(saved), 3);
  expect(texts(again)).toEqual(['b', 'c', 'd']);
  expect(again.slice(0, 2)).toEqual(given);
});

test('killed before its first position was behind a line: the copy is read from its beginning', async () => {
  writeFileSync(path, 'a\nb\n');
  const first = follow();
  expect(await first.read()).toEqual([]);
  const saved = first.position;
  copyFileSync(path, `${path}.1`);
  truncateSync(path);
  await sleep(15);
  appendFileSync(path, 'c\n');
  expect(texts(await take(follow(saved), 3))).toEqual(['a', 'b', 'c']);
  expect(lost).toBe(0);
});

test('truncated without a copy: read from its beginning, and said', async () => {
  writeFileSync(path, 'one\ntwo\n');
  const follower = follow();
  await take(follower, 2);
  writeFileSync(path, 'new\n');
  expect(texts(await take(follower, 1))).toEqual(['new']);
  expect(lost).toBe(1);
});

test('a line that is too long is passed over, also by who comes after', async () => {
  writeFileSync(path, `a\n${'x'.repeat(2.5 * MAX_LINE_BYTES)} forged\nb\n`);
  const first = follow();
  expect(texts(await take(first, 1))).toEqual(['a']);
  await first.read();
  expect(unreadable).toBe(1);
  expect(texts(await take(follow(first.position), 1))).toEqual(['b']);
  expect(unreadable).toBe(1);
});
