import type { Batch, BatchLimits } from '../batch.ts';
import type { EventStore, Reading } from '../event-store.ts';
import { openSpool } from './spool.ts';
import type { Spool, SpoolOptions } from './spool-store.ts';

/**
 * A spool that may not be usable yet: its directory is read-only, full, or another process still has it. Each append tries
 * to open it. Empty until then; what it finds when it opens is there from then on.
 */
export class LateSpool implements EventStore {
  readonly #options: SpoolOptions;
  #spool: Spool | undefined;

  constructor(options: SpoolOptions) {
    this.#options = options;
  }

  get next(): number {
    return this.#spool?.next ?? 0;
  }

  get oldest(): number {
    return this.#spool?.oldest ?? 0;
  }

  get pendingEvents(): number {
    return this.#spool?.pendingEvents ?? 0;
  }

  get pendingBytes(): number {
    return this.#spool?.pendingBytes ?? 0;
  }

  get oldestAt(): number | undefined {
    return this.#spool?.oldestAt;
  }

  get diskBytes(): number {
    return this.#spool?.diskBytes ?? 0;
  }

  /**
   * Losses that recovery finds are reported like all others.
   * @throws StoreUnavailable
   */
  async open(): Promise<void> {
    const { spool, losses } = await openSpool(this.#options);
    for (const loss of losses) this.#options.onLoss(loss);
    this.#spool = spool;
  }

  async append(batch: Batch): Promise<void> {
    if (this.#spool === undefined) await this.open();
    await this.#spool?.append(batch);
  }

  async read(from: number, limits: BatchLimits): Promise<Reading | undefined> {
    return this.#spool?.read(from, limits);
  }

  settle(reading: Reading): void {
    this.#spool?.settle(reading);
  }

  giveBack(reading: Reading): void {
    this.#spool?.giveBack(reading);
  }

  async close(): Promise<void> {
    await this.#spool?.close();
  }
}
