import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fetchedServer } from './fetched-servers.ts';
import { MYSQL_PASSWORD, MYSQL_USER, startMysqlFamily } from './mysql-family.ts';
import type { RunningServer } from './running-server.ts';
import { runningAsRoot } from './server-process.ts';

interface MariadbRelease {
  readonly version: string;
  readonly server: string;
  readonly install: string;
  /** Where it is not installed in the place it was compiled for. */
  readonly baseDirectory: string | undefined;
}

/** Debian's places; the server is not on every user's PATH. */
const INSTALLED_SERVER = '/usr/sbin/mariadbd';
const INSTALLED_INSTALL = '/usr/bin/mariadb-install-db';

function installed(): MariadbRelease | undefined {
  if (!existsSync(INSTALLED_SERVER) || !existsSync(INSTALLED_INSTALL)) return undefined;
  const banner = execFileSync(INSTALLED_SERVER, ['--no-defaults', '--version'], { encoding: 'utf8' });
  const version = /Ver (\d+\.\d+)/.exec(banner)?.[1] ?? 'unknown';
  return { version, server: INSTALLED_SERVER, install: INSTALLED_INSTALL, baseDirectory: undefined };
}

function fetched(version: string): MariadbRelease | undefined {
  const directory = fetchedServer(`mariadb-${version}`);
  if (directory === undefined) return undefined;
  return {
    version,
    server: join(directory, 'bin/mariadbd'),
    install: join(directory, 'scripts/mariadb-install-db'),
    baseDirectory: directory,
  };
}

/** `10.11` where Debian 12's package is installed; undefined where there is none. */
export function installedMariadbVersion(): string | undefined {
  return installed()?.version;
}

/** The installed MariaDB, or the version asked for. Rejects where it is not there. */
export function startMariadb({ version }: { readonly version?: string } = {}): Promise<RunningServer> {
  const own = installed();
  const release = version === undefined || version === own?.version ? own : fetched(version);
  if (release === undefined) {
    return Promise.reject(new Error(`MariaDB ${version ?? ''} is not here; run tools/install-packages.sh demo`));
  }
  const base = release.baseDirectory === undefined ? [] : [`--basedir=${release.baseDirectory}`];
  const account = runningAsRoot() ? ['--user=root'] : [];
  return startMysqlFamily({
    name: `mariadb-${release.version}`,
    program: release.server,
    initialize(directory) {
      const options = [`--datadir=${directory}/data`, '--auth-root-authentication-method=normal', '--skip-test-db'];
      execFileSync(release.install, ['--no-defaults', ...base, ...account, ...options], { stdio: 'pipe' });
    },
    options: ['--no-defaults', ...base, ...account, '--skip-ssl', '--innodb-buffer-pool-size=64M'],
    createUser: [`CREATE USER ${MYSQL_USER} IDENTIFIED BY '${MYSQL_PASSWORD}'`],
  });
}
