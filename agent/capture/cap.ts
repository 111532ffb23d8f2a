/**
 * Live capture through npm `cap` (libpcap), for platforms without AF_PACKET. It gives neither the time of a packet nor
 * its length on the wire nor drop counters, and takes ten times the CPU. https://github.com/mscdex/cap
 */
import { createRequire } from 'node:module';
import { portExpression } from './filter.ts';
import { type LiveCapture, startBatch } from './live-source.ts';
import type { CaptureCounters, LinkType, OnPacket, PacketSource } from './packet-source.ts';
import { missingRight, noSuchDevice, unusableSource } from './unavailable.ts';

interface Cap {
  /** Returns the name of the link type. */
  open(device: string, filter: string, kernelBytes: number, packet: Buffer): string;
  on(event: 'packet', listener: (length: number) => void): void;
  close(): void;
}

export interface CapModule {
  readonly Cap: new () => Cap;
}

/** Fixed in cap's source. */
const SNAPLEN_BYTES = 65_535;
/** cap takes the size as a signed number and libpcap allocates all of it. */
const MAX_KERNEL_BYTES = 1024 * 1024 * 1024;

const LINK_TYPES: Readonly<Record<string, LinkType>> = { NULL: 0, ETHERNET: 1, RAW: 101, LINKTYPE_LINUX_SLL: 113 };
/** Bytes before the IP header, for the link types that have a fixed number of them. */
const LINK_HEADER_BYTES: Readonly<Partial<Record<LinkType, number>>> = { 0: 4, 1: 14, 101: 0, 113: 16 };
const IPV6_HEADER_BYTES = 40;

/** Throws UserError DBA1006 where cap is not installed or was not compiled. */
export function loadCapModule(): CapModule {
  try {
    return createRequire(import.meta.url)('cap') as CapModule;
  } catch (error) {
    const [reason] = String((error as Error).message).split('\n');
    throw unusableSource(
      'cap',
      `its package does not load (${reason})`,
      'install libpcap with its headers and run `npm rebuild cap`, or choose the source `tcpdump`',
    );
  }
}

/** cap crashes the process when an instance that failed to open is collected as garbage, so none ever is. */
const neverCollected: Cap[] = [];

export class CapSource implements PacketSource {
  readonly name = 'cap';
  readonly #module: CapModule;
  readonly #capture: LiveCapture;
  #received = 0;

  constructor(module: CapModule, capture: LiveCapture) {
    this.#module = module;
    this.#capture = capture;
  }

  /** Drops are not known. */
  counters(): CaptureCounters {
    return { received: this.#received, dropped: 0 };
  }

  async run(onPacket: OnPacket, onBatch: () => void | Promise<void>, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const { snaplenBytes } = this.#capture;
    const ended = Promise.withResolvers<void>();
    const packet = Buffer.alloc(SNAPLEN_BYTES);
    const cap = new this.#module.Cap();
    const linkType = this.#open(cap, packet);
    let batchComes = false;
    const endBatch = (): void => {
      batchComes = false;
      startBatch(onBatch, ended.reject);
    };
    cap.on('packet', (length) => {
      this.#received++;
      const nowMillis = performance.timeOrigin + performance.now();
      const seconds = Math.floor(nowMillis / 1000);
      const nanos = Math.floor((nowMillis - seconds * 1000) * 1e6);
      try {
        const end = Math.min(length, snaplenBytes);
        onPacket(packet, 0, end, wireLength(packet, length, linkType), seconds, nanos, linkType, 0);
      } catch (error) {
        ended.reject(error);
      }
      if (batchComes) return;
      batchComes = true;
      setImmediate(endBatch);
    });
    // Two turns of the event loop have one whole poll between them, which reads whatever the kernel holds.
    const onAbort = (): void => void setImmediate(() => setImmediate(ended.resolve));
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      this.#capture.onStarted?.();
      await ended.promise;
    } finally {
      signal.removeEventListener('abort', onAbort);
      cap.close();
      if (batchComes) await onBatch();
    }
  }

  #open(cap: Cap, packet: Buffer): LinkType {
    const { device, ringBytes, ports } = this.#capture;
    let linkName: string;
    try {
      linkName = cap.open(device, portExpression(ports), Math.min(ringBytes, MAX_KERNEL_BYTES), packet);
    } catch (error) {
      neverCollected.push(cap);
      const { message } = error as Error;
      if (/permission|not permitted/i.test(message)) throw missingRight(`cap: ${message}`);
      if (/no such device|doesn't exist/i.test(message)) throw noSuchDevice(device);
      throw unusableSource(this.name, message, 'choose the source `tcpdump`');
    }
    const linkType = LINK_TYPES[linkName];
    if (linkType !== undefined) return linkType;
    cap.close();
    throw unusableSource(this.name, `device ${device} has the link type ${linkName}`, 'choose the source `tcpdump`');
  }
}

/** cap keeps the length on the wire to itself; of a packet that fills the snaplen the IP header still tells it. */
function wireLength(packet: Buffer, length: number, linkType: LinkType): number {
  if (length < SNAPLEN_BYTES) return length;
  const ip = LINK_HEADER_BYTES[linkType] ?? 0;
  const version = (packet[ip] as number) >> 4;
  const ipLength = version === 4 ? packet.readUInt16BE(ip + 2) : IPV6_HEADER_BYTES + packet.readUInt16BE(ip + 4);
  return Math.max(length, ip + ipLength);
}
