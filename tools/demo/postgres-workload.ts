import pg from 'pg';
import postgres from 'postgres';
import type { ServerAddress } from '../../test/support/servers/running-server.ts';
import { runClient } from './command-line-client.ts';

export const POSTGRES_TABLES = [
  'CREATE TABLE invoices (id serial PRIMARY KEY, customer text, amount numeric(10,2))',
  "INSERT INTO invoices (customer, amount) VALUES ('Ada', 12.50), ('Grace', 99.90), ('Łukasz', 7.00)",
  'GRANT ALL ON invoices, invoices_id_seq TO app',
];

/** Invoices being written: everything the table should show once, then ordinary business. */
export async function visitPostgres(server: ServerAddress): Promise<void> {
  const { host, port, user, password, database } = server;
  await new pg.Client({ host, port, user, password: 'guessed', database }).connect().catch(() => undefined);
  const script = ['-c', 'SELECT count(*) FROM invoices', '-c', '\\copy (SELECT * FROM invoices) TO /dev/null'];
  await runClient('psql', ['-X', '-q', '-h', host, '-p', `${port}`, '-U', user, '-d', database, ...script], {
    PGPASSWORD: password,
    PGSSLMODE: 'disable',
  });
  const office = new pg.Client({ host, port, user, password, database });
  await office.connect();
  await office.query("SELECT id, amount FROM invoices WHERE customer = 'Ada'");
  await office.query('SELECT customer FROM invoices WHERE amount > $1 AND customer <> $2', [10, "O'Brien"]);
  await office.query('SELECT * FROM invoice').catch(() => undefined);
  await office.query('BEGIN');
  await office.query('UPDATE invoices SET amount = amount * $1 WHERE customer = $2', ['0.9', 'Grace']);
  await office.query("INSERT INTO invoices (customer, amount) VALUES ('Linus', 3.20)");
  await office.query('COMMIT');
  await office.query('SELECT pg_sleep(1)');
  await pipeline(server);
  for (let id = 0; id < 100; id++) {
    await office.query({ name: 'by id', text: 'SELECT amount FROM invoices WHERE id = $1', values: [id] });
    await office.query(`SELECT count(*) FROM invoices WHERE amount > ${id}`);
    await office.query('INSERT INTO invoices (customer, amount) VALUES ($1, $2)', [`customer ${id}`, id]);
  }
  await office.end();
}

async function pipeline({ host, port, user, password, database }: ServerAddress): Promise<void> {
  const sql = postgres({ host, port, user, password, database, max: 1, fetch_types: false });
  await Promise.all([1, 2, 3].map((id) => sql`SELECT customer FROM invoices WHERE id = ${id}`));
  await sql.end();
}
