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

describe('dbaudit-agent run in a pod', () => {
  const POD = { DBAUDIT_POD_NAMESPACE: 'shop', DBAUDIT_POD_NAME: 'orders-0', DBAUDIT_NODE_NAME: 'node-1' };

  /** Starts `dbaudit-agent run` with `words` before it, waits for `said` in the log, asks `/status`, ends it. */
  async function observe(said: RegExp, words: readonly string[], parameters: readonly string[], environment: object) {
    const port = await freePort();
    const { NODE_OPTIONS: _, ...inherited } = process.env;
    const [program = AGENT, ...before] = [...words, AGENT];
    const child = spawn(program, [...before, 'run', ...parameters], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...inherited, ...POD, DBAUDIT_HTTP_PORT: `${port}`, DBAUDIT_CAPTURE_DEVICE: 'lo', ...environment },
    });
    running.push(child);
    let log = '';
    let events = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      log += text;
    });
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      events += text;
    });
    for (let tries = 0; tries < 400 && !said.test(log); tries += 1) await sleep(50);
    const status = await fetch(`http://127.0.0.1:${port}/status`).then(
      (response) => response.json(),
      () => undefined,
    );
    const wasUp = child.exitCode === null;
    child.kill('SIGTERM');
    const exitCode = await exitOf(child);
    return { log, status, wasUp, exitCode, events: validEvents(events) };
  }

  test('without the right to capture it stays up and says that it is blind', async () => {
    const words = ['setpriv', '--bounding-set=-net_raw,-net_admin', '--inh-caps=-all'];
    const seen = await observe(/cannot capture/, words, [], {});
    expect(seen).toMatchObject({ wasUp: true, exitCode: 0 });
    expect(seen.status).toMatchObject({ capturing: false, reason: expect.stringMatching(/^DBA1003: .*CAP_NET_RAW/) });
    expect(seen.events[0]).toMatchObject({
      event: { action: 'db.gap', reason: 'blind' },
      kubernetes: { namespace: 'shop', pod: { name: 'orders-0' }, node: { name: 'node-1' } },
    });
  });

  test('with a configuration that is not valid it stays up, blind, and ends once the configuration is valid', async () => {
    const file = join(directory, 'wrong.yaml');
    writeFileSync(file, 'redact: everything\n');
    const { NODE_OPTIONS: _, ...inherited } = process.env;
    const child = spawn(AGENT, ['run', '--config', file], {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...inherited, ...POD, DBAUDIT_HTTP_PORT: `${await freePort()}` },
    });
    running.push(child);
    let events = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      events += text;
    });
    for (let tries = 0; tries < 400 && !events.includes('db.gap'); tries += 1) await sleep(50);
    expect(validEvents(events)[0]).toMatchObject({ message: expect.stringMatching(/DBA1001.*redact/) });
    writeFileSync(file, 'redact: literals\n');
    expect(await exitOf(child)).toBe(0);
  });

  test('with a sink that cannot be opened it stays up and blind: the root of its container is read-only', async () => {
    const file = join(directory, 'sink.yaml');
    writeFileSync(file, JSON.stringify({ sinks: [{ type: 'file', path: '/proc/no/such/events.ndjson' }] }));
    const seen = await observe(/cannot capture/, [], ['--config', file], {});
    expect(seen).toMatchObject({ wasUp: true, exitCode: 0 });
    expect(seen.events[0]).toMatchObject({
      event: { action: 'db.gap', reason: 'blind' },
      message: expect.stringContaining('/proc/no/such/events.ndjson'),
    });
  });

  test('without its ConfigMap it takes the defaults', async () => {
    const optional = { DBAUDIT_CONFIG_OPTIONAL: 'true' };
    const seen = await observe(/"capturing"/, [], ['--config', join(directory, 'nowhere.yaml')], optional);
    expect(seen.status).toMatchObject({ capturing: true, protocols: { mysql: { statements: 0 } } });
    expect(seen.events.map(({ event }) => event.action)).toEqual(['dbaudit.agent.start', 'dbaudit.agent.stop']);
  });

  test('a port that the application has does not keep it from capturing', async () => {
    const port = await freePort();
    const blocker = spawn('python3', ['-m', 'http.server', '--bind', '127.0.0.1', `${port}`], { stdio: 'ignore' });
    running.push(blocker);
    for (let tries = 0; tries < 100; tries += 1) {
      if (
        await fetch(`http://127.0.0.1:${port}/`).then(
          (response) => response.ok,
          () => false,
        )
      )
        break;
      await sleep(50);
    }
    const seen = await observe(/"capturing"/, [], [], { DBAUDIT_HTTP_PORT: `${port}` });
    expect(seen.log).toContain('DBA1005');
    expect(seen.events.map(({ event }) => event.action)).toEqual(['dbaudit.agent.start', 'dbaudit.agent.stop']);
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
