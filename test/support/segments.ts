import type { LinkType } from '../../agent/capture/packet-source.ts';
import type { Endpoint, Side } from '../../agent/tcp/byte-stream.ts';

/** Builds the bytes of packets, so that a test says what was on the wire rather than spelling out headers. */

const ETHERNET: LinkType = 1;

export interface TcpPacketFields {
  readonly source: Endpoint;
  readonly destination: Endpoint;
  readonly seq: number;
  readonly ack?: number;
  /** Letters of the flags that are set: `S`, `SA`, `A`, `PA`, `FA`, `R`… */
  readonly flags: string;
  readonly payload?: Buffer | string;
  /** TCP options, padded to four bytes here. */
  readonly options?: Buffer;
  readonly link?: LinkType;
  /** VLAN tags, the outermost first: [id] or [outer, inner]. Ethernet only. */
  readonly vlans?: readonly number[];
  /** Total length written into the IP header instead of the true one (0: offloaded, larger than 64 KiB). */
  readonly ipLength?: number;
  /** Bytes between the IPv6 header and TCP, with the number of the first of them. */
  readonly extension?: { readonly next: number; readonly bytes: Buffer };
}

const FLAG_BITS: Readonly<Record<string, number>> = { F: 1, S: 2, R: 4, P: 8, A: 16, U: 32 };

/** A whole packet with its link-layer header. Checksums stay 0, as offload leaves them. */
export function tcpPacket(fields: TcpPacketFields): Buffer {
  return linkPacket(ipPacket(fields), fields.link ?? ETHERNET, fields.vlans);
}

/** IPv4 or IPv6 packet without a link-layer header. */
export function ipPacket(fields: TcpPacketFields): Buffer {
  const tcp = tcpSegment(fields);
  if (fields.source.ip.includes(':')) {
    const { next, bytes } = fields.extension ?? { next: 6, bytes: Buffer.alloc(0) };
    return ipv6Packet(fields.source.ip, fields.destination.ip, next, Buffer.concat([bytes, tcp]), fields.ipLength);
  }
  return ipv4Packet(fields.source.ip, fields.destination.ip, tcp, { length: fields.ipLength });
}

export function tcpSegment(fields: TcpPacketFields): Buffer {
  const options = fields.options ?? Buffer.alloc(0);
  const header = Buffer.alloc(20 + Math.ceil(options.length / 4) * 4);
  header.writeUInt16BE(fields.source.port, 0);
  header.writeUInt16BE(fields.destination.port, 2);
  header.writeUInt32BE(fields.seq >>> 0, 4);
  header.writeUInt32BE((fields.ack ?? 0) >>> 0, 8);
  header[12] = (header.length / 4) << 4;
  header[13] = [...fields.flags].reduce((bits, letter) => bits | (FLAG_BITS[letter] ?? 0), 0);
  header.writeUInt16BE(65535, 14);
  options.copy(header, 20);
  return Buffer.concat([header, Buffer.from(fields.payload ?? '')]);
}

export interface Ipv4Options {
  readonly length?: number | undefined;
  readonly protocol?: number;
  readonly identification?: number;
  /** Where this fragment's bytes belong, in bytes: a multiple of 8. */
  readonly fragmentOffset?: number;
  readonly moreFragments?: boolean;
  /** IP header options, a multiple of four bytes. */
  readonly options?: Buffer;
}

export function ipv4Packet(source: string, destination: string, body: Buffer, fields: Ipv4Options = {}): Buffer {
  const options = fields.options ?? Buffer.alloc(0);
  const header = Buffer.alloc(20 + options.length);
  header[0] = 0x40 | (header.length / 4);
  header.writeUInt16BE(fields.length ?? header.length + body.length, 2);
  header.writeUInt16BE(fields.identification ?? 0, 4);
  header.writeUInt16BE((fields.moreFragments ? 0x2000 : 0) | ((fields.fragmentOffset ?? 0) >> 3), 6);
  header[8] = 64;
  header[9] = fields.protocol ?? 6;
  addressBytes(source).copy(header, 12);
  addressBytes(destination).copy(header, 16);
  options.copy(header, 20);
  return Buffer.concat([header, body]);
}

export function ipv6Packet(source: string, destination: string, next: number, body: Buffer, length?: number): Buffer {
  const header = Buffer.alloc(40);
  header[0] = 0x60;
  header.writeUInt16BE(length ?? body.length, 4);
  header[6] = next;
  header[7] = 64;
  addressBytes(source).copy(header, 8);
  addressBytes(destination).copy(header, 24);
  return Buffer.concat([header, body]);
}

/** Puts a link-layer header before an IP packet. `101` (raw IP) has none. */
export function linkPacket(ip: Buffer, link: LinkType = ETHERNET, vlans: readonly number[] = []): Buffer {
  const version6 = ip[0] !== undefined && ip[0] >> 4 === 6;
  const etherType = version6 ? 0x86dd : 0x0800;
  if (link === 1) {
    const tags = vlans.flatMap((id, index) => [index + 1 < vlans.length ? 0x88a8 : 0x8100, id]);
    return Buffer.concat([Buffer.alloc(12, 2), uint16s(...tags, etherType), ip]);
  }
  if (link === 113) return Buffer.concat([Buffer.alloc(14), uint16s(etherType), ip]);
  if (link === 276) return Buffer.concat([uint16s(etherType), Buffer.alloc(18), ip]);
  if (link === 0 || link === 108) {
    const family = Buffer.alloc(4);
    if (link === 108) family.writeUInt32BE(version6 ? 24 : 2);
    else family.writeUInt32LE(version6 ? 24 : 2);
    return Buffer.concat([family, ip]);
  }
  return ip;
}

