/** Link-layer header types by their tcpdump.org numbers. https://www.tcpdump.org/linktypes.html */
export type LinkType = 0 | 1 | 12 | 14 | 101 | 108 | 113 | 228 | 229 | 276;

/**
 * Takes one packet. `buffer[start, end)` holds what was captured and is only lent for the call; `originalLength` is
 * what was on the wire. A packet cut short (snaplen) has `end - start < originalLength`.
 * `interfaceIndex` tells interfaces apart: the kernel's number, or the file's own; 0 where it is not known.
 * A VLAN tag that the kernel moved to the auxiliary data is not put back: nothing above needs it.
 */
export type OnPacket = (
  buffer: Buffer,
  start: number,
  end: number,
  originalLength: number,
  seconds: number,
  nanos: number,
  linkType: LinkType,
  interfaceIndex: number,
) => void;

export interface CaptureCounters {
  /** Packets that passed the filter, the dropped ones included where the source can tell. */
  readonly received: number;
  /** Packets the kernel or the source had to drop for want of room. */
  readonly dropped: number;
}

/** Where packets come from: live from the kernel, from a child process, or from a file. */
export interface PacketSource {
  /** Short name for metrics and messages: `afpacket`, `tcpdump`, `cap`, `file`. */
  readonly name: string;
  /**
   * Gives packets in the order they came, many to a turn of the event loop, and calls `onBatch` after each group.
   * A file waits for `onBatch` if it returns a promise (back-pressure); a live source does not and may drop.
   * Settles when `signal` aborts and the packets already captured were given, or when a file is read out.
   * Rejects with UserError where a file is unreadable or the right to capture is missing.
   */
  run(onPacket: OnPacket, onBatch: () => void | Promise<void>, signal: AbortSignal): Promise<void>;
  /** Totals since the start. */
  counters(): CaptureCounters;
}
