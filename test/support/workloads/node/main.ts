/** One workload in a process of its own: `main.ts LOAD HOST PORT USER PASSWORD DATABASE BOUND`. */
import type { ServerAddress } from '../../servers/running-server.ts';
import { ioredisLoad } from './ioredis.ts';
import { mariadbBatch, mariadbPipelined, mariadbText } from './mariadb.ts';
import { mysql2Prepared, mysql2Text } from './mysql2.ts';
import { pgExtended, pgNamed, pgSimple } from './pg.ts';
import { postgresPipelined } from './postgres.ts';
import { redisLoad } from './redis.ts';

type Load = (server: ServerAddress, bound: string) => Promise<void>;

const LOADS: Readonly<Record<string, Load>> = {
  'mysql2-text': mysql2Text,
  'mysql2-prepared': mysql2Prepared,
  'mariadb-text': mariadbText,
  'mariadb-pipelined': mariadbPipelined,
  'mariadb-batch': mariadbBatch,
  'pg-simple': pgSimple,
  'pg-extended': pgExtended,
  'pg-named': pgNamed,
  'postgres-pipelined': postgresPipelined,
  ioredis: ioredisLoad,
  redis: redisLoad,
};

const [name = '', , port = '', user = '', password = '', database = '', bound = ''] = process.argv.slice(2);
const load = LOADS[name];
if (load === undefined) throw new Error(`no workload ${name}`);
await load({ host: '127.0.0.1', port: Number(port), user, password, database }, bound);
