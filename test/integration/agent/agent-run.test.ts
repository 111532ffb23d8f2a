import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, describe, expect, test } from '@jest/globals';
import { validEvents } from '../../support/replayed.ts';
import { freePort } from '../../support/servers/free-port.ts';
import { startRedis } from '../../support/servers/redis.ts';

const AGENT = 'bin/dbaudit-agent';
const directory = mkdtempSync(join(tmpdir(), 'dbaudit-agent-run-'));
const running: ChildProcess[] = [];

afterEach(async () => {
  for (const child of running.splice(0)) {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await exitOf(child);
    }
  }
});
afterAll(() => rmSync(directory, { recursive: true }));

interface Agent {
  readonly child: ChildProcess;
  /** `http://127.0.0.1:PORT` */
  readonly address: string;
  log(): string;
}

async function startAgent(config: object, environment: NodeJS.ProcessEnv = {}): Promise<Agent> {
  const file = join(directory, 'agent.yaml');
  writeFileSync(file, JSON.stringify({ http: { port: 0 }, ...config }));
  const { NODE_OPTIONS: _, ...inherited } = process.env;
  const child = spawn(AGENT, ['run', '--config', file], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...inherited, ...environment },
  });
  running.push(child);
  let log = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  for (let tries = 0; tries < 400; tries += 1) {
    const address = /"address":"([^"]+)"/.exec(log)?.[1];
    if (address !== undefined && log.includes('"capturing"')) return { child, address, log: () => log };
    if (child.exitCode !== null) throw new Error(`the agent ended: ${log}`);
    await sleep(50);
  }
  throw new Error(`the agent did not start: ${log}`);
}

function exitOf(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolve) => child.once('exit', (code) => resolve(code)));
}

function runOnce(...words: string[]) {
  const { NODE_OPTIONS: _, ...environment } = process.env;
  return spawnSync(AGENT, words, { encoding: 'utf8', env: environment });
}

describe('dbaudit-agent run', () => {
  test('captures, serves metrics and health, drains at SIGTERM and ends with 0', async () => {
    const redis = await startRedis();
    const events = join(directory, 'events.ndjson');
    try {
      const agent = await startAgent({
        capture: { device: 'lo', ports: { mysql: [], postgresql: [], redis: [redis.port] } },
        sinks: [{ type: 'file', path: events }],
      });
      expect((await fetch(`${agent.address}/readyz`)).status).toBe(200);
      expect((await fetch(`${agent.address}/healthz`)).status).toBe(200);
      expect((await fetch(`${agent.address}/nothing`)).status).toBe(404);
      const client = spawnSync('redis-cli', ['-p', `${redis.port}`, 'SET', 'a key', 'value'], { encoding: 'utf8' });
      expect(client.stdout).toBe('OK\n');
      agent.child.kill('SIGTERM');
      expect(await exitOf(agent.child)).toBe(0);
      const seen = validEvents(readFileSync(events, 'utf8'));
      expect(seen.map(({ event }) => event.action)).toEqual(
        expect.arrayContaining(['dbaudit.agent.start', 'db.command', 'dbaudit.agent.stop']),
      );
      expect(seen.find(({ db }) => db?.operation?.name === 'SET')?.db?.query?.text).toBe('SET "a key" value');
      expect(seen.map(({ event }) => event.sequence)).toEqual(seen.map((_, index) => index));
    } finally {
      await redis.stop();
    }
  });

  test('its metrics please promtool', async () => {
    const agent = await startAgent({ capture: { device: 'lo' } });
    const metrics = await (await fetch(`${agent.address}/metrics`)).text();
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
      input: metrics,
      encoding: 'utf8',
    });
    expect(`${status} ${stdout}${stderr}`).toBe('0 ');
    expect(metrics).toMatch(/^dbaudit_packets_received_total \d+$/m);
  });

  test('a taken port is told with the next step', async () => {
    const agent = await startAgent({ capture: { device: 'lo' } });
    const port = Number(new URL(agent.address).port);
    await expect(startAgent({ capture: { device: 'lo' }, http: { port } })).rejects.toThrow(/DBA1005.*next: /s);
  });

  test('a device that is not there is told', async () => {
    await expect(startAgent({ capture: { device: 'nosuch0' } })).rejects.toThrow(/DBA1006.*nosuch0.*next: /s);
  });

  test('without the right to capture it names the right', async () => {
    const port = await freePort();
    const { stderr, status } = spawnSync(
      'setpriv',
      ['--bounding-set=-net_raw,-net_admin', '--inh-caps=-all', AGENT, 'run'],
      { encoding: 'utf8', env: { PATH: process.env.PATH, DBAUDIT_HTTP_PORT: `${port}` }, timeout: 30_000 },
    );
    expect(`${status} ${stderr}`).toMatch(/^1 .*DBA1003.*CAP_NET_RAW.*next: /s);
  });
});

describe('dbaudit-agent', () => {
  test.each([
    [['run', '--config', '/nowhere.yaml'], /DBA1002.*\/nowhere\.yaml/],
    [['run', 'now'], /DBA1004.*now/],
    [['replay'], /DBA1004/],
    [['replay', '--format', 'xml', 'x.pcap'], /DBA1004.*xml.*native, packetbeat/],
    [['replay', '/nowhere.pcap'], /DBA1002.*\/nowhere\.pcap/],
    [['fly'], /DBA1004.*fly/],
    [['--what'], /DBA1004.*--what/],
    [[], /DBA1004/],
  ])('%j ends with 1 and says why', (words, says) => {
    const { status, stderr, stdout } = runOnce(...words);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(says);
    expect(stderr).toMatch(/\n {2}next: /);
  });

  test('--print-config shows what is in force', () => {
    const { stdout, status } = runOnce('run', '--print-config');
    expect(status).toBe(0);
    expect(stdout).toContain('device: any');
  });

  test('a capture cut in the middle gives what is before, and says where it ends', () => {
    const whole = spawnSync('gunzip', ['-c', 'tools/demo/recording.pcap.gz'], { maxBuffer: 1 << 26 }).stdout;
    const file = join(directory, 'cut.pcap');
    writeFileSync(file, whole.subarray(0, Math.floor(whole.length / 2)));
    const { status, stderr, stdout } = runOnce('replay', file);
    expect(status).toBe(1);
    expect(stderr).toMatch(/DBA1002: .*cut\.pcap, byte \d+: /);
    expect(validEvents(stdout).length).toBeGreaterThan(10);
  });

  test('a reader that has enough is no error', () => {
    const { NODE_OPTIONS: _, ...env } = process.env;
    const { status, stderr } = spawnSync(
      'bash',
      ['-c', `set -o pipefail; ${AGENT} replay tools/demo/recording.pcap.gz tools/demo/recording.pcap.gz | head -n 1`],
      { encoding: 'utf8', env },
    );
    expect({ status, stderr: stderr.includes('EPIPE') }).toEqual({ status: 0, stderr: false });
  });
});
