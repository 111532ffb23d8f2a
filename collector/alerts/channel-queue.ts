import { Backoff } from '../../delivery/backoff.ts';
import { PoisonBatch, TryAgain, WrongConfiguration } from '../../delivery/sinks/failure.ts';
import { wordsOf } from '../../delivery/system-error.ts';
import { TokenBucket } from '../../delivery/token-bucket.ts';
import type { AlertRecord } from './alert-record.ts';
import type { Channel, Notification } from './channels/channel.ts';
import type { DeliveryLine, Outbox, QueuedOrder } from './outbox.ts';

const SECONDS_PER_MINUTE = 60;
/** The bucket holds what one second earns, less than a message: so it counts thousandths of one. */
const MESSAGE = 1000;
/** One message about more would say of most that they are left out. */
const MAX_MERGED = 200;
/** A day: whoever reads it later looks at the page. */
const MAX_AGE_MILLIS = 86_400_000;
/** A channel that is away keeps the newest; a message has up to some ten kilobytes. */
const MAX_WAITING = 1_000;
const BACKOFF = { firstMillis: 1_000, maxMillis: 300_000 } as const;
/** Somebody has to do something first, here or at the receiver. */
const MISTAKE_MILLIS = 60_000;
/** Of what a service asks for: DingTalk blocks for ten minutes. */
const LONGEST_ASKED_MILLIS = 600_000;

export interface ChannelQueueOptions {
  readonly name: string;
  readonly channel: Channel;
  readonly perMinute: number;
  readonly outbox: Outbox;
  readonly alertOf: (id: string) => AlertRecord | undefined;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Milliseconds that never go back, for the rate. */
  readonly uptime: () => number;
  /** Settles after that time, or at once when the signal says so. */
  readonly sleep: (millis: number, signal: AbortSignal) => Promise<void>;
  readonly onNotice: (notice: string) => void;
  /** Messages about these alerts will never be sent. */
  readonly onDead: (alerts: readonly string[], reason: string) => void;
}

/**
 * Sends what the outbox has for one channel, in order, at the channel's rate. What gathers while the rate holds it back goes
 * out as one message. A message leaves the outbox when the receiver has it, so after a crash it may come twice, with the same
 * id; what is refused for good, or too old, becomes a dead letter.
 */
export class ChannelQueue {
  readonly #options: ChannelQueueOptions;
  readonly #bucket: TokenBucket;
  readonly #backoff = new Backoff(BACKOFF);
  readonly #closing = new AbortController();
  #running: Promise<void> | undefined;
  /** So many of the next are sent each by itself: one of them was refused with the others. */
  #alone = 0;
  #problem: string | undefined;

  constructor(options: ChannelQueueOptions) {
    this.#options = options;
    this.#bucket = new TokenBucket((options.perMinute / SECONDS_PER_MINUTE) * MESSAGE, options.uptime);
  }

