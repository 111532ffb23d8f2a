import type { AlertLevel } from '../../contract/audit-event.ts';

/** What people see of detections that belong together, from the first to the end. */
export interface Alert {
  /** 26 characters, in the order of time. */
  readonly id: string;
  readonly rule: { readonly id: string; readonly title: string };
  readonly level: AlertLevel;
  readonly state: 'firing' | 'acknowledged' | 'resolved';
  readonly group: Readonly<Record<string, string>>;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly lastAt: number;
  readonly endedAt?: number;
  readonly detections: number;
  readonly events: number;
  /** Ids of the last ones, at most ten. */
  readonly eventIds: readonly string[];
  /** One line in words, without literals: what happened, who, where. */
  readonly summary: string;
  readonly namespaces: readonly string[];
  readonly assignee?: string;
  readonly silencedBy?: string;
  /** How far it was escalated; 0: not. */
  readonly escalation: number;
  readonly history: readonly AlertStep[];
}

export interface AlertStep {
  readonly at: number;
  readonly what:
    | 'raised'
    | 'acknowledged'
    | 'assigned'
    | 'commented'
    | 'escalated'
    | 'silenced'
    | 'resolved'
    | 'notified'
    | 'not-notified';
  readonly who?: string;
  readonly text?: string;
}
