import type { DuckDBConnection } from '@duckdb/node-api';
import { inTransaction, type StoreDatabase } from './database.ts';
import {
  dayOf,
  dayStart,
  forgetPartitions,
  listPartitions,
  type Partition,
  quantilesOf,
  removeFiles,
  writePartition,
} from './partition-file.ts';
import { parquetSource } from './relation.ts';
import { expireRecent, type Retire, retirePartitions } from './retirement.ts';
import { CATALOG, RECENT } from './schema.ts';
import { nanosOfMillis } from './timestamps.ts';

const MILLIS_PER_HOUR = 3_600_000;
const MILLIS_PER_DAY = 86_400_000;
const NANOS_PER_HOUR = 3_600_000_000_000n;

/** Events of one partition, some 40 MB: fewer would make more files than a query likes. */
const PARTITION_EVENTS = 1_000_000;
/** A file with fewer is merged with others of its day. */
const SMALL_EVENTS = PARTITION_EVENTS / 2;
/** Small files that a day which is not over yet may have; late events and the hours make them. */
const SMALL_FILES = 8;

export interface KeepingOptions {
  /** Events stay in the table this long, where late ones and repeats cost least. */
  readonly recentHours: number;
  readonly retentionDays: number;
  /** Of everything on disk; absent: no limit. */
  readonly retentionBytes?: number;
  /** What of a database is on disk beside partitions. */
  readonly databaseBytes: () => number;
  /** Within the transaction that removes events. */
  readonly retire: Retire;
  readonly now: () => number;
}

/** What one round of keeping did. */
export interface Kept {
  readonly exported: number;
  readonly merged: number;
  /** Events that were older than may be kept, or more than there is room for. */
  readonly expired: number;
}

/** Moves events that have become old from the table to partitions, merges small partitions, removes the oldest. */
export class Keeper {
  readonly #database: StoreDatabase;
  readonly #options: KeepingOptions;

  constructor(database: StoreDatabase, options: KeepingOptions) {
    this.#database = database;
    this.#options = options;
  }

  /** One round; stops between two steps when `signal` says so. One at a time. */
  async round(signal: AbortSignal): Promise<Kept> {
    const connection = await this.#database.connect();
    try {
      // What is still in the log is in memory, which sorting needs. Where a reader is in the way, it works without.
      await connection.run(`CHECKPOINT ${CATALOG}`).catch(() => undefined);
      const expiredByAge = await this.#expireByAge();
      const exported = await this.#export(connection, signal);
      const merged = await this.#mergeAll(connection, signal);
      const expiredBySize = await this.#expireBySize(connection);
      return { exported, merged, expired: expiredByAge + expiredBySize };
    } finally {
      connection.closeSync();
    }
  }

  async #export(connection: DuckDBConnection, signal: AbortSignal): Promise<number> {
    const cutoff = nanosOfMillis(this.#options.now() - this.#options.recentHours * MILLIS_PER_HOUR);
    let exported = 0;
    for (const { from, to, events } of await slicesOf(connection, cutoff - (cutoff % NANOS_PER_HOUR))) {
      if (signal.aborted) break;
      const within = `"time" >= make_timestamp_ns(${from}) AND "time" < make_timestamp_ns(${to})`;
      // What arrives while the file is written is not seen by this transaction, so it stays in the table.
      await inTransaction(connection, async () => {
        await writePartition(connection, `(SELECT * FROM ${RECENT} WHERE ${within})`, this.#database);
        await connection.run(`DELETE FROM ${RECENT} WHERE ${within}`);
      });
      exported += events;
    }
    return exported;
  }

  async #mergeAll(connection: DuckDBConnection, signal: AbortSignal): Promise<number> {
    const today = dayOf(nanosOfMillis(this.#options.now() - this.#options.recentHours * MILLIS_PER_HOUR));
    let merged = 0;
    // Those of an earlier version have other columns and stay as they are.
    const small = (await listPartitions(connection)).filter(
      ({ events, layout }) => events < SMALL_EVENTS && layout === this.#database.layout,
    );
    for (const [day, files] of Map.groupBy(small, ({ first }) => dayOf(first))) {
      const enough = day === today ? files.length > SMALL_FILES : files.length > 1;
      for (const group of enough ? groupsOf(files) : []) {
        if (signal.aborted) return merged;
        await this.#merge(connection, group);
        merged += group.length;
      }
    }
    return merged;
  }

  async #merge(connection: DuckDBConnection, group: readonly Partition[]): Promise<void> {
    const files = group.map(({ file }) => file);
    await inTransaction(connection, async () => {
      const source = parquetSource(files, this.#database.partitions);
      await writePartition(connection, source, this.#database);
      await forgetPartitions(connection, files);
    });
    await this.#removeUnread(files);
  }

  async #expireByAge(): Promise<number> {
    const limit = nanosOfMillis(this.#options.now() - this.#options.retentionDays * MILLIS_PER_DAY);
    return this.#expire(async (connection) => {
      const old = (await listPartitions(connection)).filter(({ last }) => last < limit);
      return { old, recent: await expireRecent(connection, limit, this.#options.retire) };
    });
  }

  async #expireBySize(connection: DuckDBConnection): Promise<number> {
    const { retentionBytes, databaseBytes } = this.#options;
    if (retentionBytes === undefined) return 0;
    const partitions = await listPartitions(connection);
    let excess = partitions.reduce((sum, { bytes }) => sum + bytes, databaseBytes()) - retentionBytes;
    const old = partitions
      .toSorted((one, other) => (one.last < other.last ? -1 : 1))
      .filter(({ bytes }) => {
        const needed = excess > 0;
        excess -= bytes;
        return needed;
      });
    return this.#expire(async () => ({ old, recent: 0 }));
  }

  async #expire(
    choose: (connection: DuckDBConnection) => Promise<{ readonly old: readonly Partition[]; readonly recent: number }>,
  ): Promise<number> {
    const { old, recent } = await this.#database.write(async (connection) => {
      const chosen = await choose(connection);
      await retirePartitions(connection, chosen.old, this.#database.partitions, this.#options.retire);
      await forgetPartitions(
        connection,
        chosen.old.map(({ file }) => file),
      );
      return chosen;
    });
    await this.#removeUnread(old.map(({ file }) => file));
    return old.reduce((sum, { events }) => sum + events, recent);
  }

