import { join } from 'node:path';
import { AlertDatabase } from '../../../collector/alerts/alert-database.ts';
import { Desk } from '../../../collector/alerts/desk.ts';
import { alertsSchema } from '../../../collector/alerts/settings.ts';
import type { Detection } from '../../../collector/rules/rule.ts';
import { temporaryDirectory } from '../leftovers.ts';
import { TEST_START } from './detections.ts';

const ALL = { namespaces: 'all', literals: false } as const;

/** A desk on a real file whose clock stands still until it is moved. */
export class DeskBench {
  now = TEST_START;
  readonly #directory = temporaryDirectory('alerts');
  readonly #settings: unknown;
  database: AlertDatabase;
  desk: Desk;
  #sequence = 0;

  constructor(settings: unknown = {}) {
    this.#settings = settings;
    [this.database, this.desk] = this.#open(settings);
  }

  get file(): string {
    return join(this.#directory.path, 'alerts.db');
  }

  see(...detections: Detection[]): void {
    this.desk.take(detections);
  }

  /** Moves the clock on, and does what is due at each second of it that `stepSeconds` meets. */
  pass(seconds: number, stepSeconds = seconds): void {
    for (let passed = 0; passed < seconds; passed += stepSeconds) {
      this.now += Math.min(stepSeconds, seconds - passed) * 1000;
      this.desk.tick();
    }
  }

  /** As after a crash: what is in memory is gone. */
  restart(settings: unknown = this.#settings): void {
    this.database.close();
    [this.database, this.desk] = this.#open(settings);
  }

  alerts(states: readonly ('firing' | 'acknowledged' | 'resolved')[] = ['firing', 'acknowledged', 'resolved']) {
    return this.desk.list({ states: [...states], limit: 1000 }, ALL).alerts;
  }

  /** Messages that wait for a channel, by the rules of their alerts. */
  orders(channel = 'chat'): { readonly kind: string; readonly rules: string[]; readonly people: string[] }[] {
    return this.database.outbox.waiting(channel, 1000).map(({ kind, alerts, people }) => ({
      kind,
      rules: alerts.map((id) => this.desk.alert(id)?.rule.id ?? '?'),
      people: people.map(({ name }) => name),
    }));
  }

  /** Takes what waits for a channel, as if it had been sent. */
  deliver(channel = 'chat'): string[][] {
    const waiting = this.database.outbox.waiting(channel, 1000);
    const rules = this.orders(channel).map((order) => order.rules);
    this.database.outbox.sent(waiting, { at: this.now, channel, outcome: 'sent', alerts: waiting.length });
    return rules;
  }

  /** Actions of the audit events that were not handed on. */
  recorded(): string[] {
    return this.database.unrecorded(1000).map(({ event }) => JSON.parse(event).event.action);
  }

  remove(): void {
    this.database.close();
    this.#directory.remove();
  }

  #open(settings: unknown): [AlertDatabase, Desk] {
    const database = AlertDatabase.open(this.file);
    const desk = new Desk({
      database,
      settings: alertsSchema.parse(settings),
      now: () => this.now,
      nextSequence: () => this.#sequence++,
    });
    return [database, desk];
  }
}
