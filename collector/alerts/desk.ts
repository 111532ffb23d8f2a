import type * as z from 'zod';
import type { alertChangeSchema, alertsRequestSchema, silenceRequestSchema } from '../../contract/collector-api.ts';
import type { Scope } from '../access/scope.ts';
import type { Detection } from '../rules/rule.ts';
import type { Alert } from './alert.ts';
import type { AlertDatabase } from './alert-database.ts';
import { IdSource } from './alert-id.ts';
import { type AlertRecord, NO_NAMESPACE, shownAlert } from './alert-record.ts';
import type { DeskContext } from './desk-context.ts';
import { type DeskState, Draft } from './draft.ts';
import { end, endQuietAlerts, takeDetection } from './lifecycle.ts';
import { enlist, escalate, notify } from './notifying.ts';
import type { AlertSettings } from './settings.ts';
import { DeskRefusal, MAX_SILENCES, SILENCE_RETENTION_MILLIS, type Silence } from './silence.ts';
import { silenceOf } from './suppression.ts';

const DAY_MILLIS = 86_400_000;
/** What is too old goes within the hour. */
const PRUNE_MILLIS = 3_600_000;

type Change = z.infer<typeof alertChangeSchema>;

export interface DeskOptions {
  readonly database: AlertDatabase;
  readonly settings: AlertSettings;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Counts the collector's own events. */
  readonly nextSequence: () => number;
}

/**
 * What is known of alerts, and every step that changes it: each is on disk before it is in memory, all of it or nothing. Knows
 * no timer and no network; `tick` does what has become due.
 */
export class Desk {
  readonly #database: AlertDatabase;
  readonly #now: () => number;
  readonly #nextSequence: () => number;
  readonly #context: DeskContext;
  readonly #state: DeskState = { open: new Map(), byKey: new Map(), groups: new Map(), silences: new Map() };
  #prunedAt = 0;

