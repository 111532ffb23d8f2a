import type { Logger } from 'pino';
import * as z from 'zod';
import type { AuditEvent } from '../../../contract/audit-event.ts';
import { wordsOf } from '../../../delivery/system-error.ts';
import type {
  AppendResult,
  EventStore,
  Histogram,
  HistogramRequest,
  SearchPage,
  SearchRequest,
  Selection,
  StoreStatus,
  Top,
  TopRequest,
  Totals,
} from '../event-store.ts';
import { SearchCluster } from './cluster.ts';
import { histogram } from './histogram.ts';
import { indexPattern } from './index-names.ts';
import { installTemplate, removeOldIndexes } from './installation.ts';
import { search } from './search.ts';
import type { OpenSearchStoreSettings } from './settings.ts';
import { top } from './top.ts';
import { totals } from './totals.ts';
import { EventWriter } from './writer.ts';

/** Indexes are months or days long. */
const KEEPING_EVERY_MILLIS = 3_600_000;

const statsReply = z.object({
  _all: z.object({
    primaries: z.object({
      docs: z.object({ count: z.number() }).optional(),
      store: z.object({ size_in_bytes: z.number() }).optional(),
    }),
  }),
  indices: z.record(z.string(), z.unknown()).optional(),
});
const timesReply = z.object({
  aggregations: z
    .object({ oldest: z.object({ value: z.number().nullable() }), newest: z.object({ value: z.number().nullable() }) })
    .optional(),
});
const healthReply = z.object({ status: z.string(), unassigned_shards: z.number() });

export interface OpenSearchStoreOptions {
  readonly settings: OpenSearchStoreSettings;
  readonly log: Logger;
  readonly now?: () => number;
}

/**
 * Events in OpenSearch 2.15 or newer, for as many collectors as there are. It does not speak SQL, and does not seal: that
 * order and completeness can be proved takes one writer. An event is found about a second after it was appended
 * (`index.refresh_interval`). Opens without an answer of the server: `status` says what is wrong.
 */
export function openOpenSearchStore(options: OpenSearchStoreOptions): EventStore {
  return new OpenSearchStore(options);
}

class OpenSearchStore implements EventStore {
  readonly #cluster: SearchCluster;
  readonly #settings: OpenSearchStoreSettings;
  readonly #indexes: string;
  readonly #writer: EventWriter;
  readonly #options: OpenSearchStoreOptions;
  readonly #timer: NodeJS.Timeout;
  #installed: Promise<void> | undefined;
  #problem: string | undefined;

  constructor(options: OpenSearchStoreOptions) {
    const { settings } = options;
    this.#options = options;
    this.#settings = settings;
    this.#cluster = new SearchCluster(settings);
    this.#indexes = indexPattern(settings);
    this.#writer = new EventWriter(this.#cluster, settings);
    this.#timer = setInterval(() => void this.#keep(), KEEPING_EVERY_MILLIS);
    this.#timer.unref();
    void this.#keep();
  }

  /** `chain` is not kept: nothing is sealed here. */
  async append(events: readonly AuditEvent[], _chain: string): Promise<AppendResult> {
    try {
      await this.#install();
      const result = await this.#writer.append(events);
      this.#problem = undefined;
      return result;
    } catch (error) {
      this.#problem = `events cannot be written: ${wordsOf(error)}`;
      throw error;
    }
  }

  search(request: SearchRequest, signal?: AbortSignal): Promise<SearchPage> {
    return search(this.#cluster, this.#indexes, request, signal);
  }

  histogram(request: HistogramRequest, signal?: AbortSignal): Promise<Histogram> {
    return histogram(this.#cluster, this.#indexes, request, signal);
  }

  top(request: TopRequest, signal?: AbortSignal): Promise<Top> {
    return top(this.#cluster, this.#indexes, request, signal);
  }

  totals(request: Selection, signal?: AbortSignal): Promise<Totals> {
    return totals(this.#cluster, this.#indexes, request, signal);
  }

  async status(): Promise<StoreStatus> {
    try {
      return await this.#figures();
    } catch (error) {
      const problem = this.#problem ?? `OpenSearch does not answer: ${wordsOf(error)}`;
      return { kind: 'opensearch', events: 0, bytes: 0, partitions: 0, encrypted: false, problem };
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#writer.drain();
    await this.#cluster.close();
  }

  async #figures(): Promise<StoreStatus> {
    const stats = `${this.#indexes}/_stats/docs,store?filter_path=_all.primaries,indices.*.uuid`;
    const [{ _all: all, indices = {} }, { aggregations }, { status, unassigned_shards: shards }] = await Promise.all([
      this.#cluster.tell({ method: 'GET', path: stats }, statsReply),
      this.#cluster.search(
        this.#indexes,
        {
          size: 0,
          track_total_hits: false,
          aggs: { oldest: { min: { field: '@timestamp' } }, newest: { max: { field: '@timestamp' } } },
        },
        timesReply,
      ),
      this.#cluster.tell({ method: 'GET', path: `_cluster/health/${this.#indexes}` }, healthReply),
    ]);
    const oldest = aggregations?.oldest.value ?? undefined;
    const newest = aggregations?.newest.value ?? undefined;
    const problem = this.#problem ?? (status === 'red' ? `OpenSearch is red: ${shards} shards are missing` : undefined);
    return {
      kind: 'opensearch',
      events: all.primaries.docs?.count ?? 0,
      bytes: all.primaries.store?.size_in_bytes ?? 0,
      ...(oldest === undefined ? {} : { oldest: Math.floor(oldest) }),
      ...(newest === undefined ? {} : { newest: Math.floor(newest) }),
      partitions: Object.keys(indices).length,
      // That is for whoever runs the cluster to see to.
      encrypted: false,
      ...(problem === undefined ? {} : { problem }),
    };
  }

  /** Once; what failed is tried again with the next events. */
  async #install(): Promise<void> {
    if (!this.#settings.manageIndexes) return;
    this.#installed ??= installTemplate(this.#cluster, this.#settings);
    try {
      await this.#installed;
    } catch (error) {
      this.#installed = undefined;
      throw error;
    }
  }

  async #keep(): Promise<void> {
    if (!this.#settings.manageIndexes) return;
    const { log, now = Date.now } = this.#options;
    try {
      await this.#install();
      const removed = await removeOldIndexes(this.#cluster, this.#settings, now());
      if (removed.length > 0) log.info({ indexes: removed }, 'indexes were removed by retention');
    } catch (error) {
      log.warn({ error: wordsOf(error) }, 'indexes cannot be looked after');
    }
  }
}
