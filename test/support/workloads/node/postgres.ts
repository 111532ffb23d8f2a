import postgres from 'postgres';
import type { ServerAddress } from '../../servers/running-server.ts';
import { repeat } from '../bound.ts';
import { ITEM_COUNT } from '../schema.ts';

/** Named statements sent before the earlier ones are answered. */
export async function postgresPipelined(server: ServerAddress, bound: string): Promise<void> {
  const { host, port, user, password, database } = server;
  const refused = postgres({ host, port, user, password: `not ${password}`, database, max: 1 });
  await refused`SELECT 1`.catch(() => undefined);
  await refused.end();
  const sql = postgres({ host, port, user, password, database, max: 1 });
  await repeat(bound, async (index) => {
    const ids = Array.from({ length: 10 }, (_, i) => ((index * 10 + i) % ITEM_COUNT) + 1);
    await Promise.all([
      ...ids.map((id) => sql`SELECT name, price FROM items WHERE id = ${id}`),
      sql`INSERT INTO notes (item, body) VALUES (${index % 1000}, ${`it's ${index}`})`,
      sql.unsafe(`SELECT ${index} AS plain`),
    ]);
    await sql.begin(async (transaction) => {
      await transaction`UPDATE items SET price = ${'1.5'} WHERE id = ${0}`;
    });
  });
  await sql.end();
}
