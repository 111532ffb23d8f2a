import * as z from 'zod';
import { alertmanagerChannel } from './alertmanager.ts';
import type { Channel, ChannelContext, ChannelKind, ChannelSchema } from './channel.ts';
import { dingtalkChannel } from './dingtalk.ts';
import { feishuChannel } from './feishu.ts';
import { mailChannel } from './mail.ts';
import { slackChannel } from './slack.ts';
import { webhookChannel } from './webhook.ts';
import { wecomChannel } from './wecom.ts';

/** Every kind of channel. To add one: write its file, then name it here. */
const KINDS = [
  webhookChannel,
  slackChannel,
  dingtalkChannel,
  feishuChannel,
  wecomChannel,
  mailChannel,
  alertmanagerChannel,
] as const;

/** One entry of `alerts.channels`. */
export const channelSchema = z.discriminatedUnion('type', [
  KINDS[0].schema,
  ...KINDS.slice(1).map(({ schema }) => schema),
]);

export type ChannelSettings = z.infer<(typeof KINDS)[number]['schema']>;

const kinds: readonly ChannelKind<ChannelSchema>[] = KINDS;

/** What the channel is called: by its settings, or by its type. */
export function channelName({ name, type }: { readonly name?: string | undefined; readonly type: string }): string {
  return name ?? type;
}

/** Where messages go, for people; no secret. */
export function channelPlace(settings: ChannelSettings): string {
  return kindOf(settings).place(settings);
}

export function openChannel(settings: ChannelSettings, context: ChannelContext): Channel {
  return kindOf(settings).open(settings, context);
}

function kindOf({ type }: ChannelSettings): ChannelKind<ChannelSchema> {
  const kind = kinds.find(({ schema }) => schema.shape.type.value === type);
  if (kind === undefined) throw new TypeError(`there is no kind of channel ${type}`);
  return kind;
}
