import type { ByteStreamListener, Side } from '../tcp/byte-stream.ts';
import type { Nanos } from '../timeline.ts';
import type { Protocol } from './protocol.ts';
import { isClientHello } from './tls-hello.ts';

/** Enough for a MySQL greeting and a PostgreSQL startup packet with many parameters; bounds what a stranger can make us keep. */
const MAX_KEPT_BYTES = 8192;
/** A client that says less than a recognisable beginning in so many pieces is none we know. */
const MAX_KEPT_PIECES = 32;

type Piece =
  | { readonly kind: 'data'; readonly from: Side; readonly bytes: Buffer; readonly at: Nanos }
  | { readonly kind: 'gap'; readonly from: Side; readonly length: number; readonly at: Nanos };

export type Verdict = Protocol | 'tls' | 'unknown' | 'undecided';

/** Holds a connection's first bytes, both sides, until they say which protocol it is. */
export class Opening {
  readonly #pieces: Piece[] = [];
  #bytes = 0;

  get bytesSeen(): number {
    return this.#bytes;
  }

  /** Bytes are missing, so the beginning may be too. */
  get hasGap(): boolean {
    return this.#pieces.some((piece) => piece.kind === 'gap');
  }

  get full(): boolean {
    return this.#bytes >= MAX_KEPT_BYTES || this.#pieces.length >= MAX_KEPT_PIECES;
  }

  keep(from: Side, buffer: Buffer, start: number, end: number, at: Nanos): void {
    this.#pieces.push({ kind: 'data', from, bytes: Buffer.from(buffer.subarray(start, end)), at });
    this.#bytes += end - start;
  }

  gap(from: Side, length: number, at: Nanos): void {
    if (!this.full) this.#pieces.push({ kind: 'gap', from, length, at });
  }

  /** Gives what was kept to `listener`, as it came. */
  replay(listener: ByteStreamListener): void {
    for (const piece of this.#pieces) {
      if (piece.kind === 'data') listener.data(piece.from, piece.bytes, 0, piece.bytes.length, piece.at);
      else listener.gap(piece.from, piece.length, piece.at);
    }
  }

  /** All bytes of one side so far, the given ones last. */
  joined(from: Side, buffer: Buffer, start: number, end: number): Buffer {
    const earlier = this.#pieces.flatMap((piece) =>
      piece.kind === 'data' && piece.from === from ? [piece.bytes] : [],
    );
    return Buffer.concat([...earlier, buffer.subarray(start, end)]);
  }

  /**
   * Judges with the given bytes, which are not kept yet. A certain `yes` overrules the port; `likely` is enough on the
   * protocol's own port, and elsewhere where nobody else thinks so too.
   */
  judge(
    from: Side,
    buffer: Buffer,
    start: number,
    end: number,
    protocols: readonly Protocol[],
    expected: Protocol | undefined,
    fromStart: boolean,
  ): Verdict {
    const first = !this.#pieces.some((piece) => piece.from === from);
    const bytes = first ? buffer : this.joined(from, buffer, start, end);
    const [begin, limit] = first ? [start, end] : [0, bytes.length];
    let likely: Protocol | undefined;
    let likelyCount = 0;
    let waiting = false;
    let expectedSaysNo = false;
    for (const protocol of protocols) {
      const answer = protocol.recognize(from, bytes, begin, limit);
      if (answer === 'yes') return protocol;
      if (answer === 'likely' && protocol === expected) return protocol;
      if (answer === 'no' && protocol === expected) expectedSaysNo = true;
      if (answer === 'need-more') waiting = true;
      if (answer === 'likely') {
        likely = protocol;
        likelyCount += 1;
      }
    }
    const tls = from === 'client' ? isClientHello(bytes, begin, limit) : false;
    if (tls === true) return 'tls';
    if (likely !== undefined && likelyCount === 1 && (expected === undefined || expectedSaysNo)) return likely;
    if (waiting || tls === undefined) return 'undecided';
    // In mid-stream a piece may begin anywhere, and the server's bytes alone say little: the other side may tell.
    return fromStart && !this.hasGap && from === 'client' && likelyCount === 0 ? 'unknown' : 'undecided';
  }
}
