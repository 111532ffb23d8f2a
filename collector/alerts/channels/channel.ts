import * as z from 'zod';
import type { AlertRecord } from '../alert-record.ts';
import { timeZone } from '../calendar.ts';
import type { Person } from '../rota.ts';
import { LANGUAGES } from '../summary.ts';

/** What every channel's settings have beside its own. */
export const channelFields = {
  /** In routes, in the delivery log. Default: the type. */
  name: z
    .string()
    .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'expected lower-case letters, digits and dashes, at most 63')
    .optional(),
  language: z.enum(LANGUAGES).default('en'),
  /** Of the times in messages. */
  timeZone: timeZone.default('UTC'),
} as const;

/** One message to people, or to a system that tells them. */
export interface Notification {
  /** The same when it is sent again. */
  readonly id: string;
  /** When it was decided on; milliseconds since 1970. */
  readonly at: number;
  readonly kind: 'alerts' | 'escalation' | 'test';
  /** As they are now. */
  readonly alerts: readonly AlertRecord[];
  /** Whom it is for, beside the channel's readers. */
  readonly people: readonly Pick<Person, 'name' | 'mentions'>[];
  /** How many messages were put together since the channel's limit was near; 1: none. */
  readonly merged: number;
}

/** A way to people. No queue, no retry, no rate in it. */
export interface Channel {
  /**
   * Settles when the receiver has it; the words, if there are any, are worth a line in the delivery log.
   * @throws TryAgain, WrongConfiguration, PoisonBatch where it refuses this message for good; no secret is in their words
   */
  send(notification: Notification, signal: AbortSignal): Promise<string | undefined>;
  close(): Promise<void>;
}

/** What a channel is given beside its settings. */
export interface ChannelContext {
  /** For links to alerts. */
  readonly pageUrl?: string | undefined;
  readonly cluster?: string | undefined;
  /** Milliseconds since 1970, for signatures and times of validity. */
  readonly now: () => number;
  readonly onNotice: (notice: string) => void;
}

export type ChannelSchema = z.ZodObject<{ type: z.ZodLiteral<string>; perMinute: z.ZodType<number> }>;

/** Everything about one kind of channel: its settings and how it is opened. */
export interface ChannelKind<S extends ChannelSchema> {
  readonly schema: S;
  /** Where messages go, for people; no secret, and nothing of a URL that is one. */
  place(settings: z.infer<S>): string;
  open(settings: z.infer<S>, context: ChannelContext): Channel;
}

/** Messages a minute. What comes faster is put together. */
export function perMinute(most: number, usual: number): z.ZodDefault<z.ZodNumber> {
  return z.number().min(0.1).max(most).default(usual);
}
