import { Redis } from 'ioredis';
import { redisKey } from './redis-key.ts';

/**
 * With a threshold of 0 the slow log has every command with its arguments (up to 32 of up to 128 characters), but for
 * EXEC and what the server does not know. https://redis.io/docs/latest/commands/slowlog/
 */
export const SLOW_LOG_SETTINGS = ['slowlog-log-slower-than 0', 'slowlog-max-len 10000000'];

type Entry = [id: number, seconds: number, micros: number, words: string[], client: string, name: string];

/** The commands of clients on TCP since the slow log was reset. */
export async function readSlowLog(socketPath: string): Promise<string[]> {
  const client = new Redis({ path: socketPath, enableReadyCheck: false, disableClientInfo: true });
  try {
    const entries = (await client.call('SLOWLOG', 'GET', '-1')) as Entry[];
    return entries
      .filter(([, , , , address]) => address.startsWith('127.0.0.1:'))
      .map(([, , , words]) => redisKey(words));
  } finally {
    client.disconnect();
  }
}
