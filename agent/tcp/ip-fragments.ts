import { NANOS_PER_SECOND, type Nanos } from '../timeline.ts';
import type { Parsed, Segment } from './segment.ts';

/** Packets being put together at once. TCP avoids fragments, so there are few; more are an attack. */
const MAX_PACKETS = 64;
/** The largest IP packet there is; so all together take 4 MiB at most. */
const MAX_PACKET_BYTES = 65_535;
/** With the smallest MTU of IPv4 (68 bytes) the largest packet has 1366 fragments. */
const MAX_FRAGMENTS = 1_366;
/** RFC 791 gives a packet 15 seconds to become whole. */
const MAX_AGE_NANOS = 15 * NANOS_PER_SECOND;
/** A packet seen on two interfaces comes again within this; later its identification may be in use anew. */
const REPEAT_NANOS = NANOS_PER_SECOND;

interface Fragment {
  readonly offset: number;
  readonly bytes: Buffer;
}

interface Packet {
  readonly startedAt: Nanos;
  readonly fragments: Fragment[];
  receivedBytes: number;
  /** Known once the last fragment has come. */
  totalBytes: number | undefined;
  /** Given on whole, or found to be useless; what still comes of it is ignored. */
  isDone: boolean;
}

/** Puts fragmented IP packets together (RFC 791, 3.2; RFC 8200, 4.5), within bounds. */
export class IpFragments {
  /** The oldest first. */
  readonly #packets = new Map<string, Packet>();
  /** Packets given up since last asked. */
  #incomplete = 0;

  /** Takes the fragment that `segment` holds. When that makes a packet whole, `segment` becomes its TCP segment. */
  accept(segment: Segment, at: Nanos): Parsed {
    const key = keyOf(segment);
    const packet = this.#packetOf(key, at);
    if (packet.isDone) return 'other';
    const { fragmentOffset: offset, payloadStart, payloadEnd } = segment;
    const end = offset + payloadEnd - payloadStart;
    const bytes = Buffer.from(segment.buffer.subarray(payloadStart, payloadEnd));
    if (end > MAX_PACKET_BYTES || segment.missingBytes > 0 || packet.fragments.length === MAX_FRAGMENTS) {
      return this.#spoil(packet);
    }
    const clash = packet.fragments.find((other) => other.offset < end && offset < other.offset + other.bytes.length);
    if (clash !== undefined) {
      if (clash.offset === offset && clash.bytes.equals(bytes)) return 'other';
      // RFC 5722: fragments that overlap are no fragments but an attack.
      return this.#spoil(packet);
    }
    packet.fragments.push({ offset, bytes });
    packet.receivedBytes += bytes.length;
    if (!segment.moreFragments) packet.totalBytes = end;
    return packet.receivedBytes === packet.totalBytes ? this.#finish(packet, segment) : 'other';
  }

  /** Gives up what has been incomplete for too long. */
  tick(at: Nanos): void {
    for (const [key, packet] of this.#packets) {
      if (at - packet.startedAt < MAX_AGE_NANOS) break;
      this.#giveUp(key, packet);
    }
  }

  /** Nothing more comes. */
  closeAll(): void {
    for (const [key, packet] of this.#packets) this.#giveUp(key, packet);
  }

  /** How many packets were given up since this was last asked. */
  takeIncomplete(): number {
    const incomplete = this.#incomplete;
    this.#incomplete = 0;
    return incomplete;
  }

  #packetOf(key: string, at: Nanos): Packet {
    const known = this.#packets.get(key);
    if (known !== undefined) {
      const age = at - known.startedAt;
      if (age < (known.isDone ? REPEAT_NANOS : MAX_AGE_NANOS)) return known;
      this.#giveUp(key, known);
    }
    for (const [oldestKey, oldest] of this.#packets) {
      if (this.#packets.size < MAX_PACKETS) break;
      this.#giveUp(oldestKey, oldest);
    }
    const packet: Packet = { startedAt: at, fragments: [], receivedBytes: 0, totalBytes: undefined, isDone: false };
    this.#packets.set(key, packet);
    return packet;
  }

  #giveUp(key: string, packet: Packet): void {
    this.#packets.delete(key);
    if (!packet.isDone) this.#incomplete += 1;
  }

  #spoil(packet: Packet): Parsed {
    packet.isDone = true;
    packet.fragments.length = 0;
    this.#incomplete += 1;
    return 'other';
  }

  #finish(packet: Packet, segment: Segment): Parsed {
    packet.isDone = true;
    packet.fragments.sort((a, b) => a.offset - b.offset);
    const whole = Buffer.concat(packet.fragments.map((fragment) => fragment.bytes));
    packet.fragments.length = 0;
    return segment.parseTcp(whole, 0, whole.length, whole.length);
  }
}

function keyOf(segment: Segment): string {
  const { ipVersion, wide, source, destination, fragmentId } = segment;
  return ipVersion === 6 ? `${wide.join()}/${fragmentId}` : `${source},${destination}/${fragmentId}`;
}
