import * as z from 'zod';
import { type Batch, countOf, lineOf } from '../batch.ts';
import { COMPRESSIONS, compress } from '../connection/compression.ts';
import { HttpClient, type HttpResponse, jsonOf } from '../connection/http-client.ts';
import { httpFailure, retryAfterMillis, webPageFailure } from '../connection/http-failure.ts';
import { checkHttpFields, clearTextNotice, httpPlace, httpUrl, plainHeaders } from '../connection/http-fields.ts';
import { TryAgain } from './failure.ts';
import type { PartlyTaken, Sink, SinkContext, SinkKind } from './sink.ts';
import { secretFile, sinkFields, tlsFields } from './sink-fields.ts';

const schema = z
  .strictObject({
    type: z.literal('http'),
    ...sinkFields,
    /** Takes POST. */
    url: httpUrl,
    /** A token, read anew for each request. */
    bearerFile: secretFile.optional(),
    username: z
      .string()
      .min(1)
      .regex(/^[^:]*$/, 'a user name cannot have a colon')
      .optional(),
    passwordFile: secretFile.optional(),
    headers: plainHeaders.default({}),
    tls: tlsFields.optional(),
    compression: z.enum(COMPRESSIONS).default('gzip'),
    /** From the attempt to connect to the end of the answer. */
    requestTimeoutMillis: z.int().min(100).max(600_000).default(30_000),
    /** The most of one request. Many receivers take a MiB. */
    limits: z
      .strictObject({
        events: z.int().min(1).max(100_000).default(2000),
        bytes: z.int().min(4096).max(16_777_216).default(1_048_576),
      })
      .prefault({}),
  })
  .check(checkHttpFields);

type HttpSettings = z.infer<typeof schema>;

/** Part of an answer of docs/sinks/http.md; whatever else a receiver answers with a success means that it has all. */
const answerSchema = z.object({
  acknowledged: z.int().min(0).optional(),
  refused: z.array(z.object({ index: z.int().min(0), reason: z.string().default('') })).optional(),
});

/** Quotes within a JSON string are escaped, so that no statement's text can look like this. */
const SEQUENCE = /"sequence":(\d+)/;

/** NDJSON by POST, in the words of docs/sinks/http.md. */
export const httpSink = {
  schema,
  place: ({ url }) => httpPlace(url),
  open: (settings, context) => new HttpSink(settings, context),
} satisfies SinkKind<typeof schema>;

class HttpSink implements Sink {
  readonly name: string;
  readonly limits: HttpSettings['limits'];
  readonly #settings: HttpSettings;
  readonly #instanceId: string;
  readonly #client: HttpClient;
  readonly #path: string;
  readonly #place: string;

  constructor(settings: HttpSettings, { instanceId, onNotice }: SinkContext) {
    const { url, tls, bearerFile, username, passwordFile, requestTimeoutMillis } = settings;
    const { pathname, search } = new URL(url);
    this.name = settings.name ?? settings.type;
    this.limits = settings.limits;
    this.#settings = settings;
    this.#instanceId = instanceId;
    this.#path = `${pathname}${search}`;
    this.#place = httpPlace(url);
    const credentials = { bearerFile, username, passwordFile };
    this.#client = new HttpClient({ url, tls, credentials, requestTimeoutMillis });
    const notice = clearTextNotice(settings);
    if (notice !== undefined) onNotice(notice);
  }

  async write(batch: Batch, signal: AbortSignal): Promise<PartlyTaken | undefined> {
    const { compression, headers } = this.#settings;
    const response = await this.#client.request({
      method: 'POST',
      path: this.#path,
      headers: {
        ...headers,
        'content-type': 'application/x-ndjson',
        ...(compression === 'none' ? {} : { 'content-encoding': compression }),
        ...this.#aboutBatch(batch),
      },
      body: await compress(batch.bytes, compression),
      signal,
    });
    if (response.status >= 200 && response.status < 300) return this.#taken(response, countOf(batch));
    throw httpFailure(response, this.#place, this.#client.harmless(response.body));
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  #aboutBatch(batch: Batch): Record<string, string> {
    const count = countOf(batch);
    const first = sequenceOf(lineOf(batch, 0));
    const last = sequenceOf(lineOf(batch, count - 1));
    return {
      'dbaudit-instance': this.#instanceId,
      'dbaudit-count': String(count),
      ...(first === undefined ? {} : { 'dbaudit-first-sequence': first }),
      ...(last === undefined ? {} : { 'dbaudit-last-sequence': last }),
    };
  }

  #taken(response: HttpResponse, count: number): PartlyTaken | undefined {
    const page = webPageFailure(response, this.#place);
    if (page !== undefined) throw page;
    const answer = answerSchema.safeParse(jsonOf(response)).data ?? {};
    const acknowledged = Math.min(answer.acknowledged ?? count, count);
    const afterMillis = retryAfterMillis(response.headers['retry-after']);
    const reasons = new Map<number, string>();
    for (const { index, reason } of answer.refused ?? []) {
      if (index < count) reasons.set(index, this.#client.harmless(reason));
    }
    if (acknowledged === 0 && reasons.size === 0)
      throw new TryAgain('DBA4007', `${this.#place}: acknowledges none of ${count} events`, afterMillis);
    if (acknowledged === count && reasons.size === 0) return undefined;
    const again = Array.from({ length: count - acknowledged }, (_, index) => acknowledged + index);
    return {
      refused: [...reasons].map(([index, reason]) => ({ index, reason })),
      again: again.filter((index) => !reasons.has(index)),
      afterMillis,
    };
  }
}

function sequenceOf(line: Buffer): string | undefined {
  return SEQUENCE.exec(line.toString('latin1'))?.[1];
}
