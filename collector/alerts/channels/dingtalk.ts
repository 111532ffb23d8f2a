import { createHmac } from 'node:crypto';
import * as z from 'zod';
import { readSecretFile } from '../../../delivery/connection/secret-file.ts';
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

/** The service refuses longer ones: "message too long, exceed 20000 bytes". */
const MAX_BYTES = 20_000;
/** Whoever sends more than 20 in a minute is not heard for ten. */
const BLOCKED_MILLIS = 600_000;

const schema = z.strictObject({
  type: z.literal('dingtalk'),
  ...channelFields,
  /** Holds the robot's address as DingTalk shows it, with its access_token. */
  urlFile: secretFile,
  /** Holds the robot's secret (SEC…) where its security setting is a signature. */
  secretFile: secretFile.optional(),
  tls: tlsFields.optional(),
  /** A little below the service's limit of 20. */
  perMinute: perMinute(20, 18),
});

type Settings = z.infer<typeof schema>;

/** A custom robot of a DingTalk group. https://open.dingtalk.com/document/orgapp/custom-robot-access */
export const dingtalkChannel = {
  schema,
  place: () => 'DingTalk',
  open: (settings, context) => new DingtalkChannel(settings, context),
} satisfies ChannelKind<typeof schema>;

class DingtalkChannel implements Channel {
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
    const timestamp = String(this.#context.now());
    const sign = secret === undefined ? undefined : signature(timestamp, secret);
    const response = await this.#hook.post({
      body: this.#body(notification),
      ...(sign === undefined ? {} : { query: { timestamp, sign } }),
      secrets: [secret, sign].filter((one) => one !== undefined),
      signal,
    });
    checkAnswer(response, 'DingTalk', meaningOf);
    return undefined;
  }

  close(): Promise<void> {
    return this.#hook.close();
  }

  #body(notification: Notification): string {
    const wording = { ...this.#settings, ...this.#context };
    const message = messageOf(notification, wording);
    const mobiles = notification.people.flatMap(({ mentions }) => mentions.dingtalk ?? []);
    const plain = plainInMarkdown;
    return fitted(message, wording, MAX_BYTES, (items, omitted) => {
      const blocks = items.map(({ heading, lines, link }) =>
        [`#### ${plain(heading)}`, ...lines.map(plain), ...(link === undefined ? [] : [`[${link}](${link})`])].join(
          '\n\n',
        ),
      );
      const head = [
        `### ${plain(message.title)}`,
        ...[message.addressed, message.note].flatMap((one) => plain(one ?? '')),
      ];
      // Whoever is mentioned must stand in the text too.
      const mentions = mobiles.map((mobile) => `@${mobile}`).join(' ');
      const text = [...head, mentions, ...blocks, omitted].filter((part) => part !== '').join('\n\n');
      return JSON.stringify({
        msgtype: 'markdown',
        markdown: { title: plain(message.title), text },
        at: { atMobiles: mobiles, isAtAll: false },
      });
    });
  }
}

/** `timestamp` in milliseconds. https://open.dingtalk.com/document/orgapp/customize-robot-security-settings */
function signature(timestamp: string, secret: string): string {
  return createHmac('sha256', secret).update(`${timestamp}\n${secret}`).digest('base64');
}

function meaningOf(code: number, words: string): Meaning | undefined {
  switch (code) {
    case -1:
      return { kind: 'later' };
    case 130101:
    case 410100:
      return { kind: 'later', afterMillis: BLOCKED_MILLIS };
    case 310000:
      return { kind: 'configuration', nextStep: securityStep(words) };
    case 300001:
    case 300005:
    case 400101:
    case 400106:
      return { kind: 'configuration', nextStep: 'copy the robot’s address anew into the file of urlFile' };
    case 400013:
    case 400102:
      return { kind: 'configuration', nextStep: 'the group or the robot was shut down: make another robot' };
    case 40035:
    case 43004:
    case 400105:
    case 430101:
    case 430102:
    case 430103:
    case 430104:
      return { kind: 'refused' };
    default:
      return undefined;
  }
}

/** One code for the robot's three security settings. */
function securityStep(words: string): string {
  if (/keyword/i.test(words)) return 'let the robot’s keywords have dbaudit among them';
  if (/\bip\b|whitelist/i.test(words)) return 'add the collector’s outgoing address to the robot’s IP addresses';
  return 'put the robot’s secret (SEC…) into the file of secretFile, and check this machine’s clock';
}
