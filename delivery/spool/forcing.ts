import type { Ledger } from './ledger.ts';
import type { SegmentFiles } from './segment-files.ts';

export interface ForcingOptions {
  readonly fsync: 'never' | 'interval' | 'always';
  readonly fsyncMillis: number;
  onNotice(message: string): void;
}

/** Forces what was written to disk, so that it outlives the machine. */
export class Forcing {
  /** What was written since is not known to be on disk; the next append finds out and says so. */
  hasFailed = false;
  readonly #files: SegmentFiles;
  readonly #ledger: Ledger;
  readonly #unforced: Set<number>;
  readonly #options: ForcingOptions;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #names = true;

  constructor(files: SegmentFiles, ledger: Ledger, unforced: Set<number>, options: ForcingOptions) {
    this.#files = files;
    this.#ledger = ledger;
    this.#unforced = unforced;
    this.#options = options;
  }

  async begin(): Promise<void> {
    const { fsync, fsyncMillis } = this.#options;
    if (fsync === 'never') return;
    await this.#forceAll();
    if (fsync === 'interval') this.#timer = setInterval(() => this.#forceNow(), fsyncMillis).unref();
  }

  end(): void {
    clearInterval(this.#timer);
  }

  /** Settles when everything that is written now is on disk. Does nothing where the policy is `never`. */
  async force(): Promise<void> {
    if (this.#options.fsync === 'never') return;
    await this.#running?.catch(() => undefined);
    await this.#forceAll();
  }

  #forceNow(): void {
    if (this.#unforced.size === 0 || this.#running !== undefined) return;
    this.#running = this.#forceAll()
      .catch((error: unknown) => this.#options.onNotice(`spool: cannot force events to disk: ${String(error)}`))
      .finally(() => {
        this.#running = undefined;
      });
  }

  async #forceAll(): Promise<void> {
    const numbers = [...this.#unforced];
    this.#unforced.clear();
    try {
      for (const number of numbers) await this.#files.force(number);
      await this.#ledger.sync();
      if (numbers.length > 0 || this.#names) await this.#files.syncNames();
      this.#names = false;
      this.hasFailed = false;
    } catch (error) {
      for (const number of numbers) this.#unforced.add(number);
      this.hasFailed = true;
      throw error;
    }
  }
}
