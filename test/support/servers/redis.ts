import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { askRedis, RedisCounters } from '../completeness/redis-counters.ts';
import { SLOW_LOG_SETTINGS } from '../completeness/redis-slow-log.ts';
import { temporaryDirectory } from '../leftovers.ts';
import { freePort } from './free-port.ts';
import type { RunningServer } from './running-server.ts';
import { ServerProcess } from './server-process.ts';

const USER = 'app';
const PASSWORD = 'secret';
const PROGRAM = 'redis-server';

/** `7` where Debian 12's package is installed; undefined where there is none. */
export function installedRedisVersion(): string | undefined {
  try {
    return /v=(\d+)/.exec(execFileSync(PROGRAM, ['--version'], { encoding: 'utf8' }))?.[1];
  } catch {
    return undefined;
  }
}

/** The installed Redis with an account `app`; the default account needs no password, as on most servers. */
export async function startRedis(): Promise<RunningServer> {
  const version = installedRedisVersion();
  if (version === undefined) throw new Error('Redis is not here; run tools/install-packages.sh demo');
  const directory = temporaryDirectory(`redis-${version}`);
  const socket = `${directory.path}/socket`;
  const port = await freePort();
  const configuration = [
    `port ${port}`,
    'bind 127.0.0.1',
    `unixsocket ${socket}`,
    `dir ${directory.path}`,
    'save ""',
    'appendonly no',
    ...SLOW_LOG_SETTINGS,
    `user ${USER} on >${PASSWORD} ~* &* +@all`,
  ];
  writeFileSync(`${directory.path}/redis.conf`, `${configuration.join('\n')}\n`);
  const counters = new RedisCounters(socket);
  try {
    const server = await ServerProcess.start(
      { program: PROGRAM, arguments: [`${directory.path}/redis.conf`], logFile: `${directory.path}/server.log` },
      () =>
        askRedis(socket, 'PING').then(
          () => true,
          () => false,
        ),
    );
    return {
      name: `redis-${version}`,
      protocol: 'redis',
      host: '127.0.0.1',
      port,
      user: USER,
      password: PASSWORD,
      database: '0',
      pid: server.pid,
      async administer(statements) {
        for (const statement of statements) await askRedis(socket, statement);
      },
      openLedger: () => counters.open(),
      readLedger: () => counters.read(),
      async stop() {
        await server.stop();
        directory.remove();
      },
    };
  } catch (error) {
    directory.remove();
    throw error;
  }
}
