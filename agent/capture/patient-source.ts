import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../../contract/user-error.ts';
import type { CaptureCounters, OnPacket, PacketSource } from './packet-source.ts';

const FIRST_PAUSE_MILLIS = 1_000;
/** Rights and devices change when somebody changes them; a reader of the events should still learn of it in time. */
const LONGEST_PAUSE_MILLIS = 300_000;

export interface PatientSourceOptions {
  /** Makes the source anew for each attempt; may throw UserError. */
  open(): PacketSource;
  /** Told after each attempt that failed, with why nothing can be seen from now on. */
  onBlind(error: UserError): void;
  /** Before the second attempt; a second by default. */
  readonly firstPauseMillis?: number;
}

/**
 * A live source that never gives up: where capturing is not possible, or ends, it says so and tries again, each time
 * after twice the pause. In a pod the agent must never be what keeps the pod from starting.
 */
export class PatientSource implements PacketSource {
  readonly #options: PatientSourceOptions;
  #current: PacketSource | undefined;
  #before: CaptureCounters = { received: 0, dropped: 0 };

  constructor(options: PatientSourceOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#current?.name ?? 'none';
  }

  counters(): CaptureCounters {
    const { received = 0, dropped = 0 } = this.#current?.counters() ?? {};
    return { received: this.#before.received + received, dropped: this.#before.dropped + dropped };
  }

  /** Settles only when `signal` aborts; rejects only where a bug is the reason. */
  async run(onPacket: OnPacket, onBatch: () => void | Promise<void>, signal: AbortSignal): Promise<void> {
    const { open, onBlind, firstPauseMillis = FIRST_PAUSE_MILLIS } = this.#options;
    let pauseMillis = firstPauseMillis;
    while (!signal.aborted) {
      const received = this.counters().received;
      try {
        this.#current = open();
        await this.#current.run(onPacket, onBatch, signal);
        return;
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        onBlind(error);
      } finally {
        this.#before = this.counters();
        this.#current = undefined;
      }
      if (this.#before.received > received) pauseMillis = firstPauseMillis;
      await sleep(pauseMillis, undefined, { signal }).catch(() => undefined);
      pauseMillis = Math.min(pauseMillis * 2, LONGEST_PAUSE_MILLIS);
    }
  }
}
