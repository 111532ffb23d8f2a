import type { DuckDBConnection, DuckDBResultReader } from '@duckdb/node-api';
import type { ChainHead, Checkpoint, Retirement, SealedEvent, SealedHistory } from '../../integrity/seal.ts';
import { type Chains, jsonColumn } from './chains.ts';
import { EVENT_SELECTION } from './columns.ts';
import type { StoreDatabase } from './database.ts';
import { eventBatchesOf } from './event-decoder.ts';
import { ALL_EVENTS, sqlText } from './relation.ts';
import { CHAIN_HEADS, CHECKPOINTS, RETIREMENTS } from './schema.ts';

/** Positions that one question is about: their events are in memory at once. */
const BLOCK = 10_000;

/** What is kept of chains, read for verification. */
export class DuckSealedHistory implements SealedHistory {
  readonly #database: StoreDatabase;
  readonly #chains: Chains;

  constructor(database: StoreDatabase, chains: Chains) {
    this.#database = database;
    this.#chains = chains;
  }

  heads(): Promise<readonly ChainHead[]> {
    return this.#read<ChainHead>(`SELECT head FROM ${CHAIN_HEADS} ORDER BY chain`);
  }

  checkpoints(chain: string): Promise<readonly Checkpoint[]> {
    return this.#read<Checkpoint>(
      `SELECT checkpoint FROM ${CHECKPOINTS} WHERE chain = ${sqlText(chain)} ORDER BY "position"`,
    );
  }

  retirements(chain: string): Promise<readonly Retirement[]> {
    return this.#read<Retirement>(
      `SELECT retirement FROM ${RETIREMENTS} WHERE chain = ${sqlText(chain)} ORDER BY first`,
    );
  }

  async *sealed(chain: string, from: number, signal: AbortSignal): AsyncGenerator<SealedEvent> {
    for (let next: number | undefined = from; next !== undefined; ) {
      const block: Block = await this.#block(chain, next, signal);
      yield* block.events;
      next = block.next;
    }
  }

  async checkpointTails(olderThanMillis: number): Promise<void> {
    const sealing = await this.#database.write(async (connection) => {
      const heads = jsonColumn<ChainHead>(await connection.runAndReadAll(`SELECT head FROM ${CHAIN_HEADS}`));
      const transaction = this.#chains.begin(connection);
      for (const head of heads) {
        const behind = head.position > head.checkpointed && head.checkpointedAt <= Date.now() - olderThanMillis;
        if (behind) transaction.checkpoint(head);
      }
      await transaction.save();
      return transaction;
    });
    this.#chains.committed(sealing);
  }

  /** The events of the next positions that there are. */
  #block(chain: string, from: number, signal: AbortSignal): Promise<Block> {
    return this.#database.read(undefined, signal, async (connection) => {
      const start = await firstPosition(connection, chain, from);
      if (start === undefined) return { events: [], next: undefined };
      const next = start + BLOCK;
      const result = await connection.stream(
        `SELECT ${EVENT_SELECTION}, "position", mark FROM ${ALL_EVENTS}
         WHERE chain = ${sqlText(chain)} AND "position" >= ${start} AND "position" < ${next} ORDER BY "position"`,
      );
      const events: SealedEvent[] = [];
      for await (const { events: batch, column } of eventBatchesOf(result)) {
        const [positions, marks] = [column('position'), column('mark')];
        for (const [row, event] of batch.entries()) {
          events.push({ event, seal: { chain, position: Number(positions[row]), mark: Number(marks[row]) } });
        }
      }
      return { events, next };
    });
  }

  #read<T>(sql: string): Promise<readonly T[]> {
    return this.#database.read({ from: 0, to: 0 }, undefined, async (connection) => {
      const reader: DuckDBResultReader = await connection.runAndReadAll(sql);
      return jsonColumn<T>(reader);
    });
  }
}

interface Block {
  readonly events: readonly SealedEvent[];
  /** The position to go on from; undefined: there are no more. */
  readonly next: number | undefined;
}

async function firstPosition(connection: DuckDBConnection, chain: string, from: number): Promise<number | undefined> {
  const reader = await connection.runAndReadAll(
    `SELECT min("position") FROM ${ALL_EVENTS} WHERE chain = ${sqlText(chain)} AND "position" >= ${from}`,
  );
  const first = reader.getRows()[0]?.[0];
  return first === null || first === undefined ? undefined : Number(first);
}
