import type { DuckDBConnection } from '@duckdb/node-api';
import { quoted, STORED_COLUMNS } from './columns.ts';

/** The database is attached under this name. */
export const CATALOG = 'store';
/** Events that are in no partition yet. */
export const RECENT = `${CATALOG}.recent`;
/** Parquet files that are valid: a file that is not named here was never finished, or is of no use any more. */
export const PARTITIONS = `${CATALOG}.partitions`;
/** The columns that the files of a layout have; a later version adds columns and thereby a layout. */
export const LAYOUTS = `${CATALOG}.layouts`;
/** Heads, checkpoints and retirements (collector/integrity/seal.ts) are kept whole, as JSON. */
export const CHAIN_HEADS = `${CATALOG}.chain_heads`;
export const CHECKPOINTS = `${CATALOG}.checkpoints`;
export const RETIREMENTS = `${CATALOG}.retirements`;

const columnList = STORED_COLUMNS.map(({ name, type }) => `${quoted(name)} ${type}`).join(', ');

const TABLES: readonly string[] = [
  `CREATE TABLE IF NOT EXISTS ${RECENT} (${columnList})`,
  `CREATE TABLE IF NOT EXISTS ${PARTITIONS} (file VARCHAR, first TIMESTAMP_NS, last TIMESTAMP_NS, events BIGINT, bytes BIGINT, layout INTEGER)`,
  `CREATE TABLE IF NOT EXISTS ${LAYOUTS} (id INTEGER, columns VARCHAR[])`,
  `CREATE TABLE IF NOT EXISTS ${CHAIN_HEADS} (chain VARCHAR, head VARCHAR)`,
  `CREATE TABLE IF NOT EXISTS ${CHECKPOINTS} (chain VARCHAR, "position" BIGINT, checkpoint VARCHAR)`,
  `CREATE TABLE IF NOT EXISTS ${RETIREMENTS} (chain VARCHAR, first BIGINT, retirement VARCHAR)`,
];

/** Makes the tables, and adds what this version has beyond the one that made them. Gives the number of today's layout. */
export async function prepareTables(connection: DuckDBConnection): Promise<number> {
  await connection.run('BEGIN');
  for (const statement of TABLES) await connection.run(statement);
  for (const { name, type } of STORED_COLUMNS) {
    await connection.run(`ALTER TABLE ${RECENT} ADD COLUMN IF NOT EXISTS ${quoted(name)} ${type}`);
  }
  const names = `[${STORED_COLUMNS.map(({ name }) => `'${name}'`).join(', ')}]`;
  await connection.run(
    `INSERT INTO ${LAYOUTS} SELECT coalesce(max(id), 0) + 1, ${names} FROM ${LAYOUTS} HAVING NOT coalesce(bool_or(columns = ${names}), false)`,
  );
  const reader = await connection.runAndReadAll(`SELECT id FROM ${LAYOUTS} WHERE columns = ${names}`);
  await connection.run('COMMIT');
  return Number(reader.getRows()[0]?.[0]);
}
