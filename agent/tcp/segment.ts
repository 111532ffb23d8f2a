import { int32, uint16 } from './big-endian.ts';
import { ipStart } from './link-layer.ts';

/** Flags of the TCP header. RFC 9293, 3.1 */
export const FIN = 0x01;
export const SYN = 0x02;
export const RST = 0x04;
export const ACK = 0x10;

const TCP = 6;
const IPV4_HEADER_BYTES = 20;
const IPV6_HEADER_BYTES = 40;
const TCP_HEADER_BYTES = 20;

/** IPv6 extension headers. https://www.iana.org/assignments/ipv6-parameters */
const HOP_BY_HOP = 0;
const ROUTING = 43;
const FRAGMENT = 44;
const AUTHENTICATION = 51;
const DESTINATION_OPTIONS = 60;
const MOBILITY = 135;
const HOST_IDENTITY = 139;
const SHIM6 = 140;
/** RFC 8200 lets each occur once, destination options twice. */
const MAX_EXTENSION_HEADERS = 9;

/**
 * What a packet turned out to be. `tcp`: the segment is filled; `fragment`: a part of an IP packet that holds TCP, for
 * IpFragments; `cut`: the snap length does not even leave the headers; `malformed`: lengths that contradict each
 * other, which the receiving host does not take either; `other`: not TCP.
 */
export type Parsed = 'tcp' | 'fragment' | 'other' | 'cut' | 'malformed';

/**
 * One TCP segment, parsed in place. There is a single one that is filled anew for each packet: keep numbers, not it.
 * Checksums are not looked at: with offload the kernel sees packets before they have one.
 */
export class Segment {
  buffer: Buffer = Buffer.alloc(0);
  /** The payload that was captured is `buffer[payloadStart, payloadEnd)`. */
  payloadStart = 0;
  payloadEnd = 0;
  /** Payload that was on the wire but not captured (snap length); it follows what was. */
  missingBytes = 0;
  seq = 0;
  ack = 0;
  flags = 0;
  interfaceIndex: number | undefined = undefined;

  ipVersion: 4 | 6 = 4;
  /** IPv4 addresses, or IPv6 addresses folded to 32 bits; `wide` has these whole. */
  source = 0;
  destination = 0;
  /** IPv6 only: the four words of the source, then those of the destination. */
  readonly wide: number[] = [0, 0, 0, 0, 0, 0, 0, 0];

  /** The connection's key, the same for both directions: the endpoint with the lower port is `low`. */
  low = 0;
  high = 0;
  /** Lower port in the upper half, higher port in the lower half. */
  ports = 0;
  fromLow = false;

  /** Set where the packet is a fragment; its bytes are then what payloadStart and payloadEnd mark. */
  fragmentId = 0;
  fragmentOffset = 0;
  moreFragments = false;

  /**
   * Reads the packet `buffer[start, end)`, of which `originalLength` bytes were on the wire.
   * `linkType` is a number of https://www.tcpdump.org/linktypes.html; `interfaceIndex` 0 or less: not known.
   */
  parse(
    buffer: Buffer,
    start: number,
    end: number,
    originalLength: number,
    linkType: number,
    interfaceIndex: number,
  ): Parsed {
    const ip = ipStart(buffer, start, end, linkType);
    if (ip < 0 || ip >= end) return 'other';
    this.interfaceIndex = interfaceIndex > 0 ? interfaceIndex : undefined;
    const wireEnd = Math.max(end, start + originalLength);
    const version = (buffer[ip] ?? 0) >> 4;
    if (version === 4) return this.#parseIpv4(buffer, ip, end, wireEnd);
    return version === 6 ? this.#parseIpv6(buffer, ip, end, wireEnd) : 'other';
  }

