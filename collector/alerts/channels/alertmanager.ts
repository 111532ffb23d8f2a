import * as z from 'zod';
import { HttpClient } from '../../../delivery/connection/http-client.ts';
import { httpFailure, webPageFailure } from '../../../delivery/connection/http-failure.ts';
import { checkHttpFields, clearTextNotice, httpPlace, httpUrl } from '../../../delivery/connection/http-fields.ts';
import { secretFile, tlsFields } from '../../../delivery/sinks/sink-fields.ts';
import type { AlertRecord } from '../alert-record.ts';
import { summarize } from '../summary.ts';
import {
  type Channel,
  type ChannelContext,
  type ChannelKind,
  channelFields,
  type Notification,
  perMinute,
} from './channel.ts';
import { alertLink } from './message.ts';

/** Of one request: some hundred kilobytes. */
const MAX_ALERTS = 200;
const HOUR_MILLIS = 3_600_000;
const TEST_MILLIS = 60_000;

const schema = z
  .strictObject({
    type: z.literal('alertmanager'),
    ...channelFields,
    /** Without `/api/v2/alerts`. */
    url: httpUrl,
    bearerFile: secretFile.optional(),
    username: z.string().min(1).optional(),
    passwordFile: secretFile.optional(),
    tls: tlsFields.optional(),
    requestTimeoutMillis: z.int().min(100).max(120_000).default(15_000),
    /**
     * After this Alertmanager takes an alert for resolved that it was not told of again: longer than the route's
     * `repeatIntervalSeconds`.
     */
    holdHours: z.number().min(0.1).max(720).default(24),
    perMinute: perMinute(6_000, 600),
  })
  .check(checkHttpFields);

type Settings = z.infer<typeof schema>;

/** Alertmanager's API v2, under its usual label names. https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml */
export const alertmanagerChannel = {
  schema,
  place: ({ url }) => httpPlace(url),
  open: (settings, context) => new AlertmanagerChannel(settings, context),
} satisfies ChannelKind<typeof schema>;

class AlertmanagerChannel implements Channel {
  readonly #settings: Settings;
  readonly #context: ChannelContext;
  readonly #client: HttpClient;
  readonly #path: string;

  constructor(settings: Settings, context: ChannelContext) {
    const { url, tls, bearerFile, username, passwordFile, requestTimeoutMillis } = settings;
    this.#settings = settings;
    this.#context = context;
    this.#path = `${new URL(url).pathname.replace(/\/+$/, '')}/api/v2/alerts`;
    this.#client = new HttpClient({
      url,
      tls,
      credentials: { bearerFile, username, passwordFile },
      requestTimeoutMillis,
    });
    const notice = clearTextNotice(settings);
    if (notice !== undefined) context.onNotice(notice);
  }

  async send({ kind, alerts }: Notification, signal: AbortSignal): Promise<undefined> {
    const all = kind === 'test' ? [this.#test()] : alerts.map((alert) => this.#posted(alert));
    for (let from = 0; from < all.length; from += MAX_ALERTS) {
      await this.#post(JSON.stringify(all.slice(from, from + MAX_ALERTS)), signal);
    }
    return undefined;
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  async #post(body: string, signal: AbortSignal): Promise<void> {
    const headers = { 'content-type': 'application/json' };
    const response = await this.#client.request({ method: 'POST', path: this.#path, headers, body, signal });
    const place = httpPlace(this.#settings.url);
    const isTaken = response.status >= 200 && response.status < 300;
    if (!isTaken) throw httpFailure(response, place, this.#client.harmless(response.body));
    const page = webPageFailure(response, place);
    if (page !== undefined) throw page;
  }

  /** Its labels are its identity there, so none of them changes while it is open. */
  #posted({ id, rule, level, labels, facts, summary, kind, raisedAt, endedAt }: AlertRecord): object {
    const { language, holdHours } = this.#settings;
    const { cluster, pageUrl, now } = this.#context;
    return {
      labels: {
        ...labels,
        alertname: rule.title,
        severity: level,
        rule_id: rule.id,
        alert_id: id,
        ...(cluster === undefined ? {} : { cluster }),
      },
      annotations: { summary: kind === 'flood' ? summary : summarize(rule.title, facts, language) },
      startsAt: new Date(raisedAt).toISOString(),
      endsAt: new Date(endedAt ?? now() + holdHours * HOUR_MILLIS).toISOString(),
      ...(pageUrl === undefined ? {} : { generatorURL: alertLink(pageUrl, id) }),
    };
  }

  #test(): object {
    const now = this.#context.now();
    return {
      labels: { alertname: 'dbaudit test', severity: 'informational' },
      annotations: { summary: 'Test message: this channel works' },
      startsAt: new Date(now).toISOString(),
      endsAt: new Date(now + TEST_MILLIS).toISOString(),
    };
  }
}
