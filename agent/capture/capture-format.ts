import type { LinkType, OnPacket } from './packet-source.ts';

/**
 * Larger than any packet: BIG TCP ends at 512 KiB. A length field beyond it is damage, and following it would have us
 * wait for, and hold, gigabytes.
 */
export const MAX_PACKET_BYTES = 1024 * 1024;

/** The reader of one capture format: takes bytes as they come and gives the packets that are whole. */
export interface CaptureFormat {
  /** Bytes of the file that `read` has consumed so far. */
  readonly position: number;
  /** How many bytes from `position` on must be there for `read` to get further. */
  readonly wanted: number;
  /** The file may end here: its header was read and no block is half passed over. */
  readonly complete: boolean;
  /** Packets given. */
  readonly packets: number;
  /** Packets that the capture itself says were lost. */
  readonly dropped: number;
  /**
   * Gives every packet that is whole in `buffer[start, end)`, where `start` is at `position`. Returns where the first
   * one begins that is not. Throws DamagedCapture where the bytes make no sense; what came before has been given.
   */
  read(buffer: Buffer, start: number, end: number, onPacket: OnPacket): number;
}

/** The bytes at `position` of the capture are not what the format says. */
export class DamagedCapture extends Error {
  readonly position: number;

  constructor(position: number, message: string) {
    super(message);
    this.position = position;
  }
}

const LINK_TYPES: readonly LinkType[] = [0, 1, 12, 14, 101, 108, 113, 228, 229, 276];

/** `undefined` for a link type that nothing here can decode. */
export function linkTypeOf(value: number): LinkType | undefined {
  return LINK_TYPES.find((known) => known === value);
}

/** The complaint where `linkTypeOf` knows nothing. */
export function unknownLinkType(value: number, position: number): DamagedCapture {
  const known = LINK_TYPES.join(', ');
  return new DamagedCapture(
    position,
    `expected a link type among ${known} (tcpdump.org/linktypes.html), found ${value}`,
  );
}

/** For numbers of either byte order, which it reads three times as fast as Buffer does. */
export function viewOf(buffer: Buffer): DataView {
  return new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
}
