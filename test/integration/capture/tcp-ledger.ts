import type { LinkType, OnPacket } from '../../../agent/capture/packet-source.ts';

const LINK_HEADER_BYTES: Readonly<Partial<Record<LinkType, number>>> = { 1: 14, 101: 0, 113: 16, 276: 20 };
const SYN = 0x02;
const FIN = 0x01;

/** What one side of a connection sent, as far as it was captured. */
export interface SentSide {
  readonly port: number;
  readonly bytes: Buffer;
  /** Bytes that were on the wire but cut from the packets by the snaplen. */
  readonly cutBytes: number;
}

interface Segment {
  readonly from: number;
  readonly to: number;
  /** Grows with each packet that a connection's side really sends, those sent again included. RFC 6864 */
  readonly identification: number;
  readonly sequence: number;
  readonly flags: number;
  readonly payload: Buffer;
  readonly wirePayload: number;
}

/** Books every TCP segment of IPv4, and says whether each packet came exactly once and in order. */
export class TcpLedger {
  readonly segments: Segment[] = [];
  readonly interfaces = new Set<number>();

  readonly onPacket: OnPacket = (buffer, start, end, originalLength, _seconds, _nanos, linkType, interfaceIndex) => {
    this.interfaces.add(interfaceIndex);
    const ip = start + (LINK_HEADER_BYTES[linkType] ?? Number.NaN);
    const tcp = ip + ((buffer[ip] as number) & 0x0f) * 4;
    const payload = tcp + ((buffer[tcp + 12] as number) >> 4) * 4;
    this.segments.push({
      from: buffer.readUInt16BE(tcp),
      to: buffer.readUInt16BE(tcp + 2),
      identification: buffer.readUInt16BE(ip + 4),
      sequence: buffer.readUInt32BE(tcp + 4),
      flags: buffer[tcp + 13] as number,
      payload: Buffer.from(buffer.subarray(payload, end)),
      wirePayload: start + originalLength - payload,
    });
  };

  /** The segments of the connection whose client has this port. */
  connection(clientPort: number): Segment[] {
    return this.segments.filter(({ from, to }) => from === clientPort || to === clientPort);
  }

  hasEnded(clientPort: number): boolean {
    return this.connection(clientPort).filter(({ flags }) => (flags & FIN) !== 0).length === 2;
  }

  /** Throws where a packet came twice or out of order, or a byte never. What TCP itself sent again is no fault. */
  side(clientPort: number, from: 'client' | 'server'): SentSide {
    const sent = this.connection(clientPort).filter((segment) => (segment.from === clientPort) === (from === 'client'));
    const [syn, ...rest] = sent;
    if (syn === undefined || (syn.flags & SYN) === 0) throw new Error(`no SYN first from the ${from}`);
    let next = (syn.sequence + 1) >>> 0;
    let last: Segment | undefined;
    let cutBytes = 0;
    const pieces: Buffer[] = [];
    for (const segment of rest) {
      const step = last === undefined ? 1 : (segment.identification - last.identification) & 0xffff;
      if (step === 0 || step > 0x7fff) throw new Error(`${segment.identification} came after ${last?.identification}`);
      last = segment;
      if (segment.wirePayload === 0) continue;
      const again = (next - segment.sequence) | 0;
      if (again < 0) throw new Error(`${-again} bytes of the ${from} never came`);
      if (segment.wirePayload <= again) continue;
      const piece = segment.payload.subarray(again);
      pieces.push(piece);
      cutBytes += segment.wirePayload - again - piece.length;
      next = (segment.sequence + segment.wirePayload) >>> 0;
    }
    return { port: syn.from, bytes: Buffer.concat(pieces), cutBytes };
  }
}
