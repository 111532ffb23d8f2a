/** Writes pcap and pcapng by the specifications, in either byte order, for tests. */

export interface WrittenPacket {
  readonly seconds: number;
  readonly nanos: number;
  readonly bytes: Buffer;
  /** Where it is not the length of `bytes`. */
  readonly originalLength?: number;
}

export type ByteOrder = 'little' | 'big';

/** Numbers of one byte order, written one after the other. */
class Fields {
  readonly #parts: Buffer[] = [];
  readonly #order: ByteOrder;

  constructor(order: ByteOrder) {
    this.#order = order;
  }

  unsigned(bytes: 2 | 4, ...values: number[]): this {
    for (const value of values) {
      const part = Buffer.alloc(bytes);
      if (this.#order === 'big') part.writeUIntBE(value, 0, bytes);
      else part.writeUIntLE(value, 0, bytes);
      this.#parts.push(part);
    }
    return this;
  }

  signed64(value: bigint): this {
    const part = Buffer.alloc(8);
    if (this.#order === 'big') part.writeBigInt64BE(value);
    else part.writeBigInt64LE(value);
    this.#parts.push(part);
    return this;
  }

  bytes(part: Buffer): this {
    this.#parts.push(part);
    return this;
  }

  done(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

const padded = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);

export function pcap(
  packets: readonly WrittenPacket[],
  {
    order = 'little',
    nanoseconds = false,
    linkType = 1,
  }: { order?: ByteOrder; nanoseconds?: boolean; linkType?: number } = {},
): Buffer {
  const fields = new Fields(order)
    .unsigned(4, nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4)
    .unsigned(2, 2, 4)
    .unsigned(4, 0, 0, 262_144, linkType);
  for (const { seconds, nanos, bytes, originalLength = bytes.length } of packets) {
    const fraction = nanoseconds ? nanos : Math.floor(nanos / 1000);
    fields.unsigned(4, seconds, fraction, bytes.length, originalLength).bytes(bytes);
  }
  return fields.done();
}

/** The blocks of pcapng in one byte order. */
export class PcapngWriter {
  readonly #order: ByteOrder;

  constructor(order: ByteOrder) {
    this.#order = order;
  }

  block(type: number, body: Buffer): Buffer {
    const length = body.length + 12;
    return this.#fields().unsigned(4, type, length).bytes(body).unsigned(4, length).done();
  }

  section(major = 1): Buffer {
    return this.block(0x0a0d0d0a, this.#fields().unsigned(4, 0x1a2b3c4d).unsigned(2, major, 0).signed64(-1n).done());
  }

  interface({
    linkType = 1,
    snaplen = 0,
    resolution,
    offsetSeconds,
  }: {
    linkType?: number;
    snaplen?: number;
    resolution?: number;
    offsetSeconds?: number;
  } = {}): Buffer {
    const fields = this.#fields().unsigned(2, linkType, 0).unsigned(4, snaplen);
    fields.unsigned(2, 2, 3).bytes(padded(Buffer.from('lo0')));
    if (resolution !== undefined) fields.unsigned(2, 9, 1).bytes(padded(Buffer.from([resolution])));
    if (offsetSeconds !== undefined) fields.unsigned(2, 14, 8).signed64(BigInt(offsetSeconds));
    return this.block(1, fields.unsigned(2, 0, 0).done());
  }

  enhancedPacket(interfaceId: number, units: bigint, bytes: Buffer, originalLength = bytes.length): Buffer {
    return this.block(6, this.#packet(this.#fields().unsigned(4, interfaceId), units, bytes, originalLength));
  }

  obsoletePacket(interfaceId: number, units: bigint, bytes: Buffer): Buffer {
    return this.block(2, this.#packet(this.#fields().unsigned(2, interfaceId, 7), units, bytes, bytes.length));
  }

  simplePacket(bytes: Buffer, originalLength = bytes.length): Buffer {
    return this.block(3, this.#fields().unsigned(4, originalLength).bytes(padded(bytes)).done());
  }

  statistics(interfaceId: number, dropped: number): Buffer {
    const fields = this.#fields().unsigned(4, interfaceId, 0, 0);
    return this.block(5, fields.unsigned(2, 5, 8).signed64(BigInt(dropped)).unsigned(2, 0, 0).done());
  }

  #packet(fields: Fields, units: bigint, bytes: Buffer, originalLength: number): Buffer {
    return fields
      .unsigned(4, Number(units >> 32n), Number(units & 0xffffffffn), bytes.length, originalLength)
      .bytes(padded(bytes))
      .unsigned(2, 2, 4)
      .unsigned(4, 0)
      .unsigned(2, 0, 0)
      .done();
  }

  #fields(): Fields {
    return new Fields(this.#order);
  }
}
