import { spawn } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { startRedis } from '../test/support/servers/redis.ts';
import { capturing } from './live.ts';
import { rssOf } from './measure.ts';
import { ended } from './recordings.ts';

/** A step is warmed up first: the first connections pay for code that later ones share. */
const WARM_UP = 1000;
const CONNECTIONS = 6000;

/** What each further open connection costs the agent: real connections to a real Redis, each having asked something. */
export async function benchConnections(): Promise<void> {
  const server = await startRedis();
  await server.administer(['CONFIG SET maxclients 15000']);
  const agent = spawn('bin/dbaudit-agent', ['run'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, DBAUDIT_CAPTURE_PORTS_REDIS: `${server.port}`, DBAUDIT_HTTP_PORT: '0' },
  });
  const sockets: Socket[] = [];
  try {
    await capturing(agent);
    const pid = agent.pid ?? 0;
    sockets.push(...(await open(server.port, WARM_UP)));
    await sleep(3000);
    const before = rssOf(pid).now;
    sockets.push(...(await open(server.port, CONNECTIONS)));
    await sleep(3000);
    const grown = rssOf(pid).now - before;
    process.stdout.write(
      `${CONNECTIONS} more connections: ${((grown * 1024) / CONNECTIONS).toFixed(2)} KiB each, ${rssOf(pid).now.toFixed(0)} MiB in all\n`,
    );
  } finally {
    for (const socket of sockets) socket.destroy();
    await ended(agent, 'SIGTERM');
    await server.stop();
  }
}

async function open(port: number, count: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  for (let index = 0; index < count; index += 1) {
    const socket = connect(port, '127.0.0.1');
    await new Promise<void>((answered, failed) => {
      socket.once('error', failed);
      socket.once('data', () => answered());
      socket.write('*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n');
    });
    sockets.push(socket);
  }
  return sockets;
}
