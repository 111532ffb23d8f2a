import { createClient } from 'redis';
import type { ServerAddress } from '../../servers/running-server.ts';
import { repeat } from '../bound.ts';

/** RESP3 with commands pipelined by the client itself, a transaction, pub/sub and push messages in between. */
export async function redisLoad({ host, port, user, password }: ServerAddress, bound: string): Promise<void> {
  const refused = createClient({ url: `redis://${user}:wrong@${host}:${port}`, socket: { reconnectStrategy: false } });
  refused.on('error', () => undefined);
  await refused.connect().catch(() => undefined);
  const client = createClient({ url: `redis://${user}:${password}@${host}:${port}`, RESP: 3 });
  const subscriber = client.duplicate();
  await client.connect();
  await subscriber.connect();
  let heard = 0;
  await subscriber.subscribe('news', () => {
    heard += 1;
  });
  await repeat(bound, async (index) => {
    const key = `item:${index % 100}`;
    await Promise.all(Array.from({ length: 20 }, (_, i) => client.set(`${key}:${i}`, `${i}`)));
    await Promise.all([client.get(`${key}:1`), client.mGet([`${key}:2`, 'none']), client.hGetAll('none')]);
    await client
      .multi()
      .sAdd('set', `${index % 50}`)
      .sCard('set')
      .exec();
    await client.publish('news', `number ${index}`);
    await client.lPush(`${key}:1`, 'wrong type').catch(() => undefined);
  });
  await subscriber.unsubscribe('news');
  await subscriber.close();
  await client.close();
  if (heard === 0) throw new Error('no message was heard');
}
