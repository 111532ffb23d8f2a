import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { PoisonBatch, TryAgain, WrongConfiguration } from '../../../delivery/sinks/failure.ts';
import { openSearchSink } from '../../../delivery/sinks/opensearch.ts';
import type { Sink } from '../../../delivery/sinks/sink.ts';
import { batchOf, eventLines } from '../../support/delivery/test-batch.ts';
import { temporaryDirectory } from '../../support/leftovers.ts';
import { type Gatekeeper, type GatekeeperAnswer, startGatekeeper } from '../../support/servers/gatekeeper.ts';

const { schema } = openSearchSink;
const signal = new AbortController().signal;
const batch = batchOf(eventLines(2));
const ends: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

const TAKEN: GatekeeperAnswer = { status: 200, body: { errors: false } };
const errorOf = (status: number, type: string, reason = ''): GatekeeperAnswer => ({
  status,
  body: { error: { root_cause: [], type, reason }, status },
});

/** A server that answers by method and first part of the path; all else is well. */
async function server(answers: Readonly<Record<string, GatekeeperAnswer>>): Promise<Gatekeeper> {
  const started = await startGatekeeper('http://127.0.0.1:1', ({ method, url }) => {
    const [, first = '', second] = url?.split(/[/?]/) ?? [];
    return answers[`${method} ${second === '_bulk' ? '_bulk' : first}`] ?? TAKEN;
  });
  ends.push(() => started.stop());
  return started;
}

function open(settings: object, onNotice: (message: string) => void = () => undefined): Sink {
  const sink = openSearchSink.open(schema.parse({ type: 'opensearch', ...settings }), { instanceId: 'test', onNotice });
  ends.push(() => sink.close());
  return sink;
}

const failureOf = (write: Promise<unknown>): Promise<unknown> =>
  write.then(
    () => 'taken',
    (error: unknown) => error,
  );

const OURS: GatekeeperAnswer = {
  status: 200,
  body: { index_templates: [{ index_template: { _meta: { managed_by: 'dbaudit', version: 99 } } }] },
};
const A_STREAM: GatekeeperAnswer = { status: 200, body: { data_streams: [{ name: 'dbaudit-events' }] } };
const NOTHING: GatekeeperAnswer = { status: 404, body: {} };
const INSTALLED = { 'GET _index_template': OURS, 'GET _data_stream': A_STREAM };

describe('its settings', () => {
  const issuesOf = (settings: object) =>
    schema
      .safeParse({ type: 'opensearch', urls: ['https://a:9200'], ...settings })
      .error?.issues.map(({ message }) => message);

  test.each<[object, RegExp]>([
    [{ urls: [] }, /./],
    [{ urls: ['https://user:secret@a:9200'] }, /username and passwordFile/],
    [{ urls: ['https://a:9200/?x=1'] }, /no query/],
    [{ urls: ['ftp://a'] }, /http/],
    [{ dataStream: 'Upper' }, /lower-case/],
    [{ dataStream: '_all' }, /lower-case/],
    [{ dataStream: 'a,b' }, /lower-case/],
    [{ username: 'a' }, /go together/],
    [{ bearerFile: '/t', apiKeyFile: '/k' }, /only one way/],
    [{ urls: ['https://a', 'http://b'], tls: {} }, /write https/],
    [{ compression: 'zstd' }, /./],
  ])('%j is refused', (settings, message) => {
    expect(issuesOf(settings)?.join(' ')).toMatch(message);
  });

  test('the rest has defaults, and its place shows no account', () => {
    expect(issuesOf({})).toBeUndefined();
    const settings = schema.parse({
      type: 'opensearch',
      urls: ['https://a:9200/es/', 'https://b'],
      username: 'u',
      passwordFile: '/p',
    });
    expect(openSearchSink.place(settings)).toBe('https://a:9200/es/dbaudit-events');
    expect(open({ urls: ['https://a'] }).name).toBe('opensearch');
  });
});

