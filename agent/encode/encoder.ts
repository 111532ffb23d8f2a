import type { CaptureMode } from '../../contract/audit-event.ts';
import type { AuditEvent } from '../audit-event.ts';
import type { Redaction } from '../sql/analysis.ts';
import type { Timeline } from '../timeline.ts';
import type { JsonWriter } from './json-writer.ts';

/** Writes events for receivers. */
export interface Encoder {
  /** Appends one line, its newline included. */
  encode(event: AuditEvent, numbers: EventNumbers, into: JsonWriter): void;
}

/** The same in every format: two lines with the same numbers are the same event. */
export interface EventNumbers {
  /** Counts the events of this agent since it started. */
  readonly sequence: number;
  /** Counts the events of the session; 0 for an event without one. */
  readonly index: number;
}

/** The pod whose traffic is captured. */
export interface OwnPod {
  readonly namespace: string;
  readonly pod: string;
  readonly node: string | undefined;
}

export interface EncoderOptions {
  readonly timeline: Timeline;
  /** Begins the ids of events that belong to no session; another one for each start of an agent. */
  readonly instanceId: string;
  readonly captureMode: CaptureMode;
  /** In force for every statement; said in each event. */
  readonly redaction: Redaction;
  readonly ownPod?: OwnPod | undefined;
  readonly interfaceName?: ((index: number) => string | undefined) | undefined;
}
