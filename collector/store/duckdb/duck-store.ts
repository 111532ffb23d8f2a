import { join } from 'node:path';
import type { Logger } from 'pino';
import type { AuditEvent } from '../../../contract/audit-event.ts';
import { wordsOf } from '../../../delivery/system-error.ts';
import type { SealedHistory, Sealer } from '../../integrity/seal.ts';
import type { HistorySql } from '../../rules/history.ts';
import type {
  AppendResult,
  EventStore,
  Histogram,
  HistogramRequest,
  SearchPage,
  SearchRequest,
  Selection,
  SqlQueries,
  StoreStatus,
  Top,
  TopRequest,
  Totals,
} from '../event-store.ts';
import { Chains } from './chains.ts';
import type { StoreDatabase } from './database.ts';
import { bytesOf, reconcile } from './directory.ts';
import { histogram } from './histogram.ts';
import { historyRows } from './history-rows.ts';
import { Keeper, type Kept } from './keeper.ts';
import { DATABASE_FILE, type OpeningOptions, openDatabase } from './opening.ts';
import { ALL_EVENTS } from './relation.ts';
import { PARTITIONS } from './schema.ts';
import { DuckSealedHistory } from './sealed-history.ts';
import { search } from './search.ts';
import { sqlQueries } from './sql-queries.ts';
import { millisOfNanos } from './timestamps.ts';
import { top } from './top.ts';
import { totals } from './totals.ts';
import { exportEvents } from './transfer.ts';
import { EventWriter } from './writer.ts';

export interface DuckStoreOptions extends OpeningOptions {
  /** 180 by default. */
  readonly retentionDays?: number;
  /** Of everything on disk; the oldest partitions go first. Absent: no limit but days. */
  readonly retentionBytes?: number;
  /** How long events stay in the table before they go to a partition; 2 by default. */
  readonly recentHours?: number;
  /** Absent: events have no places in chains that anybody could verify. */
  readonly sealer?: Sealer;
  readonly log: Logger;
  /** What whoever keeps the collector should know. */
  readonly onNotice: (notice: StoreNotice) => void;
  readonly now?: () => number;
}

/** `retention`: events were removed for their age or for room; `problem`: keeping failed, and is tried again; `lost`: a partition. */
export interface StoreNotice {
  readonly kind: 'retention' | 'problem' | 'lost';
  readonly message: string;
}

/** The store and what only this one can. */
export interface DuckStore extends EventStore {
  readonly history: SealedHistory;
  /** For rules that are tested on what is kept. */
  readonly rows: HistorySql;
  /** NDJSON in the order of time, as pieces of text. */
  export(selection: Selection, signal?: AbortSignal): AsyncIterable<string>;
  /** Moves, merges and removes what is due now; it also happens by itself. */
  keep(): Promise<Kept>;
}

const RETENTION_DAYS = 180;
const RECENT_HOURS = 2;
const KEEPING_EVERY_MILLIS = 60_000;

/**
 * Opens the store of a directory, or makes it.
 * @throws StoreProblem with what to do, where it cannot be opened
 */
export async function openDuckStore(options: DuckStoreOptions): Promise<DuckStore> {
  const database = await openDatabase(options);
  try {
    const lost = await database.write((connection) => reconcile(connection, database.partitions));
    for (const file of lost) {
      options.log.error({ file }, 'a partition is lost');
      options.onNotice({ kind: 'lost', message: `the events of partition ${file} are lost` });
    }
    return new EmbeddedStore(database, options);
  } catch (error) {
    await database.close();
    throw error;
  }
}

class EmbeddedStore implements DuckStore {
  readonly history: SealedHistory;
  readonly rows: HistorySql;
  readonly sql: SqlQueries;
  readonly #database: StoreDatabase;
  readonly #options: DuckStoreOptions;
  readonly #writer: EventWriter;
  readonly #keeper: Keeper;
  readonly #closing = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #keeping: Promise<Kept> | undefined;
  #problem: string | undefined;

