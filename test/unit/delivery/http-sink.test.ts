import { execFileSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import { httpFailure, retryAfterMillis, webPageFailure } from '../../../delivery/connection/http-failure.ts';
import { httpSink } from '../../../delivery/sinks/http.ts';
import { otlpSink } from '../../../delivery/sinks/otlp.ts';

const URL_OF_RECEIVER = 'https://logs.example/in';
const PLACE = 'https://logs.example/in';

function problemsOf(settings: object): string {
  return httpSink.schema.safeParse({ type: 'http', url: URL_OF_RECEIVER, ...settings }).error?.message ?? '';
}

function answer(status: number, headers: Record<string, string> = {}) {
  return { status, headers, body: Buffer.alloc(0) };
}

describe('settings', () => {
  test('a URL is enough', () => {
    expect(httpSink.schema.parse({ type: 'http', url: URL_OF_RECEIVER })).toMatchObject({
      compression: 'gzip',
      requestTimeoutMillis: 30_000,
      limits: { events: 2000, bytes: 1_048_576 },
    });
  });

  test.each([
    ['another scheme', { url: 'ftp://logs.example' }],
    ['an account in the URL', { url: 'https://me:s3cr3t-word@logs.example' }],
    ['a secret among its parameters', { url: 'https://logs.example/?token=s3cr3t-word' }],
    ['a secret header', { headers: { 'X-Api-Key': 's3cr3t-word' } }],
    ['a header of our own', { headers: { 'Content-Type': 's3cr3t-word' } }],
    ['a header that ends the line', { headers: { 'x-a': 's3cr3t-word\r\nx-b: 1' } }],
    ['a user without password', { username: 'me' }],
    ['two ways to authenticate', { username: 'me', passwordFile: '/p', bearerFile: '/b' }],
    ['TLS settings for http', { url: 'http://logs.example', tls: {} }],
    ['an unknown setting', { pasword: 's3cr3t-word' }],
  ])('%s is refused, and not repeated', (_, settings) => {
    expect(problemsOf(settings)).not.toBe('');
    expect(problemsOf(settings)).not.toContain('s3cr3t-word');
  });

  test('a harmless parameter passes, and is not in the place', () => {
    const settings = httpSink.schema.parse({ type: 'http', url: 'https://logs.example/in?_time_field=@timestamp' });
    expect(httpSink.place(settings)).toBe('https://logs.example/in');
  });

  test.each([
    ['http://collector:4318', 'http://collector:4318/v1/logs'],
    ['http://collector:4318/', 'http://collector:4318/v1/logs'],
    ['http://gateway/otlp/v1/logs', 'http://gateway/otlp/v1/logs'],
  ])('OTLP to %s goes to %s', (url, place) => {
    expect(otlpSink.place(otlpSink.schema.parse({ type: 'otlp', url }))).toBe(place);
  });

  test.each([
    ['http://logs.example/in', { bearerFile: '/token' }, 1],
    ['http://127.0.0.1/in', { bearerFile: '/token' }, 0],
    ['https://logs.example/in', { bearerFile: '/token' }, 0],
    ['http://logs.example/in', {}, 0],
  ])('a token to %s with %j: %d notices', (url, settings, count) => {
    const notices: string[] = [];
    httpSink.open(httpSink.schema.parse({ type: 'http', url, ...settings }), {
      instanceId: 'x',
      onNotice: (message) => notices.push(message),
    });
    expect(notices.length).toBe(count);
  });
});

describe('what an answer means', () => {
  test.each([
    [400, 'PoisonBatch'],
    [401, 'WrongConfiguration'],
    [402, 'WrongConfiguration'],
    [408, 'TryAgain'],
    [413, 'PoisonBatch'],
    [422, 'PoisonBatch'],
    [425, 'TryAgain'],
    [429, 'TryAgain'],
    [500, 'TryAgain'],
    [501, 'WrongConfiguration'],
    [503, 'TryAgain'],
    [505, 'WrongConfiguration'],
    [507, 'TryAgain'],
  ])('%d is a %s', (status, name) => {
    const failure = httpFailure(answer(status), PLACE, 'its words');
    expect(failure.name).toBe(name);
    expect(failure.message).toContain(`${PLACE}: answers ${status}`);
    expect(failure.message).toContain('its words');
  });

  test('400 of a TLS port is not about the batch', () => {
    const words = 'Client sent an HTTP request to an HTTPS server.';
    expect(httpFailure(answer(400), PLACE, words)).toMatchObject({ name: 'WrongConfiguration', code: 'DBA4006' });
  });

  test.each([
    ['7', 7000],
    ['0', 0],
    ['999999999', 600_000],
    ['Sat, 21 Nov 2026 20:00:10 GMT', 10_000],
    ['Sat, 21 Nov 2026 19:00:00 GMT', 0],
    ['soon', undefined],
    [undefined, undefined],
  ])('retry-after: %s', (value, millis) => {
    expect(retryAfterMillis(value, Date.parse('2026-11-21T20:00:00Z'))).toBe(millis);
  });

  test('a web page is no acknowledgement', () => {
    expect(webPageFailure(answer(200, { 'content-type': 'text/html; charset=utf-8' }), PLACE)).toMatchObject({
      code: 'DBA4006',
    });
    expect(webPageFailure(answer(200, { 'content-type': 'application/json' }), PLACE)).toBeUndefined();
    expect(webPageFailure(answer(204), PLACE)).toBeUndefined();
  });
});

test('an agent that has no such sink does not pay for HTTP', () => {
  const sinks = new URL('../../../delivery/sinks', import.meta.url).href;
  const program = `
    await import('${sinks}/http.ts');
    await import('${sinks}/otlp.ts');
    console.log(process.moduleLoadList.filter((name) => /NativeModule (_http_|https?$|_tls_wrap|zlib)/.test(name)).join());
  `;
  const said = execFileSync(process.execPath, ['--no-warnings', '--input-type=module', '--eval', program], {
    env: {},
    encoding: 'utf8',
  });
  expect(said).toBe('\n');
});
