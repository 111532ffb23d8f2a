import { Redis } from 'ioredis';
import type { ServerAddress } from '../../servers/running-server.ts';
import { repeat } from '../bound.ts';

/** RESP2: single commands, pipelines, MULTI, an error. */
export async function ioredisLoad({ host, port, user, password }: ServerAddress, bound: string): Promise<void> {
  const refused = new Redis({ host, port, username: user, password: `not ${password}`, retryStrategy: () => null });
  refused.on('error', () => undefined);
  await refused.ping().catch(() => undefined);
  refused.disconnect();
  const client = new Redis({ host, port, username: user, password, connectionName: 'load' });
  await repeat(bound, async (index) => {
    const key = `item:${index % 100}`;
    await client.set(key, `value "${index}"\r\n数`);
    await client.get(key);
    const pipeline = client.pipeline();
    for (let i = 0; i < 20; i++) pipeline.hset(`hash:${i}`, 'field', index).hget(`hash:${i}`, 'field');
    await pipeline.exec();
    await client.multi().incr('counter').rpush('list', index).ltrim('list', 0, 10).exec();
    await client.incr(key).catch(() => undefined);
  });
  await client.quit();
}
