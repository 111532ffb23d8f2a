import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import type { DuckDBConnection } from '@duckdb/node-api';
import { StoreProblem } from '../failure.ts';
import { forgetPartitions, listPartitions } from './partition-file.ts';
import type { PartitionFiles } from './relation.ts';

/** A file of this name beside a lost partition's own says that whoever keeps the store knows of the loss. */
const ACCEPTED_LOSS = '.lost';

/**
 * Makes files and manifest agree after a crash: files that nobody names were not finished, or are of no use any more.
 * Gives the partitions whose loss was accepted, by their files' names.
 * @throws StoreProblem where a partition is missing or was cut
 */
export async function reconcile(connection: DuckDBConnection, partitions: PartitionFiles): Promise<readonly string[]> {
  const known = await listPartitions(connection);
  const lost: string[] = [];
  for (const { file, bytes } of known) {
    const path = `${partitions.directory}${file}`;
    if (existsSync(path) && statSync(path).size === bytes) continue;
    if (!existsSync(`${path}${ACCEPTED_LOSS}`)) {
      throw new StoreProblem(
        `the partition ${path} is ${existsSync(path) ? 'damaged' : 'missing'}: restore it from a backup, or accept the loss of its events by creating an empty file ${path}${ACCEPTED_LOSS}`,
      );
    }
    lost.push(file);
  }
  await forgetPartitions(connection, lost);
  const valid = new Set(known.map(({ file }) => file).filter((file) => !lost.includes(file)));
  for (const file of readdirSync(partitions.directory)) {
    if (!valid.has(file)) rmSync(`${partitions.directory}${file}`, { force: true });
  }
  return lost;
}

/** Of the files that are named, 0 where one is not there. */
export function bytesOf(paths: readonly string[]): number {
  return paths.reduce((sum, path) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0), 0);
}
