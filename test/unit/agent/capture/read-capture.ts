import { CaptureStream } from '../../../../agent/capture/capture-stream.ts';
import type { OnPacket } from '../../../../agent/capture/packet-source.ts';

export interface SeenPacket {
  readonly hex: string;
  readonly originalLength: number;
  readonly seconds: number;
  readonly nanos: number;
  readonly linkType: number;
  readonly interfaceIndex: number;
}

/** Keeps what it is given, and copies the bytes, which are only lent. */
export function packetKeeper(): { readonly seen: SeenPacket[]; readonly onPacket: OnPacket } {
  const seen: SeenPacket[] = [];
  const onPacket: OnPacket = (buffer, start, end, originalLength, seconds, nanos, linkType, interfaceIndex) => {
    const hex = buffer.toString('hex', start, end);
    seen.push({ hex, originalLength, seconds, nanos, linkType, interfaceIndex });
  };
  return { seen, onPacket };
}

interface Reading {
  readonly packets: SeenPacket[];
  readonly dropped: number;
  readonly damage?: { readonly position: number; readonly message: string };
}

/** Feeds the capture in pieces of the lengths that `nextLength` tells. */
export function readInPieces(capture: Buffer, nextLength: () => number): Reading {
  const { seen, onPacket } = packetKeeper();
  const stream = new CaptureStream(onPacket);
  try {
    for (let start = 0; start < capture.length; ) {
      const end = Math.min(capture.length, start + nextLength());
      // A copy that is wiped afterwards shows whoever keeps what was lent.
      const piece = Buffer.from(capture.subarray(start, end));
      stream.push(piece);
      piece.fill(0xee);
      start = end;
    }
    stream.end();
  } catch (error) {
    const { position, message } = error as { position: number; message: string };
    return { packets: seen, dropped: stream.dropped, damage: { position, message } };
  }
  return { packets: seen, dropped: stream.dropped };
}

/** Reads the capture whole, and byte by byte and in pieces of many sizes, which must all give the same. */
export function readEveryWay(capture: Buffer): { readonly whole: Reading; readonly others: readonly Reading[] } {
  let state = 12_345;
  const random = (): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return 1 + ((state >>> 16) % 100);
  };
  const whole = readInPieces(capture, () => Math.max(1, capture.length));
  const others = [() => 1, () => 3, () => 17, random, random, random].map((length) => readInPieces(capture, length));
  return { whole, others };
}
