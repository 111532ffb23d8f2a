import type { Checkpoint } from './seal.ts';

/** The second place for checkpoints: whoever can change the store cannot change it. */
export interface Witness {
  /** Never throws, never waits: what fails is tried again, and the newest of each chain is what counts. */
  publish(checkpoints: readonly Checkpoint[]): void;
  /** What it has of a chain; maybe the newest alone. @throws Error when it cannot be read */
  read(chain: string): Promise<readonly Checkpoint[]>;
  /** Chains of which it has any. */
  chains(): Promise<readonly string[]>;
  /** What waits is written first. */
  close(): Promise<void>;
}
