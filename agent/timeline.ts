/**
 * A point in time: nanoseconds since the timeline's origin. A double keeps whole nanoseconds for 104 days after the
 * origin and stays within two nanoseconds for 200; nanoseconds since 1970 would already be off by 256.
 */
export type Nanos = number & { readonly unit?: 'ns' };

export const NANOS_PER_MILLI = 1_000_000;
export const NANOS_PER_SECOND = 1_000_000_000;

/**
 * Where the agent's time begins. The first packet sets the origin, so that a replay is deterministic: time comes from
 * packets, never from the clock.
 */
export class Timeline {
  #originSeconds: number | undefined;

  /** Whole seconds since 1970; 0 before the first packet. May not be cached before it. */
  get originSeconds(): number {
    return this.#originSeconds ?? 0;
  }

  /** `seconds` since 1970 and `nanos` within that second, as a packet carries them. */
  at(seconds: number, nanos: number): Nanos {
    this.#originSeconds ??= seconds;
    return (seconds - this.#originSeconds) * NANOS_PER_SECOND + nanos;
  }

  /** The clock's time, for what happens without a packet. */
  atMillis(epochMillis: number): Nanos {
    const seconds = Math.floor(epochMillis / 1000);
    return this.at(seconds, (epochMillis - seconds * 1000) * NANOS_PER_MILLI);
  }

  /** Cut to milliseconds. */
  toDate(at: Nanos): Date {
    return new Date(this.originSeconds * 1000 + Math.floor(at / NANOS_PER_MILLI));
  }
}
