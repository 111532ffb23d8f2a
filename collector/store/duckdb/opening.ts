import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { wordsOf } from '../../../delivery/system-error.ts';
import { StoreProblem } from '../failure.ts';
import { StoreDatabase } from './database.ts';
import { loadEncryption, readKey } from './encryption.ts';
import { PARQUET_KEY, sqlText } from './relation.ts';
import { CATALOG } from './schema.ts';

export interface OpeningOptions {
  readonly directory: string;
  /** Holds 32 bytes in base64; absent: nothing is encrypted. */
  readonly encryptionKeyFile?: string;
  /** The key itself, in base64, where it is in no file. */
  readonly encryptionKey?: string;
  /** Where `httpfs.duckdb_extension` is, which encryption needs. */
  readonly extensionDirectory?: string;
  readonly memoryLimitMebibytes: number;
}

export const DATABASE_FILE = 'events.duckdb';
const PARTITION_DIRECTORY = 'partitions';
const SPILL_DIRECTORY = 'spill';

/** A node has two cores for this and for all else; more threads also take more memory each. */
const THREADS = 2;
/** Beyond this the log is merged into the database. What is in it is in memory too. At DuckDB’s own 16 MiB it costs twice the CPU time. */
const LOG_MEBIBYTES = 64;
/** What sorting and grouping may put on disk, beside the events. */
const SPILL_GIBIBYTES = 8;

/**
 * Opens, or makes, the database of a directory.
 * @throws StoreProblem when the key is not the one it was made with, when another process has it open, when it is damaged
 */
export async function openDatabase(options: OpeningOptions): Promise<StoreDatabase> {
  const partitions = join(options.directory, PARTITION_DIRECTORY);
  mkdirSync(partitions, { recursive: true, mode: 0o700 });
  const key =
    options.encryptionKey ?? (options.encryptionKeyFile === undefined ? undefined : readKey(options.encryptionKeyFile));
  const instance = await DuckDBInstance.create(':memory:', {
    memory_limit: `${options.memoryLimitMebibytes}MiB`,
    threads: String(THREADS),
    temp_directory: join(options.directory, SPILL_DIRECTORY),
    max_temp_directory_size: `${SPILL_GIBIBYTES}GiB`,
    temp_file_encryption: String(key !== undefined),
    preserve_insertion_order: 'false',
    // The operating system caches files already.
    enable_external_file_cache: 'false',
    checkpoint_threshold: `${LOG_MEBIBYTES}MiB`,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
  try {
    const connection = await instance.connect();
    if (key !== undefined) await loadEncryption(connection, options.extensionDirectory);
    const file = join(options.directory, DATABASE_FILE);
    const encryption = key === undefined ? '' : ` (ENCRYPTION_KEY ${sqlText(key)})`;
    await connection.run(`ATTACH ${sqlText(file)} AS ${CATALOG}${encryption}`);
    if (key !== undefined) await connection.run(`PRAGMA add_parquet_key('${PARQUET_KEY}', ${sqlText(key)})`);
    // From here on no statement, whoever wrote it, reaches another file or changes a setting.
    await connection.run(`SET allowed_directories = [${sqlText(`${options.directory}/`)}]`);
    await connection.run('SET enable_external_access = false');
    await connection.run('SET lock_configuration = true');
    connection.closeSync();
    return await StoreDatabase.over({
      instance,
      partitions: { directory: `${partitions}/`, encrypted: key !== undefined },
    });
  } catch (error) {
    instance.closeSync();
    throw error instanceof StoreProblem ? error : problemOf(error, options.directory);
  }
}

/** DuckDB's own words for what can be wrong, and what whoever runs the collector does about it. */
const PROBLEMS: readonly { readonly when: RegExp; readonly message: (directory: string) => string }[] = [
  {
    when: /wrong encryption key/i,
    message: (directory) =>
      `the store in ${directory} was encrypted with another key: give the key that it was made with`,
  },
  {
    when: /without a key|encrypted, but|is encrypted/i,
    message: (directory) => `the store in ${directory} is encrypted: give the file with its key`,
  },
  {
    when: /not encrypted/i,
    message: (directory) =>
      `the store in ${directory} is not encrypted but a key was given: export its events, and import them into an empty directory with the key`,
  },
  {
    when: /lock/i,
    message: (directory) => `another process has the store in ${directory} open: stop it first`,
  },
];

function problemOf(error: unknown, directory: string): StoreProblem {
  const words = wordsOf(error);
  const known = PROBLEMS.find(({ when }) => when.test(words));
  return new StoreProblem(
    known?.message(directory) ??
      `the store in ${directory} cannot be opened: restore ${DATABASE_FILE} and its log from a backup, or move them away to begin an empty one; ${words}`,
  );
}
