import type { DuckDBConnection, DuckDBResultReader } from '@duckdb/node-api';
import type { AuditEvent } from '../../../contract/audit-event.ts';
import type { ChainHead, Checkpoint, Seal, Sealer } from '../../integrity/seal.ts';
import { sqlText } from './relation.ts';
import { appendRows } from './rows.ts';
import { CATALOG, CHAIN_HEADS } from './schema.ts';

/** Chains whose head is known without asking; an agent has one for each of its starts. */
const KNOWN_HEADS = 10_000;

/** The heads of chains, as of the last commit. */
export class Chains {
  readonly #sealer: Sealer;
  readonly #known = new Map<string, ChainHead>();

  constructor(sealer: Sealer) {
    this.#sealer = sealer;
  }

  /** Seals the events of one transaction; nothing is known of it before `committed`. */
  begin(connection: DuckDBConnection): SealingTransaction {
    return new SealingTransaction(this.#sealer, connection, this.#known);
  }

  /** To be called once the transaction is durable. */
  committed(transaction: SealingTransaction): void {
    for (const head of transaction.heads) this.#known.set(head.chain, head);
    for (const chain of this.#known.keys()) {
      if (this.#known.size <= KNOWN_HEADS) break;
      this.#known.delete(chain);
    }
    if (transaction.checkpoints.length > 0) this.#sealer.publish(transaction.checkpoints);
  }
}

class SealingTransaction {
  readonly checkpoints: Checkpoint[] = [];
  readonly #sealer: Sealer;
  readonly #connection: DuckDBConnection;
  readonly #known: ReadonlyMap<string, ChainHead>;
  readonly #changed = new Map<string, ChainHead>();

  constructor(sealer: Sealer, connection: DuckDBConnection, known: ReadonlyMap<string, ChainHead>) {
    this.#sealer = sealer;
    this.#connection = connection;
    this.#known = known;
  }

  get heads(): readonly ChainHead[] {
    return [...this.#changed.values()];
  }

  async seal(chain: string, events: readonly AuditEvent[]): Promise<readonly Seal[]> {
    const head = this.#changed.get(chain) ?? this.#known.get(chain) ?? (await headOf(this.#connection, chain));
    const batch = this.#sealer.seal(chain, head, events);
    this.#changed.set(chain, batch.head);
    this.checkpoints.push(...batch.checkpoints);
    return batch.seals;
  }

  /** A checkpoint at the end of a chain. */
  checkpoint(head: ChainHead): void {
    const made = this.#sealer.checkpoint(head);
    this.#changed.set(head.chain, made.head);
    this.checkpoints.push(made.checkpoint);
  }

  /** Writes heads and checkpoints, within the transaction. */
  async save(): Promise<void> {
    const heads = this.heads;
    if (heads.length === 0) return;
    const chains = heads.map(({ chain }) => sqlText(chain)).join(', ');
    await this.#connection.run(`DELETE FROM ${CHAIN_HEADS} WHERE chain IN (${chains})`);
    await appendRows(
      this.#connection,
      { catalog: CATALOG, table: 'chain_heads' },
      heads.map((head) => [head.chain, JSON.stringify(head)]),
    );
    if (this.checkpoints.length === 0) return;
    await appendRows(
      this.#connection,
      { catalog: CATALOG, table: 'checkpoints' },
      this.checkpoints.map((point) => [point.chain, BigInt(point.position), JSON.stringify(point)]),
    );
  }
}

async function headOf(connection: DuckDBConnection, chain: string): Promise<ChainHead | undefined> {
  const reader = await connection.runAndReadAll(`SELECT head FROM ${CHAIN_HEADS} WHERE chain = ${sqlText(chain)}`);
  return jsonColumn<ChainHead>(reader)[0];
}

/** The only column of an answer, texts of JSON that we wrote ourselves. */
export function jsonColumn<T>(reader: DuckDBResultReader): T[] {
  return reader.getRows().map(([text]): T => JSON.parse(String(text)));
}
