import * as z from 'zod';
import type { AuditEvent, Party } from '../../contract/audit-event.ts';
import { SubjectMemory, subjectsSchema } from './baseline-subjects.ts';
import { VolumeMemory, volumesSchema } from './baseline-volume.ts';
import { type EventTrait, LEARNING } from './event-traits.ts';

export const DEFAULT_LEARNING_DAYS = 14;
/** An account that nobody used for so long is taken up again by somebody who should say why. */
const DORMANT_DAYS = 90;
const DAY_MILLIS = 86_400_000;
const HOUR_MILLIS = 3_600_000;

/** A workload sends some hundred different statements; one with thousands writes its SQL itself. In all about 50 MB. */
const FINGERPRINT_LIMITS = { subjects: 5_000, things: 5_000, total: 300_000 };
const TABLE_LIMITS = { subjects: 5_000, things: 2_000, total: 100_000 };
const CLIENT_LIMITS = { subjects: 5_000, things: 500, total: 50_000 };
/** Events that made something known: asked again, because their source sent them again, they say the same. */
const MAX_REMEMBERED_EVENTS = 10_000;
/** An account logs in this often before it is worth remembering when it did so last. */
const MAX_ACCOUNTS = 10_000;

export const baselineSchema = z.strictObject({
  version: z.literal(1),
  clients: subjectsSchema,
  tables: subjectsSchema,
  fingerprints: subjectsSchema,
  volumes: volumesSchema,
  accounts: z.record(z.string(), z.int()),
});
export type BaselineState = z.infer<typeof baselineSchema>;

const EMPTY: BaselineState = { version: 1, clients: {}, tables: {}, fingerprints: {}, volumes: {}, accounts: {} };

/**
 * What is usual: from where an account comes, which tables it touches, which statements a workload sends, how many at which
 * hour. What is not is noted on the event, once. Each account and workload is learned for `learningDays` from its first
 * event; until then `learning` stands beside it. Time is that of the events. Memory is bounded: what there is no room for is
 * not watched, and never alarms.
 */
export class Baseline {
  readonly #clients: SubjectMemory;
  readonly #tables: SubjectMemory;
  readonly #fingerprints: SubjectMemory;
  readonly #volumes: VolumeMemory;
  /** The last day of each account. */
  readonly #accounts: Map<string, number>;
  readonly #remembered = new Map<string, readonly EventTrait[]>();
  #today = 0;

  constructor(learningDays: number = DEFAULT_LEARNING_DAYS, state: BaselineState = EMPTY) {
    this.#clients = new SubjectMemory(CLIENT_LIMITS, learningDays, state.clients);
    this.#tables = new SubjectMemory(TABLE_LIMITS, learningDays, state.tables);
    this.#fingerprints = new SubjectMemory(FINGERPRINT_LIMITS, learningDays, state.fingerprints);
    this.#volumes = new VolumeMemory(state.volumes);
    this.#accounts = new Map(Object.entries(state.accounts).slice(0, MAX_ACCOUNTS));
  }

  /** What is unusual about the event; afterwards it is known. The same event again has the same answer. */
  see(event: AuditEvent, millis: number): readonly EventTrait[] {
    const { action } = event.event;
    if (!action.startsWith('db.') || action === 'db.gap') return NOTHING_UNUSUAL;
    const known = this.#remembered.get(event.event.id);
    if (known !== undefined) return known;
    const traits = action === 'db.session.start' ? this.#login(event, millis) : this.#statement(event, millis);
    if (traits.length > 0) this.#remember(event.event.id, traits);
    return traits;
  }

  /** Subjects that there was no room for. */
  get unwatched(): number {
    return this.#clients.unwatched + this.#tables.unwatched + this.#fingerprints.unwatched;
  }

