import type { CaptureMode } from '../../contract/audit-event.ts';
import type { AuditEvent } from '../audit-event.ts';
import type { Redaction } from '../sql/analysis.ts';
import type { Timeline } from '../timeline.ts';
import type { JsonWriter } from './json-writer.ts';

/** Writes events for receivers. */
export interface Encoder {
  /** Appends one line, its newline included, and takes the session's next index and the agent's next sequence number. */
  encode(event: AuditEvent, into: JsonWriter): void;
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
