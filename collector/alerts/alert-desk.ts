import { setTimeout as wait } from 'node:timers/promises';
import type { AuditEvent } from '../../contract/audit-event.ts';
import { WrongConfiguration } from '../../delivery/sinks/failure.ts';
import { wordsOf } from '../../delivery/system-error.ts';
import type { AlertDesk } from '../api/services.ts';
import type { Detection } from '../rules/rule.ts';
import type { Alert } from './alert.ts';
import { AlertDatabase } from './alert-database.ts';
import { ChannelQueue } from './channel-queue.ts';
import { channelName, channelPlace, openChannel } from './channels/index.ts';
import { Desk } from './desk.ts';
import { EventRecorder } from './event-recorder.ts';
import type { DeliveryLine, Order } from './outbox.ts';
import type { AlertSettings } from './settings.ts';
import type { Silence } from './silence.ts';

/** The shortest times that anybody can set are seconds. */
const TICK_MILLIS = 1_000;
/** What could not be written waits in memory, with its events: some ten megabytes at most. */
const MAX_WAITING_DETECTIONS = 1_000;

export interface AlertDeskOptions {
  readonly settings: AlertSettings;
  /** SQLite's; beside it are two more of its own, `-wal` and `-shm`. On a volume that survives the pod. */
  readonly file: string;
  /** Takes alert.raised, alert.acknowledged and alert.resolved; settles when they are durable. Called again until it does. */
  readonly record: (events: readonly AuditEvent[]) => Promise<unknown>;
  /** Counts the collector's own events: `event.sequence`. */
  readonly nextSequence: () => number;
  readonly onNotice: (notice: string) => void;
  /** Milliseconds since 1970. Default: Date.now. */
  readonly now?: () => number;
  /** How often it is looked what has become due. Default: a second. */
  readonly tickMillis?: number;
}

/** A channel as people are shown it. */
interface ChannelStatus {
  readonly name: string;
  readonly type: string;
  /** No secret in it. */
  readonly place: string;
  /** Messages. */
  readonly waiting: number;
  /** Why the last attempt failed. */
  readonly problem?: string;
}

interface ChannelTest {
  readonly works: boolean;
  readonly message: string;
  /** What helps, where it does not work. */
  readonly help?: string;
}

/** The desk with what the collector itself uses of it. */
export interface OpenAlertDesk extends AlertDesk {
  /** What rules found. Never throws, never waits for anything but the disk. */
  see(detections: readonly Detection[]): void;
  channels(): ChannelStatus[];
  /** Sends a test message at once. Undefined: there is no such channel. */
  testChannel(name: string): Promise<ChannelTest | undefined>;
  /** The last ones first. */
  deliveries(limit: number): DeliveryLine[];
  deadLetters(limit: number): (Order & { readonly diedAt: number; readonly reason: string })[];
  /** Alerts that are not over. */
  readonly openAlerts: number;
  close(): Promise<void>;
}

/**
 * Opens the desk with all that it knew, and goes on where it was: messages that were not sent, ends that were not told.
 * @throws Error that names the file where it cannot be used
 */
export function openAlertDesk(options: AlertDeskOptions): OpenAlertDesk {
  return new RunningDesk(options);
}

class RunningDesk implements OpenAlertDesk {
  readonly #database: AlertDatabase;
  readonly #desk: Desk;
  readonly #recorder: EventRecorder;
  readonly #queues: ReadonlyMap<string, ChannelQueue>;
  readonly #options: AlertDeskOptions;
  readonly #now: () => number;
  readonly #timer: NodeJS.Timeout;
  #waiting: Detection[] = [];
  #lost = 0;

  constructor(options: AlertDeskOptions) {
    const { settings, file, record, nextSequence, onNotice, now = Date.now } = options;
    this.#options = options;
    this.#now = now;
    this.#database = AlertDatabase.open(file);
    this.#desk = new Desk({ database: this.#database, settings, now, nextSequence });
    this.#recorder = new EventRecorder(this.#database, record, onNotice);
    this.#queues = new Map(
      settings.channels.map((one) => {
        const name = channelName(one);
        const channel = openChannel(one, { ...settings, now, onNotice });
        return [name, this.#queue(name, channel, one.perMinute)];
      }),
    );
    this.#buryForeign();
    this.#timer = setInterval(() => this.#tick(), options.tickMillis ?? TICK_MILLIS);
    this.#timer.unref();
    this.#wake();
  }

  see(detections: readonly Detection[]): void {
    const alerting = detections.filter(({ rule }) => rule.mode === 'on');
    if (alerting.length === 0) return;
    const room = MAX_WAITING_DETECTIONS - this.#waiting.length;
    // With the disk in order nothing waits, and all of them are taken, however many there are.
    const taken = this.#waiting.length === 0 ? alerting : alerting.slice(0, room);
    this.#lost += alerting.length - taken.length;
    this.#waiting.push(...taken);
    this.#takeWaiting();
    this.#wake();
  }