describe('what an answer to a whole batch means', () => {
  test.each<[string, GatekeeperAnswer, string, string | undefined]>([
    ['credentials', { status: 401, body: 'Unauthorized' }, 'WrongConfiguration', 'DBA4001'],
    ['rights', errorOf(403, 'security_exception', 'no permissions for [x]'), 'WrongConfiguration', 'DBA4004'],
    ['a path that is not there', { status: 404, body: 'no' }, 'WrongConfiguration', 'DBA4003'],
    ['a size', { status: 413 }, 'PoisonBatch', undefined],
    ['JSON that is none', errorOf(400, 'json_parse_exception', 'Unrecognized token'), 'PoisonBatch', undefined],
    [
      'an action',
      errorOf(400, 'illegal_argument_exception', 'Malformed action/metadata line [1]'),
      'PoisonBatch',
      undefined,
    ],
    ['an id', errorOf(400, 'action_request_validation_exception', 'id [x] is too long'), 'PoisonBatch', undefined],
    [
      'a pipeline',
      errorOf(400, 'illegal_argument_exception', 'pipeline with id [x] does not exist'),
      'WrongConfiguration',
      'DBA4010',
    ],
    ['plain HTTP to TLS', { status: 400, body: '<html>400' }, 'WrongConfiguration', 'DBA4006'],
    ['overload', errorOf(429, 'circuit_breaking_exception', 'Data too large'), 'TryAgain', 'DBA4007'],
    ['a block', errorOf(403, 'cluster_block_exception', 'index read-only'), 'TryAgain', 'DBA4007'],
    ['no manager', errorOf(503, 'cluster_manager_not_discovered_exception'), 'TryAgain', 'DBA4007'],
    ['a proxy', { status: 502, body: '<html>' }, 'TryAgain', 'DBA4007'],
  ])('%s', async (_, answer, name, code) => {
    const { url } = await server({ ...INSTALLED, 'POST _bulk': answer });
    const failure = await failureOf(open({ urls: [url] }).write(batch, signal));
    expect([TryAgain, PoisonBatch, WrongConfiguration].some((kind) => failure instanceof kind)).toBe(true);
    expect(failure).toMatchObject({ name, ...(code === undefined ? {} : { code }) });
  });

  test('the wait that was asked for is kept', async () => {
    const { url } = await server({ ...INSTALLED, 'POST _bulk': { status: 429, headers: { 'retry-after': '3' } } });
    expect(await failureOf(open({ urls: [url] }).write(batch, signal))).toMatchObject({ afterMillis: 3000 });
  });
});

test('a server that repeats our credentials does not get them into an error', async () => {
  const directory = temporaryDirectory('opensearch-sink');
  ends.push(async () => directory.remove());
  const passwordFile = join(directory.path, 'password');
  writeFileSync(passwordFile, 'pass-word-7\n');
  const encoded = Buffer.from('writer:pass-word-7').toString('base64');
  for (const status of [400, 403, 500]) {
    const { url } = await server({
      ...INSTALLED,
      'POST _bulk': errorOf(status, 'security_exception', `no right for Basic ${encoded}, password pass-word-7`),
    });
    const failure = await failureOf(open({ urls: [url], username: 'writer', passwordFile }).write(batch, signal));
    expect(String(failure)).toContain('security_exception');
    expect(String(failure)).not.toMatch(new RegExp(`pass-word-7|${encoded}`));
  }
});

