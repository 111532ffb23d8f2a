import { existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Quarantine } from '../../../delivery/quarantine.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../../support/leftovers.ts';

let temporary: TemporaryDirectory;
beforeAll(() => {
  temporary = temporaryDirectory('quarantine');
});
afterAll(() => temporary.remove());

const refused = (text: string, reason = 'too large') => ({ line: Buffer.from(`${text}\n`), classNumber: 0, reason });
const recordsOf = (path: string) =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line): unknown => JSON.parse(line));

describe('quarantine', () => {
  test('keeps lines with their reasons, for their owner alone', async () => {
    const directory = join(temporary.path, 'new', 'quarantine');
    const quarantine = new Quarantine({ directory, sink: 'kafka', mebibytes: 1 });
    expect(await quarantine.keep([refused('{"a":"“1”"}'), refused('{"b":2}', 'not "valid"')])).toBe(true);
    await quarantine.close();
    const path = join(directory, 'kafka.ndjson');
    expect(quarantine.path).toBe(path);
    expect(recordsOf(path)).toEqual([
      { at: expect.stringMatching(/^\d{4}-.*Z$/), sink: 'kafka', reason: 'too large', line: '{"a":"“1”"}' },
      { at: expect.any(String), sink: 'kafka', reason: 'not "valid"', line: '{"b":2}' },
    ]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
  });

  test('goes on in the file of an earlier agent, and keeps one file before it within its bound', async () => {
    const directory = join(temporary.path, 'rotated');
    for (let agent = 0; agent < 3; agent++) {
      const quarantine = new Quarantine({ directory, sink: 'http', mebibytes: 1 });
      for (let round = 0; round < 5; round++) {
        await quarantine.keep(
          Array.from({ length: 10 }, (_, index) => refused(`${agent}-${round}-${index} ${'x'.repeat(10_000)}`)),
        );
      }
      await quarantine.close();
    }
    const [path, before] = [join(directory, 'http.ndjson'), join(directory, 'http.ndjson.1')];
    const sizes = [path, before].map((file) => statSync(file).size);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(524_288);
    const lines = [...recordsOf(before), ...recordsOf(path)].map((record) => JSON.stringify(record));
    expect(lines.at(-1)).toContain('2-4-9 ');
    // The newest without a hole.
    expect(lines).toHaveLength(new Set(lines).size);
    expect(lines.length).toBeGreaterThan(50);
  });

  test('says so where a record is longer than its file may be', async () => {
    const quarantine = new Quarantine({ directory: join(temporary.path, 'long'), sink: 'http', mebibytes: 1 });
    expect(await quarantine.keep([refused('x'.repeat(600_000)), refused('short')])).toBe(false);
    await quarantine.close();
    expect(recordsOf(quarantine.path)).toHaveLength(1);
  });

  test('never rejects where it cannot be written, and works again once it can', async () => {
    const directory = join(temporary.path, 'file');
    writeFileSync(directory, '');
    const quarantine = new Quarantine({ directory: join(directory, 'in-a-file'), sink: 'http', mebibytes: 1 });
    expect(await quarantine.keep([refused('lost')])).toBe(false);
    expect(existsSync(quarantine.path)).toBe(false);
    await quarantine.close();

    const later = new Quarantine({ directory: join(temporary.path, 'later'), sink: 'http', mebibytes: 1 });
    mkdirSync(later.path, { recursive: true });
    expect(await later.keep([refused('lost')])).toBe(false);
    expect(await later.keep([refused('lost')])).toBe(false);
    await later.close();
  });

  test('a full disk is no reason to stop', async () => {
    const directory = join(temporary.path, 'full');
    mkdirSync(directory);
    symlinkSync('/dev/full', join(directory, 'http.ndjson'));
    const quarantine = new Quarantine({ directory, sink: 'http', mebibytes: 1 });
    expect(await quarantine.keep([refused('lost')])).toBe(false);
    rmSync(join(directory, 'http.ndjson'));
    expect(await quarantine.keep([refused('kept')])).toBe(true);
    await quarantine.close();
  });
});
