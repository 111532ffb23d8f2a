import { setTimeout as sleep } from 'node:timers/promises';

/** Time, for what waits by rules that tests hold it to. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** False where it was aborted before the time was over. */
  sleep(millis: number, signal: AbortSignal): Promise<boolean>;
}

export const SYSTEM_CLOCK: Clock = {
  now: () => Date.now(),
  sleep: (millis, signal) => sleep(millis, true, { signal }).catch(() => false),
};
