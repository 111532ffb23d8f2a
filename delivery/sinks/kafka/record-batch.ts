import { jsCRC32C } from '@platformatic/kafka';
import type { Compression } from '../../connection/compression.ts';

/** Where records are put one behind the other; grows, and is used again. */
export class RecordWriter {
  #bytes = Buffer.allocUnsafe(INITIAL_BYTES);
  #length = 0;
  #count = 0;
  #firstTimestamp = 0;
  #maxTimestamp = 0;
  /** The fixed headers in their encoding; their number is part of each record. */
  readonly #headers: Buffer;
  readonly #idName: Buffer;
  readonly #headerCount: number;

  /**
   * @param headers of each record: values by names
   * @param idName the name of one more header: the event's id
   */
  constructor(headers: Readonly<Record<string, string>>, idName: string) {
    this.#headers = Buffer.concat(Object.entries(headers).flat().map(withLength));
    this.#idName = withLength(idName);
    this.#headerCount = Object.keys(headers).length + 1;
  }

  clear(): void {
    this.#length = 0;
    this.#count = 0;
    if (this.#bytes.length > KEPT_BYTES) this.#bytes = Buffer.allocUnsafe(INITIAL_BYTES);
  }

  /**
   * Appends a record. https://kafka.apache.org/documentation/#record
   * @param key ASCII; undefined for none
   * @param id ASCII; undefined where the event has none, the header is then empty
   * @param timestamp Unix time in milliseconds
   */
  append(value: Buffer, key: string | undefined, id: string | undefined, timestamp: number): void {
    if (this.#count === 0) {
      this.#firstTimestamp = timestamp;
      this.#maxTimestamp = timestamp;
    }
    this.#maxTimestamp = Math.max(this.#maxTimestamp, timestamp);
    const delta = timestamp - this.#firstTimestamp;
    const idLength = id?.length ?? 0;
    const size =
      1 +
      zigzagSize(delta) +
      zigzagSize(this.#count) +
      (key === undefined ? 1 : zigzagSize(key.length) + key.length) +
      zigzagSize(value.length) +
      value.length +
      zigzagSize(this.#headerCount) +
      this.#headers.length +
      this.#idName.length +
      zigzagSize(idLength) +
      idLength;
    this.#reserve(size + MAX_VARINT_BYTES);
    const bytes = this.#bytes;
    let at = writeZigzag(bytes, size, this.#length);
    bytes[at++] = 0;
    at = writeZigzag(bytes, delta, at);
    at = writeZigzag(bytes, this.#count, at);
    at = writeZigzag(bytes, key === undefined ? -1 : key.length, at);
    if (key !== undefined) at += bytes.latin1Write(key, at);
    at = writeZigzag(bytes, value.length, at);
    at += value.copy(bytes, at);
    at = writeZigzag(bytes, this.#headerCount, at);
    at += this.#headers.copy(bytes, at);
    at += this.#idName.copy(bytes, at);
    at = writeZigzag(bytes, idLength, at);
    if (id !== undefined) at += bytes.latin1Write(id, at);
    this.#length = at;
    this.#count += 1;
  }

  /** The records so far; the same memory, until the next call of another method. */
  records(): Records {
    return {
      bytes: this.#bytes.subarray(0, this.#length),
      count: this.#count,
      firstTimestamp: this.#firstTimestamp,
      maxTimestamp: this.#maxTimestamp,
    };
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}

/** Most batches of one partition fit. */
const INITIAL_BYTES = 262_144;
/** One huge event shall not hold its memory for good. */
const KEPT_BYTES = 4 * 1_048_576;
/** 64 bits, seven a byte. */
const MAX_VARINT_BYTES = 10;

export interface Records {
  readonly bytes: Buffer;
  readonly count: number;
  readonly firstTimestamp: number;
  readonly maxTimestamp: number;
}

/** Bits of a batch's attributes. */
const COMPRESSION_BITS: Readonly<Record<Compression, number>> = { none: 0, gzip: 1, zstd: 4 };

/** By which a broker knows repeats of a batch. */
export interface ProducerIdentity {
  readonly id: bigint;
  readonly epoch: number;
}

export const NO_IDENTITY: ProducerIdentity = { id: -1n, epoch: -1 };
/** Without an identity. */
export const NO_SEQUENCE = -1;

const HEADER_BYTES = 61;
/** What the length field and the checksum leave out. */
const LENGTH_FROM = 12;
const CRC_FROM = 21;
const MAGIC = 2;

/**
 * A batch of format 2. https://kafka.apache.org/documentation/#recordbatch
 * @param body the records, compressed as `compression` says
 * @returns header and body, to be sent one behind the other
 */
export function encodeBatch(
  { count, firstTimestamp, maxTimestamp }: Omit<Records, 'bytes'>,
  body: Buffer,
  compression: Compression,
  identity: ProducerIdentity,
  sequence: number,
): Buffer {
  const batch = Buffer.allocUnsafe(HEADER_BYTES + body.length);
  batch.writeBigInt64BE(0n, 0);
  batch.writeInt32BE(batch.length - LENGTH_FROM, 8);
  batch.writeInt32BE(-1, 12);
  batch.writeInt8(MAGIC, 16);
  batch.writeInt16BE(COMPRESSION_BITS[compression], 21);
  batch.writeInt32BE(count - 1, 23);
  batch.writeBigInt64BE(BigInt(firstTimestamp), 27);
  batch.writeBigInt64BE(BigInt(maxTimestamp), 35);
  batch.writeBigInt64BE(identity.id, 43);
  batch.writeInt16BE(identity.epoch, 51);
  batch.writeInt32BE(sequence, 53);
  batch.writeInt32BE(count, 57);
  body.copy(batch, HEADER_BYTES);
  batch.writeUInt32BE(jsCRC32C(batch.subarray(CRC_FROM)), 17);
  return batch;
}

function withLength(text: string): Buffer {
  const bytes = Buffer.from(text);
  const length = Buffer.alloc(MAX_VARINT_BYTES);
  return Buffer.concat([length.subarray(0, writeZigzag(length, bytes.length, 0)), bytes]);
}

/** Timestamps may differ by more than 31 bits hold, so no bit operators on the whole number. */
function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}

function zigzagSize(value: number): number {
  let rest = zigzag(value);
  let size = 1;
  while (rest >= 128) {
    rest = Math.floor(rest / 128);
    size += 1;
  }
  return size;
}

/** @returns the offset behind it */
function writeZigzag(bytes: Buffer, value: number, at: number): number {
  let rest = zigzag(value);
  let next = at;
  while (rest >= 128) {
    bytes[next++] = (rest % 128) | 128;
    rest = Math.floor(rest / 128);
  }
  bytes[next++] = rest;
  return next;
}
