import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { extensionDirectory, HOST_ARCHITECTURE } from '../../../../tools/duckdb-extension.ts';
import { auditEvent } from '../../../support/audit-events.ts';
import { DAY, HOUR, OpenStore } from '../../../support/collector/open-store.ts';

const EXTENSIONS = extensionDirectory(HOST_ARCHITECTURE);
const WORD = 'Dreibholz-4711';
const EVENTS = 30_000;

const isFetched = existsSync(EXTENSIONS);
if (!isFetched)
  process.stderr.write('encryption is not tested: `tools/prepare-integration.ts` fetches DuckDB’s extension\n');
const encrypted = isFetched ? test : test.skip;

let kept: OpenStore;
beforeEach(() => {
  kept = new OpenStore();
});
afterEach(() => kept.remove());

function keyFile(name: string, content = randomBytes(32).toString('base64')): string {
  const file = join(kept.directory.path, name);
  writeFileSync(file, `${content}\n`, { mode: 0o600 });
  return file;
}

function eventsWith(word: string, count: number) {
  return Array.from({ length: count }, (_, index) =>
    auditEvent({
      at: new Date(DAY + index).toISOString().replace('Z', '000000Z'),
      sequence: index,
      db: { query: { text: `SELECT '${word}' FROM t WHERE id = ${index}` } },
      rest: { message: word, user: { name: word } },
    }),
  );
}

/** Every file of the store that has the word in it. */
function filesWith(word: string): string[] {
  return readdirSync(kept.directory.path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => readFileSync(file).includes(word));
}

encrypted(
  'nothing of an event is on disk as it is: not in the log, the database, partitions or what is spilled',
  async () => {
    const options = { encryptionKeyFile: keyFile('key'), extensionDirectory: EXTENSIONS };
    const store = await kept.open(options);
    const seen = new Set<string>();
    const look = () => {
      for (const file of readdirSync(kept.directory.path, { recursive: true }).map(String))
        seen.add(file.replace(/[0-9a-f-]{8,}/g, '*'));
      expect(filesWith(WORD)).toEqual([]);
    };
    const events = eventsWith(WORD, EVENTS);
    for (let from = 0; from < EVENTS; from += 5_000) {
      await store.append(events.slice(from, from + 5_000), 'a');
      look();
    }
    const looking = setInterval(look, 20);
    try {
      kept.now = DAY + 30 * HOUR;
      await store.keep();
    } finally {
      clearInterval(looking);
    }
    look();
    expect(await store.status()).toMatchObject({ encrypted: true, partitions: 1, events: EVENTS });
    expect([...seen]).toEqual(expect.arrayContaining(['events.duckdb', 'events.duckdb.wal']));
    await kept.close();
    look();
    const again = await kept.open(options);
    expect((await again.append(events.slice(0, 3), 'a')).repeated).toBe(3);
  },
);

test('without a key it is all there: the search for plain text can find it', async () => {
  const store = await kept.open();
  await store.append(eventsWith(WORD, 10), 'a');
  expect(filesWith(WORD)).not.toEqual([]);
});

encrypted('another key, no key, and a key for what is not encrypted are told', async () => {
  const options = { encryptionKeyFile: keyFile('key'), extensionDirectory: EXTENSIONS };
  await kept.open(options);
  await kept.store.append(eventsWith(WORD, 10), 'a');
  await kept.close();
  await expect(kept.open({ ...options, encryptionKeyFile: keyFile('other') })).rejects.toThrow(
    /was encrypted with another key: give the key that it was made with/,
  );
  await expect(kept.open()).rejects.toThrow(/is encrypted: give the file with its key/);
  const plain = new OpenStore();
  try {
    await plain.open();
    await plain.close();
    await expect(plain.open(options)).rejects.toThrow(/is not encrypted but a key was given/);
  } finally {
    await plain.remove();
  }
});

test('a key that is none, and an extension that is not there, are told without the key', async () => {
  const bad = keyFile('bad', 'secret');
  await expect(kept.open({ encryptionKeyFile: bad, extensionDirectory: EXTENSIONS })).rejects.toThrow(
    /bad holds no key: it must be 32 bytes in base64/,
  );
  await expect(kept.open({ encryptionKeyFile: join(kept.directory.path, 'absent') })).rejects.toThrow(
    /absent cannot be read/,
  );
  await expect(kept.open({ encryptionKeyFile: keyFile('key'), extensionDirectory: '/nowhere' })).rejects.toThrow(
    /needs DuckDB’s extension httpfs, but there is no \/nowhere/,
  );
});
