import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { startMariadb } from '../test/support/servers/mariadb.ts';
import { startRedis } from '../test/support/servers/redis.ts';
import { cpuSecondsOf, micros, rssOf } from './measure.ts';
import { ended, RECORDINGS, shell } from './recordings.ts';

const IDLE_SECONDS = 20;

/** The agent on loopback: idle, and under the load of sysbench and of redis-benchmark. */
export async function benchLive(): Promise<void> {
  await benchOne('mysql-prepared', startMariadb);
  await benchOne('redis', startRedis);
}

async function benchOne(name: string, start: typeof startMariadb): Promise<void> {
  const recording = RECORDINGS.find((candidate) => candidate.name === name);
  if (recording === undefined) return;
  const server = await start();
  const agent = spawn('bin/dbaudit-agent', ['run'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      ...process.env,
      [`DBAUDIT_CAPTURE_PORTS_${recording.protocol.toUpperCase()}`]: `${server.port}`,
      DBAUDIT_HTTP_PORT: '0',
    },
  });
  try {
    const address = await capturing(agent);
    const prepare = recording.prepare(server);
    if (prepare !== undefined) await shell(prepare);
    const pid = agent.pid ?? 0;
    await sleep(3000);
    const idleFrom = cpuSecondsOf(pid);
    await sleep(IDLE_SECONDS * 1000);
    const idlePercent = ((cpuSecondsOf(pid) - idleFrom) / IDLE_SECONDS) * 100;
    const idleRss = rssOf(pid).now;
    const before = { cpu: cpuSecondsOf(pid), packets: await metric(address, 'dbaudit_packets_received_total') };
    const started = performance.now();
    await shell(recording.load(server));
    const seconds = (performance.now() - started) / 1000;
    await sleep(500);
    const cpu = cpuSecondsOf(pid) - before.cpu;
    const packets = (await metric(address, 'dbaudit_packets_received_total')) - before.packets;
    const dropped = await metric(address, 'dbaudit_packets_dropped_total');
    process.stdout.write(
      `live ${name.padEnd(15)} idle ${idlePercent.toFixed(2)} % CPU, ${idleRss.toFixed(0)} MiB; ${packets} packets at ${Math.round(packets / seconds)}/s: ` +
        `${micros(cpu, packets)} CPU a packet, ${dropped} dropped, ${rssOf(pid).highest.toFixed(0)} MiB at most\n`,
    );
  } finally {
    await ended(agent, 'SIGTERM');
    await server.stop();
  }
}

/** Waits until the agent captures; gives the address of its metrics. */
export async function capturing(agent: ChildProcess): Promise<string> {
  let log = '';
  agent.stderr?.setEncoding('utf8').on('data', (text: string) => {
    log = `${log}${text}`.slice(-20_000);
  });
  for (let tries = 0; tries < 400; tries += 1) {
    const address = /"address":"([^"]+)"/.exec(log)?.[1];
    if (address !== undefined && log.includes('"capturing"')) return address;
    await sleep(25);
  }
  throw new Error(`the agent did not start: ${log}`);
}

async function metric(address: string, name: string): Promise<number> {
  const text = await (await fetch(`${address}/metrics`)).text();
  return [...text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'))].reduce(
    (sum, match) => sum + Number(match[1]),
    0,
  );
}
