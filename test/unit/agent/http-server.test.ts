import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type HttpServer, startHttpServer } from '../../../agent/http-server.ts';
import type { Metric } from '../../../agent/metrics.ts';
import { UserError } from '../../../contract/user-error.ts';

const METRICS: readonly Metric[] = [{ name: 'dbaudit_up', type: 'gauge', help: 'Up.', read: () => 1 }];
const OPTIONS = { address: '127.0.0.1', port: 0, metrics: METRICS, status: () => ({ capturing: true }) };

let isReady = true;
let server: HttpServer;
beforeEach(async () => {
  isReady = true;
  server = await startHttpServer({ ...OPTIONS, ready: () => isReady });
});
afterEach(() => server.close());

const get = (path: string, method = 'GET') => fetch(server.address + path, { method });

describe('the HTTP server', () => {
  test.each([
    ['/metrics', 200, '# HELP dbaudit_up Up.\n# TYPE dbaudit_up gauge\ndbaudit_up 1\n'],
    ['/metrics?name[]=x', 200, '# HELP dbaudit_up Up.\n# TYPE dbaudit_up gauge\ndbaudit_up 1\n'],
    ['/status', 200, '{"capturing":true}\n'],
    ['/healthz', 200, 'ok\n'],
    ['/readyz', 200, 'ok\n'],
    ['/', 404, 'there are /metrics, /status, /healthz and /readyz\n'],
    ['/metrics/', 404, 'there are /metrics, /status, /healthz and /readyz\n'],
  ])('GET %s', async (path, status, body) => {
    const response = await get(path);
    expect([response.status, await response.text()]).toEqual([status, body]);
  });

  test('gives metrics the content type that Prometheus asks for', async () => {
    const { headers } = await get('/metrics');
    expect(headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  });

  test('is alive but not ready until it captures', async () => {
    isReady = false;
    expect([(await get('/healthz')).status, (await get('/readyz')).status]).toEqual([200, 503]);
  });

  test('answers HEAD without a body', async () => {
    const response = await get('/metrics', 'HEAD');
    expect([response.status, response.headers.get('content-length'), await response.text()]).toEqual([200, '59', '']);
  });

  test.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('refuses %s', async (method) => {
    const response = await get('/metrics', method);
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });

  test('refuses headers beyond its bound', async () => {
    const response = await fetch(`${server.address}/metrics`, { headers: { 'x-long': 'x'.repeat(10_000) } });
    expect(response.status).toBe(431);
  });

  test('closes while a client holds a connection', async () => {
    const socket = connect(Number(new URL(server.address).port), '127.0.0.1');
    await once(socket, 'connect');
    socket.on('error', () => undefined);
    const closed = once(socket, 'close');
    await server.close();
    await closed;
  });

  test('says when the port is taken', async () => {
    const port = Number(new URL(server.address).port);
    const error = await startHttpServer({ ...OPTIONS, port, ready: () => true }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UserError);
    expect(error).toMatchObject({ code: 'DBA1005', message: `cannot listen on 127.0.0.1:${port}: the port is taken` });
  });

  test('says when the address is not of this machine', async () => {
    const error = await startHttpServer({ ...OPTIONS, address: '192.0.2.1', ready: () => true }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ code: 'DBA1005' });
  });
});
