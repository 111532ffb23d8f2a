import { Redis } from 'ioredis';
import type { ServerAddress } from '../../test/support/servers/running-server.ts';
import { runClient } from './command-line-client.ts';

/** Carts and sessions: everything the table should show once, then ordinary business. */
export async function visitRedis({ host, port, user, password }: ServerAddress): Promise<void> {
  const stranger = new Redis({ host, port, username: user, password: 'guessed', retryStrategy: () => null });
  stranger.on('error', () => undefined);
  await stranger.ping().catch(() => undefined);
  stranger.disconnect();
  await runClient('redis-cli', ['-h', host, '-p', `${port}`, '--user', user, '--no-auth-warning', 'DBSIZE'], {
    REDISCLI_AUTH: password,
  });
  const shop = new Redis({ host, port, username: user, password });
  await shop.set('session:1', 'Ada', 'EX', 60);
  await shop.get('session:1');
  await shop.lpush('session:1', 'not a list').catch(() => undefined);
  await shop.multi().hset('cart:1', 'apples', 3).hincrby('cart:1', 'apples', 2).exec();
  await shop.blpop('nothing comes', 1);
  const pipeline = shop.pipeline();
  for (let id = 1; id <= 4; id++) pipeline.hset(`cart:${id}`, 'pears', id);
  await pipeline.exec();
  for (let id = 0; id < 150; id++) {
    await shop.set(`session:${id}`, `customer ${id}`);
    await shop.get(`session:${id}`);
  }
  await shop.quit();
}
