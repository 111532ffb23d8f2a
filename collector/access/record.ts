import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { AuditEvent } from '../../contract/audit-event.ts';
import { ECS_VERSION } from '../../contract/version.ts';
import { messageOf } from '../../kubernetes/informer.ts';
import type { Intake } from '../intake.ts';
import { StoreBusy } from '../store/failure.ts';
import { RefusalLimit } from './refusal-limit.ts';

type Access = NonNullable<AuditEvent['dbaudit']['access']>;

export interface Entry extends Access {
  /** Absent: nobody whom the API server knows. */
  readonly who?: { readonly type: 'human' | 'workload'; readonly name: string; readonly method: string };
  readonly from?: { readonly ip: string; readonly port: number };
  /** In words, never with payload. */
  readonly message?: string;
  readonly outcome?: 'success' | 'failure';
}

/** Nothing is read that cannot be recorded. */
export class NotRecorded extends Error {
  override readonly name = 'NotRecorded';
}

/** Each is about a KiB; so many wait only where the store has not taken any for seconds. */
const MAX_WAITING = 2_000;
const MAX_BATCH = 500;
/** A reader waits for these; the store says after how long it wants to be asked again. */
const ATTEMPTS = 3;
/** One who tries tokens is on record with these, and with how many there were in all: some MB a day at most. */
const STRANGERS = { perOrigin: 5, perMinute: 60 } as const;
/** Whom the API server knows: apart from the others, who could use up what there is. */
const USERS = { perOrigin: 20, perMinute: 300 } as const;
const MAX_QUERY_LENGTH = 4_096;
const NANOS = '000000';

/**
 * Makes every read, and every refusal, an event of its own: `dbaudit.access` and `dbaudit.refused`. They are read like
 * others, and a read is one event however many of these it shows, so that reading them does not go on by itself.
 */
export class AccessLog {
  readonly #intake: Pick<Intake, 'take'>;
  readonly #instance: string;
  readonly #log: Logger;
  readonly #strangers: RefusalLimit;
  readonly #users: RefusalLimit;
  readonly #waiting: { readonly event: AuditEvent; done(): void; failed(error: Error): void }[] = [];
  #sequence = 0;
  #writing: Promise<void> | undefined;

  /** `instance` tells this start of the collector from every other; it begins the ids of these events. */
  constructor({ intake, instance, log }: { intake: Pick<Intake, 'take'>; instance: string; log: Logger }) {
    this.#intake = intake;
    this.#instance = instance;
    this.#log = log;
    const tell = (suppressed: number): void => {
      const message = `${suppressed} more refusals within a minute, not recorded one by one`;
      this.#add('dbaudit.refused', { resource: 'door', verb: 'ask', outcome: 'failure', message }).catch(() => {});
    };
    this.#strangers = new RefusalLimit(STRANGERS, tell);
    this.#users = new RefusalLimit(USERS, tell);
  }

  /**
   * Settles once the read is on record.
   * @throws NotRecorded
   */
  read(entry: Entry): Promise<void> {
    return this.#add('dbaudit.access', entry);
  }

  /** Nobody waits for it. So many a minute that nobody can fill the store with them; the others are counted in one. */
  refuse(entry: Entry): void {
    const { who, from } = entry;
    if (!(who === undefined ? this.#strangers.allows(from?.ip ?? '') : this.#users.allows(who.name))) return;
    this.#add('dbaudit.refused', { outcome: 'failure', ...entry }).catch((error: unknown) => {
      this.#log.error({ error: messageOf(error) }, 'a refusal is not on record');
    });
  }

  /** Settles when all is on record that can be. */
  async close(): Promise<void> {
    this.#strangers.close();
    this.#users.close();
    await this.#writing;
  }

  #add(action: 'dbaudit.access' | 'dbaudit.refused', entry: Entry): Promise<void> {
    if (this.#waiting.length >= MAX_WAITING) return Promise.reject(new NotRecorded('too much waits to be recorded'));
    return new Promise((done, failed) => {
      this.#waiting.push({ event: this.#event(action, entry), done, failed });
      this.#writing ??= this.#write().finally(() => {
        this.#writing = undefined;
      });
    });
  }

  /** One batch at a time: what comes meanwhile is the next. */
  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, MAX_BATCH);
      try {
        await this.#take(batch.map(({ event }) => event));
        for (const { done } of batch) done();
      } catch (error) {
        this.#log.error({ error: messageOf(error) }, 'the store does not take the record of an access');
        const failure = new NotRecorded('the store does not take the record of it');
        for (const { failed } of batch) failed(failure);
      }
    }
  }

  async #take(events: readonly AuditEvent[]): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#intake.take(events, `collector/${this.#instance}/access`);
        return;
      } catch (error) {
        if (!(error instanceof StoreBusy) || attempt === ATTEMPTS) throw error;
        await sleep(error.afterMillis);
      }
    }
  }

  #event(action: 'dbaudit.access' | 'dbaudit.refused', { who, from, message, outcome, ...access }: Entry): AuditEvent {
    const sequence = this.#sequence;
    this.#sequence += 1;
    return {
      '@timestamp': new Date().toISOString().replace('Z', `${NANOS}Z`),
      ...(message === undefined ? {} : { message }),
      ecs: { version: ECS_VERSION },
      event: {
        id: `${this.#instance}-access-${sequence}`,
        kind: 'event',
        category: ['api'],
        type: [action === 'dbaudit.access' ? 'access' : 'denied'],
        action,
        outcome: outcome ?? 'success',
        dataset: 'dbaudit.collector',
        sequence,
      },
      ...(from === undefined ? {} : { client: from }),
      dbaudit: {
        schema: 1,
        capture: { mode: 'collector' },
        ...(who === undefined ? {} : { actor: { ...who, confidence: 1 } }),
        access: {
          ...access,
          ...(access.query === undefined ? {} : { query: access.query.slice(0, MAX_QUERY_LENGTH) }),
        },
      },
    };
  }
}
