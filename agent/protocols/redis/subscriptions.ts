/** Subscriptions and what is pushed for them. https://redis.io/docs/latest/develop/pubsub/ */
import type { SubscriptionFamily } from './intent.ts';
import type { Reply } from './reply.ts';
import { INTEGER } from './reply-types.ts';

interface Confirmation {
  readonly family: SubscriptionFamily;
  readonly subscribes: boolean;
}

const CONFIRMATIONS: ReadonlyMap<string, Confirmation> = new Map([
  ['subscribe', { family: 'channel', subscribes: true }],
  ['unsubscribe', { family: 'channel', subscribes: false }],
  ['psubscribe', { family: 'pattern', subscribes: true }],
  ['punsubscribe', { family: 'pattern', subscribes: false }],
  ['ssubscribe', { family: 'shard', subscribes: true }],
  ['sunsubscribe', { family: 'shard', subscribes: false }],
]);
const MESSAGES: ReadonlySet<string> = new Set(['message', 'pmessage', 'smessage']);

/** Counts what a connection is subscribed to, from the counts that the server's confirmations carry. */
export class Subscriptions {
  readonly #sizes: Record<SubscriptionFamily, number> = { channel: 0, pattern: 0, shard: 0 };
  /** The first element of the push in progress. */
  #word = '';
  #count = 0;

  /** Messages may come at any time. */
  get active(): boolean {
    const { channel, pattern, shard } = this.#sizes;
    return channel + pattern + shard > 0;
  }

  /** What may be a push begins. */
  begin(): void {
    this.#word = '';
    this.#count = 0;
  }

  /** What the push in progress calls itself: `message`, `subscribe`. */
  get word(): string {
    return this.#word;
  }

  size(family: SubscriptionFamily): number {
    return this.#sizes[family];
  }

  clear(): void {
    this.#sizes.channel = 0;
    this.#sizes.pattern = 0;
    this.#sizes.shard = 0;
  }

  /** Element `index` of what may be a push. */
  element(index: number, element: Reply): void {
    if (index === 0) this.#word = element.end - element.start > 32 ? '' : element.text;
    else if (index === 2) this.#count = element.type === INTEGER ? Number.parseInt(element.text, 10) || 0 : 0;
  }

  /** The push in progress is a message or a confirmation; in RESP2 only its words tell it from an answer. */
  get isKnownPush(): boolean {
    return CONFIRMATIONS.has(this.#word) || MESSAGES.has(this.#word);
  }

  /** A confirmation was read whole: takes over its count. Channels and patterns are counted together by the server. */
  confirm(): void {
    const confirmation = CONFIRMATIONS.get(this.#word);
    if (confirmation === undefined) return;
    const { family } = confirmation;
    const sizes = this.#sizes;
    const others = family === 'shard' ? 0 : family === 'channel' ? sizes.pattern : sizes.channel;
    if (this.#count >= others) sizes[family] = this.#count - others;
    else if (!confirmation.subscribes) sizes[family] = Math.max(0, sizes[family] - 1);
    if (this.#count === 0 && family !== 'shard') {
      sizes.channel = 0;
      sizes.pattern = 0;
    }
  }
}
