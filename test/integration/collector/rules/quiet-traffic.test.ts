import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { createConnection } from 'mysql2/promise';
import { Client } from 'pg';
import { templateEnricher } from '../../../../collector/event/template.ts';
import { ruleLists, ruleListsSchema } from '../../../../collector/rules/lists.ts';
import type { Detection } from '../../../../collector/rules/rule.ts';
import { type KeptRuleBook, openRuleBook } from '../../../../collector/rules/rule-book.ts';
import type { AuditEvent } from '../../../../contract/audit-event.ts';
import { MemoryStore } from '../../../support/collector/memory-store.ts';
import { endWithUs } from '../../../support/leftovers.ts';
import { LiveAgent } from '../../../support/live-agent.ts';
import { startMariadb } from '../../../support/servers/mariadb.ts';
import { startPostgres } from '../../../support/servers/postgres.ts';
import { startRedis } from '../../../support/servers/redis.ts';
import type { RunningServer } from '../../../support/servers/running-server.ts';
import { availableWorkloads, runWorkload } from '../../../support/workloads/catalog.ts';
import { makeTables } from '../../../support/workloads/schema.ts';

/** For hangs: servers take seconds to start, on a busy machine a minute. */
jest.setTimeout(3_600_000);

/** Of each kind of traffic: enough that every statement of it is sent; at full scale what windows of minutes need. */
const SECONDS = process.env.DBAUDIT_COLLECTOR_SCALE === 'full' ? 300 : 2;
const TABLE_ROWS = 12_000;

const directory = mkdtempSync(join(tmpdir(), 'dbaudit-rules-'));
let mariadb: RunningServer;
let postgres: RunningServer;
let redis: RunningServer;
let book: KeptRuleBook;

beforeAll(async () => {
  [mariadb, postgres, redis] = await Promise.all([startMariadb(), startPostgres(), startRedis()]);
  await Promise.all([makeTables(mariadb), makeTables(postgres)]);
  await mariadb.administer(["GRANT ALL ON *.* TO 'app'@'%' WITH GRANT OPTION"]);
  await Promise.all([sysbench('prepare'), pgbench('-i', '-q')]);
  // Nothing is known of this traffic, so that all of it is new: no rule is spared for what was learned.
  book = openRuleBook({
    directory,
    lists: ruleLists(ruleListsSchema.parse({})),
    history: { store: new MemoryStore() },
    learningDays: 0,
  });
});
afterAll(async () => {
  await Promise.all([mariadb?.stop(), postgres?.stop(), redis?.stop()]);
  rmSync(directory, { recursive: true });
});