  list(...[request, scope]: Parameters<AlertDesk['list']>): ReturnType<AlertDesk['list']> {
    const { alerts, total } = this.#desk.list(request, scope);
    return { alerts: alerts.map(answered), total };
  }

  change(...[id, change, who, scope]: Parameters<AlertDesk['change']>): ReturnType<AlertDesk['change']> {
    const alert = this.#desk.change(id, change, who, scope);
    this.#wake();
    return alert === undefined ? undefined : answered(alert);
  }

  silences(): readonly Silence[] {
    return this.#desk.silences();
  }

  silence(...[request, who]: Parameters<AlertDesk['silence']>): Silence {
    return this.#desk.silence(request, who);
  }

  unsilence(id: string): boolean {
    return this.#desk.unsilence(id);
  }

  channels(): ChannelStatus[] {
    return this.#options.settings.channels.map((one) => {
      const name = channelName(one);
      const problem = this.#queues.get(name)?.problem;
      const waiting = this.#database.outbox.count(name);
      return {
        name,
        type: one.type,
        place: channelPlace(one),
        waiting,
        ...(problem === undefined ? {} : { problem }),
      };
    });
  }

  async testChannel(name: string): Promise<ChannelTest | undefined> {
    const queue = this.#queues.get(name);
    if (queue === undefined) return undefined;
    const at = this.#now();
    try {
      const said = await queue.test({ id: `test-${at}`, at, kind: 'test', alerts: [], people: [], merged: 1 });
      return { works: true, message: said ?? 'the receiver took the test message' };
    } catch (error) {
      const help = error instanceof WrongConfiguration ? { help: error.nextStep } : {};
      return { works: false, message: wordsOf(error), ...help };
    }
  }

  deliveries(limit: number): DeliveryLine[] {
    return this.#database.outbox.lines(limit);
  }

  deadLetters(limit: number): ReturnType<OpenAlertDesk['deadLetters']> {
    return this.#database.outbox.deadLetters(limit);
  }

  get openAlerts(): number {
    return this.#desk.openAlerts;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#takeWaiting();
    await Promise.all([this.#recorder.close(), ...[...this.#queues.values()].map((queue) => queue.close())]);
    this.#database.close();
  }

  #queue(name: string, channel: ReturnType<typeof openChannel>, perMinute: number): ChannelQueue {
    return new ChannelQueue({
      name,
      channel,
      perMinute,
      outbox: this.#database.outbox,
      alertOf: (id) => this.#desk.alert(id),
      now: this.#now,
      uptime: () => performance.now(),
      sleep: (millis, signal) => wait(millis, undefined, { signal, ref: false }).catch(() => undefined),
      onNotice: this.#options.onNotice,
      onDead: (alerts, reason) => this.#desk.noteUndelivered(alerts, reason),
    });
  }

  #tick(): void {
    this.#takeWaiting();
    this.#safely(() => this.#desk.tick());
    this.#wake();
  }

  #takeWaiting(): void {
    if (this.#waiting.length === 0) return;
    const isTaken = this.#safely(() => this.#desk.take(this.#waiting));
    if (isTaken) this.#waiting = [];
    else if (this.#waiting.length > MAX_WAITING_DETECTIONS) {
      this.#lost += this.#waiting.length - MAX_WAITING_DETECTIONS;
      this.#waiting = this.#waiting.slice(0, MAX_WAITING_DETECTIONS);
    }
    if (!isTaken || this.#lost === 0) return;
    this.#options.onNotice(`alerts: ${this.#lost} detections were lost while they could not be written`);
    this.#lost = 0;
  }

  #wake(): void {
    this.#recorder.wake();
    for (const queue of this.#queues.values()) queue.wake();
  }

  /** Whoever brings events has no part in what is wrong with our disk. */
  #safely(work: () => void): boolean {
    try {
      work();
      return true;
    } catch (error) {
      this.#options.onNotice(`alerts: ${this.#options.file} cannot be written: ${wordsOf(error)}; it is tried again`);
      return false;
    }
  }

  /** Messages for channels that are no longer configured. */
  #buryForeign(): void {
    const { outbox } = this.#database;
    for (const name of outbox.channels()) {
      if (this.#queues.has(name)) continue;
      const orders = outbox.waiting(name, Number.MAX_SAFE_INTEGER);
      const alerts = [...new Set(orders.flatMap((order) => order.alerts))];
      const text = 'there is no longer a channel of this name';
      outbox.bury(orders, { at: this.#now(), channel: name, outcome: 'dead', alerts: alerts.length, text });
      this.#desk.noteUndelivered(alerts, `${name}: ${text}`);
      this.#options.onNotice(`alert channel ${name}: gives up ${orders.length} messages: ${text}`);
    }
  }
}

/** The API's arrays are its readers' own. */
function answered(alert: Alert): ReturnType<AlertDesk['list']>['alerts'][number] {
  return {
    ...alert,
    rule: { ...alert.rule },
    group: { ...alert.group },
    eventIds: [...alert.eventIds],
    namespaces: [...alert.namespaces],
    history: [...alert.history],
  };
}
