import pg from 'pg';
import type { ServerAddress } from '../../servers/running-server.ts';
import { repeat } from '../bound.ts';
import { ITEM_COUNT } from '../schema.ts';

/** Two connections at a time, after a third that is refused. */
async function onConnections(
  { host, port, user, password, database }: ServerAddress,
  work: (client: pg.Client) => Promise<void>,
): Promise<void> {
  await new pg.Client({ host, port, user, password: `not ${password}`, database }).connect().catch(() => undefined);
  const one = async () => {
    const client = new pg.Client({ host, port, user, password, database });
    await client.connect();
    await work(client);
    await client.end();
  };
  await Promise.all([one(), one()]);
}

/** Query messages: reads, writes, a transaction, errors before and after parsing. */
export function pgSimple(server: ServerAddress, bound: string): Promise<void> {
  return onConnections(server, (client) =>
    repeat(bound, async (index) => {
      const id = (index % ITEM_COUNT) + 1;
      await client.query(`SELECT id, name, price FROM items WHERE id = ${id}`);
      await client.query(`SELECT id, name\nFROM items WHERE id < ${id} LIMIT 20`);
      await client.query('BEGIN');
      await client.query(`INSERT INTO notes (item, body) VALUES (${id}, 'it''s 🗄 ${index}')`);
      await client.query(index % 2 === 0 ? 'COMMIT' : 'ROLLBACK');
      if (index % 10 === 0) await client.query('SELECT missing FROM nowhere').catch(() => undefined);
      if (index % 10 === 5) await client.query('SELEC 1').catch(() => undefined);
    }),
  );
}

/** The unnamed statement, parsed anew each time. */
export function pgExtended(server: ServerAddress, bound: string): Promise<void> {
  return onConnections(server, (client) =>
    repeat(bound, async (index) => {
      const id = (index % ITEM_COUNT) + 1;
      await client.query('SELECT id, name, price FROM items WHERE id = $1', [id]);
      await client.query('INSERT INTO notes (item, body, ratio) VALUES ($1, $2, $3)', [id, null, index / 4]);
      await client.query('INSERT INTO notes (body, item) VALUES ($2, $1)', [-id, `quoted 'text' 数 ${index}`]);
      if (index % 10 === 0) await client.query('SELECT 1 / $1::int', [0]).catch(() => undefined);
    }),
  );
}

/** Named statements, parsed once and bound again. */
export function pgNamed(server: ServerAddress, bound: string): Promise<void> {
  return onConnections(server, (client) =>
    repeat(bound, async (index) => {
      const id = (index % ITEM_COUNT) + 1;
      await client.query({ name: 'one', text: 'SELECT name FROM items WHERE id = $1', values: [id] });
      await client.query({
        name: 'few',
        text: 'SELECT id FROM items WHERE id < $1 AND name <> $2',
        values: [id, "O'B"],
      });
    }),
  );
}
