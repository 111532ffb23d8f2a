import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync } from 'node:fs';
import { record } from '../test/support/recording.ts';
import { startMariadb } from '../test/support/servers/mariadb.ts';
import { startPostgres } from '../test/support/servers/postgres.ts';
import { startRedis } from '../test/support/servers/redis.ts';
import type { RunningServer } from '../test/support/servers/running-server.ts';

export const DIRECTORY = 'build/bench';

/** A load of a known program and how it is recorded. */
export interface Recording {
  readonly name: string;
  readonly protocol: 'mysql' | 'postgresql' | 'redis';
  start(): Promise<RunningServer>;
  prepare(server: RunningServer): string | undefined;
  /** Runs for a while and ends by itself. */
  load(server: RunningServer): string;
  /** What tshark is asked for. */
  readonly tsharkFields: readonly string[];
}

const sysbench = (server: RunningServer, prepared: boolean) =>
  `sysbench oltp_point_select --db-driver=mysql --mysql-host=127.0.0.1 --mysql-port=${server.port} --mysql-user=${server.user} --mysql-password=${server.password} --mysql-db=${server.database} --table-size=10000 --db-ps-mode=${prepared ? 'auto' : 'disable'} --threads=8`;

const pgbench = (server: RunningServer) =>
  `PGPASSWORD=${server.password} pgbench -h 127.0.0.1 -p ${server.port} -U ${server.user} -n`;

const mysql = (prepared: boolean) => ({
  protocol: 'mysql' as const,
  start: startMariadb,
  prepare: (server: RunningServer) => `${sysbench(server, prepared)} prepare`,
  load: (server: RunningServer) => `${sysbench(server, prepared)} --time=60 run`,
  tsharkFields: ['mysql.query', 'mysql.command', 'mysql.stmt_id', 'mysql.error_code', 'mysql.affected_rows'],
});

const postgres = (mode: 'simple' | 'prepared') => ({
  protocol: 'postgresql' as const,
  start: startPostgres,
  prepare: (server: RunningServer) => `${pgbench(server)} -i -s 1 ${server.database}`,
  load: (server: RunningServer) => `${pgbench(server)} -S -M ${mode} -c 8 -T 60 ${server.database}`,
  tsharkFields: ['pgsql.query', 'pgsql.type', 'pgsql.statement', 'pgsql.tag', 'pgsql.code'],
});

export const RECORDINGS: readonly Recording[] = [
  { name: 'mysql-text', ...mysql(false) },
  { name: 'mysql-prepared', ...mysql(true) },
  { name: 'postgresql-simple', ...postgres('simple') },
  { name: 'postgresql-prepared', ...postgres('prepared') },
  {
    name: 'redis',
    protocol: 'redis',
    start: startRedis,
    prepare: () => undefined,
    load: (server) => `redis-benchmark -p ${server.port} -c 8 -n 1000000 -r 100000 -t get,set -q`,
    tsharkFields: ['resp.bulk_string.value', 'resp.simple_string', 'resp.error', 'resp.integer'],
  },
];

export interface RecordedFile {
  readonly recording: Recording;
  readonly file: string;
  readonly port: number;
}

/** The recording's file, made now where it is not there: real load, taken by tcpdump on loopback. */
export async function recorded(recording: Recording): Promise<RecordedFile> {
  mkdirSync(DIRECTORY, { recursive: true });
  const kept = readdirSync(DIRECTORY).find((name) => name.startsWith(`${recording.name}.`) && name.endsWith('.pcap'));
  if (kept !== undefined) {
    return { recording, file: `${DIRECTORY}/${kept}`, port: Number(kept.split('.')[1]) };
  }
  const server = await recording.start();
  try {
    const prepare = recording.prepare(server);
    if (prepare !== undefined) await shell(prepare);
    const file = `${DIRECTORY}/${recording.name}.${server.port}.pcap`;
    const unfinished = `${file}.part`;
    const recordingNow = await record([server.port], unfinished);
    await shell(recording.load(server));
    await recordingNow.stop();
    renameSync(unfinished, file);
    return { recording, file, port: server.port };
  } finally {
    await server.stop();
  }
}

/** Runs a command to its end; rejects with what it said where it fails. */
export function shell(command: string): Promise<void> {
  const child = spawn('bash', ['-c', command], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = `${said}${text}`.slice(-2000);
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`${command}\nended with ${code}: ${said}`)),
    );
  });
}

/** Ends a child by signal and waits for it. */
export function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once('exit', () => resolve());
    child.kill(signal);
  });
}
