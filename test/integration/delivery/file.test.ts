import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { joinLines } from '../../../delivery/batch.ts';
import { fileSink } from '../../../delivery/sinks/file.ts';
import { endWithUs, type TemporaryDirectory, temporaryDirectory } from '../../support/leftovers.ts';
import { SEED } from '../../support/seed.ts';

const KILLS = Number(process.env.DBAUDIT_FILE_KILLS ?? 6);
const BATCH_LINES = 500;

/** Writes numbered lines through the sink, and says after each batch how far it has come. */
const WRITER = `
  import { joinLines } from '${new URL('../../../delivery/batch.ts', import.meta.url).href}';
  import { fileSink } from '${new URL('../../../delivery/sinks/file.ts', import.meta.url).href}';
  const [path, compress, from] = process.argv.slice(1);
  const settings = fileSink.schema.parse({ type: 'file', path, compress, rotateMebibytes: 1, keepFiles: 1000 });
  const sink = await fileSink.open(settings, { instanceId: 'test', onNotice: (notice) => console.error(notice) });
  const signal = new AbortController().signal;
  for (let number = Number(from); ; ) {
    const lines = Array.from({ length: ${BATCH_LINES} }, () => ({
      line: Buffer.from('{"number":' + number++ + ',"padding":"' + Math.random().toString(36).repeat(20) + '"}\\n'),
      classNumber: 0,
    }));
    await sink.write(joinLines(lines), signal);
    process.stdout.write(number + '\\n');
  }
`;

let directory: TemporaryDirectory;
beforeEach(() => {
  directory = temporaryDirectory('file-sink');
});
afterEach(() => directory.remove());

function startWriter(path: string, compress: string, from: number): ChildProcess {
  const child = spawn(
    process.execPath,
    ['--no-warnings', '--input-type=module', '--eval', WRITER, path, compress, `${from}`],
    { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, NODE_OPTIONS: '' } },
  );
  endWithUs(child);
  return child;
}

/** The numbers of all whole lines, in the order of the files' names, the one that is written last. */
function numbersIn(path: string): number[] {
  const names = readdirSync(path).filter((name) => !name.endsWith('.part'));
  // A kill between two files leaves none that is written.
  const inOrder = [...names.filter((name) => name !== 'events').sort(), ...names.filter((name) => name === 'events')];
  // Of a file that is both plain and compressed, one is enough.
  const once = inOrder.filter((name) => !inOrder.includes(`${name}.gz`) && !inOrder.includes(`${name}.zst`));
  return once.flatMap((name) => {
    const bytes = readFileSync(join(path, name));
    const text = (
      name.endsWith('.gz') ? gunzipSync(bytes) : name.endsWith('.zst') ? zstdDecompressSync(bytes) : bytes
    ).toString();
    return text.split('\n').flatMap((line) => (line.endsWith('"}') ? [Number(/"number":(\d+)/.exec(line)?.[1])] : []));
  });
}

test.each(['gzip', 'zstd'])(
  'killed at any moment, rotation with %s loses nothing that was written',
  async (compress) => {
    let acknowledged = 0;
    for (let kill = 0, random = SEED; kill < KILLS; kill++, random = (random * 48_271) % 2_147_483_647) {
      const writer = startWriter(join(directory.path, 'events'), compress, acknowledged);
      if (writer.stdout === null) throw new Error('no output');
      const said = createInterface(writer.stdout);
      said.on('line', (line) => {
        acknowledged = Number(line);
      });
      await once(said, 'line');
      await sleep(random % 150);
      writer.kill('SIGKILL');
      await once(writer, 'close');
      const numbers = new Set(numbersIn(directory.path));
      const lost = Array.from({ length: acknowledged }, (_, number) => number).filter((number) => !numbers.has(number));
      expect(lost).toEqual([]);
    }
    const files = readdirSync(directory.path);
    process.stderr.write(
      `file: killed ${KILLS} times, ${acknowledged} lines in ${files.length} files, ${files.filter((name) => name.endsWith('.part')).length} half compressed\n`,
    );
    // The next start finishes or removes what was left.
    const path = join(directory.path, 'events');
    const settings = fileSink.schema.parse({ type: 'file', path, compress, keepFiles: 1000 });
    const sink = await fileSink.open(settings, { instanceId: 'test', onNotice: () => undefined });
    while (readdirSync(directory.path).some((name) => name !== 'events' && !/\.(gz|zst)$/.test(name))) await sleep(20);
    await sink.close();
    expect(new Set(numbersIn(directory.path)).size).toBeGreaterThanOrEqual(acknowledged);
  },
);

test('a disk that is full leaves no half line, and is gone on with when there is room', async () => {
  const disk = join(directory.path, 'disk');
  mkdirSync(disk);
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk], { encoding: 'utf8' });
  if (mounted.status !== 0)
    return process.stderr.write(`skipped: no file system can be mounted here: ${mounted.stderr}\n`);
  try {
    const path = join(disk, 'events');
    const settings = fileSink.schema.parse({ type: 'file', path });
    const sink = await fileSink.open(settings, { instanceId: 'test', onNotice: () => undefined });
    writeFileSync(join(disk, 'other'), Buffer.alloc(500_000));
    const line = `${'x'.repeat(999)}\n`;
    const batch = joinLines(Array.from({ length: 300 }, () => ({ line: Buffer.from(line), classNumber: 0 })));
    const signal = new AbortController().signal;
    await sink.write(batch, signal);
    await expect(sink.write(batch, signal)).rejects.toMatchObject({
      name: 'TryAgain',
      code: 'DBA4012',
      message: expect.stringMatching(/no space left on device/),
    });
    expect(readFileSync(path, 'utf8')).toBe(line.repeat(300));
    expect(statfsSync(disk).bavail).toBeGreaterThan(0); // part of the batch had been written
    rmSync(join(disk, 'other'));
    await sink.write(batch, signal);
    await sink.close();
    expect(readFileSync(path, 'utf8')).toBe(line.repeat(600));
  } finally {
    execFileSync('umount', [disk]);
  }
  return undefined;
});