function run(program: string, words: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<void> {
  return new Promise((resolve, reject) => {
    const { NODE_OPTIONS: _, ...inherited } = process.env;
    const child = spawn(program, words, { stdio: ['ignore', 'ignore', 'pipe'], env: { ...inherited, ...environment } });
    endWithUs(child);
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    child.once('error', reject);
    child.once('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`${program} ended with ${code}: ${said}`)),
    );
  });
}

function sysbench(step: 'prepare' | 'run'): Promise<void> {
  const { host, port, user, password, database } = mariadb;
  const server = [`--mysql-host=${host}`, `--mysql-port=${port}`, `--mysql-user=${user}`];
  const account = [`--mysql-password=${password}`, `--mysql-db=${database}`];
  const size = ['--tables=1', `--table-size=${TABLE_ROWS}`, '--threads=2', `--time=${SECONDS}`];
  return run('sysbench', ['oltp_read_write', ...server, ...account, ...size, step]);
}

function pgbench(...words: readonly string[]): Promise<void> {
  const { host, port, user, password, database } = postgres;
  return run('pgbench', [...words, '-h', host, '-p', `${port}`, '-U', user, database], { PGPASSWORD: password });
}

function mysqldump(): Promise<void> {
  const { host, port, user, password, database } = mariadb;
  return run('mysqldump', [`-h${host}`, `-P${port}`, `-u${user}`, '--no-tablespaces', database], {
    MYSQL_PWD: password,
  });
}

function redisBenchmark(): Promise<void> {
  const { host, port, user, password } = redis;
  const account = ['--user', user, '-a', password];
  return run('redis-benchmark', [
    '-h',
    host,
    '-p',
    `${port}`,
    ...account,
    '-n',
    '2000',
    '-q',
    '-t',
    'get,set,incr,lpush',
  ]);
}

async function shop(): Promise<void> {
  for (const server of [mariadb, postgres, redis]) {
    // Each tries a wrong password once; more of them from one address would be an attack.
    for (const load of availableWorkloads(server.protocol).slice(1, 2))
      await runWorkload(load, server, { seconds: SECONDS });
  }
}

function mysqlConnection() {
  const { host, port, user, password, database } = mariadb;
  return createConnection({ host, port, user, password, database });
}

/** What a tool such as Flyway does when a release is rolled out. */
const MIGRATION = [
  'DROP TABLE IF EXISTS was_never_there',
  'CREATE TABLE schema_history (version VARCHAR(50) PRIMARY KEY, checksum INT, success INT)',
  'CREATE TABLE coupons (id INT PRIMARY KEY, code VARCHAR(20), item INT)',
  'CREATE INDEX coupons_by_code ON coupons (code)',
  'ALTER TABLE coupons ADD COLUMN note VARCHAR(100)',
  'ALTER TABLE coupons DROP COLUMN note',
  "INSERT INTO schema_history VALUES ('1.0', 123, 1)",
  'UPDATE schema_history SET success = 1',
  'SELECT * FROM schema_history ORDER BY version',
] as const;

async function migrate(): Promise<void> {
  const mysql = await mysqlConnection();
  for (const statement of MIGRATION) await mysql.query(statement);
  await mysql.query('DROP INDEX coupons_by_code ON coupons');
  await mysql.end();
  const postgresql = new Client({ ...postgres, application_name: 'migrations' });
  await postgresql.connect();
  for (const statement of MIGRATION) await postgresql.query(statement);
  await postgresql.query('CREATE EXTENSION IF NOT EXISTS plpgsql');
  await postgresql.query('DROP INDEX coupons_by_code');
  await postgresql.end();
}

async function checkHealth(): Promise<void> {
  for (let round = 0; round < 20; round++) {
    const mysql = await mysqlConnection();
    await mysql.query('SELECT 1');
    await mysql.query("SHOW GLOBAL STATUS LIKE 'Threads%'");
    await mysql.query('SELECT table_name, table_rows FROM information_schema.tables');
    await mysql.end();
    const postgresql = new Client({ ...postgres });
    await postgresql.connect();
    await postgresql.query('SELECT 1');
    await postgresql.query('SELECT datname, numbackends FROM pg_stat_database');
    await postgresql.end();
  }
}

/** All that the agent saw while `traffic` went on, as the collector hands it to its rules. */
async function detectionsDuring(traffic: () => Promise<void>) {
  const agent = await LiveAgent.start({
    ports: { mysql: [mariadb.port], postgresql: [postgres.port], redis: [redis.port] },
  });
  const events: AuditEvent[] = [];
  const template = templateEnricher();
  try {
    await traffic();
  } finally {
    await agent.stop((event) => events.push(event));
  }
  const known = events.map((event) => book.enrich(template(event)));
  return { events: events.length, detections: book.see(known) };
}

function told({ rule, group, events }: Detection): string {
  return `${rule.level} ${rule.id} ${JSON.stringify(group)}: ${events.at(-1)?.db?.query?.text?.slice(0, 200)}`;
}

test('everyday traffic raises no high alert', async () => {
  const { events, detections } = await detectionsDuring(async () => {
    await checkHealth();
    await migrate();
    await shop();
    await Promise.all([sysbench('run'), pgbench('-T', `${SECONDS}`, '-c', '2')]);
    await redisBenchmark();
    await mysqldump();
  });
  const seen = [...new Set(detections.map(({ rule }) => `${rule.id} (${rule.level})`))];
  process.stderr.write(`quiet: ${events} events; found ${seen.join(', ')}\n`);
  expect(events).toBeGreaterThan(10_000);
  expect(detections.filter(({ rule }) => rule.level === 'high' || rule.level === 'critical').map(told)).toEqual([]);
});

test('attacks among it are found, each by its rule', async () => {
  const { detections } = await detectionsDuring(async () => {
    await Promise.all([sysbench('run'), attack()]);
  });
  const found = new Set(detections.map(({ rule }) => rule.id));
  process.stderr.write(`attacks: found ${[...found].join(', ')}\n`);
  expect([...found]).toEqual(
    expect.arrayContaining([
      'db.auth.bruteforce',
      'db.auth.success_after_failures',
      'db.bulk.delete',
      'db.ddl.drop',
      'db.export.dump_tool',
      'db.kv.flush',
      'db.priv.superuser',
      'db.sqli.union',
      'db.write.no_where',
    ]),
  );
});

async function attack(): Promise<void> {
  const { host, port, user, database } = mariadb;
  for (let tries = 0; tries < 10; tries++) {
    await createConnection({ host, port, user, password: `guess ${tries}`, database }).catch(() => undefined);
  }
  await mysqldump();
  const mysql = await mysqlConnection();
  await mysql.query("SELECT id, name FROM items WHERE id = '' UNION SELECT 1, concat(user, host) FROM mysql.user -- ");
  await mysql.query('CREATE TABLE copy AS SELECT * FROM sbtest1');
  await mysql.query('DELETE FROM copy');
  await mysql.query('DROP TABLE copy');
  await mysql.query("GRANT ALL ON *.* TO 'mallory'@'%' IDENTIFIED BY 'x' WITH GRANT OPTION").catch(() => undefined);
  await mysql.end();
  const postgresql = new Client({ ...postgres });
  await postgresql.connect();
  await postgresql.query('CREATE TABLE lost AS SELECT * FROM items');
  await postgresql.query('DROP TABLE lost');
  await postgresql.end();
  const client = new Redis({ host: redis.host, port: redis.port, username: redis.user, password: redis.password });
  await client.flushall();
  await client.quit();
}
