import { createHmac } from 'node:crypto';
import * as z from 'zod';
import { HttpClient } from '../../../delivery/connection/http-client.ts';
import { httpFailure, webPageFailure } from '../../../delivery/connection/http-failure.ts';
import {
  checkHttpFields,
  clearTextNotice,
  httpPlace,
  httpUrl,
  plainHeaders,
} from '../../../delivery/connection/http-fields.ts';
import { readSecretFile } from '../../../delivery/connection/secret-file.ts';
import { secretFile, tlsFields } from '../../../delivery/sinks/sink-fields.ts';
import { shownAlert } from '../alert-record.ts';
import {
  type Channel,
  type ChannelContext,
  type ChannelKind,
  channelFields,
  type Notification,
  perMinute,
} from './channel.ts';
import { alertLink, fitted, messageOf } from './message.ts';

/** What receivers commonly take without being told to take more. */
const MAX_BYTES = 262_144;
const MILLIS_PER_SECOND = 1000;

const schema = z
  .strictObject({
    type: z.literal('webhook'),
    ...channelFields,
    /** Takes POST. No secret in it: it is shown. */
    url: httpUrl,
    /** Holds the key that requests are signed with. */
    secretFile: secretFile.optional(),
    /** A token, read anew for each request. */
    bearerFile: secretFile.optional(),
    headers: plainHeaders.default({}),
    tls: tlsFields.optional(),
    requestTimeoutMillis: z.int().min(100).max(120_000).default(15_000),
    perMinute: perMinute(6_000, 600),
  })
  .check(checkHttpFields);

type Settings = z.infer<typeof schema>;

/** JSON by POST, signed, to whatever takes it. */
export const webhookChannel = {
  schema,
  place: ({ url }) => httpPlace(url),
  open: (settings, context) => new WebhookChannel(settings, context),
} satisfies ChannelKind<typeof schema>;

class WebhookChannel implements Channel {
  readonly #settings: Settings;
  readonly #context: ChannelContext;
  readonly #client: HttpClient;
  readonly #path: string;

  constructor(settings: Settings, context: ChannelContext) {
    const { url, tls, bearerFile, requestTimeoutMillis } = settings;
    const { pathname, search } = new URL(url);
    this.#settings = settings;
    this.#context = context;
    this.#path = `${pathname}${search}`;
    this.#client = new HttpClient({ url, tls, credentials: { bearerFile }, requestTimeoutMillis });
    const notice = clearTextNotice(settings);
    if (notice !== undefined) context.onNotice(notice);
  }

  async send(notification: Notification, signal: AbortSignal): Promise<undefined> {
    const { secretFile: file, headers, url } = this.#settings;
    const body = this.#body(notification);
    const timestamp = String(Math.floor(this.#context.now() / MILLIS_PER_SECOND));
    const secret = file === undefined ? undefined : await readSecretFile(file, 'secretFile');
    const response = await this.#client.request({
      method: 'POST',
      path: this.#path,
      headers: {
        ...headers,
        'content-type': 'application/json',
        'dbaudit-notification': notification.id,
        'dbaudit-timestamp': timestamp,
        ...(secret === undefined ? {} : { 'dbaudit-signature': signature(timestamp, body, secret) }),
      },
      body,
      signal,
    });
    const place = httpPlace(url);
    const isTaken = response.status >= 200 && response.status < 300;
    if (!isTaken) throw httpFailure(response, place, this.#client.harmless(response.body));
    const page = webPageFailure(response, place);
    if (page !== undefined) throw page;
    return undefined;
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  #body(notification: Notification): string {
    const wording = { ...this.#settings, ...this.#context };
    const { id, at, kind, alerts, people, merged } = notification;
    const message = messageOf(notification, wording);
    return fitted(message, wording, MAX_BYTES, ({ length }) =>
      JSON.stringify({
        version: 1,
        id,
        at,
        kind,
        title: message.title,
        ...(wording.cluster === undefined ? {} : { cluster: wording.cluster }),
        ...(people.length === 0 ? {} : { onCall: people.map(({ name }) => name) }),
        merged,
        omitted: alerts.length - length,
        alerts: alerts.slice(0, length).map((alert) => {
          const { history, ...shown } = shownAlert(alert, undefined);
          return { ...shown, ...(wording.pageUrl === undefined ? {} : { url: alertLink(wording.pageUrl, alert.id) }) };
        }),
      }),
    );
  }
}

/** Over the time too, so that nobody sends an old message again. */
function signature(timestamp: string, body: string, secret: string): string {
  return `sha256=${createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')}`;
}
