import type { PacketSource } from './packet-source.ts';

/** What every live source needs to know. */
export interface LiveCapture {
  /** A device by name, or `any`. */
  readonly device: string;
  /** Longer packets are cut to this. */
  readonly snaplenBytes: number;
  /** How much the kernel may hold for us while we are busy. */
  readonly ringBytes: number;
  /** Server ports of interest; empty for all of TCP. */
  readonly ports: readonly number[];
  /** Called once packets are being captured: what is sent from now on is seen. */
  readonly onStarted?: () => void;
}

/** Starts an onBatch call that a live source does not wait for; a failure of it still ends the capture. */
export function startBatch(onBatch: Parameters<PacketSource['run']>[1], fail: (reason: unknown) => void): void {
  const pending = onBatch();
  if (pending !== undefined) pending.catch(fail);
}
