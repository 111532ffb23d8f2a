import { z } from 'zod';
import { ledgerOfGeneralLog } from '../completeness/general-log.ts';
import { ledgerOfJsonLog } from '../completeness/postgres-log.ts';
import { LOGIN_COMMANDS } from '../completeness/redis-counters.ts';
import { redisKey } from '../completeness/redis-key.ts';
import type { ServerProtocol } from '../servers/running-server.ts';
import { MARIADB_LOG, POSTGRES_LOG, POSTGRES_SOCKETS, REDIS_SOCKET } from './database-pods.ts';
import type { TestCluster } from './test-cluster.ts';

/** A server that `serverTemplate` describes; `target` is what `kubectl exec` takes: `deployment/orders-db`. */
export interface LoggedServer {
  readonly protocol: ServerProtocol;
  readonly namespace: string;
  readonly target: string;
}

/**
 * All statements that clients on TCP sent to a server since it started, by the server's own log, each in the spelling
 * that `EventLedger` has for the agent's events. Call it after the clients have their answers.
 */
export async function loggedStatements(cluster: TestCluster, server: LoggedServer): Promise<readonly string[]> {
  const inServer = (...command: readonly string[]) =>
    cluster.kubectl(['exec', '-n', server.namespace, server.target, '-c', 'server', '--', ...command]);
  switch (server.protocol) {
    case 'mysql':
      return ledgerOfGeneralLog(await inServer('cat', MARIADB_LOG)).statements;
    case 'postgresql': {
      // Its log collector writes a little later than it answers; this mark comes after all that was before it.
      const mark = `SELECT 'ledger mark ${process.hrtime.bigint()}'`;
      await inServer('psql', '--quiet', '--host', POSTGRES_SOCKETS, '--username', 'postgres', '--command', mark);
      const log = await cluster.waitFor(`the mark in the log of ${server.target}`, async () => {
        const text = await inServer('cat', POSTGRES_LOG);
        return text.includes(mark) && text;
      });
      return ledgerOfJsonLog(log).statements;
    }
    case 'redis':
      return commandsOf(await inServer('redis-cli', '-s', REDIS_SOCKET, '--json', 'SLOWLOG', 'GET', '-1'));
  }
}

/** https://redis.io/docs/latest/commands/slowlog-get/ */
const slowLogSchema = z.array(
  z.tuple([z.number(), z.number(), z.number(), z.array(z.string()), z.string(), z.string()]),
);

function commandsOf(slowLog: string): readonly string[] {
  return slowLogSchema
    .parse(JSON.parse(slowLog))
    .filter(([, , , words, client]) => !client.startsWith('/') && !LOGIN_COMMANDS.has((words[0] ?? '').toUpperCase()))
    .map(([, , , words]) => redisKey(words))
    .reverse();
}
