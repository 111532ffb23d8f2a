/** The parts of the live sources that need no packets: what goes wrong, and what is counted. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { type AfPacketAddon, AfPacketSource, loadAfPacketAddon } from '../../../../agent/capture/afpacket.ts';
import { type CapModule, CapSource } from '../../../../agent/capture/cap.ts';
import { openSource, type SourceOptions } from '../../../../agent/capture/index.ts';
import type { PacketSource } from '../../../../agent/capture/packet-source.ts';
import { TcpdumpSource } from '../../../../agent/capture/tcpdump.ts';
import { pcap } from './capture-writer.ts';
import { packetKeeper } from './read-capture.ts';

const CAPTURE = { device: 'eth7', snaplenBytes: 262_144, ringBytes: 8 * 1024 * 1024, ports: [3306] };
const never = new AbortController().signal;
const folder = mkdtempSync(join(tmpdir(), 'live-sources-'));
afterAll(() => rmSync(folder, { recursive: true }));

const failureOf = async (source: PacketSource): Promise<unknown> =>
  source
    .run(packetKeeper().onPacket, () => {}, never)
    .then(
      () => undefined,
      (error: unknown) => error,
    );

describe('afpacket', () => {
  function brokenAddon(code: string, step: string): AfPacketAddon {
    const fail = (): never => {
      throw Object.assign(new Error(step), { code });
    };
    return { open: fail, statistics: fail, filter: fail, close: fail };
  }

  test.each([
    ['EPERM', 'socket', 'DBA1003', /CAP_NET_RAW/, /root.*setcap.*NET_RAW/],
    ['ENODEV', 'device', 'DBA1006', /no network device eth7/, /any/],
    ['ENETDOWN', 'bind', 'DBA1006', /eth7 is down/, /ip link set eth7 up/],
    ['ENOMEM', 'ring', 'DBA1006', /ring failed with ENOMEM/, /smaller ring/],
    ['EINVAL', 'version', 'DBA1006', /version failed with EINVAL/, /tcpdump/],
  ])('%s of %s is %s', async (code, step, userCode, message, nextStep) => {
    expect(await failureOf(new AfPacketSource(brokenAddon(code, step), CAPTURE))).toMatchObject({
      name: 'UserError',
      code: userCode,
      message: expect.stringMatching(message),
      nextStep: expect.stringMatching(nextStep),
    });
  });

  test.each([
    [8 * 1024 * 1024, 262_144, 262_144, 32],
    [1024 * 1024, 262_144, 262_144, 4],
    [8 * 1024 * 1024, 65_535, 262_144, 32],
    [8 * 1024 * 1024, 600_000, 1_048_576, 8],
    [1, 9_000_000, 1_048_576, 1],
    [64 * 1024 ** 3, 262_144, 262_144, 4096],
  ])('a ring of %i bytes for packets of %i', async (ringBytes, snaplenBytes, blockBytes, blockCount) => {
    const asked: number[] = [];
    const addon = brokenAddon('EPERM', 'socket');
    const open: AfPacketAddon['open'] = (device, program, bytes, count, retire, onReadable) => {
      asked.push(bytes, count);
      return addon.open(device, program, bytes, count, retire, onReadable);
    };
    await failureOf(new AfPacketSource({ ...addon, open }, { ...CAPTURE, ringBytes, snaplenBytes }));
    expect(asked).toEqual([blockBytes, blockCount]);
  });

  test('what was counted and never came is counted as dropped', async () => {
    let left = 3;
    let readable: (errorName?: string) => void = () => {};
    const addon = {
      ...brokenAddon('EBADF', 'handle'),
      open: (
        _device: string,
        _program: Buffer,
        blockBytes: number,
        _count: number,
        _retire: number,
        onReadable: () => void,
      ) => {
        readable = onReadable;
        return [{}, new ArrayBuffer(blockBytes)];
      },
      statistics: () => [left-- > 0 ? 10 : 0, 0, 0],
      close: () => {},
    } as unknown as AfPacketAddon;
    const source = new AfPacketSource(addon, CAPTURE);
    const failure = failureOf(source);
    expect(source.counters()).toEqual({ received: 10, dropped: 0 });
    readable('ENETDOWN');
    expect(await failure).toMatchObject({ code: 'DBA1006' });
    expect(source.counters()).toEqual({ received: 20, dropped: 20 });
  });

  test('an addon that is not built is told', () => {
    expect(() => loadAfPacketAddon(join(folder, 'nothing.node'))).toThrow(
      expect.objectContaining({ code: 'DBA1006', nextStep: expect.stringContaining('build-native.sh') }),
    );
  });
});

describe('tcpdump', () => {
  /** A program that plays tcpdump. */
  function script(name: string, body: string): string {
    const path = join(folder, name);
    writeFileSync(path, `#!/bin/sh\n${body}\n`);
    chmodSync(path, 0o755);
    return path;
  }
  const path = join(folder, 'capture');
  writeFileSync(path, pcap([{ seconds: 1, nanos: 0, bytes: Buffer.from([1]) }]));

  test.each([
    ['is missing', join(folder, 'nothing'), 'DBA1006', /not installed/],
    [
      'lacks the right',
      script('right', 'echo "you: You don\'t have permission" >&2; exit 1'),
      'DBA1003',
      /CAP_NET_RAW/,
    ],
    ['lacks the device', script('device', 'echo "eth7: No such device exists" >&2; exit 1'), 'DBA1006', /device eth7/],
    ['ends', script('ends', 'echo "some words" >&2; exit 3'), 'DBA1006', /code 3: some words/],
    ['writes no capture', script('writes', 'echo "hello"; exec sleep 60'), 'DBA1006', /found a beginning of 68656c6c/],
  ])('where it %s, that is told', async (_name, program, code, message) => {
    const error = await failureOf(new TcpdumpSource(CAPTURE, program));
    expect(error).toMatchObject({ name: 'UserError', code, message: expect.stringMatching(message) });
  });

  test('drops are known while it runs and when it ends', async () => {
    const says = (count: number): string =>
      `echo "1 packet captured, 9 received, ${count} packets dropped by kernel" >&2`;
    const program = script(
      'drops',
      `trap '${says(5)}' USR1; trap '${says(12)}; exit' INT; cat ${path}; echo "listening on eth7" >&2; while :; do sleep 0.05; done`,
    );
    const source = new TcpdumpSource(CAPTURE, program);
    const abort = new AbortController();
    const { seen, onPacket } = packetKeeper();
    const done = source.run(onPacket, () => {}, abort.signal);
    while (source.counters().dropped === 0) await new Promise((later) => setTimeout(later, 20));
    expect(source.counters()).toEqual({ received: 6, dropped: 5 });
    abort.abort();
    await done;
    expect(source.counters()).toEqual({ received: 13, dropped: 12 });
    expect(seen).toHaveLength(1);
  });
});

