import { mysql } from './mysql/index.ts';
import { postgres } from './postgres/index.ts';
import type { Protocol } from './protocol.ts';
import { redis } from './redis/index.ts';

/** To add a database: write its folder, then name it here. */
export const protocols = [mysql, postgres, redis] as const satisfies readonly Protocol[];
