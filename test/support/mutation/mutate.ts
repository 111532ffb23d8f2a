import { Segment } from '../../../agent/tcp/segment.ts';
import type { ListedPacket } from '../packet-list.ts';
import type { Random } from './random.ts';

/** Lengths that protocols trip over: none, one, the edges of signed and unsigned fields. */
const AWKWARD_NUMBERS = [
  0, 1, 2, 0x7f, 0x80, 0xff, 0xfb, 0xfc, 0xfd, 0xfe, 0x7fff, 0xffff, 0xff_ffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff,
];
/** Bytes that mean something in one of the protocols: RESP's types, PostgreSQL's messages, MySQL's markers and commands. */
const AWKWARD_BYTES = Buffer.from('*$+-:_,#!=(~>%|\r\n\0QPBESDXZTCIKR\x01\x03\x16\x17\x19\xfb\xfe\xff', 'latin1');

type Mutation = (packets: ListedPacket[], random: Random) => void;

/** By layer: what is on the wire, IP and TCP, and the protocol's own bytes. Each changes `packets` in place. */
const MUTATIONS: Readonly<Record<string, Mutation>> = {
  'flip a byte anywhere': (packets, random) => editBytes(packets, random, (bytes) => flip(bytes, 0, random)),
  'cut a packet': (packets, random) => {
    replace(packets, random, (packet) => ({
      ...packet,
      bytes: packet.bytes.subarray(0, random.below(packet.bytes.length + 1)),
    }));
  },
  'wrong link type': (packets, random) => {
    replace(packets, random, (packet) => ({ ...packet, link: random.pick([0, 1, 12, 101, 113, 276] as const) }));
  },
  'flip a byte of a header': (packets, random) =>
    editBytes(packets, random, (bytes) => flip(bytes.subarray(0, 66), 0, random)),
  'move a sequence number': (packets, random) => {
    editBytes(packets, random, (bytes) => {
      const at = 14 + 20 + 4 + 4 * random.below(2);
      if (bytes.length >= at + 4)
        bytes.writeUInt32BE((bytes.readUInt32BE(at) + random.pick([1, -1, 100, -100, 70_000, 0x4000_0000])) >>> 0, at);
    });
  },
  'lose a packet': (packets, random) => void packets.splice(random.below(packets.length), 1),
  'lose a run of packets': (packets, random) => void packets.splice(random.below(packets.length), 1 + random.below(10)),
  'repeat a packet': (packets, random) => {
    const at = random.below(packets.length);
    packets.splice(random.below(packets.length), 0, ...packets.slice(at, at + 1));
  },
  'swap two packets': (packets, random) => {
    const [first, second] = [random.below(packets.length), random.below(packets.length)];
    const [a, b] = [packets[first], packets[second]];
    if (a !== undefined && b !== undefined) [packets[first], packets[second]] = [b, a];
  },
  'flip a byte of payload': (packets, random) => editPayload(packets, random, (payload) => flip(payload, 0, random)),
  'put in a byte that means something': (packets, random) => {
    editPayload(packets, random, (payload) => {
      payload[random.below(payload.length)] = AWKWARD_BYTES[random.below(AWKWARD_BYTES.length)] ?? 0;
    });
  },
  'an awkward length, big endian': (packets, random) => {
    editPayload(packets, random, (payload) => {
      if (payload.length >= 4) payload.writeUInt32BE(random.pick(AWKWARD_NUMBERS), lengthField(payload, 4, random));
    });
  },
  'an awkward length, little endian': (packets, random) => {
    editPayload(packets, random, (payload) => {
      if (payload.length >= 3)
        payload.writeUIntLE(random.pick(AWKWARD_NUMBERS) & 0xff_ffff, lengthField(payload, 3, random), 3);
    });
  },
  'awkward digits': (packets, random) => {
    editPayload(packets, random, (payload) => {
      const at = payload.findIndex((byte) => byte >= 0x30 && byte <= 0x39);
      if (at >= 0) payload.write(random.pick(['-1', '99', '00', '9', '*', '?']), at, 'latin1');
    });
  },
  'splice in another payload': (packets, random) => {
    const donor = random.pick(packets).bytes;
    editPayload(packets, random, (payload) => {
      donor.copy(payload, random.below(payload.length), Math.max(0, donor.length - 1 - random.below(donor.length)));
    });
  },
  'nothing but one value': (packets, random) =>
    editPayload(packets, random, (payload) => void payload.fill(random.below(256))),
};

const NAMES = Object.keys(MUTATIONS);

/** A copy of `packets` changed in one to six ways; gives the ways too, for the report of a finding. */
export function mutate(packets: readonly ListedPacket[], random: Random): { packets: ListedPacket[]; ways: string[] } {
  const copy = [...packets];
  const ways = Array.from({ length: 1 + random.below(6) }, () => random.pick(NAMES));
  for (const way of ways) if (copy.length > 0) MUTATIONS[way]?.(copy, random);
  return { packets: copy, ways };
}

function replace(packets: ListedPacket[], random: Random, change: (packet: ListedPacket) => ListedPacket): void {
  const at = random.below(packets.length);
  const packet = packets[at];
  if (packet !== undefined) packets[at] = change(packet);
}

function editBytes(packets: ListedPacket[], random: Random, edit: (bytes: Buffer) => void): void {
  replace(packets, random, (packet) => {
    const bytes = Buffer.from(packet.bytes);
    if (bytes.length > 0) edit(bytes);
    return { ...packet, bytes };
  });
}

const segment = new Segment();

/** Changes the payload of a segment that has one; most protocols begin a message where a segment begins. */
function editPayload(packets: ListedPacket[], random: Random, edit: (payload: Buffer) => void): void {
  editBytes(packets, random, (bytes) => {
    const parsed = segment.parse(bytes, 0, bytes.length, bytes.length, 1, 0);
    if (parsed === 'tcp' && segment.payloadEnd > segment.payloadStart)
      edit(bytes.subarray(segment.payloadStart, segment.payloadEnd));
  });
}

function flip(bytes: Buffer, from: number, random: Random): void {
  const at = from + random.below(Math.max(1, bytes.length - from));
  bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
}

/** Half of the time where a message's header is. */
function lengthField(payload: Buffer, size: number, random: Random): number {
  const limit = payload.length - size + 1;
  return random.below(2) === 0 ? Math.min(random.below(6), limit - 1) : random.below(limit);
}
