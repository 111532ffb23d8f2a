import type { AuditEvent } from '../../contract/audit-event.ts';
import type { Received } from './received.ts';

/** What the plugin itself found missing between an agent and the terminal. */
export interface OwnGap {
  readonly namespace: string;
  readonly pod: string;
  /** `@timestamp` of the event next to it. */
  readonly at: string;
  /** A hole in the agent's numbers; a line that is no whole event; an agent that was away between two runs. */
  readonly reason: 'events-missing' | 'unreadable' | 'agent-restarted';
  readonly message: string;
  /** How many events are missing; 0: unknown. */
  readonly events: number;
  /** The sequence number that was due. */
  readonly sequence: number;
}

/** A gap found here, in the form of all other gaps, so that it is shown and kept like them. */
export function ownGap(gap: OwnGap): Received {
  const { namespace, pod, at, reason, message, events, sequence } = gap;
  const event: AuditEvent = {
    '@timestamp': at,
    message,
    ecs: { version: '9.4.0' },
    event: {
      id: `kubectl-dbaudit-${namespace}-${pod}-${at}-${sequence}`,
      kind: 'event',
      category: ['database'],
      type: ['info'],
      action: 'db.gap',
      outcome: 'unknown',
      dataset: 'dbaudit.plugin',
      sequence,
      reason,
    },
    kubernetes: { namespace, pod: { name: pod } },
    dbaudit: { schema: 1, capture: { mode: 'sidecar', gap_events: events } },
  };
  return { event, line: JSON.stringify(event) };
}
