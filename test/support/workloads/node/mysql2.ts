import mysql, { type Connection } from 'mysql2/promise';
import type { ServerAddress } from '../../servers/running-server.ts';
import { repeat } from '../bound.ts';
import { ITEM_COUNT } from '../schema.ts';

/** Two connections at a time, after a third that is refused. */
async function onConnections(
  { host, port, user, password, database }: ServerAddress,
  work: (connection: Connection) => Promise<void>,
): Promise<void> {
  await mysql.createConnection({ host, port, user, password: `not ${password}`, database }).catch(() => undefined);
  const one = async () => {
    const connection = await mysql.createConnection({ host, port, user, password, database, charset: 'utf8mb4' });
    await work(connection);
    await connection.end();
  };
  await Promise.all([one(), one()]);
}

/** COM_QUERY: reads, writes, a transaction, an error, text over two lines and beyond ASCII. */
export function mysql2Text(server: ServerAddress, bound: string): Promise<void> {
  return onConnections(server, (connection) =>
    repeat(bound, async (index) => {
      const id = (index % ITEM_COUNT) + 1;
      await connection.query(`SELECT id, name, price FROM items WHERE id = ${id} -- why?`);
      await connection.query('SELECT id, name FROM items WHERE id < ? LIMIT 20', [id]);
      await connection.beginTransaction();
      await connection.query('INSERT INTO notes (item, body) VALUES (?, ?)', [id, `it's\n🗄 ${index}`]);
      await connection.query(`UPDATE items\nSET price = ${index % 90}.5\nWHERE id = 0`);
      await (index % 2 === 0 ? connection.commit() : connection.rollback());
      if (index % 10 === 0) await connection.query('SELECT missing FROM nowhere').catch(() => undefined);
    }),
  );
}

/** Prepared statements, kept and executed again, with parameters of several types. */
export function mysql2Prepared(server: ServerAddress, bound: string): Promise<void> {
  return onConnections(server, (connection) =>
    repeat(bound, async (index) => {
      const id = (index % ITEM_COUNT) + 1;
      await connection.execute('SELECT id, name, price FROM items WHERE id = ?', [id]);
      await connection.execute('SELECT count(*) FROM items WHERE name LIKE ? AND id > ?', ["O'B%", id]);
      await connection.execute('INSERT INTO notes (item, body, ratio) VALUES (?, ?, ?)', [id, null, index / 4]);
      await connection.execute('INSERT INTO notes (item, body) VALUES (?, ?)', [-id, `quoted 'text' 数 ${index}`]);
    }),
  );
}
