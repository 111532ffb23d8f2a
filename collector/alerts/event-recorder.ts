import type { AuditEvent } from '../../contract/audit-event.ts';
import { wordsOf } from '../../delivery/system-error.ts';
import type { AlertDatabase } from './alert-database.ts';

/** As many as are read at once. */
const BATCH = 100;

/** Hands the desk's audit events on, in order, until they are taken: after a crash the last ones come again, with the same ids. */
export class EventRecorder {
  readonly #database: AlertDatabase;
  readonly #record: (events: readonly AuditEvent[]) => Promise<unknown>;
  readonly #onNotice: (notice: string) => void;
  #running: Promise<void> | undefined;
  #isClosed = false;
  #problem: string | undefined;

  constructor(
    database: AlertDatabase,
    record: (events: readonly AuditEvent[]) => Promise<unknown>,
    onNotice: (notice: string) => void,
  ) {
    this.#database = database;
    this.#record = record;
    this.#onNotice = onNotice;
  }

  /** There may be something to hand on; what failed is tried again. */
  wake(): void {
    if (this.#running !== undefined || this.#isClosed) return;
    this.#running = this.#run()
      .then(() => {
        this.#problem = undefined;
      })
      .catch((error) => {
        const words = wordsOf(error);
        if (words !== this.#problem) this.#onNotice(`alerts: their events cannot be recorded now: ${words}`);
        this.#problem = words;
      })
      .finally(() => {
        this.#running = undefined;
      });
  }

  /** Settles when nothing is under way. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#isClosed) {
      const rows = this.#database.unrecorded(BATCH);
      const last = rows.at(-1);
      if (last === undefined) return;
      await this.#record(rows.map(({ event }): AuditEvent => JSON.parse(event)));
      this.#database.recorded(last.seq);
    }
  }
}
