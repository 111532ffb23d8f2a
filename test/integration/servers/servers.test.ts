import { existsSync } from 'node:fs';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import mysql from 'mysql2/promise';
import pg from 'pg';
import { createClient } from 'redis';
import { UNKNOWN_COMMAND } from '../../support/completeness/redis-counters.ts';
import { availableServers } from '../../support/servers/catalog.ts';
import type { RunningServer, ServerProtocol } from '../../support/servers/running-server.ts';

/** For hangs: servers take seconds to start, on a busy machine a minute. */
jest.setTimeout(240_000);

type Visit = (server: RunningServer) => Promise<void>;

async function visitMysql({ host, port, user, password, database }: RunningServer): Promise<void> {
  const connection = await mysql.createConnection({ host, port, user, password, database });
  await connection.query("SELECT 'a\nb', 1");
  await connection.execute('SELECT ? + ?, ?', [1, 2, "O'Brien\n"]);
  await connection.query('SELEC').catch(() => undefined);
  await connection.end();
  await mysql.createConnection({ host, port, user, password: 'wrong', database }).catch(() => undefined);
}

async function visitPostgres({ host, port, user, password, database }: RunningServer): Promise<void> {
  const client = new pg.Client({ host, port, user, password, database });
  await client.connect();
  await client.query("SELECT 'a\nb', 1");
  await client.query('SELECT $1::int + $2::int, $3::text', [1, 2, "O'Brien\n"]);
  await client.query('SELEC').catch(() => undefined);
  await client.end();
  const stranger = new pg.Client({ host, port, user, password: 'wrong', database });
  await stranger.connect().catch(() => undefined);
}

async function visitRedis({ port }: RunningServer): Promise<void> {
  const client = createClient({ url: `redis://127.0.0.1:${port}`, disableClientInfo: true });
  await client.connect();
  await client.set('key', 'value');
  await client.get('key');
  await client.auth({ username: 'app', password: 'secret' });
  await client.auth({ username: 'app', password: 'wrong' }).catch(() => undefined);
  await client.close();
}

const VISITS: Readonly<Record<ServerProtocol, { visit: Visit; statements: string[]; logins: string[] }>> = {
  mysql: {
    visit: visitMysql,
    statements: ['SELECT a\nb, 1', "SELECT 1 + 2, O'Brien\n", 'SELEC'],
    logins: ['app ok', 'app failed'],
  },
  postgresql: {
    visit: visitPostgres,
    statements: ['SELECT a\nb, 1', "SELECT 1::int + 2::int, O'Brien\n::text", 'SELEC'],
    logins: ['app ok', 'app failed'],
  },
  // Redis 7 does not know CLIENT MAINT_NOTIFICATIONS, which this client sends.
  redis: {
    visit: visitRedis,
    statements: ['SET key value', 'GET key', UNKNOWN_COMMAND],
    logins: ['ok', 'ok', 'failed'],
  },
};

describe('a real server', () => {
  let server: RunningServer | undefined;

  afterEach(async () => {
    await server?.stop();
    server = undefined;
  });

  test.each(availableServers())('$name starts, keeps a ledger of its clients and leaves nothing', async ({ start }) => {
    const started = await start();
    server = started;
    const expected = VISITS[started.protocol];
    await expected.visit(started);
    await started.openLedger();
    await expected.visit(started);
    const ledger = await started.readLedger();
    expect([...ledger.statements].sort()).toEqual([...expected.statements].sort());
    expect([...ledger.logins].sort()).toEqual([...expected.logins].sort());
    await started.stop();
    expect(existsSync(`/proc/${started.pid}`)).toBe(false);
  });
});
