/** What every live source promises, with real packets on the loopback device. */

import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openSource, type SourceOptions } from '../../../agent/capture/index.ts';
import type { PacketSource } from '../../../agent/capture/packet-source.ts';
import { UserError } from '../../../contract/user-error.ts';
import { echoServer, talk } from './echo-server.ts';
import { TcpLedger } from './tcp-ledger.ts';

const SNAPLEN = 262_144;
const RING = 8 * 1024 * 1024;

interface Capturing {
  readonly source: PacketSource;
  readonly ledger: TcpLedger;
  batches(): number;
  /** Ends the capture; it has given all by then. */
  stop(): Promise<void>;
}

/** Starts a source and waits until it really captures. `undefined`, with the reason printed, where it cannot. */
async function startCapture(port: number, options: Partial<SourceOptions>): Promise<Capturing | undefined> {
  const ledger = new TcpLedger();
  const abort = new AbortController();
  let batches = 0;
  try {
    const source = openSource({
      source: 'auto',
      device: 'lo',
      snaplenBytes: SNAPLEN,
      ringBytes: RING,
      ports: [port],
      onNotice: () => {},
      ...options,
    });
    const run = source.run(ledger.onPacket, () => void batches++, abort.signal);
    while (ledger.segments.length === 0) {
      await talk(port, []);
      await Promise.race([run, sleep(50)]);
    }
    const stop = async (): Promise<void> => {
      abort.abort();
      await run;
    };
    return { source, ledger, batches: () => batches, stop };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    console.info(`${options.source} was not tested: ${error.message}`);
    expect(error.code).toMatch(/^DBA100[36]$/);
    expect(error.nextStep.length).toBeGreaterThan(10);
    return undefined;
  }
}

const message = (length: number, seed: number): Buffer =>
  Buffer.from(Uint8Array.from({ length }, (_, i) => Math.imul(i + seed, 2_654_435_761) >>> 24));
const ringMappings = (): number => readFileSync('/proc/self/maps', 'utf8').split('socket:').length - 1;

let port = 0;
let closeServer = async (): Promise<void> => {};
beforeAll(async () => {
  const server = await echoServer();
  port = server.port;
  closeServer = server.close;
});
afterAll(() => closeServer());

describe.each([
  { source: 'afpacket', device: 'any' },
  { source: 'afpacket', device: 'lo' },
  { source: 'tcpdump', device: 'any' },
  { source: 'tcpdump', device: 'lo' },
  { source: 'cap', device: 'any' },
  { source: 'cap', device: 'lo' },
] as const)('$source on $device', (where) => {
  test('gives each packet once, in order and whole, all of them when it ends, and counts them', async () => {
    const capturing = await startCapture(port, where);
    if (capturing === undefined) return;
    const { source, ledger, stop } = capturing;
    const messages = [1, 10, 1460, 70_000, 3, 100_000].map(message);
    const dialogue = await talk(port, [...messages, ...Array.from({ length: 200 }, (_, i) => message(20 + i, i))]);
    const burst = await talk(port, [message(1024 * 1024, 42)]);
    await stop();

    const { received, dropped } = source.counters();
    expect(dropped).toBe(0);
    expect(received).toBe(ledger.segments.length);
    for (const [clientPort, sent] of [
      [dialogue, [...messages, ...Array.from({ length: 200 }, (_, i) => message(20 + i, i))]],
      [burst, [message(1024 * 1024, 42)]],
    ] as const) {
      expect(ledger.hasEnded(clientPort)).toBe(true);
      for (const from of ['client', 'server'] as const) {
        const { bytes, cutBytes } = ledger.side(clientPort, from);
        // cap cuts packets of 64 KiB, which are what loopback makes, and says so.
        if (where.source !== 'cap') expect(cutBytes).toBe(0);
        expect(bytes.length + cutBytes).toBe(Buffer.concat(sent).length);
        if (cutBytes === 0) expect(bytes.equals(Buffer.concat(sent))).toBe(true);
      }
    }
    const speakers = ledger.connection(dialogue).filter(({ wirePayload }) => wirePayload > 0 && wirePayload < 300);
    const turns = speakers.slice(-400).map(({ from }) => from === dialogue);
    expect(turns).toEqual(Array.from({ length: 400 }, (_, i) => i % 2 === 0));
    expect(ledger.interfaces.size).toBe(1);
  });

  test('cuts at the snaplen and tells the length that was on the wire', async () => {
    const capturing = await startCapture(port, { ...where, snaplenBytes: 200 });
    if (capturing === undefined) return;
    const clientPort = await talk(port, [message(5000, 1)]);
    await capturing.stop();
    for (const from of ['client', 'server'] as const) {
      const { bytes, cutBytes } = capturing.ledger.side(clientPort, from);
      expect(bytes.length + cutBytes).toBe(5000);
      expect(cutBytes).toBeGreaterThan(4000);
    }
  });

  test('passes nothing of other ports', async () => {
    const other = await echoServer();
    const capturing = await startCapture(port, where);
    if (capturing !== undefined) {
      const clientPort = await talk(other.port, [message(100, 1)]);
      await capturing.stop();
      expect(capturing.ledger.connection(clientPort)).toEqual([]);
    }
    await other.close();
  });

  test('is at rest while nothing comes', async () => {
    const capturing = await startCapture(port, where);
    if (capturing === undefined) return;
    await sleep(1300);
    const before = { batches: capturing.batches(), load: performance.eventLoopUtilization() };
    await sleep(500);
    expect(capturing.batches()).toBe(before.batches);
    // A busy loop is at 1.
    expect(performance.eventLoopUtilization(before.load).utilization).toBeLessThan(0.5);
    await capturing.stop();
  });

  test('gives the error of a receiver that throws', async () => {
    const capturing = await startCapture(port, where);
    if (capturing === undefined) return;
    await capturing.stop();
    const failure = new Error('receiver');
    const source = openSource({ ...where, snaplenBytes: SNAPLEN, ringBytes: RING, ports: [port], onNotice: () => {} });
    const run = source.run(
      () => {
        throw failure;
      },
      () => {},
      new AbortController().signal,
    );
    let ended = false;
    const seen = run
      .catch((error: unknown) => error)
      .finally(() => {
        ended = true;
      });
    while (!ended) await Promise.all([talk(port, []), sleep(50)]);
    expect(await seen).toBe(failure);
  });

  test('a device that does not exist is told', async () => {
    const capturing = await startCapture(port, where);
    if (capturing === undefined) return;
    await capturing.stop();
    const source = openSource({
      ...where,
      device: 'nosuchdevice0',
      snaplenBytes: SNAPLEN,
      ringBytes: RING,
      ports: [port],
      onNotice: () => {},
    });
    await expect(
      source.run(
        () => {},
        () => {},
        new AbortController().signal,
      ),
    ).rejects.toMatchObject({
      code: 'DBA1006',
      message: 'there is no network device nosuchdevice0',
    });
  });
});

test('afpacket leaves no ring mapped', async () => {
  const before = ringMappings();
  const capturing = await startCapture(port, { source: 'afpacket' });
  if (capturing === undefined) return;
  expect(ringMappings()).toBe(before + 1);
  await capturing.stop();
  expect(ringMappings()).toBe(before);
});
