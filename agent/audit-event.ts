import type { LossReason } from '../delivery/event-store.ts';
import type { HttpAccess } from './file-input/http-access.ts';
import type { Activity } from './protocols/activity.ts';
import type { SessionFacts } from './protocols/session-facts.ts';
import type { SqlAnalysis } from './sql/analysis.ts';
import type { CloseReason, Connection } from './tcp/byte-stream.ts';
import type { Nanos } from './timeline.ts';

/** A connection together with what its decoder found out, and how many events it has given. */
export interface Session {
  /** 32 hex digits, from addresses, ports and start: the same capture gives the same ids. */
  readonly id: string;
  readonly connection: Connection;
  /** The protocol's name, or undefined where it was not recognised. */
  protocol: string | undefined;
  readonly facts: SessionFacts;
  /** Events so far; each event takes the next as its index. */
  eventCount: number;
  /** What the encoder keeps of this session from event to event; nobody else's. */
  encoderCache?: object | undefined;
}

/** The session's own comings and goings, beside what its decoder reports. */
export type SessionEvent =
  | { readonly kind: 'session-midstream'; readonly at: Nanos }
  | { readonly kind: 'session-end'; readonly at: Nanos; readonly reason: CloseReason };

/**
 * Loss that belongs to no session: packets the kernel dropped, connections beyond the limit, IP fragments never completed,
 * events that did not reach a receiver.
 */
export interface CaptureGap {
  readonly kind: 'capture-gap';
  readonly at: Nanos;
  readonly reason: 'kernel-drops' | 'connection-limit' | 'fragments-lost' | 'packets-cut' | 'blind' | LossReason;
  /** Packets, connections or events, as the reason says; 0 where it cannot be known. */
  readonly count: number;
  /** The sink whose receiver misses the events; the others are not concerned. */
  readonly sink?: string | undefined;
  readonly detail: string | undefined;
}

/** The agent's own start and stop, and the event by which a person tests a sink. */
export interface AgentEvent {
  readonly kind: 'agent';
  readonly at: Nanos;
  readonly action: 'dbaudit.agent.start' | 'dbaudit.agent.stop' | 'dbaudit.sink.test';
  readonly detail: string | undefined;
}

/** What an encoder writes one line for. Enrichers may replace `activity` and fill in `analysis`. */
export interface AuditEvent {
  activity: Activity | SessionEvent | CaptureGap | AgentEvent | HttpAccess;
  /** undefined only for CaptureGap, AgentEvent and HttpAccess. */
  readonly session: Session | undefined;
  /** What the lexer found in the statement's SQL text. */
  analysis: SqlAnalysis | undefined;
}
