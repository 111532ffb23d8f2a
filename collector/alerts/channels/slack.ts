import * as z from 'zod';
import { secretFile, tlsFields } from '../../../delivery/sinks/sink-fields.ts';
import {
  type Channel,
  type ChannelContext,
  type ChannelKind,
  channelFields,
  type Notification,
  perMinute,
} from './channel.ts';
import { Hook } from './hook.ts';
import { fitted, type MessageItem, messageOf } from './message.ts';

/** Slack takes 50 blocks; the head, the mention, the note and the words on the rest are four. */
const MAX_ITEMS = 46;
/** Characters of a section's text, of a header's. https://docs.slack.dev/reference/block-kit/blocks */
const MAX_SECTION = 3000;
const MAX_HEADER = 150;
/** Far more than 46 sections of ours have, far less than what is cut on the way. */
const MAX_BYTES = 100_000;

const schema = z.strictObject({
  type: z.literal('slack'),
  ...channelFields,
  /** Holds the incoming webhook's address: whoever knows it can write there. */
  urlFile: secretFile,
  tls: tlsFields.optional(),
  /** The service takes one a second. https://docs.slack.dev/apis/web-api/rate-limits */
  perMinute: perMinute(60, 50),
});

type Settings = z.infer<typeof schema>;

/** An incoming webhook of Slack, or of what understands the same. https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks */
export const slackChannel = {
  schema,
  place: () => 'Slack',
  open: (settings, context) => new SlackChannel(settings, context),
} satisfies ChannelKind<typeof schema>;

class SlackChannel implements Channel {
  readonly #settings: Settings;
  readonly #context: ChannelContext;
  readonly #hook: Hook;

  constructor(settings: Settings, context: ChannelContext) {
    this.#settings = settings;
    this.#context = context;
    this.#hook = new Hook(settings);
  }

  async send(notification: Notification, signal: AbortSignal): Promise<undefined> {
    await this.#hook.post({ body: this.#body(notification), signal });
    return undefined;
  }

  close(): Promise<void> {
    return this.#hook.close();
  }

  /** Everything others chose is plain text, which Slack does not interpret; only the mention is markup. */
  #body(notification: Notification): string {
    const wording = { ...this.#settings, ...this.#context };
    const whole = messageOf(notification, wording);
    const mentions = notification.people.flatMap(({ mentions: { slack } }) =>
      slack === undefined ? [] : [`<@${slack}>`],
    );
    return fitted(whole, wording, MAX_BYTES, (items, omitted) => {
      // Too many blocks are too large as well: `fitted` then takes fewer.
      if (items.length > MAX_ITEMS) return ' '.repeat(MAX_BYTES + 1);
      const blocks = [
        { type: 'header', text: { type: 'plain_text', text: whole.title.slice(0, MAX_HEADER), emoji: false } },
        ...(mentions.length === 0 ? [] : [{ type: 'section', text: { type: 'mrkdwn', text: mentions.join(' ') } }]),
        ...[[whole.addressed, whole.note].filter((one) => one !== undefined).join('\n'), ...items.map(textOf), omitted]
          .filter((text) => text !== '')
          .map((text) => ({
            type: 'section',
            text: { type: 'plain_text', text: text.slice(0, MAX_SECTION), emoji: false },
          })),
      ];
      return JSON.stringify({ text: escaped(whole.title), blocks });
    });
  }
}

function textOf({ heading, lines, link }: MessageItem): string {
  return [heading, ...lines, ...(link === undefined ? [] : [link])].join('\n');
}

/** https://docs.slack.dev/messaging/formatting-message-text#escaping */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
