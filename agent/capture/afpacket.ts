/** Live capture on Linux through the addon native/afpacket.c: the default, 0.2 µs a packet, no copy. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { UserError } from '../../contract/user-error.ts';
import { nothingFilter, portFilter } from './filter.ts';
import { type LiveCapture, startBatch } from './live-source.ts';
import { PacketRing } from './packet-ring.ts';
import type { CaptureCounters, OnPacket, PacketSource } from './packet-source.ts';
import { missingRight, noSuchDevice, unusableSource } from './unavailable.ts';

declare const handleBrand: unique symbol;
type Handle = { readonly [handleBrand]: true };

/** native/afpacket.c. Errors carry the errno name as `code` and the step that failed as `message`. */
export interface AfPacketAddon {
  open(
    device: string,
    program: Buffer,
    blockBytes: number,
    blockCount: number,
    retireMillis: number,
    onReadable: (errorName?: string) => void,
  ): [Handle, ArrayBuffer];
  /** Packets (dropped ones included), drops and freezes since the last call. */
  statistics(handle: Handle): [number, number, number];
  filter(handle: Handle, program: Buffer): void;
  close(handle: Handle): void;
}

/** In the image. */
const ADDON_BESIDE_BUNDLE = new URL('./afpacket.node', import.meta.url);
const ADDON_IN_CHECKOUT = new URL('../../build/native/afpacket.node', import.meta.url);

/** The kernel hands a block over when it is full or this old: how stale a packet may be, and how long a quiet ring lasts. */
const RETIRE_MILLIS = 20;
/**
 * A block is handed over whole, so many small ones outlast a pause of ours longer: 32 times 20 ms with the default
 * ring. It must hold the largest packet, 64 KiB or, with BIG TCP, up to 512 KiB.
 */
const MIN_BLOCK_BYTES = 256 * 1024;
const MAX_BLOCK_BYTES = 1024 * 1024;
/** The ring is kernel memory that cannot be swapped: one of many GiB brings the whole machine down. */
const MAX_RING_BYTES = 1024 * 1024 * 1024;
/** Counters in the kernel are 32 bits wide and start anew when read; at 10 million packets a second they last 7 minutes. */
const STATISTICS_MILLIS = 1000;
/** For the last packets after an abort: they come within one retirement, unless the machine is very busy. */
const DRAIN_DEADLINE_MILLIS = 1000;

/** Rejects with UserError DBA1006 where the addon is not built or does not load. */
export function loadAfPacketAddon(path: string = addonPath()): AfPacketAddon {
  try {
    return createRequire(import.meta.url)(path) as AfPacketAddon;
  } catch (error) {
    const [reason] = String((error as Error).message).split('\n');
    throw unusableSource('afpacket', `its addon does not load (${reason})`, 'build it with tools/build-native.sh');
  }
}

function addonPath(): string {
  return fileURLToPath(existsSync(ADDON_BESIDE_BUNDLE) ? ADDON_BESIDE_BUNDLE : ADDON_IN_CHECKOUT);
}

export class AfPacketSource implements PacketSource {
  readonly name = 'afpacket';
  readonly #addon: AfPacketAddon;
  readonly #capture: LiveCapture;
  #handle: Handle | undefined;
  #received = 0;
  #dropped = 0;

  constructor(addon: AfPacketAddon, capture: LiveCapture) {
    this.#addon = addon;
    this.#capture = capture;
  }

  counters(): CaptureCounters {
    if (this.#handle !== undefined) {
      const [packets, drops] = this.#addon.statistics(this.#handle);
      this.#received += packets;
      this.#dropped += drops;
    }
    return { received: this.#received, dropped: this.#dropped };
  }

  async run(onPacket: OnPacket, onBatch: () => void | Promise<void>, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const blockBytes = this.#blockBytes();
    const ended = Promise.withResolvers<void>();
    const [handle, memory] = this.#open(blockBytes, (errorName) => {
      if (errorName !== undefined) ended.reject(this.#unavailable(errorName, 'capture'));
      else give();
    });
    this.#handle = handle;
    const ring = new PacketRing(memory, blockBytes);
    let given = 0;
    const give = (): void => {
      try {
        const packets = ring.drain(onPacket);
        if (packets === 0) return;
        given += packets;
        startBatch(onBatch, ended.reject);
      } catch (error) {
        ended.reject(error);
      }
    };
    const onAbort = (): void => this.#drain(give, () => given, ended.resolve);
    signal.addEventListener('abort', onAbort, { once: true });
    const statistics = setInterval(() => this.counters(), STATISTICS_MILLIS);
    try {
      this.#capture.onStarted?.();
      await ended.promise;
    } finally {
      clearInterval(statistics);
      signal.removeEventListener('abort', onAbort);
      const { received, dropped } = this.counters();
      // What the ring still holds is lost with it, and lost packets are never kept quiet.
      this.#dropped += Math.max(0, received - dropped - given);
      this.#handle = undefined;
      this.#addon.close(handle);
    }
  }

  /** Lets no more packets in and reads until every one that was counted has been given. */
  #drain(give: () => void, given: () => number, done: () => void): void {
    if (this.#handle === undefined) return;
    this.#addon.filter(this.#handle, nothingFilter());
    const deadline = performance.now() + DRAIN_DEADLINE_MILLIS;
    const timer = setInterval(() => {
      if (this.#handle !== undefined) {
        give();
        const { received, dropped } = this.counters();
        if (given() < received - dropped && performance.now() < deadline) return;
      }
      clearInterval(timer);
      done();
    }, RETIRE_MILLIS);
  }

  #blockBytes(): number {
    let bytes = MIN_BLOCK_BYTES;
    while (bytes < this.#capture.snaplenBytes && bytes < MAX_BLOCK_BYTES) bytes *= 2;
    return bytes;
  }

  #open(blockBytes: number, onReadable: (errorName?: string) => void): [Handle, ArrayBuffer] {
    const { device, ports, snaplenBytes } = this.#capture;
    const blockCount = Math.max(1, Math.floor(Math.min(this.#capture.ringBytes, MAX_RING_BYTES) / blockBytes));
    try {
      return this.#addon.open(
        device,
        portFilter(ports, snaplenBytes),
        blockBytes,
        blockCount,
        RETIRE_MILLIS,
        onReadable,
      );
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      throw code === undefined ? error : this.#unavailable(code, message);
    }
  }

  #unavailable(errorName: string, step: string): UserError {
    const { device } = this.#capture;
    if (errorName === 'EPERM' || errorName === 'EACCES') return missingRight(`${step}: ${errorName}`);
    if (errorName === 'ENODEV') return noSuchDevice(device);
    if (errorName === 'ENETDOWN')
      return unusableSource(this.name, `device ${device} is down`, `bring it up with \`ip link set ${device} up\``);
    return unusableSource(
      this.name,
      `${step} failed with ${errorName}`,
      step === 'ring' || step === 'mmap' ? 'give it a smaller ring' : 'set the capture source to `tcpdump`',
    );
  }
}
