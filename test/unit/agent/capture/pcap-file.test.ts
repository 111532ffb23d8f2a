import { createCipheriv } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from '@jest/globals';
import { PcapFileSource } from '../../../../agent/capture/pcap-file.ts';
import { PcapngWriter, pcap } from './capture-writer.ts';
import { packetKeeper } from './read-capture.ts';

const folder = mkdtempSync(join(tmpdir(), 'pcap-file-'));
afterAll(() => rmSync(folder, { recursive: true }));

const never = new AbortController().signal;
/** Noise that does not repeat within gzip's window, so that it stays larger than one chunk when compressed. */
const noise = createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16)).update(Buffer.alloc(256 * 1024));
const packets = Array.from({ length: 1500 }, (_, i) => {
  const start = (i * 1100) % (noise.length - 1100);
  return { seconds: i, nanos: 0, bytes: noise.subarray(start, start + 600 + (i % 500)) };
});
const capture = pcap(packets);
const hexes = packets.map(({ bytes }) => bytes.toString('hex'));

interface Outcome {
  readonly hexes: string[];
  readonly batches: number;
  readonly source: PcapFileSource;
  readonly error?: unknown;
}

async function replay(content: Buffer | Buffer[], through: 'file' | 'standard input'): Promise<Outcome> {
  const { seen, onPacket } = packetKeeper();
  const pieces = Array.isArray(content) ? content : [content];
  const path = join(folder, 'capture');
  if (through === 'file') writeFileSync(path, Buffer.concat(pieces));
  const source = through === 'file' ? new PcapFileSource(path) : new PcapFileSource('-', Readable.from(pieces));
  let batches = 0;
  const outcome = { hexes: [] as string[], batches: 0, source };
  const error = await source
    .run(onPacket, () => void batches++, never)
    .then(
      () => undefined,
      (reason: unknown) => reason,
    );
  return { ...outcome, hexes: seen.map(({ hex }) => hex), batches, ...(error === undefined ? {} : { error }) };
}

describe.each(['file', 'standard input'] as const)('from a %s', (through) => {
  test.each([
    ['plain', capture],
    ['gzip', gzipSync(capture)],
    ['gzip in several members', Buffer.concat([gzipSync(capture.subarray(0, 99)), gzipSync(capture.subarray(99))])],
  ])('%s: every packet, in order', async (_name, content) => {
    const { hexes: seen, source, error } = await replay(content, through);
    expect(error).toBeUndefined();
    expect(seen.length).toBe(hexes.length);
    expect(seen.every((hex, i) => hex === hexes[i])).toBe(true);
    expect(source.counters()).toEqual({ received: packets.length, dropped: 0 });
  });

  test.each([
    ['cut', capture.subarray(0, -3), packets.length - 1, /byte \d{7}: expected \d+ bytes, found \d+ before the end/],
    ['empty', Buffer.alloc(0), 0, /byte 0: expected a pcap or pcapng capture, found 0 bytes/],
    ['no capture', Buffer.from('hello world'), 0, /byte 0: .* found a beginning of 68656c6c/],
  ])('%s: what came before is given, then the place is told', async (_name, content, count, message) => {
    const { hexes: seen, error, batches } = await replay(content, through);
    expect(error).toMatchObject({ name: 'UserError', code: 'DBA1002', message: expect.stringMatching(message) });
    expect(seen.length).toBe(count);
    expect(seen.every((hex, i) => hex === hexes[i])).toBe(true);
    expect(batches).toBeGreaterThan(0);
  });

  test.each([
    ['damaged', (content: Buffer) => content.fill(0xff, content.length >> 1, (content.length >> 1) + 64)],
    ['cut', (content: Buffer) => content.subarray(0, content.length >> 1)],
  ])('gzip %s in the middle: what came before is given, then the place is told', async (_name, spoil) => {
    const { hexes: seen, error } = await replay(spoil(gzipSync(capture)), through);
    expect(error).toMatchObject({ code: 'DBA1002', message: expect.stringMatching(/byte \d{6,7}: /) });
    expect(seen.length).toBeGreaterThan(packets.length / 3);
    expect(seen.length).toBeLessThan(packets.length);
    // Damage shows some bytes after it began.
    expect(seen.slice(0, -9).every((hex, i) => hex === hexes[i])).toBe(true);
  });
});

test('standard input may come a byte at a time', async () => {
  for (const content of [pcap(packets.slice(0, 2)), gzipSync(pcap(packets.slice(0, 2)))]) {
    const pieces = Array.from(content, (byte) => Buffer.from([byte]));
    expect((await replay(pieces, 'standard input')).hexes).toEqual(hexes.slice(0, 2));
  }
});

test('a file that is not there is told', async () => {
  const source = new PcapFileSource(join(folder, 'nothing'));
  await expect(source.run(packetKeeper().onPacket, () => {}, never)).rejects.toMatchObject({
    code: 'DBA1002',
    message: expect.stringMatching(/nothing.*ENOENT/),
  });
});

test('a batch that is not done holds the file back', async () => {
  const path = join(folder, 'held');
  writeFileSync(path, capture);
  const { seen, onPacket } = packetKeeper();
  const { promise, resolve } = Promise.withResolvers<void>();
  const first = Promise.withResolvers<void>();
  const done = new PcapFileSource(path).run(
    onPacket,
    () => {
      first.resolve();
      return promise;
    },
    never,
  );
  await first.promise;
  const given = seen.length;
  await new Promise((later) => setImmediate(later));
  expect(seen.length).toBe(given);
  expect(given).toBeLessThan(packets.length);
  resolve();
  await done;
  expect(seen.length).toBe(packets.length);
});

test('errors of the receiver are not taken for those of the file', async () => {
  const path = join(folder, 'receiver');
  writeFileSync(path, capture);
  const failure = Object.assign(new Error('write EPIPE'), { code: 'EPIPE', syscall: 'write' });
  const run = new PcapFileSource(path).run(
    () => {},
    () => Promise.reject(failure),
    never,
  );
  await expect(run).rejects.toBe(failure);
});

test('an abort ends the wait for standard input', async () => {
  const input = new PassThrough();
  const abort = new AbortController();
  const { seen, onPacket } = packetKeeper();
  input.write(pcap(packets.slice(0, 3)));
  const done = new PcapFileSource('-', input).run(onPacket, () => abort.abort(), abort.signal);
  await expect(done).resolves.toBeUndefined();
  expect(seen).toHaveLength(3);
});

test('drops that the file records are counted', async () => {
  const writer = new PcapngWriter('little');
  const content = Buffer.concat([
    writer.section(),
    writer.interface(),
    writer.enhancedPacket(0, 0n, Buffer.from([1])),
    writer.statistics(0, 12),
  ]);
  expect((await replay(content, 'file')).source.counters()).toEqual({ received: 13, dropped: 12 });
});
