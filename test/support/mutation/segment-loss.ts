import { readFileSync, writeFileSync } from 'node:fs';

/** The link, network and transport of a recording on Linux's loopback: Ethernet, IPv4, TCP. Nothing else is mutated. */
const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;
const MAGIC = 0xa1b2c3d4;
const ETHERNET_BYTES = 14;
const ETHERTYPE_IPV4 = 0x0800;
const IP_PROTOCOL_TCP = 6;

interface Packet {
  /** Seconds and fraction as recorded. */
  readonly time: Buffer;
  /** Captured and original length, then the bytes. */
  readonly rest: Buffer;
  /** Both directions of a connection share it; undefined: not TCP. */
  readonly connection: string | undefined;
  readonly payloadBytes: number;
  /** Ports, sequence number and length: the same for a segment and its retransmission. */
  readonly segment: string;
}

/** A pcap file in memory, as tcpdump writes it on this machine. */
export interface PcapCapture {
  readonly header: Buffer;
  readonly packets: readonly Packet[];
}

export function readCapture(file: string): PcapCapture {
  const bytes = readFileSync(file);
  if (bytes.readUInt32LE(0) !== MAGIC) throw new Error(`${file} is not a little-endian pcap with microseconds`);
  const packets: Packet[] = [];
  for (let at = FILE_HEADER_BYTES; at < bytes.length; ) {
    const end = at + RECORD_HEADER_BYTES + bytes.readUInt32LE(at + 8);
    const time = bytes.subarray(at, at + 8);
    packets.push({
      time,
      rest: bytes.subarray(at + 8, end),
      ...segmentOf(bytes.subarray(at + RECORD_HEADER_BYTES, end)),
    });
    at = end;
  }
  return { header: bytes.subarray(0, FILE_HEADER_BYTES), packets };
}

export function writeCapture(file: string, { header, packets }: PcapCapture): void {
  writeFileSync(file, Buffer.concat([header, ...packets.flatMap(({ time, rest }) => [time, rest])]));
}

function segmentOf(frame: Buffer): Pick<Packet, 'connection' | 'payloadBytes' | 'segment'> {
  const ip = ETHERNET_BYTES;
  const isTcp = frame.readUInt16BE(12) === ETHERTYPE_IPV4 && frame[ip + 9] === IP_PROTOCOL_TCP;
  if (!isTcp) return { connection: undefined, payloadBytes: 0, segment: '' };
  const tcp = ip + ((frame[ip] ?? 0) & 0x0f) * 4;
  const payload = tcp + ((frame[tcp + 12] ?? 0) >> 4) * 4;
  const payloadBytes = ip + frame.readUInt16BE(ip + 2) - payload;
  const from = frame.readUInt16BE(tcp);
  const to = frame.readUInt16BE(tcp + 2);
  return {
    connection: from < to ? `${from}-${to}` : `${to}-${from}`,
    payloadBytes,
    segment: `${from}-${to} ${frame.readUInt32BE(tcp + 4)}+${payloadBytes}`,
  };
}

/** The same numbers in [0, 1) for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Takes out each segment that carries data with probability `share`. What a retransmission still brings is not lost. */
export function loseSegments(capture: PcapCapture, share: number, random: () => number) {
  const taken = new Set(capture.packets.filter((packet) => packet.payloadBytes > 0 && random() < share));
  const packets = capture.packets.filter((packet) => !taken.has(packet));
  const left = new Set(packets.map(({ segment }) => segment));
  const lost = new Map<string, number>();
  for (const { segment, payloadBytes } of taken) if (!left.has(segment)) lost.set(segment, payloadBytes);
  return {
    capture: { header: capture.header, packets },
    lostSegments: lost.size,
    lostBytes: [...lost.values()].reduce((sum, bytes) => sum + bytes, 0),
  };
}

/** Lets data segments change places with the next data segment of their connection, whichever side sent it; `share` of all have moved. */
export function reorderSegments(capture: PcapCapture, share: number, random: () => number) {
  const packets = [...capture.packets];
  const nextOf = new Map<string, number>();
  let swaps = 0;
  // From the end, so that the next segment of the connection is known.
  for (let index = packets.length - 1; index >= 0; index--) {
    const packet = packets[index];
    if (packet?.connection === undefined || packet.payloadBytes === 0) continue;
    const next = nextOf.get(packet.connection);
    const neighbour = next === undefined ? undefined : packets[next];
    if (next !== undefined && neighbour !== undefined && random() < share / 2) {
      packets[index] = { ...neighbour, time: packet.time };
      packets[next] = { ...packet, time: neighbour.time };
      nextOf.delete(packet.connection); // a segment moves once
      swaps += 1;
    } else nextOf.set(packet.connection, index);
  }
  return { capture: { header: capture.header, packets }, swaps };
}

/** Has each data segment follow itself with probability `share`. */
export function duplicateSegments(capture: PcapCapture, share: number, random: () => number) {
  const packets = capture.packets.flatMap((packet) =>
    packet.payloadBytes > 0 && random() < share ? [packet, packet] : [packet],
  );
  return { capture: { header: capture.header, packets }, copies: packets.length - capture.packets.length };
}
