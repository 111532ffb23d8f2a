import { randomBytes } from 'node:crypto';
import { copyFileSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { PoisonBatch, TryAgain, WrongConfiguration } from '../../../delivery/sinks/failure.ts';
import { httpSink } from '../../../delivery/sinks/http.ts';
import type { Sink } from '../../../delivery/sinks/sink.ts';
import { batchOf, eventLines } from '../../support/delivery/test-batch.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../../support/leftovers.ts';
import { NdjsonReceiver } from '../../support/servers/ndjson-receiver.ts';

/** Long enough for a loaded machine; what shall time out has its own. */
const PATIENT_MILLIS = 120_000;

let directory: TemporaryDirectory;
let receiver: NdjsonReceiver;
let sinks: Sink[] = [];

function open(settings: object): Sink {
  const all = { type: 'http', requestTimeoutMillis: PATIENT_MILLIS, ...settings };
  const sink = httpSink.open(httpSink.schema.parse(all), { instanceId: 'instance-1', onNotice: () => undefined });
  sinks.push(sink);
  return sink;
}

function write(sink: Sink, lines: readonly string[], signal = new AbortController().signal) {
  return sink.write(batchOf(lines), signal);
}

/** As a queue does: a loaded machine may need longer than the request may. */
async function untilTaken(sink: Sink, lines: readonly string[]): Promise<void> {
  for (;;) {
    try {
      await write(sink, lines);
      return;
    } catch (error) {
      expect(error).toBeInstanceOf(TryAgain);
    }
  }
}

beforeAll(() => {
  directory = temporaryDirectory('http-sink');
});

afterEach(async () => {
  await Promise.all(sinks.map((sink) => sink.close()));
  sinks = [];
});

afterAll(() => directory.remove());

describe('a receiver without TLS', () => {
  beforeAll(async () => {
    receiver = await NdjsonReceiver.start();
  });
  afterAll(() => receiver.stop());
  beforeEach(() => receiver.behave({}));

  test.each(['gzip', 'zstd', 'none'] as const)('has what was written with compression %s', async (compression) => {
    const sink = open({ url: `${receiver.url}?of=${compression}`, compression, headers: { 'x-site': 'north' } });
    const before = (await receiver.lines()).length;
    await write(sink, eventLines(3, 10));
    await write(sink, eventLines(2, 13));
    expect((await receiver.lines()).slice(before)).toEqual(eventLines(5, 10));
    const requests = (await receiver.requests()).filter(({ path }) => path === `/events?of=${compression}`);
    expect(requests[0]?.headers).toMatchObject({
      'content-type': 'application/x-ndjson',
      'x-site': 'north',
      'dbaudit-instance': 'instance-1',
      'dbaudit-count': '3',
      'dbaudit-first-sequence': '10',
      'dbaudit-last-sequence': '12',
    });
    expect(requests[0]?.headers['content-encoding']).toBe(compression === 'none' ? undefined : compression);
    expect(new Set(requests.map(({ clientPort }) => clientPort)).size).toBe(1);
  });

  test('acknowledges the first lines: the others come again', async () => {
    await receiver.behave({ acknowledge: 3, requests: 1, retryAfter: '2' });
    const taken = await write(open({ url: receiver.url }), eventLines(5, 100));
    expect(taken).toEqual({ refused: [], again: [3, 4], afterMillis: 2000 });
    expect((await receiver.lines()).slice(-3)).toEqual(eventLines(3, 100));
  });

  test('acknowledges nothing', async () => {
    await receiver.behave({ acknowledge: 0, requests: 1 });
    await expect(write(open({ url: receiver.url }), eventLines(5))).rejects.toThrow(TryAgain);
  });

  test('refuses lines one by one', async () => {
    await receiver.behave({ refuseLinesWith: 'DROP', acknowledge: 4, requests: 1 });
    const [good, bad] = [eventLines(1, 200), eventLines(1, 201, 'DROP TABLE t')];
    const taken = await write(open({ url: receiver.url }), [...good, ...bad, ...eventLines(3, 202)]);
    expect(taken).toMatchObject({ refused: [{ index: 1, reason: 'not to my mind' }], again: [4] });
    expect((await receiver.lines()).slice(-3)).toEqual([...good, ...eventLines(2, 202)]);
  });

  test('answers with JSON of its own: it has all', async () => {
    await receiver.behave({ answer: '{"acknowledged":true}' });
    expect(await write(open({ url: receiver.url }), eventLines(2))).toBeUndefined();
  });

  test.each([
    [429, 'DBA4007'],
    [503, 'DBA4007'],
    [500, 'DBA4007'],
    [408, 'DBA4007'],
  ])('answers %d: it is tried again when it says', async (status, code) => {
    await receiver.behave({ status, retryAfter: '7' });
    const error = await write(open({ url: receiver.url }), eventLines(1)).catch(String);
    await expect(write(open({ url: receiver.url }), eventLines(1))).rejects.toMatchObject({
      name: 'TryAgain',
      code,
      afterMillis: 7000,
    });
    expect(error).toContain('as I was told');
  });

  test.each([
    [401, 'DBA4001'],
    [403, 'DBA4004'],
    [404, 'DBA4003'],
    [405, 'DBA4003'],
    [415, 'DBA4010'],
    [418, 'DBA4010'],
    [301, 'DBA4003'],
  ])('answers %d: somebody has to do something', async (status, code) => {
    await receiver.behave({ status, location: 'https://login.example/start?token=abc' });
    const failure = write(open({ url: receiver.url }), eventLines(1));
    await expect(failure).rejects.toMatchObject({ name: 'WrongConfiguration', code });
    await expect(failure).rejects.not.toThrow('token');
  });

  test.each([400, 413, 422])('answers %d: it is about this batch', async (status) => {
    await receiver.behave({ status });
    await expect(write(open({ url: receiver.url }), eventLines(1))).rejects.toThrow(PoisonBatch);
  });

  test('refuses what is too large before it has read it, and takes the next at once', async () => {
    const sink = open({ url: receiver.url, compression: 'none' });
    const large = eventLines(1, 0, randomBytes(6_000_000).toString('base64'));
    await receiver.behave({ refuseUnread: 413, requests: 3 });
    for (let time = 0; time < 3; time++) await expect(write(sink, large)).rejects.toThrow(PoisonBatch);
    await write(sink, eventLines(1, 300));
    expect((await receiver.lines()).at(-1)).toBe(eventLines(1, 300)[0]);
  });

  test('says far too much: its answer is not kept', async () => {
    await receiver.behave({ answer: 'x'.repeat(2_000_000), requests: 1 });
    const sink = open({ url: receiver.url });
    await expect(write(sink, eventLines(1))).rejects.toMatchObject({ code: 'DBA4006' });
    await write(sink, eventLines(1));
  });

  test('never answers: the connection is given up, and another one used', async () => {
    const sink = open({ url: `${receiver.url}/silent`, requestTimeoutMillis: 300 });
    await receiver.behave({ silent: true });
    for (let time = 0; time < 3; time++)
      await expect(write(sink, eventLines(1))).rejects.toMatchObject({ name: 'TryAgain', code: 'DBA4007' });
    await receiver.behave({});
    await untilTaken(sink, eventLines(1, 400));
    expect((await receiver.lines()).at(-1)).toBe(eventLines(1, 400)[0]);
    const ports = (await receiver.requests()).filter(({ path }) => path === '/events/silent');
    expect(new Set(ports.map(({ clientPort }) => clientPort)).size).toBe(ports.length);
  });

  test('never answers, and we have to end', async () => {
    await receiver.behave({ silent: true });
    const before = (await receiver.requests()).length;
    const end = new AbortController();
    const failure = write(open({ url: receiver.url }), eventLines(1), end.signal);
    const failed = expect(failure).rejects.toThrow(TryAgain);
    await receiver.waitForRequests(before + 1);
    end.abort();
    await failed;
  });

  test('breaks a kept connection off: the request is repeated once, over another one', async () => {
    const sink = open({ url: `${receiver.url}/broken` });
    await write(sink, eventLines(1));
    await receiver.behave({ breakOff: true, requests: 1 });
    await write(sink, eventLines(1, 500));
    expect((await receiver.lines()).at(-1)).toBe(eventLines(1, 500)[0]);
    await receiver.behave({ breakOff: true });
    await expect(write(sink, eventLines(1))).rejects.toMatchObject({ name: 'TryAgain', code: 'DBA4005' });
  });

  test('is killed and comes back: what it acknowledged is there', async () => {
    const sink = open({ url: receiver.url });
    await write(sink, eventLines(2, 600));
    await receiver.kill9();
    await expect(write(sink, eventLines(1, 602))).rejects.toMatchObject({ name: 'TryAgain', code: 'DBA4005' });
    await receiver.restart();
    await write(sink, eventLines(1, 602));
    expect((await receiver.lines()).slice(-3)).toEqual(eventLines(3, 600));
  });

  test('is asked for TLS it does not have', async () => {
    const failure = write(open({ url: receiver.url.replace('http:', 'https:') }), eventLines(1));
    await expect(failure).rejects.toMatchObject({ name: 'WrongConfiguration', code: 'DBA4006' });
  });
});

describe('a receiver that wants a token', () => {
  const token = 'first-token-of-the-test';
  const mine = () => `${directory.path}/my-token`;
  const its = () => `${directory.path}/its-token`;

  beforeAll(async () => {
    writeFileSync(mine(), `${token}\n`);
    writeFileSync(its(), token);
    receiver = await NdjsonReceiver.start({ bearerFile: its() });
  });
  afterAll(() => receiver.stop());

  test('takes the new one as soon as it is in the file', async () => {
    const sink = open({ url: receiver.url, bearerFile: mine() });
    await write(sink, eventLines(1));
    writeFileSync(its(), 'second-token');
    await expect(write(sink, eventLines(1))).rejects.toMatchObject({ name: 'WrongConfiguration', code: 'DBA4001' });
    writeFileSync(mine(), 'second-token');
    await write(sink, eventLines(1, 1));
    const requests = await receiver.requests();
    expect(new Set(requests.map(({ clientPort }) => clientPort)).size).toBe(1);
    expect((await receiver.lines()).at(-1)).toBe(eventLines(1, 1)[0]);
  });

  test('repeats it in its answer: it is not shown', async () => {
    writeFileSync(mine(), 'third-token');
    writeFileSync(its(), 'third-token');
    await receiver.behave({ status: 403, answer: '{"error":"third-token may not write"}', requests: 1 });
    const failure = write(open({ url: receiver.url, bearerFile: mine() }), eventLines(1));
    await expect(failure).rejects.toThrow('*** may not write');
    await expect(failure).rejects.not.toThrow('third-token');
    await receiver.behave({
      refuseLinesWith: 'SELECT',
      answer: '{"refused":[{"index":0,"reason":"not of third-token"}]}',
    });
    const taken = await write(open({ url: receiver.url, bearerFile: mine() }), eventLines(1));
    expect(taken?.refused).toEqual([{ index: 0, reason: 'not of ***' }]);
  });

  test.each([
    ['is not there', undefined],
    ['is empty', '\n'],
    ['has blanks in it', 'to ken\nsecond line'],
  ])('a file that %s is named, not shown', async (_, content) => {
    const bearerFile = `${directory.path}/token-${content?.length ?? 'absent'}`;
    if (content !== undefined) writeFileSync(bearerFile, content);
    const failure = write(open({ url: receiver.url, bearerFile }), eventLines(1));
    await expect(failure).rejects.toMatchObject({ name: 'WrongConfiguration', code: 'DBA4008' });
    await expect(failure).rejects.toThrow(`bearerFile: ${bearerFile}`);
    await expect(failure).rejects.not.toThrow('second line');
  });
});

describe('a receiver that wants to know us', () => {
  let tls: { readonly caFile: string; readonly certFile: string; readonly keyFile: string };

  beforeAll(async () => {
    receiver = await NdjsonReceiver.start({ tls: 'mutual' });
    const { authority } = receiver;
    tls = {
      caFile: authority.path('ca.crt'),
      certFile: authority.path('client.crt'),
      keyFile: authority.path('client.key'),
    };
  });
  afterAll(() => receiver.stop());

  test('knows us by our certificate', async () => {
    await write(open({ url: receiver.url, tls }), eventLines(2));
    expect(await receiver.lines()).toEqual(eventLines(2));
    expect((await receiver.requests()).at(-1)?.clientName).toBe('dbaudit-agent');
  });

  test('knows the new one with the next connection', async () => {
    const { authority } = receiver;
    const rotated = { caFile: tls.caFile, certFile: `${directory.path}/c.crt`, keyFile: `${directory.path}/c.key` };
    copyFileSync(tls.certFile, rotated.certFile);
    copyFileSync(tls.keyFile, rotated.keyFile);
    const sink = open({ url: receiver.url, tls: rotated });
    await write(sink, eventLines(1));
    authority.issue('renewed', '/CN=renewed');
    copyFileSync(authority.path('renewed.crt'), rotated.certFile);
    copyFileSync(authority.path('renewed.key'), rotated.keyFile);
    await write(sink, eventLines(1));
    expect((await receiver.requests()).at(-1)?.clientName).toBe('dbaudit-agent');
    await receiver.kill9();
    await receiver.restart();
    await write(sink, eventLines(1));
    expect((await receiver.requests()).at(-1)?.clientName).toBe('renewed');
  });

  test.each([
    ['no certificate of ours', () => ({ certFile: undefined, keyFile: undefined }), 'DBA4001'],
    ['no known authority', () => ({ caFile: undefined }), 'DBA4002'],
    ['another authority', () => ({ caFile: tls.certFile }), 'DBA4002'],
    ['another name', () => ({ serverName: 'elsewhere' }), 'DBA4009'],
    ['a CA file that is none', () => ({ caFile: tls.keyFile }), 'DBA4008'],
    ['a key that is none', () => ({ keyFile: tls.certFile }), 'DBA4008'],
    ['another’s key', () => ({ keyFile: receiver.authority.path('receiver.key') }), 'DBA4008'],
    ['a key that is not there', () => ({ keyFile: `${directory.path}/nothing.key` }), 'DBA4008'],
  ] as const)('%s: it is said', async (_, change, code) => {
    const failure = write(open({ url: receiver.url, tls: { ...tls, ...change() } }), eventLines(1));
    await expect(failure).rejects.toBeInstanceOf(WrongConfiguration);
    await expect(failure).rejects.toMatchObject({ code });
  });
});
