import mariadb from 'mariadb';
import mysql from 'mysql2/promise';
import type { ServerAddress } from '../../test/support/servers/running-server.ts';
import { runClient } from './command-line-client.ts';

export const MARIADB_TABLES = [
  'CREATE TABLE orders (id INT PRIMARY KEY AUTO_INCREMENT, customer VARCHAR(50), total DECIMAL(10,2))',
  "INSERT INTO orders (customer, total) VALUES ('Ada', 12.50), ('Grace', 99.90), ('Łukasz', 7.00)",
];

/** A small shop at work: everything the table should show once, then ordinary business. */
export async function visitMariadb(server: ServerAddress): Promise<void> {
  const { host, port, user, password, database } = server;
  await mysql.createConnection({ host, port, user, password: 'guessed', database }).catch(() => undefined);
  await runClient('mariadb', ['-h', host, '-P', `${port}`, '-u', user, '--skip-ssl', database, '-e', 'SHOW TABLES'], {
    MYSQL_PWD: password,
  });
  const shop = await mysql.createConnection({ host, port, user, password, database });
  await shop.query("SELECT id, total FROM orders WHERE customer = 'Ada'");
  await shop.execute('SELECT customer, total FROM orders WHERE total > ? AND customer <> ?', [10, "O'Brien"]);
  await shop.query('SELECT * FROM order').catch(() => undefined);
  await shop.beginTransaction();
  await shop.execute('UPDATE orders SET total = total * ? WHERE customer = ?', [0.9, 'Grace']);
  await shop.query("INSERT INTO orders (customer, total) VALUES ('Linus', 3.20)");
  await shop.commit();
  await shop.query("CREATE USER 'guest'@'%' IDENTIFIED BY 'not to be seen'");
  await shop.query('SELECT SLEEP(1)');
  await pipeline(server);
  for (let id = 0; id < 100; id++) {
    await shop.execute('SELECT total FROM orders WHERE id = ?', [id]);
    await shop.query(`SELECT count(*) FROM orders WHERE total > ${id}`);
    await shop.execute('INSERT INTO orders (customer, total) VALUES (?, ?)', [`customer ${id}`, id]);
  }
  await shop.end();
}

async function pipeline({ host, port, user, password, database }: ServerAddress): Promise<void> {
  const connection = await mariadb.createConnection({ host, port, user, password, database });
  await Promise.all([1, 2, 3].map((id) => connection.query('SELECT customer FROM orders WHERE id = ?', [id])));
  await connection.batch('INSERT INTO orders (customer, total) VALUES (?, ?)', [
    ['Margaret', 1],
    ['Barbara', 2],
  ]);
  await connection.end();
}
