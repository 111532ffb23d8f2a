import type { AuditEvent } from './audit-event.ts';
import type { Nanos } from './timeline.ts';

/** What a reader of the events should find; the basis of the summary and of the metrics. */
export class EventCounts {
  /** Statements reported, by protocol. */
  readonly statements = new Map<string, number>();
  statementsFailed = 0;
  statementsUnseen = 0;
  logins = 0;
  loginsFailed = 0;
  /** Sessions of which nothing more can be seen, by reason. */
  readonly blindSessions = new Map<string, number>();
  /** Sessions of which only the beginning of TLS was seen, by protocol. */
  readonly encryptedSessions = new Map<string, number>();
  /** Bytes lost on the way to us, in connections that are followed. */
  gapBytes = 0;
  /** Packets, connections or events lost outside a session, by reason. */
  readonly captureGaps = new Map<string, number>();
  events = 0;
  /** Of the newest event; undefined before the first. */
  lastAt: Nanos | undefined;

  count({ activity, session }: AuditEvent): void {
    this.events += 1;
    this.lastAt = activity.at;
    switch (activity.kind) {
      case 'statement':
        add(this.statements, session?.protocol ?? 'unknown', 1);
        if (activity.outcome.kind === 'failed') this.statementsFailed += 1;
        if (activity.outcome.kind === 'unseen') this.statementsUnseen += 1;
        break;
      case 'login':
        this.logins += 1;
        if (activity.outcome.kind === 'failed') this.loginsFailed += 1;
        break;
      case 'blind':
        if (activity.forGood) add(this.blindSessions, activity.reason, 1);
        if (activity.reason === 'encrypted') add(this.encryptedSessions, session?.protocol ?? 'unknown', 1);
        if (activity.reason === 'bytes-lost') this.gapBytes += activity.bytes ?? 0;
        break;
      case 'capture-gap':
        add(this.captureGaps, activity.reason, activity.count);
        break;
      default:
        break;
    }
  }
}

function add(counts: Map<string, number>, name: string, count: number): void {
  counts.set(name, (counts.get(name) ?? 0) + count);
}
