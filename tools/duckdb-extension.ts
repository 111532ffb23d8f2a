/**
 * DuckDB's extension httpfs, without which it writes nothing encrypted, from the wheel that DuckDB publishes on PyPI;
 * `build/duckdb-extensions` keeps what was fetched. DuckDB checks its signature when it is loaded, this checks that it is the
 * one that was tested.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { run } from './run.ts';

/** That of `@duckdb/node-api`: DuckDB loads the extensions of its own version alone. */
const VERSION = '1.5.5';
const FILE = 'httpfs.duckdb_extension';
const WHEEL_LIMIT_MILLIS = 300_000;

interface Build {
  /** As Python names the platform. */
  readonly platform: string;
  /** Of the extension itself. */
  readonly sha256: string;
}

const DUCKDB_EXTENSIONS = {
  amd64: {
    platform: 'manylinux2014_x86_64',
    sha256: '887c392b1e49128d11667c81e3698d8b00dfdeb456771acf66d05a0f74f7b7d8',
  },
  arm64: {
    platform: 'manylinux2014_aarch64',
    sha256: 'eba6e263e395a83966090f1f11ade63630b1b21422f0f2813858d179d42ea1e9',
  },
} as const satisfies Readonly<Record<string, Build>>;

type ExtensionArchitecture = keyof typeof DUCKDB_EXTENSIONS;

const ROOT = resolve(import.meta.dirname, '../build/duckdb-extensions');

/** Where the extension of an architecture is once it was fetched: what the collector takes as its directory of extensions. */
export function extensionDirectory(architecture: ExtensionArchitecture): string {
  return join(ROOT, architecture);
}

/** The architecture that this runs on. */
export const HOST_ARCHITECTURE: ExtensionArchitecture = process.arch === 'arm64' ? 'arm64' : 'amd64';

/**
 * Fetches the extension where it is not there, and gives its directory.
 * @throws Error where it cannot be had, or is another than expected
 */
export function fetchDuckdbExtension(architecture: ExtensionArchitecture): string {
  const directory = extensionDirectory(architecture);
  if (existsSync(join(directory, FILE))) return directory;
  const { platform, sha256 } = DUCKDB_EXTENSIONS[architecture];
  const work = `${directory}.part`;
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  const parameters = ['-m', 'pip', 'download', '--quiet', '--no-deps', '--only-binary=:all:', '--platform', platform];
  run('python3', [...parameters, '-d', work, `duckdb-extension-httpfs==${VERSION}`], {
    timeoutMillis: WHEEL_LIMIT_MILLIS,
  });
  const wheel = readdirSync(work).find((name) => name.endsWith('.whl'));
  if (wheel === undefined) throw new Error('pip fetched no wheel');
  run('unzip', ['-qoj', join(work, wheel), `duckdb_extension_httpfs/extensions/v${VERSION}/${FILE}`, '-d', work]);
  rmSync(join(work, wheel));
  const found = createHash('sha256')
    .update(readFileSync(join(work, FILE)))
    .digest('hex');
  if (found !== sha256) throw new Error(`${FILE} for ${architecture} has the SHA-256 ${found}, not ${sha256}`);
  renameSync(work, directory);
  return directory;
}
