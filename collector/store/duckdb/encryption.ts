import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { wordsOf } from '../../../delivery/system-error.ts';
import { StoreProblem } from '../failure.ts';
import { sqlText } from './relation.ts';

/** AES-256. */
const KEY_BYTES = 32;

/** DuckDB itself can only read what is encrypted; this brings OpenSSL with it, by which it also writes. */
const EXTENSION_FILE = 'httpfs.duckdb_extension';

/**
 * The key of a file, in base64 as DuckDB takes it.
 * @throws StoreProblem where it cannot be read, or is no key
 */
export function readKey(file: string): string {
  const text = readText(file).trim();
  const key = Buffer.from(text, 'base64');
  if (key.length !== KEY_BYTES || key.toString('base64') !== text) {
    throw new StoreProblem(
      `${file} holds no key: it must be ${KEY_BYTES} bytes in base64, such as \`openssl rand -base64 ${KEY_BYTES}\` makes`,
    );
  }
  return text;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new StoreProblem(`the key file ${file} cannot be read: ${wordsOf(error)}`);
  }
}

/**
 * Loads what encryption needs; DuckDB checks who signed it.
 * @throws StoreProblem where it is not there, or is not DuckDB's own
 */
export async function loadEncryption(connection: DuckDBConnection, directory: string | undefined): Promise<void> {
  if (directory === undefined) throw new StoreProblem('encryption needs the directory with DuckDB’s extension httpfs');
  const file = join(directory, EXTENSION_FILE);
  if (!existsSync(file)) throw new StoreProblem(`encryption needs DuckDB’s extension httpfs, but there is no ${file}`);
  try {
    await connection.run(`LOAD ${sqlText(file)}`);
  } catch (error) {
    throw new StoreProblem(`DuckDB’s extension ${file} cannot be loaded: ${wordsOf(error)}`);
  }
}
