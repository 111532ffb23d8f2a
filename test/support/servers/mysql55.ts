import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { fetchedServer } from './fetched-servers.ts';
import { MYSQL_PASSWORD, MYSQL_USER, startMysqlFamily } from './mysql-family.ts';
import type { RunningServer } from './running-server.ts';
import { runningAsRoot } from './server-process.ts';

/** Oracle's own MySQL 5.5: no session tracking, no DEPRECATE_EOF, the oldest protocol in use. Rejects where it is not fetched. */
export function startMysql55(): Promise<RunningServer> {
  const directory = fetchedServer('mysql-5.5');
  if (directory === undefined) {
    return Promise.reject(new Error('MySQL 5.5 is not here; run tools/prepare-integration.ts'));
  }
  return startMysqlFamily({
    name: 'mysql-5.5',
    program: join(directory, 'bin/mysqld'),
    initialize(target) {
      cpSync(join(directory, 'data'), join(target, 'data'), { recursive: true });
    },
    options: [
      '--no-defaults',
      ...(runningAsRoot() ? ['--user=root'] : []),
      `--basedir=${directory}`,
      `--lc-messages-dir=${join(directory, 'share')}`,
      '--innodb-buffer-pool-size=16M',
    ],
    createUser: [
      `CREATE USER ${MYSQL_USER} IDENTIFIED BY '${MYSQL_PASSWORD}'`,
      "DELETE FROM mysql.user WHERE User = ''",
      'FLUSH PRIVILEGES',
    ],
  });
}
