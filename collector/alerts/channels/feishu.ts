import { createHmac } from 'node:crypto';
import * as z from 'zod';
import { readSecretFile } from '../../../delivery/connection/secret-file.ts';
import { secretFile, tlsFields } from '../../../delivery/sinks/sink-fields.ts';
import { worstOf } from '../levels.ts';
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
import { checkAnswer, type Meaning } from './service-answer.ts';

/** The service takes 20 KB; whether of 1000 or 1024 is not said. */
const MAX_BYTES = 20_000;
const LIMITED_MILLIS = 60_000;
const MILLIS_PER_SECOND = 1000;

const schema = z.strictObject({
  type: z.literal('feishu'),
  ...channelFields,
  /** Holds the bot's address as Feishu, or Lark, shows it. */
  urlFile: secretFile,
  /** Holds the bot's key where it wants signatures. */
  secretFile: secretFile.optional(),
  tls: tlsFields.optional(),
  /** The service's limits are 100 a minute and 5 a second. */
  perMinute: perMinute(100, 60),
});

type Settings = z.infer<typeof schema>;

/** A custom bot of a Feishu or Lark group. https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot */
export const feishuChannel = {
  schema,
  place: () => 'Feishu',
  open: (settings, context) => new FeishuChannel(settings, context),
} satisfies ChannelKind<typeof schema>;

class FeishuChannel implements Channel {
  readonly #settings: Settings;
  readonly #context: ChannelContext;
  readonly #hook: Hook;

  constructor(settings: Settings, context: ChannelContext) {
    this.#settings = settings;
    this.#context = context;
    this.#hook = new Hook(settings);
  }

  async send(notification: Notification, signal: AbortSignal): Promise<undefined> {
    const { secretFile: file } = this.#settings;
    const secret = file === undefined ? undefined : await readSecretFile(file, 'secretFile');
    const timestamp = String(Math.floor(this.#context.now() / MILLIS_PER_SECOND));
    const proof = secret === undefined ? {} : { timestamp, sign: signature(timestamp, secret) };
    const body = this.#body(notification, proof);
    const response = await this.#hook.post({ body, secrets: secret === undefined ? [] : [secret], signal });
    checkAnswer(response, 'Feishu', meaningOf);
    return undefined;
  }

  close(): Promise<void> {
    return this.#hook.close();
  }

  /** Everything others chose is plain text; only the mention is markup. */
  #body(notification: Notification, proof: object): string {
    const wording = { ...this.#settings, ...this.#context };
    const message = messageOf(notification, wording);
    const mentions = notification.people.flatMap(({ mentions: { feishu } }) =>
      feishu === undefined ? [] : [`<at id=${feishu}></at>`],
    );
    return fitted(message, wording, MAX_BYTES, (items, omitted) => {
      const plain = (content: string) => ({ tag: 'div', text: { tag: 'plain_text', content } });
      const elements = [
        ...(mentions.length === 0 ? [] : [{ tag: 'div', text: { tag: 'lark_md', content: mentions.join(' ') } }]),
        ...[message.addressed, message.note].flatMap((one) => (one === undefined ? [] : [plain(one)])),
        ...items.flatMap((item, index) => [
          ...(index === 0 ? [] : [{ tag: 'hr' }]),
          plain(textOf(item)),
          ...linkOf(item),
        ]),
        ...(omitted === '' ? [] : [plain(omitted)]),
      ];
      return JSON.stringify({
        ...proof,
        msg_type: 'interactive',
        card: {
          config: { wide_screen_mode: true },
          header: { template: colourOf(message.items), title: { tag: 'plain_text', content: message.title } },
          elements: elements.length === 0 ? [plain(message.title)] : elements,
        },
      });
    });
  }
}

/** The key is what others sign, and nothing is signed. `timestamp` in seconds. */
function signature(timestamp: string, secret: string): string {
  return createHmac('sha256', `${timestamp}\n${secret}`).digest('base64');
}

function textOf({ heading, lines }: MessageItem): string {
  return [heading, ...lines].join('\n');
}

function linkOf({ link }: MessageItem): object[] {
  if (link === undefined) return [];
  const text = { tag: 'plain_text', content: link };
  return [{ tag: 'action', actions: [{ tag: 'button', text, url: link, type: 'default' }] }];
}

function colourOf(items: readonly MessageItem[]): string {
  const worst = worstOf(items.filter(({ isOver }) => !isOver).map(({ level }) => level));
  if (worst === undefined) return items.length === 0 ? 'blue' : 'green';
  if (worst === 'critical' || worst === 'high') return 'red';
  return worst === 'medium' ? 'orange' : 'yellow';
}

function meaningOf(code: number): Meaning | undefined {
  switch (code) {
    case 11232:
      return { kind: 'later', afterMillis: LIMITED_MILLIS };
    case 9499:
    case 19002:
    case 11246:
      return { kind: 'refused' };
    case 19001:
    case 19007:
      return { kind: 'configuration', nextStep: 'copy the bot’s address anew into the file of urlFile' };
    case 19021:
      return {
        kind: 'configuration',
        nextStep: 'put the bot’s key into the file of secretFile, and check this machine’s clock',
      };
    case 19022:
      return { kind: 'configuration', nextStep: 'add the collector’s outgoing address to the bot’s IP addresses' };
    case 19024:
      return { kind: 'configuration', nextStep: 'let the bot’s keywords have dbaudit among them' };
    default:
      return undefined;
  }
}
