import type { CloseReason, Connection, Side } from '../../agent/tcp/byte-stream.ts';
import { Reassembler } from '../../agent/tcp/reassembler.ts';
import type { Limits, ReassemblyGap } from '../../agent/tcp/reassembly.ts';
import { Segment } from '../../agent/tcp/segment.ts';
import type { Nanos } from '../../agent/timeline.ts';
import type { TestPacket } from './segments.ts';

const LIMITS: Limits = {
  connections: 20_000,
  halfOpen: 4_096,
  idleNanos: 8 * 3600 * 1_000_000_000,
  bufferedBytesPerConnection: 6 * 1024 * 1024,
  bufferedBytes: 32 * 1024 * 1024,
};

/** What a listener was told of one connection. */
export class RecordedStream {
  readonly connection: Connection;
  /** In the order they came: `client:hello`, `server:<5>` for five bytes lost, `close:finished`. */
  readonly calls: string[] = [];
  readonly gapBytes: Record<Side, number> = { client: 0, server: 0 };
  /** What was delivered, in that order, by its offset in its side's bytes; lost ones count as bytes too. */
  readonly pieces: { side: Side; offset: number; bytes: Buffer }[] = [];
  readonly times: Nanos[] = [];
  readonly #offset: Record<Side, number> = { client: 0, server: 0 };
  closed: CloseReason | undefined;
  ticks = 0;

  constructor(connection: Connection) {
    this.connection = connection;
  }

  /** All bytes of one side, without what was lost. */
  text(side: Side): string {
    const pieces = this.pieces.filter((piece) => piece.side === side);
    return Buffer.concat(pieces.map((piece) => piece.bytes)).toString('latin1');
  }

  /** Bytes delivered and lost. */
  length(side: Side): number {
    return this.#offset[side];
  }

  data(side: Side, buffer: Buffer, start: number, end: number, at: Nanos): void {
    if (this.closed !== undefined) throw new Error('data after close');
    if (end <= start) throw new Error('empty data');
    const bytes = Buffer.from(buffer.subarray(start, end));
    this.calls.push(`${side}:${bytes.toString('latin1')}`);
    this.pieces.push({ side, offset: this.#offset[side], bytes });
    this.#offset[side] += bytes.length;
    this.times.push(at);
  }

  gap(side: Side, length: number): void {
    if (this.closed !== undefined) throw new Error('gap after close');
    this.calls.push(`${side}:<${length}>`);
    this.gapBytes[side] += length;
    this.#offset[side] += length;
  }

  tick(): void {
    this.ticks += 1;
  }

  close(_at: Nanos, reason: CloseReason): void {
    if (this.closed !== undefined) throw new Error('closed twice');
    this.closed = reason;
    this.calls.push(`close:${reason}`);
  }
}

/** A reassembler whose listeners write down what they are told. */
export class RecordingReassembler {
  readonly streams: RecordedStream[] = [];
  readonly gaps: { reason: ReassemblyGap; count: number }[] = [];
  readonly reassembler: Reassembler;
  readonly #segment = new Segment();
  now: Nanos = 0;
  #origin: number | undefined;

  constructor(limits: Partial<Limits> = {}, wanted: (connection: Connection) => boolean = () => true) {
    this.reassembler = new Reassembler({
      open: (connection) => {
        if (!wanted(connection)) return undefined;
        const stream = new RecordedStream(connection);
        this.streams.push(stream);
        return stream;
      },
      isServerPort: (port) => port === 3306 || port === 33_060,
      limits: { ...LIMITS, ...limits },
      onGap: (reason, count) => void this.gaps.push({ reason, count }),
    });
  }

  accept(packets: Iterable<TestPacket>): this {
    for (const { bytes, seconds, nanos, link } of packets) {
      this.#origin ??= seconds;
      this.now = (seconds - this.#origin) * 1_000_000_000 + nanos;
      this.acceptBytes(bytes, link);
    }
    return this;
  }

  acceptBytes(bytes: Buffer, link: number, originalLength = bytes.length): void {
    const { reassembler, now } = this;
    // The bytes lie in the middle of a buffer that is used again afterwards, as a capture's are.
    const buffer = Buffer.concat([Buffer.alloc(3, 0xee), bytes, Buffer.alloc(3, 0xee)]);
    const parsed = this.#segment.parse(buffer, 3, 3 + bytes.length, originalLength, link, 7);
    reassembler.accept(parsed, this.#segment, now);
    buffer.fill(0xdd);
  }

  tick(seconds: number): this {
    this.now += seconds * 1_000_000_000;
    this.reassembler.tick(this.now);
    return this;
  }

  end(): this {
    this.reassembler.closeAll(this.now);
    return this;
  }

  /** What the only connection was told. */
  get only(): RecordedStream {
    const [stream] = this.streams;
    if (stream === undefined || this.streams.length !== 1) throw new Error(`${this.streams.length} connections`);
    return stream;
  }
}
