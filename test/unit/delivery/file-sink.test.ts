import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync, gzipSync, zstdDecompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { UserError } from '../../../contract/user-error.ts';
import { type Batch, joinLines } from '../../../delivery/batch.ts';
import { TryAgain, WrongConfiguration } from '../../../delivery/sinks/failure.ts';
import { fileSink } from '../../../delivery/sinks/file.ts';
import type { Sink } from '../../../delivery/sinks/sink.ts';

const HALF_MEBIBYTE = 524_288;
const NEVER = new AbortController().signal;
/** `events.ndjson.20261121T202612.345Z` */
const ROTATED = /^events\.ndjson\.\d{8}T\d{6}\.\d{3}Z(\.gz|\.zst)?$/;

let directory = '';
let path = '';
let notices: string[] = [];
const opened: Sink[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'dbaudit-sink-'));
  path = join(directory, 'events.ndjson');
  notices = [];
});
afterEach(async () => {
  for (const sink of opened.splice(0)) await sink.close();
  rmSync(directory, { recursive: true, force: true });
});

async function openFile(
  settings: object = {},
): Promise<{ write(text: string): Promise<unknown>; close(): Promise<void> }> {
  const parsed = fileSink.schema.parse({ type: 'file', path, rotateMebibytes: 1, keepFiles: 3, ...settings });
  const context = { instanceId: 'test', onNotice: (notice: string) => notices.push(notice) };
  const sink = await fileSink.open(parsed, context);
  opened.push(sink);
  return { write: (text) => sink.write(batch(text), NEVER), close: () => sink.close() };
}

const batch = (text: string): Batch => joinLines([{ line: Buffer.from(text), classNumber: 0 }]);
/** Half a mebibyte that begins with `name`. */
const half = (name: string) => `${name.padEnd(HALF_MEBIBYTE - 1, '.')}\n`;
const namesOf = (text: string) => text.replace(/[.\n]/g, '');
const rotatedNames = () =>
  readdirSync(directory)
    .filter((name) => name !== 'events.ndjson')
    .sort();
const textOf = (name: string) => {
  const bytes = readFileSync(join(directory, name));
  if (name.endsWith('.gz')) return gunzipSync(bytes).toString();
  return (name.endsWith('.zst') ? zstdDecompressSync(bytes) : bytes).toString();
};