  async #removeUnread(files: readonly string[]): Promise<void> {
    if (files.length === 0) return;
    await this.#database.usesEnded();
    removeFiles(this.#database.partitions, files);
  }
}

interface Slice {
  readonly from: bigint;
  readonly to: bigint;
  readonly events: number;
}

/** Consecutive times before `cutoff`, each of one day and of about as many events as a partition has. */
async function slicesOf(connection: DuckDBConnection, cutoff: bigint): Promise<readonly Slice[]> {
  const reader = await connection.runAndReadAll(
    `SELECT epoch_ns("time") // ${NANOS_PER_HOUR} AS hour, count(*) FROM ${RECENT}
     WHERE "time" < make_timestamp_ns(${cutoff}) GROUP BY hour ORDER BY hour`,
  );
  const slices: Slice[] = [];
  for (const [hour, count] of reader.getRows()) {
    const from = BigInt(String(hour)) * NANOS_PER_HOUR;
    const events = Number(count);
    const before = slices.at(-1);
    if (
      before !== undefined &&
      before.events + events <= PARTITION_EVENTS &&
      dayStart(before.from) === dayStart(from)
    ) {
      slices[slices.length - 1] = { from: before.from, to: from + NANOS_PER_HOUR, events: before.events + events };
    } else if (events <= PARTITION_EVENTS) {
      slices.push({ from, to: from + NANOS_PER_HOUR, events });
    } else {
      slices.push(...(await piecesOfHour(connection, from, events)));
    }
  }
  return slices;
}

/** An hour in pieces of about as many events as a partition has. */
async function piecesOfHour(connection: DuckDBConnection, from: bigint, events: number): Promise<readonly Slice[]> {
  const to = from + NANOS_PER_HOUR;
  const hour = `(SELECT "time" FROM ${RECENT} WHERE "time" >= make_timestamp_ns(${from}) AND "time" < make_timestamp_ns(${to}))`;
  const pieces = Math.ceil(events / PARTITION_EVENTS);
  const bounds = [...new Set([from, ...(await quantilesOf(connection, hour, pieces)), to])];
  return bounds.slice(1).map((end, index) => ({
    from: bounds[index] ?? from,
    to: end,
    events: Math.round(events / pieces),
  }));
}

/** Neighbours in time, as many as make one partition; one alone is left as it is. */
function groupsOf(files: readonly Partition[]): readonly (readonly Partition[])[] {
  const groups: Partition[][] = [];
  let events = 0;
  for (const file of files) {
    const group = groups.at(-1);
    if (group === undefined || events + file.events > PARTITION_EVENTS) {
      groups.push([file]);
      events = file.events;
    } else {
      group.push(file);
      events += file.events;
    }
  }
  return groups.filter((group) => group.length > 1);
}