  /** Why the last attempt failed. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** There may be something to send. */
  wake(): void {
    if (this.#running !== undefined || this.#closing.signal.aborted) return;
    this.#running = this.#run()
      // The disk: the next tick tries again.
      .catch((error) => this.#notice(wordsOf(error)))
      .finally(() => {
        this.#running = undefined;
      });
  }

  /** Settles when nothing is under way. */
  async idle(): Promise<void> {
    await this.#running;
  }

  /** Sends one at once, past the queue. @throws as the channel does */
  async test(notification: Notification): Promise<string | undefined> {
    this.#bucket.take(MESSAGE);
    const said = await this.#options.channel.send(notification, this.#closing.signal);
    this.#options.outbox.log(this.#line('test', 0, said));
    return said;
  }

  /** What is not sent yet stays in the outbox. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running;
    await this.#options.channel.close();
  }

  async #run(): Promise<void> {
    const { outbox, name, sleep } = this.#options;
    const { signal } = this.#closing;
    let hadToWait = false;
    while (!signal.aborted) {
      this.#buryOld();
      const [next] = outbox.waiting(name, 1);
      if (next === undefined) return;
      const wait = this.#bucket.waitMillis;
      if (wait > 0) {
        hadToWait = true;
        await sleep(wait, signal);
        continue;
      }
      const orders = hadToWait && this.#alone === 0 ? outbox.waiting(name, MAX_MERGED) : [next];
      hadToWait = false;
      this.#alone = Math.max(this.#alone - 1, 0);
      await this.#attempt(orders);
    }
  }

  async #attempt(orders: readonly QueuedOrder[]): Promise<void> {
    const { channel, outbox, sleep } = this.#options;
    const { signal } = this.#closing;
    const notification = this.#notification(orders);
    const count = notification.alerts.length;
    try {
      this.#bucket.take(MESSAGE);
      // Alerts that are gone are nothing to tell of.
      const said = count === 0 ? 'its alerts are no longer kept' : await channel.send(notification, signal);
      outbox.sent(orders, this.#line('sent', count, said));
      this.#backoff.reset();
      this.#problem = undefined;
    } catch (error) {
      if (signal.aborted) return;
      const words = wordsOf(error);
      if (error instanceof PoisonBatch) {
        if (orders.length === 1) this.#bury(orders, words);
        else this.#alone = orders.length;
        return;
      }
      const help = error instanceof WrongConfiguration ? `; ${error.nextStep}` : '';
      if (this.#problem !== words) this.#notice(`${words}${help}`);
      this.#problem = words;
      outbox.log(this.#line('failed', count, `${words}${help}`));
      await sleep(this.#waitAfter(error), signal);
    }
  }

  #waitAfter(error: unknown): number {
    if (error instanceof WrongConfiguration) return MISTAKE_MILLIS;
    const asked = error instanceof TryAgain ? (error.afterMillis ?? 0) : 0;
    return Math.ceil(Math.max(this.#backoff.next(), Math.min(asked, LONGEST_ASKED_MILLIS)));
  }

  #notification(orders: readonly QueuedOrder[]): Notification {
    const [first] = orders;
    const ids = [...new Set(orders.flatMap(({ alerts }) => alerts))];
    const people = new Map(orders.flatMap((order) => order.people.map((person) => [person.name, person] as const)));
    return {
      id: first?.id ?? '',
      at: first?.at ?? this.#options.now(),
      kind: orders.some(({ kind }) => kind === 'escalation') ? 'escalation' : 'alerts',
      alerts: ids.map((id) => this.#options.alertOf(id)).filter((alert) => alert !== undefined),
      people: [...people.values()],
      merged: orders.length,
    };
  }

  #buryOld(): void {
    const { outbox, name, now } = this.#options;
    const tooMany = outbox.count(name) - MAX_WAITING;
    if (tooMany > 0) this.#bury(outbox.waiting(name, tooMany), `more than ${MAX_WAITING} messages wait for ${name}`);
    const old = outbox.waiting(name, MAX_MERGED).filter(({ at }) => now() - at > MAX_AGE_MILLIS);
    if (old.length > 0) this.#bury(old, `not delivered in a day: ${this.#problem ?? 'the collector did not run'}`);
  }

  #bury(orders: readonly QueuedOrder[], reason: string): void {
    const { outbox, name, onDead } = this.#options;
    const alerts = [...new Set(orders.flatMap((order) => order.alerts))];
    outbox.bury(orders, this.#line('dead', alerts.length, reason));
    this.#notice(`gives up ${orders.length} messages: ${reason}`);
    onDead(alerts, `${name}: ${reason}`);
  }

  #line(outcome: DeliveryLine['outcome'], alerts: number, text: string | undefined): DeliveryLine {
    return { at: this.#options.now(), channel: this.#options.name, outcome, alerts, text };
  }

  #notice(words: string): void {
    this.#options.onNotice(`alert channel ${this.#options.name}: ${words}`);
  }
}
