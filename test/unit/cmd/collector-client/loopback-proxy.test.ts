import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type ServerResponse, request as startRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Collector } from '../../../../cmd/collector-client/collector.ts';
import { connectCollector } from '../../../../cmd/collector-client/connect.ts';
import { type LoopbackProxy, startLoopbackProxy } from '../../../../cmd/collector-client/ui/loopback-proxy.ts';
import { CollectorServer } from '../../../support/collector-server.ts';
import { runPlugin } from '../../../support/plugin.ts';

const directory = mkdtempSync(join(tmpdir(), 'dbaudit-test-'));
let server: CollectorServer;
let collector: Collector;
let proxy: LoopbackProxy;

beforeAll(async () => {
  server = await CollectorServer.start();
  const cluster = server.cluster();
  collector = await connectCollector({
    globals: { color: 'never' },
    cluster: async () => cluster,
    ownNamespace: async () => 'dbaudit-system',
  } as never);
});
beforeEach(async () => {
  proxy = await startLoopbackProxy(collector, 0);
});
afterEach(() => {
  proxy.close();
  server.asked.length = 0;
  server.answers.clear();
});
afterAll(() => {
  collector.close();
  server.close();
  rmSync(directory, { recursive: true, force: true });
});

interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** Unlike fetch it says whatever it is told to as Host and Origin. */
function ask(path: string, headers: Record<string, string> = {}, method = 'GET', body?: string): Promise<Reply> {
  const { port } = new URL(proxy.address);
  return new Promise((resolve, reject) => {
    const sent = startRequest({ host: '127.0.0.1', port, path, method, headers }, (response) => {
      void text(response).then((body) =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
      );
    });
    sent.once('error', reject);
    sent.end(body);
  });
}

/** The cookie that the first address gives. */
async function enter(): Promise<string> {
  const { pathname, search } = new URL(proxy.address);
  const { headers } = await ask(`${pathname}${search}`);
  return String(headers['set-cookie']).split(';')[0] ?? '';
}