describe('cap', () => {
  const fakeModule = (open: (packet: Buffer, emit: (length: number) => void) => string): CapModule => ({
    Cap: class {
      #emit: (length: number) => void = () => {};
      open(_device: string, _filter: string, _bytes: number, packet: Buffer): string {
        return open(packet, (length) => this.#emit(length));
      }
      on(_event: 'packet', listener: (length: number) => void): void {
        this.#emit = listener;
      }
      close(): void {}
    },
  });
  const failing = (message: string): CapModule =>
    fakeModule(() => {
      throw new Error(message);
    });

  test.each([
    ['eth7: You don’t have permission to capture (socket: Operation not permitted)', 'DBA1003'],
    ['eth7: No such device exists', 'DBA1006'],
    ['syntax error', 'DBA1006'],
  ])('%s', async (message, code) => {
    expect(await failureOf(new CapSource(failing(message), CAPTURE))).toMatchObject({ name: 'UserError', code });
  });

  test('a link type that nobody decodes is told', async () => {
    const error = await failureOf(
      new CapSource(
        fakeModule(() => 'IEEE802_11_RADIO'),
        CAPTURE,
      ),
    );
    expect(error).toMatchObject({ code: 'DBA1006', message: expect.stringContaining('IEEE802_11_RADIO') });
  });

  test.each([
    ['IPv4', Buffer.concat([Buffer.alloc(14), Buffer.from([0x45, 0, 0xff, 0xff])]), 65_549],
    ['IPv6', Buffer.concat([Buffer.alloc(14), Buffer.from([0x60, 0, 0, 0, 0xff, 0xff])]), 65_589],
  ])('%s longer than its snaplen has the length of its header', async (_name, opening, originalLength) => {
    const { seen, onPacket } = packetKeeper();
    const abort = new AbortController();
    const module = fakeModule((packet, emit) => {
      setImmediate(() => {
        opening.copy(packet);
        emit(65_535);
      });
      return 'ETHERNET';
    });
    await new CapSource(module, { ...CAPTURE, snaplenBytes: 100 }).run(onPacket, () => abort.abort(), abort.signal);
    expect(seen).toMatchObject([{ originalLength, linkType: 1 }]);
    expect(seen[0]?.hex).toHaveLength(200);
  });
});

describe('the choice of a source', () => {
  const notices: string[] = [];
  const options: SourceOptions = { ...CAPTURE, source: 'auto', onNotice: (message) => notices.push(message) };
  const broken = (): AfPacketAddon => loadAfPacketAddon(join(folder, 'nothing.node'));
  const working = (): AfPacketAddon => ({}) as AfPacketAddon;

  test('auto is afpacket where it loads', () => {
    expect(openSource(options, working).name).toBe('afpacket');
    expect(notices).toEqual([]);
  });

  test('auto is tcpdump where it does not, and says so', () => {
    expect(openSource(options, broken).name).toBe('tcpdump');
    expect(notices).toEqual([expect.stringMatching(/afpacket.*does not load.*through tcpdump/)]);
  });

  test('afpacket alone does not fall back', () => {
    expect(() => openSource({ ...options, source: 'afpacket' }, broken)).toThrow(/does not load/);
  });

  test('tcpdump needs no addon', () => {
    expect(openSource({ ...options, source: 'tcpdump' }, broken).name).toBe('tcpdump');
  });
});
