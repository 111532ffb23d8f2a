import { type ChildProcess, spawn } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, test } from '@jest/globals';
import type { AuditEvent } from '../../../contract/audit-event.ts';
import { endWithUs, temporaryDirectory } from '../../support/leftovers.ts';
import { AGENT } from '../../support/live-agent.ts';
import { validEvents } from '../../support/replayed.ts';
import { freePort } from '../../support/servers/free-port.ts';

const REQUESTS_OF_A_PART = 400;
/** Of a hang. */
const LIMIT_MILLIS = 60_000;
const directory = temporaryDirectory('access-log');
const log = join(directory.path, 'access.log');
const events = join(directory.path, 'events');
const pidFile = join(directory.path, 'pid');
const agentLog = join(directory.path, 'agent.log');

/** ingress-nginx' own default, and how it makes request ids. */
const LOG_FORMAT =
  '\'$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $request_length $request_time [$proxy_upstream_name] [$proxy_alternative_upstream_name] $upstream_addr $upstream_response_length $upstream_response_time $upstream_status $req_id\'';

afterAll(() => {
  if (existsSync(pidFile)) process.kill(nginxPid(), 'SIGTERM');
  directory.remove();
});

test('two rotations, an agent killed twice: every request of nginx exactly once', async () => {
  const port = await startNginx();
  const config = join(directory.path, 'agent.yaml');
  writeFileSync(
    config,
    JSON.stringify({
      capture: { device: 'lo', ports: { mysql: [], postgresql: [], redis: [] } },
      http: { port: await freePort() },
      inputs: [{ type: 'ingress-nginx', path: log }],
      delivery: { spool: { directory: join(directory.path, 'spool') } },
      sinks: [{ type: 'file', path: events }],
    }),
  );
  let agent = startAgent(config);
  await ask(port, 0);
  await until(() => linesSeen() > 0);
  await kill(agent, 'SIGKILL');
  // Rotated while nobody reads, with lines on both sides that nobody has read.
  await ask(port, 1);
  renameSync(log, `${log}.1`);
  process.kill(nginxPid(), 'SIGUSR1');
  await until(() => existsSync(log));
  await ask(port, 2);
  agent = startAgent(config);
  await until(() => linesSeen() > 2 * REQUESTS_OF_A_PART);
  await kill(agent, 'SIGKILL');
  await ask(port, 3);
  // Copied and truncated, as logrotate's copytruncate does.
  renameSync(`${log}.1`, `${log}.2`);
  copyFileSync(log, `${log}.1`);
  truncateSync(log);
  agent = startAgent(config);
  await ask(port, 4);
  await until(() => linesSeen() >= 5 * REQUESTS_OF_A_PART && seen().size === 5 * REQUESTS_OF_A_PART);
  await kill(agent, 'SIGTERM');

  const byId = seen();
  const paths = [...byId.values()].map(({ url }) => url?.path);
  const expected = Array.from({ length: 5 * REQUESTS_OF_A_PART }, (_, index) => `/r/${index}`);
  expect(paths.toSorted()).toEqual(expected.toSorted());
  const one = [...byId.values()].find(({ url }) => url?.path === '/r/7');
  expect(one).toMatchObject({
    event: { action: 'http.access', category: ['web'], type: ['access'], outcome: 'success' },
    http: { request: { method: 'GET', id: 'request 7' }, response: { status_code: 200, bytes: 3 } },
    url: { path: '/r/7', query: 'token=<masked>&page=7' },
    client: { ip: '127.0.0.1' },
    user_agent: { original: 'tester "é"' },
  });
  expect(readFileSync(events, 'utf8')).not.toContain('s3cret');
  process.stderr.write(`access log: ${byId.size} requests, ${linesSeen() - byId.size} given twice\n`);
}, 180_000);

async function startNginx(): Promise<number> {
  const port = await freePort();
  const file = join(directory.path, 'nginx.conf');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${directory.path}/${name};`,
  );
  writeFileSync(
    file,
    `daemon off; worker_processes 2; pid ${pidFile}; error_log ${directory.path}/error.log;
     ${process.getuid?.() === 0 ? 'user root;' : ''}
     events {}
     http {
       ${temporary.join('\n')}
       map $http_x_request_id $req_id { default $http_x_request_id; "" $request_id; }
       map "" $proxy_upstream_name { default "-"; }
       map "" $proxy_alternative_upstream_name { default ""; }
       log_format upstreaminfo ${LOG_FORMAT};
       access_log ${log} upstreaminfo;
       server { listen 127.0.0.1:${port}; location / { return 200 "ok\\n"; } }
     }`,
  );
  const path = `${process.env.PATH}:/usr/local/sbin:/usr/sbin`;
  const child = spawn('nginx', ['-c', file, '-e', join(directory.path, 'error.log')], {
    stdio: 'ignore',
    env: { ...process.env, PATH: path },
  });
  endWithUs(child, 'SIGTERM');
  await until(() => existsSync(log) && existsSync(pidFile));
  return port;
}

function nginxPid(): number {
  return Number(readFileSync(pidFile, 'utf8'));
}

function startAgent(config: string): ChildProcess {
  const { NODE_OPTIONS: _, ...environment } = process.env;
  const child = spawn(AGENT, ['run', '--config', config], { stdio: ['ignore', 'ignore', 'pipe'], env: environment });
  child.stderr?.on('data', (text: Buffer) => writeFileSync(agentLog, text, { flag: 'a' }));
  endWithUs(child);
  return child;
}

async function kill(agent: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const ended = new Promise((resolve) => agent.once('exit', resolve));
  agent.kill(signal);
  await ended;
}

/** The requests of one part, eight at a time. */
async function ask(port: number, part: number): Promise<void> {
  for (let first = part * REQUESTS_OF_A_PART; first < (part + 1) * REQUESTS_OF_A_PART; first += 8) {
    const count = Math.min(8, (part + 1) * REQUESTS_OF_A_PART - first);
    await Promise.all(
      Array.from({ length: count }, async (_, index) => {
        const number = first + index;
        const answer = await fetch(`http://127.0.0.1:${port}/r/${number}?token=s3cret&page=${number}`, {
          headers: { 'user-agent': 'tester "\xc3\xa9"', 'x-request-id': `request ${number}` },
        });
        expect(await answer.text()).toBe('ok\n');
      }),
    );
  }
}

/** Repeats count: there are none but of what a kill interrupted. */
function linesSeen(): number {
  return existsSync(events) ? readFileSync(events, 'utf8').split('"http.access"').length - 1 : 0;
}

function seen(): ReadonlyMap<string, AuditEvent> {
  if (!existsSync(events)) return new Map();
  const text = readFileSync(events, 'utf8');
  const whole = validEvents(text.slice(0, text.lastIndexOf('\n') + 1));
  return new Map(whole.filter(({ event }) => event.action === 'http.access').map((event) => [event.event.id, event]));
}

async function until(isSo: () => boolean): Promise<void> {
  const deadline = Date.now() + LIMIT_MILLIS;
  while (!isSo()) {
    if (Date.now() > deadline) {
      throw new Error(`waited in vain: ${existsSync(agentLog) ? readFileSync(agentLog, 'utf8').slice(-2000) : ''}`);
    }
    await sleep(200);
  }
}
