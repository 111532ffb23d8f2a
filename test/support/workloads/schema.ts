import type { RunningServer } from '../servers/running-server.ts';

const ROWS = 200;
/** Values as the loads read them back: quotes, a line end, characters of one to four bytes. */
const NAMES = ["O''Brien", 'plain', 'zwei\nZeilen', 'naïve 数据库 🗄'];

function rows(): string {
  return Array.from({ length: ROWS }, (_, i) => `(${i + 1}, '${NAMES[i % NAMES.length]} ${i}', ${i}.25)`).join(', ');
}

const INSERT = `INSERT INTO items (id, name, price) VALUES ${rows()}`;

/** Makes the tables all SQL workloads use; Redis needs nothing. */
export async function makeTables(server: RunningServer): Promise<void> {
  if (server.protocol === 'mysql') {
    await server.administer([
      'CREATE TABLE items (id INT PRIMARY KEY, name VARCHAR(100), price DECIMAL(10,2)) DEFAULT CHARACTER SET utf8mb4',
      'CREATE TABLE notes (id INT PRIMARY KEY AUTO_INCREMENT, item INT, body TEXT, ratio DOUBLE) DEFAULT CHARACTER SET utf8mb4',
      INSERT,
    ]);
  } else if (server.protocol === 'postgresql') {
    await server.administer([
      'CREATE TABLE items (id int PRIMARY KEY, name text, price numeric(10,2))',
      'CREATE TABLE notes (id serial PRIMARY KEY, item int, body text, ratio float8)',
      INSERT,
      `GRANT ALL ON ALL TABLES IN SCHEMA public TO ${server.user}`,
      `GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO ${server.user}`,
    ]);
  }
}

/** How many ids `items` has, from 1. */
export const ITEM_COUNT = ROWS;
