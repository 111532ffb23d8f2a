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
import { fitted, messageOf, plainInMarkdown } from './message.ts';
import { checkAnswer, type Meaning } from './service-answer.ts';

/** UTF-8 bytes of `markdown.content`. */
const MAX_CONTENT_BYTES = 4096;
const LIMITED_MILLIS = 60_000;

const schema = z.strictObject({
  type: z.literal('wecom'),
  ...channelFields,
  /** Holds the robot's address as WeCom shows it, with its key. */
  urlFile: secretFile,
  tls: tlsFields.optional(),
  /** A little below the service's limit of 20. */
  perMinute: perMinute(20, 18),
});

type Settings = z.infer<typeof schema>;

/** A robot of a WeCom group. https://developer.work.weixin.qq.com/document/path/91770 */
export const wecomChannel = {
  schema,
  place: () => 'WeCom',
  open: (settings, context) => new WecomChannel(settings, context),
} satisfies ChannelKind<typeof schema>;

class WecomChannel implements Channel {
  readonly #settings: Settings;
  readonly #context: ChannelContext;
  readonly #hook: Hook;

  constructor(settings: Settings, context: ChannelContext) {
    this.#settings = settings;
    this.#context = context;
    this.#hook = new Hook(settings);
  }

  async send(notification: Notification, signal: AbortSignal): Promise<undefined> {
    const content = this.#content(notification);
    const body = JSON.stringify({ msgtype: 'markdown', markdown: { content } });
    checkAnswer(await this.#hook.post({ body, signal }), 'WeCom', meaningOf);
    return undefined;
  }

  close(): Promise<void> {
    return this.#hook.close();
  }

  #content(notification: Notification): string {
    const wording = { ...this.#settings, ...this.#context };
    const message = messageOf(notification, wording);
    const plain = plainInMarkdown;
    const mentions = notification.people.flatMap(({ mentions: { wecom } }) =>
      wecom === undefined ? [] : [`<@${wecom}>`],
    );
    const head = [`### ${plain(message.title)}`, ...[message.addressed, message.note].map((one) => plain(one ?? ''))];
    return fitted(message, wording, MAX_CONTENT_BYTES, (items, omitted) => {
      const blocks = items.map(({ heading, lines, link, isOver }) =>
        [
          `**<font color="${isOver ? 'info' : 'warning'}">${plain(heading)}</font>**`,
          ...lines.map((line) => `> ${plain(line)}`),
          ...(link === undefined ? [] : [`[${link}](${link})`]),
        ].join('\n'),
      );
      return [...head, mentions.join(' '), ...blocks, omitted].filter((part) => part !== '').join('\n\n');
    });
  }
}

function meaningOf(code: number): Meaning | undefined {
  switch (code) {
    case 45009:
    case 45033:
      return { kind: 'later', afterMillis: LIMITED_MILLIS };
    case 40008:
    case 40035:
    case 40058:
    case 44004:
    case 45002:
      return { kind: 'refused' };
    case 93000:
    case 93004:
    case 93008:
      return { kind: 'configuration', nextStep: 'copy the robot’s address anew into the file of urlFile' };
    default:
      return undefined;
  }
}
