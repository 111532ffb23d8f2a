import type { Checkpoint } from './seal.ts';

/** More chains at once than agents in the largest clusters that Kubernetes supports. */
const MAX_CHAINS = 50_000;

export interface NewestCheckpointsOptions {
  readonly intervalMillis: number;
  /** Rejects when it has to be tried again. */
  write(checkpoints: readonly Checkpoint[]): Promise<void>;
  onProblem(error: unknown): void;
}

/** Gathers checkpoints, the newest of each chain, and writes them now and then; what could not be written stays. */
export class NewestCheckpoints {
  readonly #options: NewestCheckpointsOptions;
  readonly #waiting = new Map<string, Checkpoint>();
  readonly #timer: NodeJS.Timeout;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: NewestCheckpointsOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.flush(), options.intervalMillis);
    this.#timer.unref();
  }

  add(checkpoints: readonly Checkpoint[]): void {
    for (const checkpoint of checkpoints) {
      const known = this.#waiting.get(checkpoint.chain);
      if (known !== undefined && known.position >= checkpoint.position) continue;
      this.#waiting.delete(checkpoint.chain);
      this.#waiting.set(checkpoint.chain, checkpoint);
      const [oldest] = this.#waiting.keys();
      if (this.#waiting.size > MAX_CHAINS && oldest !== undefined) this.#waiting.delete(oldest);
    }
  }

  /** Settles when what waits now was written, or could not be. Never rejects. */
  flush(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.flush();
  }

  async #write(): Promise<void> {
    const checkpoints = [...this.#waiting.values()];
    if (checkpoints.length === 0) return;
    this.#waiting.clear();
    try {
      await this.#options.write(checkpoints);
    } catch (error) {
      this.#options.onProblem(error);
      const newer = [...this.#waiting.values()];
      this.#waiting.clear();
      this.add(checkpoints);
      this.add(newer);
    }
  }
}