describe('several nodes', () => {
  const GONE = 'http://127.0.0.1:1';

  test('a node that is away, or says so, is passed over; the one that answered is used on', async () => {
    const away = await server({ 'GET _data_stream': { status: 503 } });
    const here = await server(INSTALLED);
    const sink = open({ urls: [GONE, away.url, here.url] });
    expect(await sink.write(batch, signal)).toBeUndefined();
    expect(await sink.write(batch, signal)).toBeUndefined();
    expect(away.requests).toHaveLength(1);
    expect(here.requests).toEqual([
      'GET /_data_stream/dbaudit-events',
      'GET /_index_template/dbaudit-events',
      'POST /dbaudit-events/_bulk',
      'POST /dbaudit-events/_bulk',
    ]);
  });

  test('where all are away, each was tried once', async () => {
    const away = await server({ 'GET _data_stream': { status: 503 } });
    const failure = await failureOf(open({ urls: [away.url, GONE] }).write(batch, signal));
    expect(failure).toMatchObject({ name: 'TryAgain', code: 'DBA4005' });
    expect(away.requests).toHaveLength(1);
  });

  test('whoever gives up tries no other node', async () => {
    const other = await server(INSTALLED);
    const failure = await failureOf(open({ urls: [GONE, other.url] }).write(batch, AbortSignal.abort()));
    expect(failure).toBeInstanceOf(TryAgain);
    expect(other.requests).toEqual([]);
  });
});

describe('the data stream', () => {
  const MISSING = { 'GET _index_template': NOTHING, 'GET _data_stream': NOTHING };
  const FORBIDDEN = errorOf(403, 'security_exception', 'no permissions');

  test('is made once, after its template', async () => {
    const { url, requests } = await server(MISSING);
    const sink = open({ urls: [url], dataStream: 'audit' });
    await sink.write(batch, signal);
    await sink.write(batch, signal);
    expect(requests).toEqual([
      'GET /_data_stream/audit',
      'GET /_index_template/audit',
      'PUT /_index_template/audit',
      'PUT /_data_stream/audit',
      'POST /audit/_bulk',
      'POST /audit/_bulk',
    ]);
  });

  test('that another agent made in the meantime is used', async () => {
    const answer = errorOf(400, 'resource_already_exists_exception');
    const { url } = await server({ ...MISSING, 'PUT _data_stream': answer });
    expect(await open({ urls: [url] }).write(batch, signal)).toBeUndefined();
  });

  test('is used without the right to its template, with a notice', async () => {
    const notices: string[] = [];
    for (const answers of [
      { 'GET _index_template': FORBIDDEN, 'GET _data_stream': A_STREAM },
      { 'GET _index_template': FORBIDDEN, 'GET _data_stream': FORBIDDEN },
      { 'GET _index_template': NOTHING, 'PUT _index_template': FORBIDDEN, 'GET _data_stream': A_STREAM },
    ]) {
      const { url } = await server(answers);
      await open({ urls: [url] }, (message) => notices.push(message)).write(batch, signal);
    }
    expect(notices).toEqual(Array(3).fill(expect.stringContaining('no right to install the index template')));
  });

  test('that is not there and may not be made is told, and nothing is written', async () => {
    const { url, requests } = await server({ 'GET _index_template': FORBIDDEN, 'GET _data_stream': NOTHING });
    expect(await failureOf(open({ urls: [url] }).write(batch, signal))).toMatchObject({ code: 'DBA4004' });
    expect(requests).not.toContain('POST /dbaudit-events/_bulk');
  });

  // As 7.10.2 answers.
  test('is not had by Elasticsearch without X-Pack', async () => {
    const error = 'Incorrect HTTP method for uri [/_data_stream/x] and method [GET], allowed: [POST]';
    const { url, requests } = await server({ 'GET _data_stream': { status: 405, body: { error, status: 405 } } });
    const failure = await failureOf(open({ urls: [url] }).write(batch, signal));
    expect(failure).toMatchObject({ code: 'DBA4010', message: expect.stringContaining('has no data streams') });
    expect(requests).toEqual(['GET /_data_stream/dbaudit-events']);
  });

  test('is not looked at where somebody else takes care of it', async () => {
    const { url, requests } = await server({});
    await open({ urls: [`${url}/es/`], installTemplate: false }).write(batch, signal);
    expect(requests).toEqual(['POST /es/dbaudit-events/_bulk']);
  });
});
