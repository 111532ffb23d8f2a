import mariadb, { type Connection } from 'mariadb';
import type { ServerAddress } from '../../servers/running-server.ts';
import { repeat } from '../bound.ts';
import { ITEM_COUNT } from '../schema.ts';

async function onConnection(
  { host, port, user, password, database }: ServerAddress,
  work: (connection: Connection) => Promise<void>,
): Promise<void> {
  await mariadb.createConnection({ host, port, user, password: `not ${password}`, database }).catch(() => undefined);
  const connection = await mariadb.createConnection({ host, port, user, password, database });
  await work(connection);
  await connection.end();
}

/** One statement after another: this connector asks for DEPRECATE_EOF and cached metadata. */
export function mariadbText(server: ServerAddress, bound: string): Promise<void> {
  return onConnection(server, (connection) =>
    repeat(bound, async (index) => {
      const id = (index % ITEM_COUNT) + 1;
      await connection.query('SELECT id, name, price FROM items WHERE id = ?', [id]);
      await connection.query('INSERT INTO notes (item, body) VALUES (?, ?)', [id, `it's ${index}`]);
      await connection.execute('SELECT name FROM items WHERE id = ? OR name = ?', [id, 'plain 1']);
    }),
  );
}

/** Statements sent before the earlier ones are answered, PREPARE and EXECUTE in one go among them. */
export function mariadbPipelined(server: ServerAddress, bound: string): Promise<void> {
  return onConnection(server, (connection) =>
    repeat(bound, async (index) => {
      const ids = Array.from({ length: 10 }, (_, i) => ((index * 10 + i) % ITEM_COUNT) + 1);
      await Promise.all(
        ids.flatMap((id) => [
          connection.query(`SELECT name FROM items WHERE id = ${id}`),
          connection.execute('SELECT price FROM items WHERE id = ?', [id]),
        ]),
      );
      await Promise.allSettled([
        connection.query('SELECT 1'),
        connection.query('SELECT missing FROM nowhere'),
        connection.query('SELECT 2'),
      ]);
    }),
  );
}

/** Many rows at once: COM_STMT_BULK_EXECUTE where the server has it. */
export function mariadbBatch(server: ServerAddress, bound: string): Promise<void> {
  return onConnection(server, (connection) =>
    repeat(bound, async (index) => {
      const rows = Array.from({ length: 5 }, (_, i) => [i, i % 2 === 0 ? null : `batch ${index}`]);
      await connection.batch('INSERT INTO notes (item, body) VALUES (?, ?)', rows);
      await connection.query('SELECT 1');
    }),
  );
}
