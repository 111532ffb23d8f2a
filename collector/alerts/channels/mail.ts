import * as z from 'zod';
import { checkSmtp, mailAddress, sendMail, smtpFields, smtpPlace } from '../../mail/smtp.ts';
import {
  type Channel,
  type ChannelContext,
  type ChannelKind,
  channelFields,
  type Notification,
  perMinute,
} from './channel.ts';
import { fitted, messageOf } from './message.ts';

/** More than a mail's reader scrolls through. */
const MAX_BYTES = 262_144;

const schema = z
  .strictObject({
    type: z.literal('mail'),
    ...channelFields,
    ...smtpFields,
    to: z.array(mailAddress).min(1).max(50),
    perMinute: perMinute(600, 30),
  })
  .check(checkSmtp);

type Settings = z.infer<typeof schema>;

/** Mail over SMTP (RFC 5321), a connection for each. */
export const mailChannel = {
  schema,
  place: (settings) => smtpPlace(settings),
  open: (settings, context) => new MailChannel(settings, context),
} satisfies ChannelKind<typeof schema>;

class MailChannel implements Channel {
  readonly #settings: Settings;
  readonly #context: ChannelContext;

  constructor(settings: Settings, context: ChannelContext) {
    this.#settings = settings;
    this.#context = context;
  }

  send(notification: Notification, signal: AbortSignal): Promise<string | undefined> {
    const { to } = this.#settings;
    return sendMail(this.#settings, { id: notification.id, to, ...this.#content(notification) }, signal);
  }

  async close(): Promise<void> {}

  #content(notification: Notification): { subject: string; text: string } {
    const wording = { ...this.#settings, ...this.#context };
    const message = messageOf(notification, wording);
    const text = fitted(message, wording, MAX_BYTES, (items, omitted) => {
      const blocks = items.map(({ heading, lines, link }) =>
        [heading, ...lines.map((line) => `  ${line}`), ...(link === undefined ? [] : [`  ${link}`])].join('\n'),
      );
      return [message.addressed, message.note, ...(blocks.length === 0 ? [message.title] : blocks), omitted]
        .filter((part) => part !== undefined && part !== '')
        .join('\n\n');
    });
    return { subject: message.title, text };
  }
}
