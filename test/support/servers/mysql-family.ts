import { readFileSync, statSync } from 'node:fs';
import { createConnection } from 'mysql2/promise';
import { ledgerOfGeneralLog } from '../completeness/general-log.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../leftovers.ts';
import { freePort } from './free-port.ts';
import type { RunningServer, ServerLedger } from './running-server.ts';
import { ServerProcess } from './server-process.ts';

const USER = 'app';
const PASSWORD = 'secret';
const DATABASE = 'app';

/** Both take these: no files outside the directory, no host names, nothing of the machine's own configuration. */
function commonOptions(directory: string, port: number): string[] {
  return [
    `--datadir=${directory}/data`,
    `--port=${port}`,
    '--bind-address=127.0.0.1',
    `--socket=${directory}/socket`,
    `--pid-file=${directory}/pid`,
    '--skip-name-resolve',
    '--general-log',
    `--general-log-file=${directory}/general.log`,
    '--innodb-flush-log-at-trx-commit=0',
    '--max-connections=200',
  ];
}

/** What differs between MariaDB and MySQL 5.5. */
export interface MysqlFlavor {
  readonly name: string;
  readonly program: string;
  /** Makes `directory`/data. */
  initialize(directory: string): void;
  /** Must come first where it begins with `--no-defaults`. */
  readonly options: readonly string[];
  readonly createUser: readonly string[];
}

/** Starts a server of MySQL's family with an account `app` and a database `app`. */
export async function startMysqlFamily(flavor: MysqlFlavor): Promise<RunningServer> {
  const directory = temporaryDirectory(flavor.name);
  try {
    flavor.initialize(directory.path);
    return await launch(flavor, directory);
  } catch (error) {
    directory.remove();
    throw error;
  }
}

async function launch(flavor: MysqlFlavor, directory: TemporaryDirectory): Promise<RunningServer> {
  const port = await freePort();
  const socket = `${directory.path}/socket`;
  const administer = async (statements: readonly string[]) => {
    const connection = await createConnection({ socketPath: socket, user: 'root' });
    try {
      for (const statement of statements) await connection.query(statement);
    } finally {
      await connection.end();
    }
  };
  const server = await ServerProcess.start(
    {
      program: flavor.program,
      arguments: [...flavor.options, ...commonOptions(directory.path, port)],
      logFile: `${directory.path}/server.log`,
    },
    () =>
      administer(['SELECT 1']).then(
        () => true,
        () => false,
      ),
  );
  const stop = async () => {
    await server.stop();
    directory.remove();
  };
  try {
    await administer([
      ...flavor.createUser,
      `GRANT ALL ON *.* TO '${USER}'@'%'`,
      `CREATE DATABASE IF NOT EXISTS ${DATABASE} DEFAULT CHARACTER SET utf8mb4`,
    ]);
  } catch (error) {
    await stop();
    throw error;
  }
  const ledger = new GeneralLog(`${directory.path}/general.log`);
  return {
    name: flavor.name,
    protocol: 'mysql',
    host: '127.0.0.1',
    port,
    user: USER,
    password: PASSWORD,
    database: DATABASE,
    pid: server.pid,
    administer: (statements) => administer([`USE ${DATABASE}`, ...statements]),
    openLedger: async () => ledger.open(),
    readLedger: async () => ledger.read(),
    stop,
  };
}

/** The server writes an entry before it answers, so what a client has an answer for is in the file. */
class GeneralLog {
  readonly #file: string;
  #opened = 0;

  constructor(file: string) {
    this.#file = file;
  }

  open(): void {
    this.#opened = statSync(this.#file).size;
  }

  read(): ServerLedger {
    return ledgerOfGeneralLog(readFileSync(this.#file).subarray(this.#opened).toString('utf8'));
  }
}

/** The account of the servers' clients; what `createUser` must create. */
export const MYSQL_USER = `'${USER}'@'%'`;
export const MYSQL_PASSWORD = PASSWORD;
