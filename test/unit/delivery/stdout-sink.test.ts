import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from '@jest/globals';

/** Writes in a process of its own, for its standard output must be a real pipe. */
const WRITER = `
  import { openStdoutSink, ReaderGone } from '${new URL('../../../delivery/sinks/stdout.ts', import.meta.url).href}';
  const sink = openStdoutSink();
  const batches = Number(process.argv[1]);
  try {
    for (let batch = 0; batch < batches; batch++) {
      const bytes = Buffer.from((String(batch).padStart(99, '.') + '\\n').repeat(3000));
      await sink.write({ bytes, ends: new Uint32Array(), classes: new Uint8Array() }, new AbortController().signal);
    }
    process.exitCode = 3;
  } catch (error) {
    process.exitCode = error instanceof ReaderGone ? 4 : 5;
  }
`;

function startWriter(batches: number, prelude = '') {
  return spawn(
    process.execPath,
    ['--no-warnings', '--input-type=module', '--eval', prelude + WRITER, String(batches)],
    { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, NODE_OPTIONS: '' } },
  );
}

/** What `process.stdout` does to a descriptor that others share: it no longer blocks. */
const NON_BLOCKING = `
  import net from 'node:net';
  const handle = new net.Socket({ fd: 1, readable: false, writable: true });
  handle._handle.setBlocking?.(false);
`;

test.each([
  ['a pipe', ''],
  ['a pipe that does not block', NON_BLOCKING],
])('%s gets everything however slowly it is read', async (_, prelude) => {
  const writer = startWriter(4, prelude);
  let bytes = 0;
  let last = '';
  for await (const chunk of writer.stdout) {
    bytes += chunk.length;
    last = chunk.toString('latin1').slice(-5);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await once(writer, 'close');
  expect([bytes, last, writer.exitCode]).toEqual([1_200_000, '...3\n', 3]);
});

test('a reader that goes away is told from other failures', async () => {
  const writer = startWriter(50);
  writer.stdout.once('data', () => writer.stdout.destroy());
  const [code] = await once(writer, 'exit');
  expect(code).toBe(4);
});
