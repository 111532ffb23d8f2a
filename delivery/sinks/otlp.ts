import * as z from 'zod';
import { VERSION } from '../../contract/version.ts';
import { type Batch, countOf, lineOf } from '../batch.ts';
import { compress } from '../connection/compression.ts';
import { HttpClient, type HttpResponse, jsonOf } from '../connection/http-client.ts';
import { httpFailure, webPageFailure } from '../connection/http-failure.ts';
import { checkHttpFields, clearTextNotice, httpPlace, httpUrl, plainHeaders } from '../connection/http-fields.ts';
import { TryAgain, WrongConfiguration } from './failure.ts';
import type { Attribute } from './otlp/attributes.ts';
import { agentResource, exportRequest } from './otlp/log-record.ts';
import type { PartlyTaken, Sink, SinkContext, SinkKind } from './sink.ts';
import { secretFile, sinkFields, tlsFields } from './sink-fields.ts';

/** The others are final. https://opentelemetry.io/docs/specs/otlp/#retryable-response-codes */
const RETRYABLE: ReadonlySet<number> = new Set([429, 502, 503, 504]);
/** https://opentelemetry.io/docs/specs/otlp/#otlphttp-request */
const DEFAULT_PATH = '/v1/logs';
const SCOPE = { name: 'dbaudit', version: VERSION };

const schema = z
  .strictObject({
    type: z.literal('otlp'),
    ...sinkFields,
    /** What the records are made of. */
    format: z.literal('native').optional(),
    /** Of a collector's OTLP/HTTP receiver, which listens at 4318. Without a path it is `/v1/logs`. */
    url: httpUrl,
    /** A token, read anew for each request. */
    bearerFile: secretFile.optional(),
    headers: plainHeaders.default({}),
    tls: tlsFields.optional(),
    compression: z.enum(['gzip', 'none']).default('gzip'),
    /** Further attributes of the resource: `k8s.cluster.name`, `deployment.environment.name`. */
    resource: z.record(z.string().min(1), z.string()).default({}),
    /** From the attempt to connect to the end of the answer. */
    requestTimeoutMillis: z.int().min(100).max(600_000).default(30_000),
    /** The most of one request. In OTLP's JSON an event is two to three times as long. */
    limits: z
      .strictObject({
        events: z.int().min(1).max(100_000).default(500),
        bytes: z.int().min(4096).max(16_777_216).default(524_288),
      })
      .prefault({}),
  })
  .check(checkHttpFields);

type OtlpSettings = z.infer<typeof schema>;

/** https://opentelemetry.io/docs/specs/otlp/#partial-success-1 */
const answerSchema = z.object({
  partialSuccess: z
    .object({
      rejectedLogRecords: z.coerce.number().int().min(0).default(0),
      errorMessage: z.string().default(''),
    })
    .optional(),
});

/** Log records over HTTP, in OTLP's JSON: it needs no library, and compressed it is hardly larger than protobuf. */
export const otlpSink = {
  schema,
  place: ({ url }) => httpPlace(withPath(url)),
  open: (settings, context) => new OtlpSink(settings, context),
  defaultFormat: () => 'native',
} satisfies SinkKind<typeof schema>;

class OtlpSink implements Sink {
  readonly name: string;
  readonly limits: OtlpSettings['limits'];
  readonly #settings: OtlpSettings;
  readonly #context: SinkContext;
  readonly #resource: readonly Attribute[];
  readonly #client: HttpClient;
  readonly #path: string;
  readonly #place: string;
  /** Each is told once, not with every batch. */
  #lastWarning = '';

  constructor(settings: OtlpSettings, context: SinkContext) {
    const { tls, bearerFile, requestTimeoutMillis, resource } = settings;
    const url = withPath(settings.url);
    const { pathname, search } = new URL(url);
    this.name = settings.name ?? settings.type;
    this.limits = settings.limits;
    this.#settings = settings;
    this.#context = context;
    this.#resource = agentResource(VERSION, context.instanceId, resource);
    this.#path = `${pathname}${search}`;
    this.#place = httpPlace(url);
    this.#client = new HttpClient({ url, tls, credentials: { bearerFile }, requestTimeoutMillis });
    const notice = clearTextNotice(settings);
    if (notice !== undefined) context.onNotice(notice);
  }

  async write(batch: Batch, signal: AbortSignal): Promise<PartlyTaken | undefined> {
    const { compression, headers } = this.#settings;
    const request = JSON.stringify(exportRequest(linesOf(batch), this.#resource, SCOPE));
    const response = await this.#client.request({
      method: 'POST',
      path: this.#path,
      headers: {
        ...headers,
        'content-type': 'application/json',
        ...(compression === 'none' ? {} : { 'content-encoding': compression }),
      },
      body: await compress(Buffer.from(request), compression),
      signal,
    });
    if (response.status >= 200 && response.status < 300) return this.#taken(response, countOf(batch));
    throw this.#failure(response);
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  #failure(response: HttpResponse): Error {
    const words = this.#client.harmless(response.body);
    const failure = httpFailure(response, this.#place, words);
    if (!(failure instanceof TryAgain) || RETRYABLE.has(response.status)) return failure;
    // The specification would have the events dropped. They are kept, and a person is told.
    return new WrongConfiguration(
      'DBA4010',
      failure.message,
      'look into the collector’s log: by its protocol this is final',
    );
  }

  /** The protocol does not say which records were rejected, and forbids to send them again. */
  #taken(response: HttpResponse, count: number): PartlyTaken | undefined {
    const page = webPageFailure(response, this.#place);
    if (page !== undefined) throw page;
    const { partialSuccess } = answerSchema.safeParse(jsonOf(response)).data ?? {};
    if (partialSuccess === undefined) return undefined;
    const { rejectedLogRecords: rejected, errorMessage } = partialSuccess;
    const words = this.#client.harmless(errorMessage);
    if (rejected === 0) {
      this.#warn(words);
      return undefined;
    }
    const reason =
      rejected >= count
        ? `rejected: ${words}`
        : `${rejected} of ${count} records of this request were rejected, and it is not said which: ${words}`;
    // All of them, so that what was rejected is certainly in the quarantine: to tell too much is better than too little.
    return { refused: Array.from({ length: count }, (_, index) => ({ index, reason })), again: [] };
  }

  #warn(words: string): void {
    if (words === '' || words === this.#lastWarning) return;
    this.#lastWarning = words;
    this.#context.onNotice(`${this.#place}: took the events and warns: ${words}`);
  }
}

function withPath(url: string): string {
  const address = new URL(url);
  if (address.pathname === '/') address.pathname = DEFAULT_PATH;
  return address.href;
}

/** Without their newlines. */
function* linesOf(batch: Batch): Iterable<string> {
  for (let index = 0; index < countOf(batch); index++) {
    const line = lineOf(batch, index);
    yield line.toString('utf8', 0, line.length - 1);
  }
}