  /** RFC 791, 3.1 */
  #parseIpv4(buffer: Buffer, ip: number, end: number, wireEnd: number): Parsed {
    if (end - ip < IPV4_HEADER_BYTES) return tooShort(end, wireEnd);
    if (buffer[ip + 9] !== TCP) return 'other';
    const headerLength = ((buffer[ip] ?? 0) & 15) << 2;
    const totalLength = uint16(buffer, ip + 2);
    // A segment too large for the field, before the network card cuts it up, has 0 (BIG TCP).
    const packetEnd = totalLength === 0 ? wireEnd : ip + totalLength;
    const transport = ip + headerLength;
    if (headerLength < IPV4_HEADER_BYTES || packetEnd < transport || packetEnd > wireEnd) return 'malformed';
    this.ipVersion = 4;
    this.source = int32(buffer, ip + 12);
    this.destination = int32(buffer, ip + 16);
    const fragment = uint16(buffer, ip + 6);
    if ((fragment & 0x3fff) === 0) return this.parseTcp(buffer, transport, Math.min(end, packetEnd), packetEnd);
    this.fragmentId = uint16(buffer, ip + 4);
    this.fragmentOffset = (fragment & 0x1fff) << 3;
    this.moreFragments = (fragment & 0x2000) !== 0;
    return this.#fragment(buffer, transport, Math.min(end, packetEnd), packetEnd);
  }

  /** RFC 8200, 3 and 4 */
  #parseIpv6(buffer: Buffer, ip: number, end: number, wireEnd: number): Parsed {
    if (end - ip < IPV6_HEADER_BYTES) return tooShort(end, wireEnd);
    const payloadLength = uint16(buffer, ip + 4);
    let position = ip + IPV6_HEADER_BYTES;
    // 0: a jumbo payload (RFC 2675) or BIG TCP; either way the packet goes to the end of the frame.
    const packetEnd = payloadLength === 0 ? wireEnd : position + payloadLength;
    if (packetEnd > wireEnd) return 'malformed';
    const capturedEnd = Math.min(end, packetEnd);
    this.#readWideAddresses(buffer, ip + 8);
    let header = buffer[ip + 6] ?? 0;
    for (let headers = 0; header !== TCP; headers++) {
      if (!isExtension(header) || headers === MAX_EXTENSION_HEADERS) return 'other';
      if (capturedEnd - position < 8) return tooShort(capturedEnd, packetEnd);
      const next = buffer[position] ?? 0;
      if (header === FRAGMENT && (uint16(buffer, position + 2) & 0xfff9) !== 0) {
        if (next !== TCP) return 'other';
        this.fragmentId = int32(buffer, position + 4);
        this.fragmentOffset = uint16(buffer, position + 2) & 0xfff8;
        this.moreFragments = ((buffer[position + 3] ?? 0) & 1) !== 0;
        return this.#fragment(buffer, position + 8, capturedEnd, packetEnd);
      }
      position += extensionLength(header, buffer[position + 1] ?? 0);
      header = next;
    }
    return this.parseTcp(buffer, position, capturedEnd, packetEnd);
  }

  #readWideAddresses(buffer: Buffer, at: number): void {
    const { wide } = this;
    let source = 0;
    let destination = 0;
    for (let word = 0; word < 4; word++) {
      const ofSource = int32(buffer, at + word * 4);
      const ofDestination = int32(buffer, at + 16 + word * 4);
      wide[word] = ofSource;
      wide[word + 4] = ofDestination;
      source = (Math.imul(source, 31) + ofSource) | 0;
      destination = (Math.imul(destination, 31) + ofDestination) | 0;
    }
    this.ipVersion = 6;
    this.source = source;
    this.destination = destination;
  }

  #fragment(buffer: Buffer, start: number, end: number, packetEnd: number): Parsed {
    if (start > end) return tooShort(end, packetEnd);
    this.buffer = buffer;
    this.payloadStart = start;
    this.payloadEnd = end;
    this.missingBytes = packetEnd - end;
    return 'fragment';
  }

  /**
   * Reads the TCP header at `start`; addresses were set before. Captured up to `end`, on the wire up to `packetEnd`.
   * RFC 9293, 3.1
   */
  parseTcp(buffer: Buffer, start: number, end: number, packetEnd: number): Parsed {
    if (end - start < TCP_HEADER_BYTES) return tooShort(end, packetEnd);
    const headerLength = ((buffer[start + 12] ?? 0) >> 4) << 2;
    const payloadStart = start + headerLength;
    if (headerLength < TCP_HEADER_BYTES || payloadStart > packetEnd) return 'malformed';
    this.buffer = buffer;
    this.seq = int32(buffer, start + 4);
    this.ack = int32(buffer, start + 8);
    this.flags = buffer[start + 13] ?? 0;
    this.payloadStart = Math.min(payloadStart, end);
    this.payloadEnd = end;
    this.missingBytes = packetEnd - Math.max(payloadStart, end);
    this.#setKey(uint16(buffer, start), uint16(buffer, start + 2));
    return 'tcp';
  }

  #setKey(sourcePort: number, destinationPort: number): void {
    this.fromLow = sourcePort === destinationPort ? this.#sourceIsLower() : sourcePort < destinationPort;
    if (this.fromLow) {
      this.low = this.source;
      this.high = this.destination;
      this.ports = (sourcePort << 16) | destinationPort;
    } else {
      this.low = this.destination;
      this.high = this.source;
      this.ports = (destinationPort << 16) | sourcePort;
    }
  }

  #sourceIsLower(): boolean {
    if (this.source !== this.destination || this.ipVersion === 4) return this.source <= this.destination;
    const { wide } = this;
    for (let word = 0; word < 4; word++) {
      const difference = (wide[word] ?? 0) - (wide[word + 4] ?? 0);
      if (difference !== 0) return difference < 0;
    }
    return true;
  }
}

/** A header does not fit in what was captured. */
function tooShort(end: number, wireEnd: number): Parsed {
  return end < wireEnd ? 'cut' : 'malformed';
}

function isExtension(header: number): boolean {
  switch (header) {
    case HOP_BY_HOP:
    case ROUTING:
    case FRAGMENT:
    case AUTHENTICATION:
    case DESTINATION_OPTIONS:
    case MOBILITY:
    case HOST_IDENTITY:
    case SHIM6:
      return true;
    default:
      return false;
  }
}

function extensionLength(header: number, lengthField: number): number {
  if (header === FRAGMENT) return 8;
  // RFC 4302, 2.2: in units of four bytes, less two.
  return header === AUTHENTICATION ? (lengthField + 2) << 2 : (lengthField + 1) << 3;
}
