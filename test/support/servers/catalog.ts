import { fetchedServer } from './fetched-servers.ts';
import { installedMariadbVersion, startMariadb } from './mariadb.ts';
import { startMysql55 } from './mysql55.ts';
import { installedPostgresVersion, startPostgres } from './postgres.ts';
import { installedRedisVersion, startRedis } from './redis.ts';
import type { RunningServer } from './running-server.ts';

/** A server that can be started on this machine. */
export interface AvailableServer {
  readonly name: string;
  /** From the distribution's packages; the others were fetched. */
  readonly installed: boolean;
  start(): Promise<RunningServer>;
}

const FETCHABLE: readonly AvailableServer[] = [
  { name: 'mariadb-11.4', installed: false, start: () => startMariadb({ version: '11.4' }) },
  { name: 'mysql-5.5', installed: false, start: startMysql55 },
  { name: 'postgresql-17', installed: false, start: () => startPostgres({ version: '17' }) },
  { name: 'postgresql-18', installed: false, start: () => startPostgres({ version: '18' }) },
];

function fromPackages(): AvailableServer[] {
  const mariadb = installedMariadbVersion();
  const postgres = installedPostgresVersion();
  const redis = installedRedisVersion();
  return [
    ...(mariadb === undefined ? [] : [{ name: `mariadb-${mariadb}`, installed: true, start: () => startMariadb() }]),
    ...(postgres === undefined
      ? []
      : [{ name: `postgresql-${postgres}`, installed: true, start: () => startPostgres() }]),
    ...(redis === undefined ? [] : [{ name: `redis-${redis}`, installed: true, start: startRedis }]),
  ];
}

/** Debian's servers first, then those that `tools/prepare-integration.ts` fetched. */
export function availableServers(): readonly AvailableServer[] {
  const own = fromPackages();
  const further = FETCHABLE.filter((server) => fetchedServer(server.name) !== undefined);
  return [...own, ...further.filter((server) => !own.some((other) => other.name === server.name))];
}
