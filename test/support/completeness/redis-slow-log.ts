import { Redis } from 'ioredis';
import { redisKey } from './redis-key.ts';

/**
 * With a threshold of 0 the slow log has every command with its arguments (up to 32 of up to 128 characters), but for
 * EXEC and what the server does not know. https://redis.io/docs/latest/commands/slowlog/
 */
export const SLOW_LOG_SETTINGS = ['slowlog-log-slower-than 0', 'slowlog-max-len 10000000'];

type Entry = [id: number, seconds: number, micros: number, words: string[], client: string, name: string];

/** The commands of clients on TCP since `after`, and the id of the newest entry. */
export async function readSlowLog(socketPath: string, after: number): Promise<{ keys: string[]; newest: number }> {
  const client = new Redis({ path: socketPath, enableReadyCheck: false, disableClientInfo: true });
  try {
    const entries = (await client.call('SLOWLOG', 'GET', '-1')) as Entry[];
    const fresh = entries.filter(([id, , , , address]) => id > after && address.startsWith('127.0.0.1:'));
    return { keys: fresh.map(([, , , words]) => redisKey(words)), newest: entries[0]?.[0] ?? after };
  } finally {
    client.disconnect();
  }
}
