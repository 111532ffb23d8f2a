import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { UserError } from '../../../contract/user-error.ts';
import { openSinks } from '../../../delivery/sinks/index.ts';
import type { Sink } from '../../../delivery/sinks/sink.ts';

const HALF_MEBIBYTE = 524_288;

let directory = '';
let path = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'dbaudit-sink-'));
  path = join(directory, 'events.ndjson');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

async function openFile(keepFiles = 3, at = path): Promise<Sink> {
  const [sink] = await openSinks([{ type: 'file', path: at, rotateMebibytes: 1, keepFiles }]);
  if (sink === undefined) throw new Error('no sink');
  return sink;
}

const batch = (text: string) => ({ lines: Buffer.from(text), count: 1 });
/** Half a mebibyte that begins with `name`. */
const half = (name: string) => `${name.padEnd(HALF_MEBIBYTE - 1, '.')}\n`;

describe('the file sink', () => {
  test('appends across restarts, to a file of its owner alone', async () => {
    for (const text of ['one\n', 'two\n']) {
      const sink = await openFile();
      await sink.write(batch(text));
      await sink.close();
    }
    expect(readFileSync(path, 'utf8')).toBe('one\ntwo\n');
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('ends a line that a crash cut off', async () => {
    writeFileSync(path, '{"whole":1}\n{"half":');
    const sink = await openFile();
    await sink.write(batch('{"next":1}\n'));
    await sink.close();
    expect(readFileSync(path, 'utf8')).toBe('{"whole":1}\n{"half":\n{"next":1}\n');
  });

  test('rotates by size and keeps so many files', async () => {
    const sink = await openFile(3);
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) await sink.write(batch(half(name)));
    await sink.close();
    const names = readdirSync(directory).sort();
    expect(names).toEqual(['events.ndjson', 'events.ndjson.1', 'events.ndjson.2']);
    expect(names.map((name) => readFileSync(join(directory, name), 'utf8').replace(/[.\n]/g, ''))).toEqual([
      'g',
      'ef',
      'cd',
    ]);
  });

  test('counts what was there before towards the size', async () => {
    writeFileSync(path, half('a') + half('b'));
    const sink = await openFile();
    await sink.write(batch('c\n'));
    await sink.close();
    expect(readFileSync(path, 'utf8')).toBe('c\n');
    expect(statSync(`${path}.1`).size).toBe(2 * HALF_MEBIBYTE);
  });

  test('begins anew where one file is all there may be', async () => {
    const sink = await openFile(1);
    for (const name of ['a', 'b', 'c']) await sink.write(batch(half(name)));
    await sink.close();
    expect(readdirSync(directory)).toEqual(['events.ndjson']);
    expect(readFileSync(path, 'utf8')).toBe(half('c'));
  });

  test('takes a batch larger than a file', async () => {
    const sink = await openFile();
    const large = half('a').repeat(3);
    await sink.write(batch(large));
    await sink.write(batch('b\n'));
    await sink.close();
    expect(readFileSync(path, 'utf8')).toBe('b\n');
    expect(readFileSync(`${path}.1`, 'utf8')).toBe(large);
  });

  test('leaves devices where they are', async () => {
    const sink = await openFile(2, '/dev/null');
    for (let i = 0; i < 4; i++) await sink.write(batch(half('a')));
    await sink.close();
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
  });

  test('reports a full disk', async () => {
    const sink = await openFile(2, '/dev/full');
    await expect(sink.write(batch('a\n'))).rejects.toThrow(/ENOSPC/);
    await sink.close();
  });

  test.each([
    ['nowhere/events', 'DBA1001', /directory does not exist/],
    ['', 'DBA1001', /it is a directory/],
    ['a-file/events', 'DBA1001', /directory does not exist/],
  ])('says what is wrong with the path %p', async (name, code, message) => {
    writeFileSync(join(directory, 'a-file'), '');
    const error = await openFile(2, join(directory, name)).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UserError);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
  });
});

test('sinks opened before one that fails are closed again', async () => {
  const file = { type: 'file', rotateMebibytes: 1, keepFiles: 1 } as const;
  const open = openSinks([{ type: 'stdout' }, { ...file, path }, { ...file, path: join(directory, 'no', 'such') }]);
  await expect(open).rejects.toThrow(UserError);
});
