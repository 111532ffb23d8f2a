/**
 * A point in time: nanoseconds since the timeline's origin. A double keeps whole nanoseconds for 104 days after the
 * origin and stays within two nanoseconds for 200; nanoseconds since 1970 would already be off by 256.
 */
export type Nanos = number & { readonly unit?: 'ns' };

export const NANOS_PER_MICRO = 1_000;
export const NANOS_PER_MILLI = 1_000_000;
export const NANOS_PER_SECOND = 1_000_000_000;

/** Where the agent's time begins, in whole seconds since 1970. Time comes from packets, so a replay is deterministic. */
export class Timeline {
  readonly originSeconds: number;

  constructor(originSeconds: number) {
    this.originSeconds = Math.floor(originSeconds);
  }

  /** `seconds` since 1970 and `nanos` within that second, as a packet carries them. */
  at(seconds: number, nanos: number): Nanos {
    return (seconds - this.originSeconds) * NANOS_PER_SECOND + nanos;
  }

  /** Milliseconds since 1970, for the calendar. */
  epochMillis(at: Nanos): number {
    return this.originSeconds * 1000 + Math.floor(at / NANOS_PER_MILLI);
  }
}