function uint16s(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2);
  values.forEach((value, index) => void bytes.writeUInt16BE(value, index * 2));
  return bytes;
}

/** `10.0.0.1` or `2001:db8::1` (no embedded IPv4) as 4 or 16 bytes. */
export function addressBytes(ip: string): Buffer {
  if (!ip.includes(':')) return Buffer.from(ip.split('.').map(Number));
  const [head = '', tail = ''] = ip.split('::');
  const left = head.split(':').filter(Boolean);
  const right = tail.split(':').filter(Boolean);
  const zeros = new Array<string>(8 - left.length - right.length).fill('0');
  return uint16s(...[...left, ...zeros, ...right].map((group) => Number.parseInt(group, 16)));
}

/** A packet at a time, ready for `OnPacket`. */
export interface TestPacket {
  readonly bytes: Buffer;
  readonly link: LinkType;
  readonly seconds: number;
  readonly nanos: number;
  readonly from: Side;
  /** Payload bytes: what removing this packet loses. */
  readonly payloadBytes: number;
}

export interface ConversationOptions {
  readonly client?: Endpoint;
  readonly server?: Endpoint;
  /** Initial sequence numbers. */
  readonly clientSeq?: number;
  readonly serverSeq?: number;
  /** Longest payload of one packet. */
  readonly mss?: number;
  readonly link?: LinkType;
  readonly startSeconds?: number;
  /** Packet time between two packets, nanoseconds. */
  readonly intervalNanos?: number;
}

const HEALTHY_MSS = 1448;
const NANOS_PER_SECOND = 1_000_000_000;

/**
 * Writes down the packets of one connection, with the numbers that two real hosts would use:
 *
 *     new Conversation({ server: { ip: '10.0.0.2', port: 3306 } }).open().server(greeting).client(login).close().packets
 */
export class Conversation {
  readonly packets: TestPacket[] = [];
  readonly #options: Required<ConversationOptions>;
  #seq: Record<Side, number>;
  #nanos = 0;

  constructor(options: ConversationOptions = {}) {
    this.#options = {
      client: { ip: '10.0.0.1', port: 40_000 },
      server: { ip: '10.0.0.2', port: 3306 },
      clientSeq: 1_000,
      serverSeq: 900_000,
      mss: HEALTHY_MSS,
      link: ETHERNET,
      startSeconds: 1_700_000_000,
      intervalNanos: 1_000,
      ...options,
    };
    this.#seq = { client: this.#options.clientSeq, server: this.#options.serverSeq };
  }

  /** The three packets of the handshake. */
  open(): this {
    return this.send('client', 'S').send('server', 'SA').send('client', 'A');
  }

  client(bytes: Buffer | string): this {
    return this.#data('client', Buffer.from(bytes));
  }

  server(bytes: Buffer | string): this {
    return this.#data('server', Buffer.from(bytes));
  }

  /** A bare acknowledgement of all that the other side has sent. */
  acknowledge(from: Side): this {
    return this.send(from, 'A');
  }

  /** Both sides finish, `from` first. */
  close(from: Side = 'client'): this {
    const other = from === 'client' ? 'server' : 'client';
    return this.send(from, 'FA').send(other, 'FA').send(from, 'A');
  }

  reset(from: Side = 'client'): this {
    return this.send(from, 'RA');
  }

  /** One packet; SYN and FIN take up a number like a byte does. */
  send(from: Side, flags: string, payload: Buffer | string = ''): this {
    const other = from === 'client' ? 'server' : 'client';
    const bytes = Buffer.from(payload);
    const { [from]: source, [other]: destination, link, startSeconds, intervalNanos } = this.#options;
    const ack = flags.includes('A') ? this.#seq[other] : 0;
    this.packets.push({
      bytes: tcpPacket({ source, destination, seq: this.#seq[from], ack, flags, payload: bytes, link }),
      link,
      seconds: startSeconds + Math.floor(this.#nanos / NANOS_PER_SECOND),
      nanos: this.#nanos % NANOS_PER_SECOND,
      from,
      payloadBytes: bytes.length,
    });
    this.#nanos += intervalNanos;
    const numbers = bytes.length + (flags.includes('S') ? 1 : 0) + (flags.includes('F') ? 1 : 0);
    this.#seq[from] = (this.#seq[from] + numbers) >>> 0;
    return this;
  }

  /** Lets packet time pass. */
  wait(nanos: number): this {
    this.#nanos += nanos;
    return this;
  }

  #data(from: Side, bytes: Buffer): this {
    const { mss } = this.#options;
    for (let start = 0; start < bytes.length; start += mss) {
      const last = start + mss >= bytes.length;
      this.send(from, last ? 'PA' : 'A', bytes.subarray(start, start + mss));
    }
    return this;
  }
}