  constructor(database: StoreDatabase, options: DuckStoreOptions) {
    const { sealer = UNSEALED, retentionDays = RETENTION_DAYS, recentHours = RECENT_HOURS, now = Date.now } = options;
    const chains = new Chains(sealer);
    this.#database = database;
    this.#options = options;
    this.#writer = new EventWriter(database, chains);
    this.history = new DuckSealedHistory(database, chains);
    this.rows = historyRows(database);
    this.sql = sqlQueries(database);
    this.#keeper = new Keeper(database, {
      recentHours,
      retentionDays,
      ...(options.retentionBytes === undefined ? {} : { retentionBytes: options.retentionBytes }),
      databaseBytes: () => this.#databaseBytes(),
      retire: (ranges) => sealer.retire(ranges),
      now,
    });
    this.#timer = setInterval(() => void this.keep().catch(() => undefined), KEEPING_EVERY_MILLIS);
    this.#timer.unref();
  }

  append(events: readonly AuditEvent[], chain: string): Promise<AppendResult> {
    return this.#writer.append(events, chain);
  }

  search(request: SearchRequest, signal?: AbortSignal): Promise<SearchPage> {
    return search(this.#database, request, signal);
  }

  histogram(request: HistogramRequest, signal?: AbortSignal): Promise<Histogram> {
    return histogram(this.#database, request, signal);
  }

  top(request: TopRequest, signal?: AbortSignal): Promise<Top> {
    return top(this.#database, request, signal);
  }

  totals(request: Selection, signal?: AbortSignal): Promise<Totals> {
    return totals(this.#database, request, signal);
  }

  export(selection: Selection, signal?: AbortSignal): AsyncIterable<string> {
    return exportEvents(this.#database, selection, signal);
  }

  /** Rounds do not overlap: who asks for one while it runs gets that one. */
  keep(): Promise<Kept> {
    this.#keeping ??= this.#round().finally(() => {
      this.#keeping = undefined;
    });
    return this.#keeping;
  }

  async status(): Promise<StoreStatus> {
    const [events, oldest, newest, partitions, bytes] = await this.#database.read(
      undefined,
      undefined,
      async (connection) => {
        const reader = await connection.runAndReadAll(
          `SELECT count(*), epoch_ns(min("time")), epoch_ns(max("time")), (SELECT count(*) FROM ${PARTITIONS}), (SELECT coalesce(sum(bytes), 0) FROM ${PARTITIONS}) FROM ${ALL_EVENTS}`,
        );
        return reader.getRows()[0] ?? [];
      },
    );
    const time = (nanos: unknown) => millisOfNanos(BigInt(String(nanos)));
    return {
      kind: 'duckdb',
      events: Number(events),
      bytes: Number(bytes) + this.#databaseBytes(),
      ...(oldest === null ? {} : { oldest: time(oldest) }),
      ...(newest === null ? {} : { newest: time(newest) }),
      partitions: Number(partitions),
      encrypted: this.#database.partitions.encrypted,
      ...(this.#problem === undefined ? {} : { problem: this.#problem }),
    };
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#closing.abort();
    await this.#keeping?.catch(() => undefined);
    await this.#writer.drain();
    await this.#database.close();
  }

  async #round(): Promise<Kept> {
    const { log, onNotice } = this.#options;
    try {
      const kept = await this.#keeper.round(this.#closing.signal);
      this.#problem = undefined;
      if (kept.exported + kept.merged > 0) log.info(kept, 'old events were moved to partitions');
      if (kept.expired > 0) {
        log.info({ events: kept.expired }, 'events were removed by retention');
        onNotice({ kind: 'retention', message: `${kept.expired} events were removed: retention` });
      }
      return kept;
    } catch (error) {
      this.#problem = `old events cannot be moved or removed: ${wordsOf(error)}`;
      log.error({ err: error }, 'keeping failed');
      onNotice({ kind: 'problem', message: this.#problem });
      throw error;
    }
  }

  #databaseBytes(): number {
    const file = join(this.#options.directory, DATABASE_FILE);
    return bytesOf([file, `${file}.wal`]);
  }
}

/** Counts, and nothing else. */
const UNSEALED: Sealer = {
  seal(chain, head, events) {
    const position = head?.position ?? 0;
    return {
      head: { chain, position: position + events.length, hash: '', sum: '', checkpointed: 0, checkpointedAt: 0 },
      seals: events.map((_, index) => ({ chain, position: position + index, mark: 0 })),
      checkpoints: [],
    };
  },
  checkpoint(head) {
    throw new Error(`chain ${head.chain} is not sealed`);
  },
  retire: () => [],
  publish: () => undefined,
};
