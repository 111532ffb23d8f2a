import type { StoreDatabase } from '../../../collector/store/duckdb/database.ts';
import { encodeEvent } from '../../../collector/store/duckdb/event-encoder.ts';
import { openDatabase } from '../../../collector/store/duckdb/opening.ts';
import { writePartition } from '../../../collector/store/duckdb/partition-file.ts';
import { appendRows } from '../../../collector/store/duckdb/rows.ts';
import { CATALOG, RECENT } from '../../../collector/store/duckdb/schema.ts';
import type { AuditEvent } from '../../../contract/audit-event.ts';
import { temporaryDirectory } from '../leftovers.ts';

/** A database of its own, to read from; nothing is sealed and no repeat left out. */
export class KeptEvents {
  readonly database: StoreDatabase;
  readonly #remove: () => void;

  private constructor(database: StoreDatabase, remove: () => void) {
    this.database = database;
    this.#remove = remove;
  }

  static async open(): Promise<KeptEvents> {
    const directory = temporaryDirectory('kept-events');
    const database = await openDatabase({ directory: directory.path, memoryLimitMebibytes: 256 });
    return new KeptEvents(database, () => directory.remove());
  }

  async add(events: readonly AuditEvent[]): Promise<void> {
    await this.database.write((connection) =>
      appendRows(connection, { catalog: CATALOG, table: 'recent' }, events.map(encodeEvent)),
    );
  }

  /** Moves what is there to a partition, as keeping does with what is old. */
  async moveToPartition(): Promise<void> {
    await this.database.write(async (connection) => {
      await writePartition(connection, `(SELECT * FROM ${RECENT})`, this.database);
      await connection.run(`DELETE FROM ${RECENT}`);
    });
  }

  /** What is in the table, not in partitions. */
  async clear(): Promise<void> {
    await this.database.write(async (connection) => {
      await connection.run(`DELETE FROM ${RECENT}`);
    });
  }

  async close(): Promise<void> {
    await this.database.close();
    this.#remove();
  }
}
