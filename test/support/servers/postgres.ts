import { execFileSync } from 'node:child_process';
import { chownSync, cpSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { PostgresLog } from '../completeness/postgres-log.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../leftovers.ts';
import { fetchedServer } from './fetched-servers.ts';
import { freePort } from './free-port.ts';
import type { RunningServer } from './running-server.ts';
import { NOBODY, runningAsRoot, ServerProcess } from './server-process.ts';

const USER = 'app';
const PASSWORD = 'secret';
const DATABASE = 'app';

const DEBIAN_RELEASES = '/usr/lib/postgresql';

function installedVersions(): string[] {
  if (!existsSync(DEBIAN_RELEASES)) return [];
  return readdirSync(DEBIAN_RELEASES).filter((version) => existsSync(join(DEBIAN_RELEASES, version, 'bin/postgres')));
}

/** `15` where Debian 12's package is installed; undefined where there is none. */
export function installedPostgresVersion(): string | undefined {
  return installedVersions().sort((a, b) => Number(b) - Number(a))[0];
}

/** The installed PostgreSQL, or the version asked for. Rejects where it is not there. */
export async function startPostgres(options: { readonly version?: string } = {}): Promise<RunningServer> {
  const version = options.version ?? installedPostgresVersion();
  if (version === undefined) throw new Error('PostgreSQL is not here; run tools/install-packages.sh demo');
  const release = installedVersions().includes(version)
    ? join(DEBIAN_RELEASES, version)
    : fetchedServer(`postgresql-${version}`);
  if (release === undefined) throw new Error(`PostgreSQL ${version} is not here; run tools/prepare-integration.ts`);
  const directory = temporaryDirectory(`postgresql-${version}`);
  try {
    return await launch(version, release, directory);
  } catch (error) {
    directory.remove();
    throw error;
  }
}

/** PostgreSQL refuses to run as root, and its account may not be able to reach the checkout: then it gets a copy. */
function reachable(release: string, directory: string): string {
  if (!runningAsRoot() || release.startsWith(DEBIAN_RELEASES)) return release;
  try {
    execFileSync(join(release, 'bin/postgres'), ['--version'], { ...NOBODY, stdio: 'ignore', cwd: '/' });
    return release;
  } catch {
    const copy = join(directory, 'release');
    cpSync(release, copy, { recursive: true });
    return copy;
  }
}

/** For a server that lives minutes: no care for its disk, every statement and login in a log of its own. */
const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  ssl: 'off',
  fsync: 'off',
  synchronous_commit: 'off',
  shared_buffers: '32MB',
  max_connections: '200',
  logging_collector: 'on',
  log_destination: 'jsonlog',
  log_filename: 'statements',
  log_rotation_size: '0',
  log_statement: 'all',
  log_connections: 'on',
  log_parameter_max_length_on_error: '-1',
};

interface Cluster {
  readonly programs: string;
  readonly path: string;
  readonly account: { readonly uid: number; readonly gid: number } | undefined;
  readonly environment: NodeJS.ProcessEnv;
}

function initialize(release: string, path: string): Cluster {
  const account = runningAsRoot() ? NOBODY : undefined;
  const data = join(path, 'data');
  mkdirSync(data);
  if (account !== undefined) {
    for (const owned of [path, data]) chownSync(owned, account.uid, account.gid);
  }
  const programs = join(reachable(release, path), 'bin');
  const environment = { PATH: process.env.PATH, HOME: path, LC_ALL: 'C' };
  execFileSync(
    join(programs, 'initdb'),
    ['-D', data, '-U', 'postgres', '-A', 'scram-sha-256', '--auth-local=trust', '--no-locale', '-E', 'UTF8', '-N'],
    { ...account, cwd: path, env: environment, stdio: 'pipe' },
  );
  return { programs, path, account, environment };
}

function startProcess(cluster: Cluster, port: number, ready: () => Promise<boolean>): Promise<ServerProcess> {
  const { programs, path, account, environment } = cluster;
  const settings = { ...SETTINGS, unix_socket_directories: path, log_directory: path };
  return ServerProcess.start(
    {
      program: join(programs, 'postgres'),
      arguments: [
        ...['-D', join(path, 'data'), '-p', `${port}`],
        ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
      ],
      logFile: join(path, 'server.log'),
      account,
      environment,
      // PostgreSQL's fast shutdown; SIGTERM waits for clients. https://www.postgresql.org/docs/current/server-shutdown.html
      stopSignal: 'SIGINT',
      // Its immediate shutdown: unlike SIGKILL it leaves no shared memory behind.
      abandonSignal: 'SIGQUIT',
    },
    ready,
  );
}

async function launch(version: string, release: string, directory: TemporaryDirectory): Promise<RunningServer> {
  const { path } = directory;
  const cluster = initialize(release, path);
  const port = await freePort();
  const administer = async (database: string, statements: readonly string[]) => {
    const client = new pg.Client({ host: path, port, user: 'postgres', database });
    await client.connect();
    try {
      for (const statement of statements) await client.query(statement);
    } finally {
      await client.end();
    }
  };
  const server = await startProcess(cluster, port, () =>
    administer('postgres', ['SELECT 1']).then(
      () => true,
      () => false,
    ),
  );
  const stop = async () => {
    await server.stop();
    directory.remove();
  };
  try {
    await administer('postgres', [
      `CREATE ROLE ${USER} LOGIN PASSWORD '${PASSWORD}'`,
      `CREATE DATABASE ${DATABASE} OWNER ${USER}`,
    ]);
  } catch (error) {
    await stop();
    throw error;
  }
  const log = new PostgresLog(join(path, 'statements.json'), (statement) => administer('postgres', [statement]));
  return {
    name: `postgresql-${version}`,
    protocol: 'postgresql',
    host: '127.0.0.1',
    port,
    user: USER,
    password: PASSWORD,
    database: DATABASE,
    pid: server.pid,
    administer: (statements) => administer(DATABASE, statements),
    openLedger: () => log.open(),
    readLedger: () => log.read(),
    stop,
  };
}
