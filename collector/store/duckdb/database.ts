import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { wordsOf } from '../../../delivery/system-error.ts';
import type { TimeRange } from '../event-store.ts';
import { QueryTooLarge, StoreBusy } from '../failure.ts';
import { type PartitionFiles, relationStatements } from './relation.ts';
import { prepareRollup } from './rollup.ts';
import { prepareTables } from './schema.ts';

/** Questions answered at the same time; each may use all of the memory that the database has. */
const READERS = 4;
/** More who wait than this would wait in vain. */
const WAITING_READERS = 64;

export interface DatabaseParts {
  readonly instance: DuckDBInstance;
  readonly partitions: PartitionFiles;
}

/** A connection with the relations that were made on it last. */
interface Reader {
  readonly connection: DuckDBConnection;
  relations: string;
}

/** The one open database: reading with several connections, writing with one, each in transactions. */
export class StoreDatabase {
  readonly partitions: PartitionFiles;
  /** The number of the layout that partitions are written in now. */
  readonly layout: number;
  readonly #instance: DuckDBInstance;
  readonly #writer: DuckDBConnection;
  readonly #idle: Reader[];
  readonly #waiting: ((reader: Reader) => void)[] = [];
  /** Ends with the last write that was begun. */
  #writing: Promise<unknown> = Promise.resolve();
  /** Every reading under way. */
  readonly #readings = new Set<Promise<unknown>>();

  private constructor(
    { instance, partitions }: DatabaseParts,
    layout: number,
    writer: DuckDBConnection,
    idle: Reader[],
  ) {
    this.#instance = instance;
    this.partitions = partitions;
    this.layout = layout;
    this.#writer = writer;
    this.#idle = idle;
  }

  static async over(parts: DatabaseParts): Promise<StoreDatabase> {
    const writer = await parts.instance.connect();
    const layout = await prepareTables(writer);
    await prepareRollup(writer);
    const readers: Reader[] = [];
    while (readers.length < READERS) readers.push({ connection: await parts.instance.connect(), relations: '' });
    return new StoreDatabase(parts, layout, writer, readers);
  }

  /**
   * Runs queries that all see the same moment. On the connection, `all_events` (EVENT_COLUMNS) has every event of `range`, and
   * maybe others: a query still compares times. Tables of one's own are `store.NAME`. An abort of `signal` interrupts the query.
   * @throws StoreBusy when too many wait, QueryTooLarge when memory does not suffice, the signal's reason when it is aborted
   */
  async read<T>(
    range: TimeRange | undefined,
    signal: AbortSignal | undefined,
    use: (connection: DuckDBConnection) => Promise<T>,
  ): Promise<T> {
    signal?.throwIfAborted();
    const reader = await this.#takeReader();
    const interrupt = () => reader.connection.interrupt();
    signal?.addEventListener('abort', interrupt);
    const reading = this.#answer(reader, range, signal, use);
    this.#readings.add(reading);
    try {
      return await reading;
    } finally {
      this.#readings.delete(reading);
      signal?.removeEventListener('abort', interrupt);
      this.#giveBack(reader);
    }
  }

  /** Runs `use` in the one writing transaction, after those that came before; what it throws undoes all of it. */
  write<T>(use: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    const turn = this.#writing.then(() => inTransaction(this.#writer, use));
    this.#writing = turn.catch(() => undefined);
    return turn;
  }

  /** A connection for work beside reading and writing; whoever has it closes it. */
  connect(): Promise<DuckDBConnection> {
    return this.#instance.connect();
  }

  /** Settles once all that is being read and written now has ended: files that only they may have seen can go then. */
  async usesEnded(): Promise<void> {
    await Promise.allSettled([...this.#readings, this.#writing]);
  }

  /** Waits for what is under way. */
  async close(): Promise<void> {
    await this.usesEnded();
    for (const { connection } of this.#idle) connection.closeSync();
    this.#writer.closeSync();
    this.#instance.closeSync();
  }

  async #answer<T>(
    reader: Reader,
    range: TimeRange | undefined,
    signal: AbortSignal | undefined,
    use: (connection: DuckDBConnection) => Promise<T>,
  ): Promise<T> {
    try {
      return await inTransaction(reader.connection, async (connection) => {
        await this.#makeRelations(reader, range);
        signal?.throwIfAborted();
        return await use(connection);
      });
    } catch (error) {
      // A view made in a transaction that failed is gone with it.
      reader.relations = '';
      signal?.throwIfAborted();
      if (wordsOf(error).startsWith('Out of Memory Error')) {
        throw new QueryTooLarge(
          'the answer takes more memory than one question may have: ask for less time or fewer groups',
        );
      }
      throw error;
    }
  }

  async #makeRelations(reader: Reader, range: TimeRange | undefined): Promise<void> {
    const statements = await relationStatements(reader.connection, range, this.partitions);
    const relations = statements.join(';');
    if (relations === reader.relations) return;
    for (const statement of statements) await reader.connection.run(statement);
    reader.relations = relations;
  }

  async #takeReader(): Promise<Reader> {
    const idle = this.#idle.pop();
    if (idle !== undefined) return idle;
    if (this.#waiting.length >= WAITING_READERS) throw new StoreBusy('too many questions wait for an answer');
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #giveBack(reader: Reader): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#idle.push(reader);
    else next(reader);
  }
}

/** Runs `use` in a transaction of this connection, which ends with it; what it throws undoes all of it. */
export async function inTransaction<T>(
  connection: DuckDBConnection,
  use: (connection: DuckDBConnection) => Promise<T>,
): Promise<T> {
  await connection.run('BEGIN');
  try {
    const result = await use(connection);
    await connection.run('COMMIT');
    return result;
  } catch (error) {
    // A commit that failed has already ended its transaction.
    await connection.run('ROLLBACK').catch(() => undefined);
    throw error;
  }
}
