import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import type { AuditEvent } from '../../../contract/audit-event.ts';
import { compress } from '../../../delivery/connection/compression.ts';
import { isBlock, jsonOf, requestFailure, serverErrorSchema } from '../../../delivery/sinks/opensearch/server-error.ts';
import type { AppendResult } from '../event-store.ts';
import { StoreBusy } from '../failure.ts';
import { busy, type SearchCluster } from './cluster.ts';
import { bareDocumentOf, documentOf } from './document.ts';
import { indexOf } from './index-names.ts';
import type { OpenSearchStoreSettings } from './settings.ts';

/** Of one request: hosted clusters take 10 MiB. */
const MAX_BYTES = 5_242_880;
const MAX_EVENTS = 5_000;
/** Bodies of all sources that are on their way at once; more would only wait in the server's queue, and in our memory. */
const MAX_REQUESTS = 4;
/** How often what the server had no room for is sent again before its source is told to. */
const TRIES = 5;
const FIRST_PAUSE_MILLIS = 200;
/** Ids remembered of events that are kept but were not given back as added yet. */
const MAX_UNTOLD = 50_000;
const CREATED = 201;
const CONFLICT = 409;

const REPLY_FIELDS = 'errors,items.*.status,items.*.error.type,items.*.error.reason,items.*.error.caused_by.type';
const replySchema = z.object({
  items: z.array(z.object({ create: z.object({ status: z.int(), error: serverErrorSchema.optional() }) })),
});

type Fate = 'added' | 'repeated';
interface Waiting {
  readonly event: AuditEvent;
  /** Not even its fields were taken: only the event as text is left. */
  bare?: boolean;
}

/** Writes events, each under its id and only if there is none of this id yet. */
export class EventWriter {
  readonly #cluster: SearchCluster;
  readonly #settings: OpenSearchStoreSettings;
  /** Kept by a request whose others were not; whoever sends them again is told that they were added. */
  readonly #untold = new Set<string>();
  readonly #requests = new Set<Promise<unknown>>();

  constructor(cluster: SearchCluster, settings: OpenSearchStoreSettings) {
    this.#cluster = cluster;
    this.#settings = settings;
  }

  /** @throws StoreBusy where not all are kept: some may be, and are not kept twice */
  async append(events: readonly AuditEvent[]): Promise<AppendResult> {
    const byId = new Map(events.map((event) => [event.event.id, event]));
    const added = new Set<string>();
    try {
      for (const batch of batchesOf([...byId.values()])) await this.#write(batch, added);
    } catch (error) {
      for (const id of added) this.#untold.add(id);
      for (const id of this.#untold) {
        if (this.#untold.size <= MAX_UNTOLD) break;
        this.#untold.delete(id);
      }
      throw error;
    }
    // The first of those with one id, as the embedded store has it.
    const result = [...byId.values()].filter(({ event }) => added.has(event.id) || this.#untold.delete(event.id));
    return { added: result, repeated: events.length - result.length };
  }

  /** Settles when nothing is on its way. */
  async drain(): Promise<void> {
    await Promise.allSettled(this.#requests);
  }

  async #write(events: readonly Waiting[], added: Set<string>): Promise<void> {
    let waiting = events;
    for (let left = TRIES, pause = FIRST_PAUSE_MILLIS; ; left--, pause *= 2) {
      const again = await this.#send(waiting, added);
      if (again.events.length === 0) return;
      if (left <= 1) throw new StoreBusy(`${again.events.length} events are not kept yet: ${again.words}`);
      waiting = again.events;
      await sleep(pause);
    }
  }

  /** Those that were not taken. */
  async #send(
    waiting: readonly Waiting[],
    added: Set<string>,
  ): Promise<{ readonly events: readonly Waiting[]; readonly words: string }> {
    const statuses = await this.#turn(() => this.#bulk(waiting));
    const again: Waiting[] = [];
    let words = '';
    for (const [index, one] of waiting.entries()) {
      const item = statuses[index];
      const fate = item === undefined ? undefined : fateOf(item.status);
      if (fate === 'added') added.add(one.event.event.id);
      if (fate !== undefined) continue;
      if (item?.error !== undefined) words = `${item.error.type} (${item.status})`;
      const isRefused = item?.status === 400 && item.error !== undefined && !isBlock(item.error);
      again.push(isRefused ? { ...one, bare: true } : one);
    }
    return { events: again, words };
  }

  async #bulk(waiting: readonly Waiting[]): Promise<readonly z.infer<typeof replySchema>['items'][number]['create'][]> {
    const lines = waiting.map(({ event, bare }) => {
      const action = { create: { _index: indexOf(this.#settings, event['@timestamp']), _id: event.event.id } };
      return `${JSON.stringify(action)}\n${bare === true ? bareDocumentOf(event) : documentOf(event)}\n`;
    });
    const response = await this.#cluster.ask({
      method: 'POST',
      path: `_bulk?filter_path=${REPLY_FIELDS}`,
      body: await compress(Buffer.from(lines.join('')), 'gzip'),
      headers: { 'content-type': 'application/x-ndjson', 'content-encoding': 'gzip' },
    });
    if (response.status !== 200) throw busy(requestFailure(response, `${response.origin}/_bulk`));
    const reply = replySchema.safeParse(jsonOf(response)).data;
    if (reply?.items.length === waiting.length) return reply.items.map(({ create }) => create);
    throw new StoreBusy(`${response.origin}/_bulk: the answer is not that of OpenSearch; check store.urls`);
  }

  async #turn<T>(work: () => Promise<T>): Promise<T> {
    while (this.#requests.size >= MAX_REQUESTS) await Promise.race(this.#requests).catch(() => undefined);
    const request = work();
    this.#requests.add(request);
    try {
      return await request;
    } finally {
      this.#requests.delete(request);
    }
  }
}

function fateOf(status: number): Fate | undefined {
  if (status === CREATED) return 'added';
  return status === CONFLICT ? 'repeated' : undefined;
}

/** Pieces of a size that any cluster takes; an event alone may be larger. */
function* batchesOf(events: readonly AuditEvent[]): Generator<readonly Waiting[]> {
  let batch: Waiting[] = [];
  let bytes = 0;
  for (const event of events) {
    batch.push({ event });
    bytes += sizeOf(event);
    if (bytes < MAX_BYTES && batch.length < MAX_EVENTS) continue;
    yield batch;
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) yield batch;
}

/** Roughly: an event without its long texts, and these. */
function sizeOf({ db, error, message, dbaudit }: AuditEvent): number {
  const texts = [db?.query?.text, ...Object.values(db?.query?.parameter ?? {}), error?.message, message];
  const long = texts.reduce((sum, text) => sum + (text?.length ?? 0), dbaudit.statement?.template?.length ?? 0);
  return 2_000 + long * 2;
}
