import type { CaptureCounters, LinkType, OnPacket, PacketSource } from '../../agent/capture/packet-source.ts';
import { PcapFileSource } from '../../agent/capture/pcap-file.ts';

/** A packet with its time, as a test keeps it. */
export interface ListedPacket {
  readonly bytes: Buffer;
  readonly link: LinkType;
  readonly seconds: number;
  readonly nanos: number;
}

/** Packets from memory, all in one turn. */
export class PacketList implements PacketSource {
  readonly name = 'list';
  readonly #packets: readonly ListedPacket[];

  constructor(packets: readonly ListedPacket[]) {
    this.#packets = packets;
  }

  async run(onPacket: OnPacket, onBatch: () => void | Promise<void>): Promise<void> {
    for (const { bytes, link, seconds, nanos } of this.#packets) {
      onPacket(bytes, 0, bytes.length, bytes.length, seconds, nanos, link, 0);
    }
    await onBatch();
  }

  counters(): CaptureCounters {
    return { received: this.#packets.length, dropped: 0 };
  }
}

/** All packets of a capture file. */
export async function readPackets(file: string): Promise<ListedPacket[]> {
  const packets: ListedPacket[] = [];
  await new PcapFileSource(file).run(
    (buffer, start, end, _originalLength, seconds, nanos, link) => {
      packets.push({ bytes: Buffer.from(buffer.subarray(start, end)), link, seconds, nanos });
    },
    () => undefined,
    new AbortController().signal,
  );
  return packets;
}
