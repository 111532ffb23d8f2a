import type { DeliveryCode } from './sinks/failure.ts';

/** What keeps events from their receiver. */
export interface SinkProblem {
  readonly kind: 'unavailable' | 'misconfigured';
  readonly code: DeliveryCode | undefined;
  readonly message: string;
  /** Unix time in milliseconds. */
  readonly since: number;
}

/** One sink's figures since the start, for metrics and `/status`. */
export interface SinkStatus {
  readonly name: string;
  /** Absent while the receiver takes events. */
  readonly problem?: SinkProblem;
  readonly sentEvents: number;
  readonly sentBytes: number;
  readonly sentBatches: number;
  /** Writes that failed and were, or will be, tried again. */
  readonly retries: number;
  /** Refused for good; they are in the quarantine where there is one. */
  readonly quarantinedEvents: number;
  readonly droppedEvents: number;
  /** In memory or on disk. */
  readonly waitingEvents: number;
  readonly waitingBytes: number;
  /** On disk, whole files. 0 without a spool. */
  readonly spoolBytes: number;
  /** Why the spool cannot be used, where there is one that cannot. */
  readonly spoolProblem?: string;
  /** Age of the oldest waiting event in milliseconds; 0 where none waits. */
  readonly lagMillis: number;
}
