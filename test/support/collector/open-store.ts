import pino from 'pino';
import type { ChainHead, Sealer } from '../../../collector/integrity/seal.ts';
import {
  type DuckStore,
  type DuckStoreOptions,
  openDuckStore,
  type StoreNotice,
} from '../../../collector/store/duckdb/duck-store.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../leftovers.ts';

/** Events of these tests are of this day. */
export const DAY = Date.parse('2026-01-02T00:00:00Z');
export const HOUR = 3_600_000;

/** Counts, and marks each event with its position; a checkpoint at every hundredth. */
export const countingSealer: Sealer = {
  seal(chain, head, events) {
    const first = head?.position ?? 0;
    const seals = events.map((_, index) => ({ chain, position: first + index, mark: first + index }));
    const position = first + events.length;
    const made = {
      chain,
      position,
      hash: `${position}`,
      sum: '',
      checkpointed: head?.checkpointed ?? 0,
      checkpointedAt: 0,
    };
    if (Math.floor(position / 100) === Math.floor(first / 100)) return { head: made, seals, checkpoints: [] };
    const { head: checkpointed, checkpoint } = this.checkpoint(made);
    return { head: checkpointed, seals, checkpoints: [checkpoint] };
  },
  checkpoint(head: ChainHead) {
    const { chain, position, hash, sum } = head;
    return {
      head: { ...head, checkpointed: position },
      checkpoint: { chain, position, hash, sum, at: 0, keyId: 'test', signature: '' },
    };
  },
  retire: (ranges) => ranges.map((range) => ({ ...range, at: 0, keyId: 'test', signature: '' })),
  publish: () => undefined,
};

/** A store in a directory of its own, whose clock stands still where it is set. */
export class OpenStore {
  readonly directory: TemporaryDirectory = temporaryDirectory('store');
  readonly notices: StoreNotice[] = [];
  now = DAY;
  #store: DuckStore | undefined;

  get store(): DuckStore {
    if (this.#store === undefined) throw new Error('the store is not open');
    return this.#store;
  }

  async open(options: Partial<DuckStoreOptions> = {}): Promise<DuckStore> {
    this.#store = await openDuckStore({
      directory: this.directory.path,
      memoryLimitMebibytes: 256,
      sealer: countingSealer,
      log: pino({ level: 'silent' }),
      onNotice: (notice) => this.notices.push(notice),
      now: () => this.now,
      ...options,
    });
    return this.#store;
  }

  async close(): Promise<void> {
    await this.#store?.close();
    this.#store = undefined;
  }

  async remove(): Promise<void> {
    await this.close();
    this.directory.remove();
  }
}
