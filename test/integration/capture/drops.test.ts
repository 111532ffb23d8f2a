/** What does not fit the ring is counted, to the packet. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { expect, test } from '@jest/globals';
import { openSource } from '../../../agent/capture/index.ts';
import type { PacketSource } from '../../../agent/capture/packet-source.ts';
import { UserError } from '../../../contract/user-error.ts';
import { TcpLedger } from './tcp-ledger.ts';

const SENT_BYTES = 16 * 1024 * 1024;
const TINY_RING = 1024 * 1024;
const ROOMY_RING = 128 * 1024 * 1024;

/** A process of its own sends to itself, so that it goes on while this one is blocked. */
const SENDER = `
  const net = require('node:net');
  const [port, bytes] = process.argv.slice(1).map(Number);
  const server = net.createServer((socket) => socket.resume().on('end', () => server.close()));
  server.listen(port, '127.0.0.1', () => net.connect(port, '127.0.0.1').end(Buffer.alloc(bytes, 1)));
`;

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

interface Capture {
  readonly source: PacketSource;
  readonly ledger: TcpLedger;
  readonly run: Promise<void>;
}

function start(port: number, ringBytes: number, signal: AbortSignal): Capture {
  const ledger = new TcpLedger();
  const options = {
    source: 'afpacket',
    device: 'any',
    snaplenBytes: 262_144,
    ports: [port],
    onNotice: () => {},
  } as const;
  const source = openSource({ ...options, ringBytes });
  return { source, ledger, run: source.run(ledger.onPacket, () => {}, signal) };
}

test('with a tiny ring and a blocked event loop, received less dropped is what was given', async () => {
  const port = await freePort();
  const abort = new AbortController();
  let captures: Capture[];
  try {
    captures = [TINY_RING, ROOMY_RING].map((ringBytes) => start(port, ringBytes, abort.signal));
    await Promise.race([...captures.map(({ run }) => run), new Promise((later) => setImmediate(later))]);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    console.info(`drops were not tested: ${error.message}`);
    expect(error.code).toMatch(/^DBA100[36]$/);
    return;
  }
  execFileSync(process.execPath, ['-e', SENDER, `${port}`, `${SENT_BYTES}`]);
  abort.abort();
  await Promise.all(captures.map(({ run }) => run));

  const [tiny, roomy] = captures.map(({ source, ledger }) => ({
    ...source.counters(),
    given: ledger.segments.length,
    ledger,
  }));
  if (tiny === undefined || roomy === undefined) throw new Error('two captures were started');
  expect(roomy.dropped).toBe(0);
  expect(roomy.given).toBe(roomy.received);
  const clientPort = roomy.ledger.segments[0]?.from ?? 0;
  expect(roomy.ledger.side(clientPort, 'client').bytes.length).toBe(SENT_BYTES);

  expect(tiny.dropped).toBeGreaterThan(0);
  expect(tiny.received).toBe(roomy.received);
  expect(tiny.given).toBe(tiny.received - tiny.dropped);
});
