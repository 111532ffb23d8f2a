import * as z from 'zod';
import { type Batch, countOf } from '../batch.ts';
import { compress } from '../connection/compression.ts';
import { httpPlace } from '../connection/http-fields.ts';
import { WrongConfiguration } from './failure.ts';
import { BulkBody } from './opensearch/bulk-body.ts';
import { BULK_REPLY_FIELDS, readBulkReply } from './opensearch/bulk-reply.ts';
import { checkOpenSearchConnection, openSearchConnectionFields } from './opensearch/connection-fields.ts';
import { eventReader } from './opensearch/event-reader.ts';
import { Nodes } from './opensearch/nodes.ts';
import { requestFailure } from './opensearch/server-error.ts';
import type { PartlyTaken, Sink, SinkContext, SinkKind } from './sink.ts';
import { sinkFields } from './sink-fields.ts';

/** The server gives up waiting for its shards before we give up waiting for it: so it can say why. */
const SERVER_SHARE_OF_TIMEOUT = 0.8;

const schema = z
  .strictObject({
    type: z.literal('opensearch'),
    ...sinkFields,
    ...openSearchConnectionFields,
    /** Where events go; also the name of its index template. */
    dataStream: z
      .string()
      .regex(/^[a-z0-9][a-z0-9._-]{0,200}$/, 'expected lower-case letters, digits, dots, dashes and underscores')
      .default('dbaudit-events'),
    compression: z.enum(['gzip', 'none']).default('gzip'),
    /** Index template and data stream, where they are missing or older than this agent. */
    installTemplate: z.boolean().default(true),
    /** For the template when it is installed, such as `number_of_shards` or `lifecycle.name`; later changes are made at the server. */
    indexSettings: z
      .record(z.string().min(1), z.union([z.string(), z.number(), z.boolean()]))
      .default({ codec: 'best_compression' }),
    /** An ingest pipeline that each event passes. */
    pipeline: z.string().min(1).optional(),
    /** From the attempt to connect to the end of the answer. */
    requestTimeoutMillis: z.int().min(1000).max(600_000).default(30_000),
    /** The most of one request. The servers' default for its bytes is 100 MB; hosted ones have 10 MiB. */
    limits: z
      .strictObject({
        events: z.int().min(1).max(5000).default(5000),
        bytes: z.int().min(4096).max(16_777_216).default(5_242_880),
      })
      .prefault({}),
  })
  .check(checkOpenSearchConnection);

type OpenSearchSettings = z.infer<typeof schema>;

/**
 * OpenSearch and Elasticsearch: `_bulk` into a data stream. An event's id is its document's, and documents are only created:
 * what is sent twice is stored once.
 */
export const openSearchSink = {
  schema,
  place: ({ urls: [first = ''], dataStream }) => `${httpPlace(first).replace(/\/+$/, '')}/${dataStream}`,
  open: (settings, context) => new OpenSearchSink(settings, context),
  readBack: (settings) => eventReader(nodesOf(settings), settings.dataStream),
} satisfies SinkKind<typeof schema>;

function nodesOf(settings: OpenSearchSettings): Nodes {
  const { urls, tls, requestTimeoutMillis, username, passwordFile, apiKeyFile, bearerFile } = settings;
  return new Nodes({
    urls,
    tls,
    requestTimeoutMillis,
    credentials: { username, passwordFile, apiKeyFile, bearerFile },
  });
}

class OpenSearchSink implements Sink {
  readonly name: string;
  readonly limits: OpenSearchSettings['limits'];
  readonly #settings: OpenSearchSettings;
  readonly #context: SinkContext;
  readonly #nodes: Nodes;
  readonly #path: string;
  readonly #body = new BulkBody();
  #installed: boolean;

  constructor(settings: OpenSearchSettings, context: SinkContext) {
    const { dataStream, pipeline, requestTimeoutMillis } = settings;
    this.name = settings.name ?? settings.type;
    this.limits = settings.limits;
    this.#settings = settings;
    this.#context = context;
    this.#nodes = nodesOf(settings);
    this.#installed = !settings.installTemplate;
    const timeout = `${Math.floor(requestTimeoutMillis * SERVER_SHARE_OF_TIMEOUT)}ms`;
    const through = pipeline === undefined ? '' : `&pipeline=${encodeURIComponent(pipeline)}`;
    this.#path = `${dataStream}/_bulk?filter_path=${BULK_REPLY_FIELDS}&timeout=${timeout}${through}`;
  }

  async write(batch: Batch, signal: AbortSignal): Promise<PartlyTaken | undefined> {
    if (!this.#installed) await this.#install(signal);
    const { compression, dataStream } = this.#settings;
    const response = await this.#nodes.request({
      method: 'POST',
      path: this.#path,
      headers: {
        'content-type': 'application/x-ndjson',
        ...(compression === 'none' ? {} : { 'content-encoding': compression }),
      },
      body: await compress(this.#body.of(batch), compression),
      signal,
    });
    const place = `${response.origin}/${dataStream}`;
    try {
      if (response.status !== 200) throw requestFailure(response, place);
      return readBulkReply(response, countOf(batch), place);
    } catch (error) {
      // Whoever mends the server may have made it anew.
      if (error instanceof WrongConfiguration) this.#installed = !this.#settings.installTemplate;
      throw error;
    }
  }

  close(): Promise<void> {
    return this.#nodes.close();
  }

  async #install(signal: AbortSignal): Promise<void> {
    const { dataStream, indexSettings } = this.#settings;
    // Loaded when it is needed: once in an agent's life.
    const { installDataStream } = await import('./opensearch/install.ts');
    const onNotice = (message: string) => this.#context.onNotice(`${this.name}: ${message}`);
    await installDataStream({ nodes: this.#nodes, dataStream, indexSettings, signal, onNotice });
    this.#installed = true;
  }
}
