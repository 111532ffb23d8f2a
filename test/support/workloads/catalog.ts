import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { endWithUs } from '../leftovers.ts';
import type { ServerAddress, ServerProtocol } from '../servers/running-server.ts';
import { type Bound, formatBound } from './bound.ts';
import { GO_LOAD } from './go.ts';
import { PYTHON, VIRTUAL_ENVIRONMENT } from './python.ts';

/** Traffic to one server through one client library, in one process, and nothing else. */
export interface Workload {
  readonly name: string;
  readonly protocol: ServerProtocol;
  readonly program: 'node' | 'python' | 'go';
}

const workload = (program: Workload['program'], protocol: ServerProtocol, ...names: string[]): Workload[] =>
  names.map((name) => ({ name, protocol, program }));

const WORKLOADS: readonly Workload[] = [
  ...workload('node', 'mysql', 'mysql2-text', 'mysql2-prepared', 'mariadb-text', 'mariadb-pipelined', 'mariadb-batch'),
  ...workload('python', 'mysql', 'pymysql'),
  ...workload('go', 'mysql', 'go-mysql-statements', 'go-mysql-each'),
  ...workload('node', 'postgresql', 'pg-simple', 'pg-extended', 'pg-named', 'postgres-pipelined'),
  ...workload('python', 'postgresql', 'psycopg'),
  ...workload('go', 'postgresql', 'pgx'),
  ...workload('node', 'redis', 'ioredis', 'redis'),
];

const PROGRAMS: Readonly<Record<Workload['program'], { command: readonly string[]; needs: string }>> = {
  node: { command: [process.execPath, join(import.meta.dirname, 'node/main.ts')], needs: process.execPath },
  python: { command: [PYTHON, join(import.meta.dirname, 'python/load.py')], needs: join(VIRTUAL_ENVIRONMENT, 'ready') },
  go: { command: [GO_LOAD], needs: GO_LOAD },
};

/** What can be run against `protocol` on this machine. */
export function availableWorkloads(protocol: ServerProtocol): readonly Workload[] {
  return WORKLOADS.filter((load) => load.protocol === protocol && existsSync(PROGRAMS[load.program].needs));
}

/** What cannot, for want of a client. */
export function missingWorkloads(): readonly Workload[] {
  return WORKLOADS.filter((load) => !existsSync(PROGRAMS[load.program].needs));
}

/** Clients end their last round a little after their bound; later than this they hang. */
const OVERTIME_MILLIS = 60_000;

/** Runs `load` to its end. Rejects with what it said when it fails. */
export function runWorkload(load: Workload, server: ServerAddress, bound: Bound): Promise<void> {
  const [program = '', ...first] = PROGRAMS[load.program].command;
  const { host, port, user, password, database } = server;
  const parameters = [...first, load.name, host, `${port}`, user, password, database, formatBound(bound)];
  const timeout = OVERTIME_MILLIS + ('seconds' in bound ? bound.seconds * 1000 : 0);
  return new Promise((resolve, reject) => {
    const { NODE_OPTIONS: _, ...environment } = process.env;
    const child = spawn(program, parameters, { stdio: ['ignore', 'ignore', 'pipe'], timeout, env: environment });
    endWithUs(child);
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`${load.name} ended with ${code ?? signal}: ${said.slice(-1000)}`));
    });
  });
}