describe('the page behind the loopback proxy', () => {
  test('the first address gives a cookie, once, and leads on to the page', async () => {
    const { pathname, search } = new URL(proxy.address);
    const first = await ask(`${pathname}${search}`);
    expect(first.status).toBe(200);
    expect(String(first.headers['set-cookie'])).toMatch(/^dbaudit-\d+=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/);
    expect(first.body).toContain('url=/"');
    expect(first.body).not.toContain('key=');
    expect(String(first.headers['set-cookie'])).not.toContain(new URL(proxy.address).searchParams.get('key') ?? 'none');
    expect((await ask(`${pathname}${search}`)).status).toBe(401);
    expect(server.asked).toEqual([]);
  });

  test('with it, everything is asked of the collector with the caller’s credentials, and nothing of the browser’s', async () => {
    const cookie = await enter();
    server.answers.set('POST /search', { events: [] });
    const headers = {
      cookie,
      authorization: 'Bearer of-the-page',
      referer: 'http://127.0.0.1/',
      'content-type': 'application/json',
    };
    const reply = await ask('/api/v1/search', headers, 'POST', '{"limit":1}');
    expect(reply).toMatchObject({ status: 200, body: '{"events":[]}' });
    const [asked] = server.asked;
    expect(asked).toMatchObject({ method: 'POST', path: '/search', body: { limit: 1 } });
    expect(asked?.headers).toMatchObject({ authorization: 'Bearer of-the-caller' });
    expect(asked?.headers).not.toHaveProperty('cookie');
    expect(asked?.headers).not.toHaveProperty('referer');
  });

  test('answers keep what they say, but no cookie and no HTTPS for all of 127.0.0.1', async () => {
    const cookie = await enter();
    server.answers.set('GET /', (response: ServerResponse) => {
      response.writeHead(200, {
        'Content-Security-Policy': "default-src 'self'",
        'Strict-Transport-Security': 'max-age=1',
        'Set-Cookie': 'a=b',
      });
      response.end('<p>');
    });
    const reply = await ask('/', { cookie });
    expect(reply).toMatchObject({
      status: 200,
      body: '<p>',
      headers: { 'content-security-policy': "default-src 'self'" },
    });
    expect(reply.headers).not.toHaveProperty('set-cookie');
    expect(reply.headers).not.toHaveProperty('strict-transport-security');
  });

  test('what streams arrives as it comes, and ends at the collector when the page leaves', async () => {
    const cookie = await enter();
    const { promise: left, resolve: onLeft } = Promise.withResolvers<void>();
    server.answers.set('POST /tail', (response: ServerResponse) => {
      response.write('{"behind":1}\n');
      response.once('close', onLeft);
    });
    const { port } = new URL(proxy.address);
    await new Promise<void>((resolve) => {
      const sent = startRequest(
        { host: '127.0.0.1', port, path: '/api/v1/tail', method: 'POST', headers: { cookie } },
        (response) => {
          response.once('data', (chunk) => {
            expect(String(chunk)).toBe('{"behind":1}\n');
            response.destroy();
            resolve();
          });
        },
      );
      sent.end('{}');
    });
    await left;
  });

  test.each([
    ['no cookie', {}, 401],
    ['another secret', { cookie: 'dbaudit-1=AAAA' }, 401],
  ])('with %s nothing is asked', async (_, headers, status) => {
    expect((await ask('/api/v1/search', headers)).status).toBe(status);
    expect(server.asked).toEqual([]);
  });

  test('a name of somebody else’s that leads here is refused, cookie or not', async () => {
    const cookie = await enter();
    const { port } = new URL(proxy.address);
    for (const host of [`evil.example:${port}`, 'evil.example', '127.0.0.1', '127.0.0.1:1']) {
      expect([host, (await ask('/', { cookie, host })).status]).toEqual([host, 421]);
    }
    expect(server.asked).toEqual([]);
  });

  test('the page of another site, also of another port, is refused', async () => {
    const cookie = await enter();
    for (const origin of ['https://evil.example', 'http://127.0.0.1:1', 'null']) {
      expect((await ask('/api/v1/search', { cookie, origin }, 'POST', '{}')).status).toBe(403);
    }
    expect(server.asked).toEqual([]);
  });

  test('a path that looks like an address stays a path', async () => {
    const cookie = await enter();
    expect((await ask('//evil.example/', { cookie })).status).toBe(404);
    expect(server.asked[0]?.path).toBe('//evil.example/');
  });
});

describe('ui', () => {
  test('opens a browser by a file, prints the address, and serves until it is interrupted', async () => {
    server.answers.set('GET /whoami', {
      name: 'jane',
      groups: [],
      namespaces: ['shop'],
      literals: false,
      rights: [],
      version: '0.1.0',
    });
    const [browser, told] = [join(directory, 'browser'), join(directory, 'told')];
    writeFileSync(browser, `#!/bin/sh\nprintf %s "$1" > "${told}.part"\nmv "${told}.part" "${told}"\n`, {
      mode: 0o700,
    });
    const end = new AbortController();
    const running = runPlugin(['ui'], {
      cluster: server.cluster(),
      signal: end.signal,
      environment: { BROWSER: browser },
    });
    while (!existsSync(told)) await sleep(5);
    const file = readFileSync(told, 'utf8');
    expect(file).not.toContain('key=');
    expect(statSync(fileURLToPath(file)).mode & 0o777).toBe(0o600);
    const [, address = ''] = /url=([^"]+)"/.exec(readFileSync(fileURLToPath(file), 'utf8')) ?? [];
    expect((await fetch(address)).status).toBe(200);
    end.abort();
    const { code, stdout, stderr } = await running;
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${address}\n` });
    expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/\?key=[\w-]{43}$/);
    expect(stderr).toContain('As jane, from dbaudit-collector-0 in dbaudit-system.');
    expect(existsSync(fileURLToPath(file))).toBe(false);
    await expect(fetch(address)).rejects.toThrow();
  });

  test('whoever the collector does not know is told at once', async () => {
    server.answers.set('GET /whoami', (response: ServerResponse) => {
      response.writeHead(401).end('{"code":"DBA5001","message":"the token has expired"}');
    });
    const { code, stderr } = await runPlugin(['ui', '--no-open'], { cluster: server.cluster() });
    expect(code).toBe(1);
    expect(stderr).toContain('the token has expired');
  });
});