  toJSON(): BaselineState {
    return {
      version: 1,
      clients: this.#clients.toJSON(this.#today),
      tables: this.#tables.toJSON(this.#today),
      fingerprints: this.#fingerprints.toJSON(this.#today),
      volumes: this.#volumes.toJSON(),
      accounts: Object.fromEntries(this.#accounts),
    };
  }

  #login(event: AuditEvent, millis: number): readonly EventTrait[] {
    const account = accountOf(event);
    if (account === undefined || event.event.outcome !== 'success') return NOTHING_UNUSUAL;
    const day = this.#dayOf(millis);
    const traits: EventTrait[] = [];
    const last = this.#accounts.get(account);
    if (last !== undefined && day - last >= DORMANT_DAYS) traits.push('dormant-account');
    if (last !== undefined || this.#accounts.size < MAX_ACCOUNTS)
      this.#accounts.set(account, Math.max(last ?? day, day));
    const workload = workloadOf(event);
    if (workload !== undefined) note(traits, 'new-client', this.#clients.see(account, workload, day));
    return traits;
  }

  #statement(event: AuditEvent, millis: number): readonly EventTrait[] {
    const { statement } = event.dbaudit;
    if (statement === undefined) return NOTHING_UNUSUAL;
    const traits: EventTrait[] = [];
    const day = this.#dayOf(millis);
    const account = accountOf(event);
    if (statement.fingerprint !== undefined) {
      const workload = workloadOf(event) ?? account;
      if (workload !== undefined) {
        note(traits, 'new-fingerprint', this.#fingerprints.see(workload, statement.fingerprint, day));
      }
    }
    if (account === undefined) return traits;
    const isSql = statement.class !== undefined;
    if (isSql && event.event.outcome === 'success') {
      for (const table of statement.tables ?? []) note(traits, 'new-table', this.#tables.see(account, table, day));
    }
    if (this.#volumes.see(account, Math.floor(millis / HOUR_MILLIS))) traits.push('unusual-volume');
    return traits;
  }

  #dayOf(millis: number): number {
    const day = Math.floor(millis / DAY_MILLIS);
    if (day > this.#today) this.#today = day;
    return day;
  }

  #remember(id: string, traits: readonly EventTrait[]): void {
    this.#remembered.set(id, traits);
    if (this.#remembered.size <= MAX_REMEMBERED_EVENTS) return;
    for (const [oldest] of this.#remembered) {
      this.#remembered.delete(oldest);
      return;
    }
  }
}

const NOTHING_UNUSUAL: readonly EventTrait[] = [];

function note(traits: EventTrait[], trait: EventTrait, novelty: 'new' | 'learning' | undefined): void {
  if (novelty === undefined) return;
  if (!traits.includes(trait)) traits.push(trait);
  if (novelty === 'learning' && !traits.includes(LEARNING)) traits.push(LEARNING);
}

/** An account is one of its server: `app` of another database is another. Servers are known by their workload, or address. */
function accountOf({ user, server, dbaudit }: AuditEvent): string | undefined {
  const at = placeOf(dbaudit.server?.k8s, server?.ip);
  return user === undefined || at === undefined ? undefined : `${user.name} at ${at}`;
}

function workloadOf({ client, dbaudit }: AuditEvent): string | undefined {
  return placeOf(dbaudit.client?.k8s, client?.ip);
}

/** A workload, or what is as lasting; undefined where it is not known who it is, which says nothing about being new. */
function placeOf(party: Party | undefined, ip: string | undefined): string | undefined {
  if (party === undefined || party.kind === 'external') return ip;
  if (party.kind === 'node') return party.node ?? ip;
  if (party.kind === 'service') return `${party.namespace ?? ''}/Service/${party.service ?? ''}`;
  if (party.kind !== 'pod' && party.kind !== 'host-network') return undefined;
  const { owner, namespace = '', pod = '' } = party;
  return owner === undefined ? `${namespace}/Pod/${pod}` : `${namespace}/${owner.kind}/${owner.name}`;
}
