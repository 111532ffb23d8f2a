import type { AuditEvent } from '../../contract/audit-event.ts';
import type { AlertStep } from './alert.ts';
import type { Changes, NotificationGroup } from './alert-database.ts';
import { type AlertAction, alertEvent } from './alert-event.ts';
import { type AlertRecord, withStep } from './alert-record.ts';
import type { Order } from './outbox.ts';
import type { Silence } from './silence.ts';

/** What the desk has in memory: everything that is not over. */
export interface DeskState {
  readonly open: Map<string, AlertRecord>;
  /** Ids of open alerts. */
  readonly byKey: Map<string, string>;
  readonly groups: Map<string, NotificationGroup>;
  readonly silences: Map<string, Silence>;
}

/**
 * One step of the desk while it is made: sees its own changes, and changes nothing until they are on disk. A step that
 * cannot be written leaves no trace.
 */
export class Draft implements Changes {
  readonly alerts = new Map<string, AlertRecord>();
  readonly groups = new Map<string, NotificationGroup | undefined>();
  readonly silences = new Map<string, Silence | undefined>();
  readonly orders: Order[] = [];
  readonly audit: AuditEvent[] = [];
  readonly now: number;
  readonly #state: DeskState;
  readonly #stored: (id: string) => AlertRecord | undefined;
  readonly #nextSequence: () => number;
  readonly #byKey = new Map<string, string>();
  /** Alerts of single groups that this step raised, by rule. */
  readonly #raised = new Map<string, number>();
  #raisedInAll = 0;

  constructor(
    state: DeskState,
    now: number,
    stored: (id: string) => AlertRecord | undefined,
    nextSequence: () => number,
  ) {
    this.#state = state;
    this.now = now;
    this.#stored = stored;
    this.#nextSequence = nextSequence;
  }

  get isEmpty(): boolean {
    return this.alerts.size + this.groups.size + this.silences.size + this.orders.length + this.audit.length === 0;
  }

  /** Open or over. */
  alert(id: string): AlertRecord | undefined {
    return this.alerts.get(id) ?? this.#state.open.get(id) ?? this.#stored(id);
  }

  /** The open one. */
  byKey(key: string): AlertRecord | undefined {
    const id = this.#byKey.get(key) ?? this.#state.byKey.get(key);
    const alert = id === undefined ? undefined : this.alert(id);
    return alert?.state === 'resolved' ? undefined : alert;
  }

  *openAlerts(): Generator<AlertRecord> {
    for (const alert of this.#state.open.values()) {
      const current = this.alerts.get(alert.id) ?? alert;
      if (current.state !== 'resolved') yield current;
    }
    for (const alert of this.alerts.values()) {
      if (alert.state !== 'resolved' && !this.#state.open.has(alert.id)) yield alert;
    }
  }

  /** At most so many are open: those that this step ends count still. */
  get openCount(): number {
    return this.#state.open.size + this.#raisedInAll;
  }

  countRaised({ kind, rule }: AlertRecord): void {
    this.#raisedInAll += 1;
    if (kind === 'group') this.#raised.set(rule.id, this.raisedBy(rule.id) + 1);
  }

  /** Alerts of single groups that this step raised for a rule. */
  raisedBy(rule: string): number {
    return this.#raised.get(rule) ?? 0;
  }

  put(alert: AlertRecord): void {
    this.alerts.set(alert.id, alert);
    if (alert.state !== 'resolved') this.#byKey.set(alert.key, alert.id);
  }

  /** With one more line in its history. */
  note(alert: AlertRecord, step: Omit<AlertStep, 'at'>): AlertRecord {
    const noted = withStep(alert, { at: this.now, ...step });
    this.put(noted);
    return noted;
  }

  group(key: string): NotificationGroup | undefined {
    return this.groups.has(key) ? this.groups.get(key) : this.#state.groups.get(key);
  }

  allGroups(): NotificationGroup[] {
    const keys = new Set([...this.#state.groups.keys(), ...this.groups.keys()]);
    return [...keys].map((key) => this.group(key)).filter((group) => group !== undefined);
  }

  /** One without alerts is gone. */
  putGroup(group: NotificationGroup): void {
    this.groups.set(group.key, group.waiting.length + group.told.length === 0 ? undefined : group);
  }

  allSilences(): Silence[] {
    const ids = new Set([...this.#state.silences.keys(), ...this.silences.keys()]);
    return [...ids]
      .map((id) => (this.silences.has(id) ? this.silences.get(id) : this.#state.silences.get(id)))
      .filter((silence) => silence !== undefined);
  }

  /** As an event of the audit trail. */
  record(alert: AlertRecord, action: AlertAction, who?: string): void {
    this.audit.push(alertEvent(alert, action, this.now, who, this.#nextSequence()));
  }

  /** Into the desk's memory; once it is on disk. */
  apply(): void {
    const { open, byKey, groups, silences } = this.#state;
    for (const alert of this.alerts.values()) {
      if (alert.state !== 'resolved') {
        open.set(alert.id, alert);
        byKey.set(alert.key, alert.id);
      } else if (open.delete(alert.id)) {
        byKey.delete(alert.key);
      }
    }
    for (const [key, group] of this.groups) {
      if (group === undefined) groups.delete(key);
      else groups.set(key, group);
    }
    for (const [id, silence] of this.silences) {
      if (silence === undefined) silences.delete(id);
      else silences.set(id, silence);
    }
  }
}