/** Waits for what happens in the background; a hang is the runner's. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(5);
}

describe('the file sink', () => {
  test('appends across restarts, to a file of its owner alone', async () => {
    for (const text of ['one\n', 'two\n']) {
      const sink = await openFile();
      await sink.write(text);
      await sink.close();
    }
    expect(readFileSync(path, 'utf8')).toBe('one\ntwo\n');
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('ends a line that a crash cut off', async () => {
    writeFileSync(path, '{"whole":1}\n{"half":');
    const sink = await openFile();
    await sink.write('{"next":1}\n');
    expect(readFileSync(path, 'utf8')).toBe('{"whole":1}\n{"half":\n{"next":1}\n');
  });

  test('finds an event at the end of the file', async () => {
    const readBack = fileSink.readBack(fileSink.schema.parse({ type: 'file', path }));
    expect(await readBack.has('abc-1', NEVER)).toBe(false);
    writeFileSync(path, `${'{"other":1}\n'.repeat(10)}{"event":{"id":"abc-1"}}\n`);
    expect(await readBack.has('abc-1', NEVER)).toBe(true);
    expect(await readBack.has('abc-', NEVER)).toBe(false);
  });

  test('leaves devices where they are', async () => {
    const sink = await openFile({ path: '/dev/null' });
    for (let i = 0; i < 4; i++) await sink.write(half('a'));
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
  });

  test('reports a full disk, and that it may pass', async () => {
    const sink = await openFile({ path: '/dev/full' });
    const failed = sink.write('a\n');
    await expect(failed).rejects.toThrow(TryAgain);
    await expect(failed).rejects.toThrow(/\/dev\/full: ENOSPC/);
  });

  test.each([
    ['nowhere/events', 'DBA1001', /directory does not exist/],
    ['', 'DBA1001', /it is a directory/],
    ['a-file/events', 'DBA1001', /directory does not exist/],
  ])('says what is wrong with the path %p', async (name, code, message) => {
    writeFileSync(join(directory, 'a-file'), '');
    const error = await openFile({ path: join(directory, name) }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UserError);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
  });

  test('says so when its directory goes, and goes on when it is back', async () => {
    path = join(directory, 'logs', 'events.ndjson');
    mkdirSync(join(directory, 'logs'));
    const sink = await openFile();
    rmSync(join(directory, 'logs'), { recursive: true });
    await expect(sink.write('a\n')).rejects.toThrow(WrongConfiguration);
    mkdirSync(join(directory, 'logs'));
    await sink.write('b\n');
    expect(readFileSync(path, 'utf8')).toBe('b\n');
  });
});

describe('a file that others touch', () => {
  test.each([
    ['moved away', () => renameSync(path, `${path}-old`)],
    ['removed', () => rmSync(path)],
  ])('is begun anew when it was %s', async (_, touch) => {
    const sink = await openFile();
    await sink.write('a\n');
    touch();
    await sink.write('b\n');
    expect(readFileSync(path, 'utf8')).toBe('b\n');
    expect(notices).toEqual([`${path} was moved or removed; it is begun anew`]);
  });

  test('is known by its new size when it was cut to nothing', async () => {
    const sink = await openFile();
    await sink.write(half('a') + half('b'));
    truncateSync(path, 0);
    await sink.write('c\n');
    await sink.write('d\n');
    expect([readFileSync(path, 'utf8'), rotatedNames(), notices.length]).toEqual(['c\nd\n', [], 1]);
  });

  test('is told of, once, when somebody else writes to it', async () => {
    const sink = await openFile();
    for (const text of ['a\n', 'b\n', 'c\n']) {
      await sink.write(text);
      appendFileSync(path, 'foreign\n');
    }
    expect(notices).toEqual([expect.stringContaining('another program writes to it')]);
  });
});

describe('rotation', () => {
  test('by size, with so many files kept, lines whole, in order of their names', async () => {
    const sink = await openFile({ keepFiles: 3 });
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) await sink.write(half(name));
    const names = rotatedNames();
    expect(names).toEqual([expect.stringMatching(ROTATED), expect.stringMatching(ROTATED)]);
    expect([...names, 'events.ndjson'].map(textOf).map(namesOf)).toEqual(['cd', 'ef', 'g']);
  });

  test('counts what was there before towards the size', async () => {
    writeFileSync(path, half('a') + half('b'));
    const sink = await openFile();
    await sink.write('c\n');
    expect(readFileSync(path, 'utf8')).toBe('c\n');
    expect(rotatedNames().map(textOf).map(namesOf)).toEqual(['ab']);
  });

  test('begins anew where one file is all there may be', async () => {
    const sink = await openFile({ keepFiles: 1, compress: 'gzip' });
    for (const name of ['a', 'b', 'c']) await sink.write(half(name));
    await sink.close();
    expect(readdirSync(directory)).toEqual(['events.ndjson']);
    expect(readFileSync(path, 'utf8')).toBe(half('c'));
  });

  test('takes a batch larger than a file', async () => {
    const sink = await openFile();
    const large = half('a').repeat(3);
    await sink.write(large);
    await sink.write('b\n');
    expect(readFileSync(path, 'utf8')).toBe('b\n');
    expect(rotatedNames().map(textOf)).toEqual([large]);
  });

  test('keeps to a bound of all files together, room for the one that is written included', async () => {
    const sink = await openFile({ keepFiles: 100, maxMebibytes: 3 });
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i']) {
      await sink.write(half(name));
      const bytes = readdirSync(directory).reduce((sum, file) => sum + statSync(join(directory, file)).size, 0);
      expect(bytes).toBeLessThanOrEqual(6 * HALF_MEBIBYTE);
    }
    expect([...rotatedNames(), 'events.ndjson'].map(textOf).map(namesOf)).toEqual(['ef', 'gh', 'i']);
  });

  test('by time: what was written in another period stays together', async () => {
    writeFileSync(path, 'of an earlier day\n');
    const earlier = new Date(Date.now() - 30 * 3_600_000);
    utimesSync(path, earlier, earlier);
    const sink = await openFile({ rotateHours: 24 });
    await sink.write('of today\n');
    expect([readFileSync(path, 'utf8'), ...rotatedNames().map(textOf)]).toEqual(['of today\n', 'of an earlier day\n']);
  });

  test('without a time, age alone does not rotate', async () => {
    writeFileSync(path, 'old\n');
    utimesSync(path, 0, 0);
    const sink = await openFile();
    await sink.write('new\n');
    expect([readFileSync(path, 'utf8'), rotatedNames()]).toEqual(['old\nnew\n', []]);
  });

  test('keeps the order of names when the clock was put back', async () => {
    const future = 'events.ndjson.20991231T235959.999Z';
    writeFileSync(join(directory, future), 'older\n');
    const sink = await openFile();
    await sink.write(half('a') + half('b'));
    await sink.write('c\n');
    expect(rotatedNames()).toEqual([future, 'events.ndjson.21000101T000000.000Z']);
  });

  test('files of others are neither counted nor removed', async () => {
    for (const name of ['events.ndjson.bak', 'events.ndjson.1', 'other.20201121T202612.345Z'])
      writeFileSync(join(directory, name), 'mine\n');
    const sink = await openFile({ keepFiles: 1 });
    for (const name of ['a', 'b', 'c']) await sink.write(half(name));
    expect(rotatedNames()).toEqual(['events.ndjson.1', 'events.ndjson.bak', 'other.20201121T202612.345Z']);
  });

  test('a bound below one file is refused', () => {
    const settings = { type: 'file', path, rotateMebibytes: 128, maxMebibytes: 64 };
    expect(() => fileSink.schema.parse(settings)).toThrow(/at least rotateMebibytes/);
  });
});

describe('compression', () => {
  test.each([
    ['gzip', '.gz'],
    ['zstd', '.zst'],
  ])('%s: rotated files are compressed, for their owner alone', async (compress, suffix) => {
    const sink = await openFile({ compress, keepFiles: 10 });
    for (const name of ['a', 'b', 'c', 'd', 'e']) await sink.write(half(name));
    await until(() => rotatedNames().length === 2 && rotatedNames().every((name) => name.endsWith(suffix)));
    expect(rotatedNames().map(textOf)).toEqual([half('a') + half('b'), half('c') + half('d')]);
    for (const name of rotatedNames()) expect(statSync(join(directory, name)).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, 'utf8')).toBe(half('e'));
  });

  test('what an earlier end left behind is finished or removed', async () => {
    const plain = 'events.ndjson.20200101T000000.000Z';
    const both = 'events.ndjson.20200102T000000.000Z';
    writeFileSync(join(directory, plain), 'plain\n');
    writeFileSync(join(directory, `${plain}.gz.0a1b2c3d.part`), 'half of it');
    writeFileSync(join(directory, both), 'both\n');
    writeFileSync(join(directory, `${both}.gz`), gzipSync('both\n'));
    await openFile({ compress: 'gzip', keepFiles: 10 });
    await until(() => rotatedNames().every((name) => name.endsWith('.gz')));
    expect(rotatedNames()).toEqual([`${plain}.gz`, `${both}.gz`]);
    expect(rotatedNames().map(textOf)).toEqual(['plain\n', 'both\n']);
  });

  test('an end in the midst of it leaves the file plain and whole', async () => {
    const sink = await openFile({ compress: 'gzip', keepFiles: 10 });
    const large = half('a').repeat(30);
    await sink.write(large);
    await sink.write('b\n');
    await sink.close();
    const [name = '', ...more] = rotatedNames();
    expect([textOf(name) === large, more, notices]).toEqual([true, [], []]);
  });

  test('a failure is told, and loses nothing', async () => {
    const sink = await openFile({ compress: 'zstd', keepFiles: 10 });
    const [at, later] = ['20990101T000000.000Z', '20990101T000000.001Z'];
    writeFileSync(`${path}.${at}`, 'older\n');
    mkdirSync(`${path}.${at}.zst`);
    await sink.write(half('a') + half('b'));
    await sink.write('c\n');
    await until(() => notices.length > 0);
    expect(notices).toEqual([expect.stringContaining('cannot compress a rotated file')]);
    expect(textOf(`events.ndjson.${later}`)).toBe(half('a') + half('b'));
    expect(existsSync(`${path}.${at}`)).toBe(true);
  });
});
