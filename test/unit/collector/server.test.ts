import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { makeLeaf } from '../../../kubernetes/certificates/key-pairs.ts';
import { COLLECTOR_NAME, type OpenDoor, openTestDoor } from '../../support/collector/open-door.ts';

const directory = mkdtempSync(join(tmpdir(), 'dbaudit-page-'));
let door: OpenDoor;
let ready = true;

beforeAll(async () => {
  mkdirSync(join(directory, 'assets'));
  writeFileSync(join(directory, 'index.html'), '<!doctype html>the page');
  writeFileSync(join(directory, 'assets/main-abc.js'), 'the code');
  writeFileSync(join(directory, 'secret.txt'), 'nobody’s');
  door = await openTestDoor({ webDirectory: directory, ready: () => ready });
});
afterAll(async () => {
  await door.close();
  rmSync(directory, { recursive: true });
});

test('health always, readiness when all is there, figures for whom the API server allows it', async () => {
  expect(await door.ask('/healthz')).toMatchObject({ status: 200, text: 'ok\n' });
  expect((await door.ask('/readyz')).status).toBe(200);
  ready = false;
  expect((await door.ask('/healthz')).status).toBe(200);
  expect((await door.ask('/readyz')).status).toBe(503);
  ready = true;
  expect((await door.ask('/metrics')).status).toBe(401);
  expect((await door.ask('/metrics', { token: 'somebody' })).status).toBe(403);
  const figures = await door.ask('/metrics', { token: 'scraper' });
  expect(figures.text).toMatch(/dbaudit_collector_answers_total/);
});

test.each(['/', '/alerts', '/sessions/0af1'])(
  'the page at %s, under a policy that lets nothing else in',
  async (path) => {
    const { status, text, headers } = await door.ask(path);
    expect({ status, text }).toEqual({ status: 200, text: '<!doctype html>the page' });
    expect(headers).toMatchObject({
      'content-security-policy': expect.stringMatching(/^default-src 'self'; .*frame-ancestors 'none'/),
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-cache',
    });
  },
);

test('assets may be kept, answers not', async () => {
  const asset = await door.ask('/assets/main-abc.js');
  expect({ status: asset.status, text: asset.text }).toEqual({ status: 200, text: 'the code' });
  expect(asset.headers['cache-control']).toContain('immutable');
  expect((await door.ask('/api/v1/whoami')).headers['cache-control']).toBe('no-store');
});

test.each([
  '/secret.txt',
  '/assets/../secret.txt',
  '/assets/%2e%2e/secret.txt',
  '/assets/none.js',
  '/api/v2/x',
  '/v1/x',
])('%s is nothing of the page', async (path) => {
  const { status, text } = await door.ask(path);
  expect(status).toBe(404);
  expect(text).not.toContain('nobody');
});

test('another certificate is shown to new connections', async () => {
  const serial = () =>
    new Promise<string>((resolve, reject) => {
      const options = { port: door.server.port, host: '127.0.0.1', ca: door.authority.certificate };
      const socket = connect({ ...options, servername: COLLECTOR_NAME }, () => {
        resolve(socket.getPeerCertificate().serialNumber);
        socket.destroy();
      });
      socket.on('error', reject);
    });
  const before = await serial();
  door.server.show(await makeLeaf({ authority: door.authority, dnsNames: [COLLECTOR_NAME], now: new Date() }));
  expect(await serial()).not.toBe(before);
});

test('heads that are too long are turned away', async () => {
  const { status } = await door.ask('/healthz', { headers: { 'x-long': 'x'.repeat(40_000) } });
  expect(status).toBe(431);
});

test('draining: not ready, still answering, and asking to be left', async () => {
  door.server.drain();
  expect(await door.ask('/readyz')).toMatchObject({ status: 503, headers: { connection: 'close' } });
  expect(await door.ask('/healthz')).toMatchObject({ status: 200, headers: { connection: 'close' } });
});
