import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SLOW_LOG_SETTINGS } from '../completeness/redis-slow-log.ts';
import { installedPostgresVersion } from '../servers/postgres.ts';
import { packImage } from './images.ts';
import { StagedRoot, UNPRIVILEGED_ID } from './staged-root.ts';

export const DATABASES_REFERENCE = 'localhost/databases:test';
const IMAGES = join(import.meta.dirname, '../../../build/cluster/images');

/** The account in all three servers; `app` is also the database's name. */
export const ACCOUNT = { user: 'app', password: 'secret', database: 'app' } as const;

/** Debian 12's default of 96 MiB would be most of the image. */
export const MARIADB_LOG_SIZE = '--innodb-log-file-size=8M';
const MARIADB_PROGRAMS = ['/usr/sbin/mariadbd', '/usr/bin/mariadb', '/usr/bin/mariadb-dump'];
const REDIS_PROGRAMS = ['/usr/bin/redis-server', '/usr/bin/redis-cli'];

/**
 * An archive of one image with MariaDB, PostgreSQL and Redis, their clients and initialized data, made of this machine's
 * packages (`tools/install-packages.sh demo`) and kept while they stay the same. The servers run unprivileged.
 */
export async function databaseImage(): Promise<string> {
  const postgres = installedPostgresVersion();
  const missing = [...MARIADB_PROGRAMS, ...REDIS_PROGRAMS].find((program) => !existsSync(program));
  if (missing !== undefined || postgres === undefined) {
    throw new Error(`${missing ?? 'PostgreSQL'} is missing; run tools/install-packages.sh demo`);
  }
  const archive = join(IMAGES, `databases-${fingerprint(postgres)}.tar`);
  if (existsSync(archive)) return archive;
  mkdirSync(IMAGES, { recursive: true });
  // Not within the checkout: an unprivileged account must reach it, to initialize PostgreSQL.
  const work = mkdtempSync(join(tmpdir(), 'dbaudit-databases-'));
  try {
    chmodSync(work, 0o755);
    const root = new StagedRoot(join(work, 'root'));
    addMariadb(root);
    addPostgres(root, postgres);
    addRedis(root);
    chownTree(join(root.path, 'data'));
    await packImage(
      {
        reference: DATABASES_REFERENCE,
        root: root.path,
        configuration: { Env: [`PATH=/bin:/usr/bin:/usr/sbin:${programsOf(postgres)}`] },
      },
      async (packed) => {
        for (const older of readdirSync(IMAGES)) if (older.startsWith('databases-')) rmSync(join(IMAGES, older));
        copyFileSync(packed, `${archive}.part`);
        renameSync(`${archive}.part`, archive);
      },
    );
    return archive;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Of what the image is made from: this file, and each server program. */
function fingerprint(postgres: string): string {
  const hash = createHash('sha256');
  const made = [
    import.meta.filename,
    join(import.meta.dirname, 'staged-root.ts'),
    join(programsOf(postgres), 'postgres'),
  ];
  for (const file of [...made, ...MARIADB_PROGRAMS, ...REDIS_PROGRAMS]) hash.update(readFileSync(file));
  return hash.digest('hex').slice(0, 16);
}

function programsOf(postgres: string): string {
  return `/usr/lib/postgresql/${postgres}/bin`;
}

function addMariadb(root: StagedRoot): void {
  for (const program of MARIADB_PROGRAMS) root.add(program);
  root.addFiles('/usr/share/mysql/english');
  root.addFiles('/usr/share/mysql/charsets');
  const data = join(root.path, 'data/mariadb');
  const options = ['--no-defaults', `--datadir=${data}`, '--user=root', MARIADB_LOG_SIZE];
  execFileSync('mariadb-install-db', [...options, '--auth-root-authentication-method=normal', '--skip-test-db'], {
    stdio: 'pipe',
  });
  const account = `'${ACCOUNT.user}'@'%'`;
  execFileSync('/usr/sbin/mariadbd', [...options, '--bootstrap', '--skip-grant-tables=0'], {
    stdio: ['pipe', 'pipe', 'pipe'],
    input: [
      'FLUSH PRIVILEGES;',
      `CREATE USER ${account} IDENTIFIED BY '${ACCOUNT.password}';`,
      `GRANT ALL ON *.* TO ${account};`,
      `CREATE DATABASE ${ACCOUNT.database} DEFAULT CHARACTER SET utf8mb4;`,
    ].join('\n'),
  });
}

function addPostgres(root: StagedRoot, version: string): void {
  const programs = programsOf(version);
  for (const program of ['postgres', 'psql', 'pg_isready']) root.add(join(programs, program));
  for (const library of ['plpgsql.so', 'dict_snowball.so']) root.add(`/usr/lib/postgresql/${version}/lib/${library}`);
  root.addFiles(`/usr/share/postgresql/${version}`, (path) => !path.includes('/man'));
  root.addFiles('/usr/share/zoneinfo/Etc/UTC');
  const data = join(root.path, 'data/postgresql');
  mkdirSync(data, { mode: 0o700 });
  chownSync(data, UNPRIVILEGED_ID, UNPRIVILEGED_ID);
  const environment = { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'Etc/UTC' };
  const account = { uid: UNPRIVILEGED_ID, gid: UNPRIVILEGED_ID, cwd: '/', env: environment };
  execFileSync(
    join(programs, 'initdb'),
    [
      '-D',
      data,
      '-U',
      'postgres',
      '-A',
      'scram-sha-256',
      '--auth-local=trust',
      '--no-locale',
      '-E',
      'UTF8',
      '-N',
      '--wal-segsize=1',
    ],
    { ...account, stdio: 'pipe' },
  );
  execFileSync(join(programs, 'postgres'), ['--single', '-D', data, 'postgres'], {
    ...account,
    stdio: ['pipe', 'pipe', 'pipe'],
    input: [
      `CREATE ROLE ${ACCOUNT.user} LOGIN PASSWORD '${ACCOUNT.password}'`,
      `CREATE DATABASE ${ACCOUNT.database} OWNER ${ACCOUNT.user}`,
      '',
    ].join('\n'),
  });
  writeFileSync(join(data, 'pg_hba.conf'), 'local all all trust\nhost all all all scram-sha-256\n');
}

function addRedis(root: StagedRoot): void {
  for (const program of REDIS_PROGRAMS) root.add(program);
  const configuration = [
    'port 6379',
    'bind * -::*',
    'protected-mode no',
    'unixsocket /data/redis.sock',
    'dir /data',
    'save ""',
    'appendonly no',
    ...SLOW_LOG_SETTINGS,
    `user ${ACCOUNT.user} on >${ACCOUNT.password} ~* &* +@all`,
  ];
  writeFileSync(join(root.path, 'etc/redis.conf'), `${configuration.join('\n')}\n`);
}

function chownTree(path: string): void {
  execFileSync('chown', ['-R', `${UNPRIVILEGED_ID}:${UNPRIVILEGED_ID}`, path]);
}
