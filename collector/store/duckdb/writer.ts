import type { AuditEvent } from '../../../contract/audit-event.ts';
import type { AppendResult } from '../event-store.ts';
import { StoreBusy } from '../failure.ts';
import type { Chains } from './chains.ts';
import type { StoreDatabase } from './database.ts';
import { type EventKey, encodeEvent, encodeSeal, keyOf, type StoredRow } from './event-encoder.ts';
import { keptOnes } from './repeats.ts';
import { appendRows } from './rows.ts';
import { CATALOG } from './schema.ts';

/** Events that wait to be written, whoever brought them; beyond this their sources wait. */
const WAITING_BYTES = 48 * 1024 * 1024;
/** What an event takes beside its statement, as an object and as a row. */
const EVENT_BYTES = 4_000;
/** Events of one transaction: more would not make each cheaper, but all of them later. */
const GROUP_EVENTS = 8_192;

interface Waiting {
  readonly events: readonly Encoded[];
  readonly chain: string;
  readonly bytes: number;
  readonly resolve: (result: AppendResult) => void;
  readonly reject: (error: unknown) => void;
}

interface Encoded {
  readonly event: AuditEvent;
  readonly row: StoredRow;
  readonly key: EventKey;
}

/** One event of a group, and whose it is. */
interface Item extends Encoded {
  readonly owner: Waiting;
}

/** Writes events. Those that arrive while a transaction is being made durable share the next one. */
export class EventWriter {
  readonly #database: StoreDatabase;
  readonly #chains: Chains;
  readonly #queue: Waiting[] = [];
  #waitingBytes = 0;
  #running: Promise<void> | undefined;

  constructor(database: StoreDatabase, chains: Chains) {
    this.#database = database;
    this.#chains = chains;
  }

  /** @throws StoreBusy when too much waits */
  append(events: readonly AuditEvent[], chain: string): Promise<AppendResult> {
    if (events.length === 0) return Promise.resolve({ added: [], repeated: 0 });
    const bytes = events.reduce((sum, { db }) => sum + EVENT_BYTES + (db?.query?.text?.length ?? 0), 0);
    // One batch is taken whatever its size, or it would never be.
    if (this.#waitingBytes > 0 && this.#waitingBytes + bytes > WAITING_BYTES) {
      return Promise.reject(new StoreBusy('more events wait to be written than may wait'));
    }
    this.#waitingBytes += bytes;
    // Here and not later: DuckDB is writing others meanwhile.
    const encoded = events.map(encode);
    return new Promise((resolve, reject) => {
      this.#queue.push({ events: encoded, chain, bytes, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Settles once nothing waits. */
  async drain(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #run(): Promise<void> {
    // Whoever appends in the same turn is of the first group already.
    await new Promise((resolve) => setImmediate(resolve));
    for (;;) {
      const group = this.#nextGroup();
      if (group.length === 0) break;
      await this.#commit(group);
      this.#waitingBytes -= group.reduce((sum, { bytes }) => sum + bytes, 0);
    }
    this.#running = undefined;
  }

  #nextGroup(): readonly Waiting[] {
    let events = 0;
    let taken = 0;
    for (const waiting of this.#queue) {
      if (taken > 0 && events + waiting.events.length > GROUP_EVENTS) break;
      events += waiting.events.length;
      taken += 1;
    }
    return this.#queue.splice(0, taken);
  }

  async #commit(group: readonly Waiting[]): Promise<void> {
    try {
      const added = await this.#write(group);
      for (const owner of group) {
        const own = added.get(owner) ?? [];
        owner.resolve({ added: own, repeated: owner.events.length - own.length });
      }
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
  }

  /** The new events of each. */
  async #write(group: readonly Waiting[]): Promise<ReadonlyMap<Waiting, readonly AuditEvent[]>> {
    const items = withoutTwins(group);
    const { added, sealing } = await this.#database.write(async (connection) => {
      const kept = await keptOnes(
        connection,
        items.map(({ key }) => key),
        this.#database.partitions,
      );
      const fresh = items.filter((_, index) => !kept.has(index));
      const transaction = this.#chains.begin(connection);
      const byOwner = Map.groupBy(fresh, ({ owner }) => owner);
      for (const [{ chain }, own] of byOwner) {
        const seals = await transaction.seal(
          chain,
          own.map(({ event }) => event),
        );
        for (const [index, seal] of seals.entries()) {
          const item = own[index];
          if (item !== undefined) encodeSeal(item.row, seal);
        }
      }
      await appendRows(
        connection,
        { catalog: CATALOG, table: 'recent' },
        fresh.map(({ row }) => row),
      );
      await transaction.save();
      return { added: byOwner, sealing: transaction };
    });
    this.#chains.committed(sealing);
    return new Map([...added].map(([owner, own]) => [owner, own.map(({ event }) => event)]));
  }
}

function encode(event: AuditEvent): Encoded {
  const row = encodeEvent(event);
  return { event, row, key: keyOf(row) };
}

/** The events of a group, the first of each id. */
function withoutTwins(group: readonly Waiting[]): readonly Item[] {
  const seen = new Set<string>();
  return group.flatMap((owner) =>
    owner.events
      .filter(({ event: { event } }) => !seen.has(event.id) && seen.add(event.id))
      .map((encoded) => ({ ...encoded, owner })),
  );
}