  constructor({ database, settings, now, nextSequence }: DeskOptions) {
    this.#database = database;
    this.#now = now;
    this.#nextSequence = nextSequence;
    this.#context = {
      settings,
      ids: new IdSource(),
      raisedSince: (rule, since) => database.raisedSince(rule, since),
    };
    for (const alert of database.open()) {
      this.#state.open.set(alert.id, alert);
      this.#state.byKey.set(alert.key, alert.id);
    }
    for (const group of database.groups()) this.#state.groups.set(group.key, group);
    for (const silence of database.silences()) this.#state.silences.set(silence.id, silence);
    this.#adoptRoutes();
  }

  /** @throws where it cannot be written; then nothing of it was taken */
  take(detections: readonly Detection[]): void {
    this.#step((draft) => {
      for (const detection of detections) takeDetection(draft, this.#context, detection);
    });
  }

  /** Ends what is quiet, orders messages, escalates, and once an hour removes what is old. @throws as `take` */
  tick(): void {
    this.#step((draft) => {
      endQuietAlerts(draft, this.#context);
      notify(draft, this.#context);
      escalate(draft, this.#context);
      for (const { id, until } of draft.allSilences()) {
        if (until + SILENCE_RETENTION_MILLIS < draft.now) draft.silences.set(id, undefined);
      }
    });
    const now = this.#now();
    if (now - this.#prunedAt < PRUNE_MILLIS) return;
    const { retentionDays, maxAlerts } = this.#context.settings;
    this.#database.prune(now - retentionDays * DAY_MILLIS, maxAlerts);
    this.#prunedAt = now;
  }

  list(request: z.infer<typeof alertsRequestSchema>, { namespaces }: Scope): { alerts: Alert[]; total: number } {
    const { alerts, total } = this.#database.list({ ...request, namespaces });
    return { alerts: alerts.map((alert) => this.#shown(alert)), total };
  }

  /** Undefined: there is none of this id within the scope. What is over can be commented on alone. @throws as `take` */
  change(id: string, change: Change, who: string, scope: Scope): Alert | undefined {
    return this.#step((draft) => {
      const alert = draft.alert(id);
      if (alert === undefined || !isWithin(alert, scope)) return undefined;
      this.#change(draft, alert, change, who);
      return this.#shown(draft.alert(id) ?? alert);
    });
  }

  silences(): Silence[] {
    return [...this.#state.silences.values()].toSorted((a, b) => b.from - a.from);
  }

  /** @throws DeskRefusal */
  silence(request: z.infer<typeof silenceRequestSchema>, who: string): Silence {
    return this.#step((draft) => {
      if (request.until <= draft.now) throw new DeskRefusal('a silence must end in the future');
      if (draft.allSilences().length >= MAX_SILENCES)
        throw new DeskRefusal(`there are ${MAX_SILENCES} silences already: remove some`);
      const silence = { ...request, id: this.#context.ids.next(draft.now), from: draft.now, by: who };
      draft.silences.set(silence.id, silence);
      for (const alert of [...draft.openAlerts()]) {
        if (silenceOf(alert, [silence], draft.now) === undefined) continue;
        draft.note(alert, { what: 'silenced', who, text: silence.reason });
      }
      return silence;
    });
  }

  /** It is kept for a while, as one that ended now. */
  unsilence(id: string): boolean {
    return this.#step((draft) => {
      const silence = this.#state.silences.get(id);
      if (silence === undefined) return false;
      if (silence.until > draft.now) draft.silences.set(id, { ...silence, until: draft.now });
      return true;
    });
  }

  /** A message did not reach a channel for good: its alerts say so. @throws as `take` */
  noteUndelivered(ids: readonly string[], text: string): void {
    this.#step((draft) => {
      for (const id of ids) {
        const alert = draft.alert(id);
        if (alert !== undefined) draft.note(alert, { what: 'not-notified', text });
      }
    });
  }

  /** As it is now; for what is written about it. */
  alert(id: string): AlertRecord | undefined {
    return this.#state.open.get(id) ?? this.#database.alert(id);
  }

  get openAlerts(): number {
    return this.#state.open.size;
  }

  #change(draft: Draft, alert: AlertRecord, { what, text, assignee }: Change, who: string): void {
    const words = text === undefined || text === '' ? {} : { text };
    if (what === 'comment') {
      if (text !== undefined && text !== '') draft.note(alert, { what: 'commented', who, text });
      return;
    }
    if (alert.state === 'resolved') return;
    switch (what) {
      case 'acknowledge': {
        if (alert.state === 'acknowledged') return;
        const noted = draft.note({ ...alert, state: 'acknowledged' }, { what: 'acknowledged', who, ...words });
        draft.record(noted, 'alert.acknowledged', who);
        return;
      }
      case 'assign': {
        const { assignee: _before, ...rest } = alert;
        const name = assignee === undefined || assignee === '' ? undefined : assignee;
        draft.note(name === undefined ? rest : { ...rest, assignee: name }, {
          what: 'assigned',
          who,
          text: name ?? '-',
        });
        return;
      }
      case 'resolve':
        end(draft, this.#context, alert, who, text);
    }
  }

  /** The configuration may have other routes than when the alerts were raised: nobody's alert is forgotten for that. */
  #adoptRoutes(): void {
    this.#step((draft) => {
      const routes = new Set(this.#context.settings.routes.map(({ name }) => name));
      for (const group of draft.allGroups()) {
        if (!routes.has(group.route)) draft.putGroup({ ...group, waiting: [], told: [] });
      }
      for (const alert of [...draft.openAlerts()]) enlist(draft, this.#context, alert);
    });
  }

  #shown(alert: AlertRecord): Alert {
    const isOpen = alert.state !== 'resolved';
    const silence = isOpen ? silenceOf(alert, this.#state.silences.values(), this.#now()) : undefined;
    return shownAlert(alert, silence?.id);
  }

  #step<T>(work: (draft: Draft) => T): T {
    const stored = (id: string) => this.#database.alert(id);
    const draft = new Draft(this.#state, this.#now(), stored, this.#nextSequence);
    const result = work(draft);
    if (!draft.isEmpty) {
      this.#database.commit(draft);
      draft.apply();
    }
    return result;
  }
}

function isWithin({ namespaces }: AlertRecord, scope: Scope): boolean {
  if (scope.namespaces === 'all') return true;
  const seen = scope.namespaces;
  return namespaces.length > 0 && namespaces.every((name) => name !== NO_NAMESPACE && seen.includes(name));
}
