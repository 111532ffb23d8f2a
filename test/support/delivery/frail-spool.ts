import type { Batch, BatchLimits } from '../../../delivery/batch.ts';
import { type Reading, StoreUnavailable } from '../../../delivery/event-store.ts';
import { MemoryStore } from '../../../delivery/memory-store.ts';
import type { Spool } from '../../../delivery/waiting-events.ts';

/** A spool whose disk is as the test wants it: what is in it is kept in memory. */
export class FrailSpool extends MemoryStore implements Spool {
  /** `read-only`: nothing can be appended; `unreadable`: nothing can be read either; `hanging`: appends take until it is another. */
  disk: 'fine' | 'read-only' | 'unreadable' | 'hanging' = 'fine';
  closed = false;
  #hanging: (() => void)[] = [];

  get diskBytes(): number {
    return this.pendingBytes;
  }

  mend(): void {
    this.disk = 'fine';
    for (const resolve of this.#hanging.splice(0)) resolve();
  }

  override async append(batch: Batch): Promise<void> {
    if (this.closed) throw new Error('appended after it was closed');
    if (this.disk === 'hanging') await new Promise<void>((resolve) => this.#hanging.push(resolve));
    if (this.disk !== 'fine') throw new StoreUnavailable('the disk is read-only');
    await super.append(batch);
  }

  override async read(from: number, limits: BatchLimits): Promise<Reading | undefined> {
    if (this.disk === 'unreadable') throw new Error('the disk cannot be read');
    return super.read(from, limits);
  }

  override async close(): Promise<void> {
    this.closed = true;
  }
}
