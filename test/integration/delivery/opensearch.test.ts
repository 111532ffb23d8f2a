import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test as runTest } from '@jest/globals';
import { ACTIONS, type AuditEvent, auditEventSchema } from '../../../contract/audit-event.ts';
import { type Batch, sliceOf } from '../../../delivery/batch.ts';
import { PoisonBatch, TryAgain, WrongConfiguration } from '../../../delivery/sinks/failure.ts';
import { openSearchSink } from '../../../delivery/sinks/opensearch.ts';
import type { Sink } from '../../../delivery/sinks/sink.ts';
import { auditEvent, sampleEvents } from '../../support/audit-events.ts';
import { batchOf as batchOfLines } from '../../support/delivery/test-batch.ts';
import { temporaryDirectory } from '../../support/leftovers.ts';
import { startGatekeeper } from '../../support/servers/gatekeeper.ts';
import { availableOpenSearchVersions, type OpenSearch, startOpenSearch } from '../../support/servers/opensearch.ts';

/** The receiver's bounds are low enough to be reached by a test. */
const MOST_BYTES = 3 * 1_048_576;
const BYTES_IN_FLIGHT = 2 * 1_048_576;
const NODE_SETTINGS = {
  'http.max_content_length': `${MOST_BYTES}b`,
  'indexing_pressure.memory.limit': `${BYTES_IN_FLIGHT}b`,
  // A data stream may only be made by whoever asks for it.
  'action.auto_create_index': 'false',
};

const noDeadline = new AbortController().signal;
const directory = temporaryDirectory('opensearch-test');
const notices: string[] = [];
const opened: Sink[] = [];

afterAll(async () => {
  for (const sink of opened) await sink.close();
  directory.remove();
});

function openSink(settings: object): Sink {
  const sink = openSearchSink.open(openSearchSink.schema.parse({ type: 'opensearch', ...settings }), {
    instanceId: 'test',
    onNotice: (message) => notices.push(message),
  });
  opened.push(sink);
  return sink;
}

function batchOf(events: readonly (object | string)[]): Batch {
  return batchOfLines(events.map((event) => (typeof event === 'string' ? event : JSON.stringify(event))));
}

/** `count` different events. */
function eventsOf(count: number, name: string) {
  return Array.from({ length: count }, (_, index) =>
    auditEvent({ event: { id: `${name}-${index}` }, sequence: index }),
  );
}

/** What became of a write that ought to fail. */
function failureOf(write: Promise<unknown>): Promise<unknown> {
  return write.then(
    (taken) => {
      throw new Error(`it was taken: ${JSON.stringify(taken)}`);
    },
    (error: unknown) => error,
  );
}

const available = availableOpenSearchVersions();
const VERSIONS = ['2.19', '3.8'] as const;
for (const version of VERSIONS) {
  if (!available.includes(version))
    process.stderr.write(`OpenSearch ${version} left out: tools/prepare-integration.ts\n`);
}

describe.each(VERSIONS)('OpenSearch %s', (version) => {
  const test = available.includes(version) ? runTest : runTest.skip;
  let server: OpenSearch;

  beforeAll(async () => {
    if (available.includes(version)) server = await startOpenSearch({ version, settings: NODE_SETTINGS });
  });
  afterAll(() => server?.stop());

  test('an empty server gets the data stream, and events are found by user, table, words, address and time', async () => {
    const sink = openSink({ urls: [server.url] });
    const events = sampleEvents();
    expect(await sink.write(batchOf(events), noDeadline)).toBeUndefined();
    expect(await server.count('dbaudit-events')).toBe(events.length);
    expect(notices).toEqual([]);
    const idsOf = async (query: object) =>
      (await server.search('dbaudit-events', query))
        .map((found) => (found as { event: { id: string } }).event.id)
        .sort();
    const expected = (holds: (event: (typeof events)[number]) => boolean) =>
      events
        .filter(holds)
        .map(({ event }) => event.id)
        .sort();
    expect(await idsOf({ term: { 'user.name': 'app' } })).toEqual(expected(({ user }) => user?.name === 'app'));
    expect(await idsOf({ term: { 'dbaudit.statement.tables': 'stock' } })).toEqual([events[2]?.event.id]);
    expect(await idsOf({ match_phrase: { 'db.query.text': 'drop table USERS' } })).toEqual([events[3]?.event.id]);
    expect(await idsOf({ match: { 'db.query.text': '顧客' } })).toEqual([events[7]?.event.id]);
    expect(await idsOf({ term: { 'server.ip': 'fd00::/64' } })).toEqual([events[6]?.event.id]);
    const from = '2026-01-02T03:04:05.400000000Z';
    expect(await idsOf({ range: { '@timestamp': { gt: from } } })).toEqual(
      expected((event) => event['@timestamp'] > from),
    );
    expect(await idsOf({ range: { 'dbaudit.result.affected_rows': { gte: 1000 } } })).toEqual([events[2]?.event.id]);
  });

  test('what is sent twice is stored once', async () => {
    const sink = openSink({ urls: [server.url], dataStream: 'twice' });
    const batch = batchOf(eventsOf(100, 'twice'));
    expect(await sink.write(batch, noDeadline)).toBeUndefined();
    expect(await sink.write(batch, noDeadline)).toBeUndefined();
    expect(await sink.write(sliceOf(batch, 50, 100), noDeadline)).toBeUndefined();
    expect(await server.count('twice')).toBe(100);
  });

  test('lines that the mapping does not take are named with type and field, never with content; the rest is stored', async () => {
    const sink = openSink({ urls: [server.url], dataStream: 'poison' });
    const lines: (object | string)[] = eventsOf(1000, 'poison');
    lines[17] = { ...auditEvent({ event: { id: 'p-17' } }), '@timestamp': 'secret nonsense' };
    lines[500] = { ...auditEvent({ event: { id: 'p-500' } }), user: { name: { secret: 1 } } };
    lines[501] = '{"@timestamp":"2026-01-02T03:04:05Z","event":{"id":"p-501"},"message":"secret';
    lines[999] = 'secret, and no JSON';
    const taken = await sink.write(batchOf(lines), noDeadline);
    expect(taken).toMatchObject({ again: [] });
    expect(taken?.refused.map(({ index }) => index)).toEqual([17, 500, 501, 999]);
    expect(taken?.refused[0]?.reason).toMatch(/^mapper_parsing_exception: field @timestamp of type date_nanos/);
    expect(taken?.refused[1]?.reason).toMatch(/^mapper_parsing_exception: field user.name of type keyword/);
    expect(JSON.stringify(taken)).not.toContain('secret');
    expect(await server.count('poison')).toBe(996);
  });

  test('no content makes an event unwelcome: long texts, free keys, new fields, numbers where there is an address', async () => {
    const sink = openSink({ urls: [server.url], dataStream: 'odd' });
    const long = 'x'.repeat(65_536);
    const parameter = Object.fromEntries(
      Array.from({ length: 5000 }, (_, index) => [`key.${index}`, long.slice(0, 100)]),
    );
    const odd = [
      auditEvent({ event: { id: 'o-0' }, db: { query: { text: long, summary: long }, collection: { name: long } } }),
      auditEvent({ event: { id: 'o-1' }, db: { query: { parameter: { 0: long, '': null, 'a.b': 'c', a: 'd' } } } }),
      auditEvent({ event: { id: 'o-2' }, db: { query: { parameter } }, statement: { tables: [long, 'orders'] } }),
      {
        ...auditEvent({ event: { id: 'o-3' } }),
        newField: { deep: [{ er: 1 }, 'text'] },
        client: { ip: 'unknown', port: 1 },
      },
      {
        ...auditEvent({ event: { id: 'o-4' } }),
        newField: 'text',
        server: { ip: 'fd00::1', bytes: '99999999999999999999' },
      },
    ];
    expect(await sink.write(batchOf(odd), noDeadline)).toBeUndefined();
    expect(await server.search('odd', { term: { 'dbaudit.statement.tables': 'orders' } })).toHaveLength(5);
    expect(JSON.stringify(await server.request('GET', 'odd/_mapping'))).not.toMatch(/newField|key\.1/);
  });

  test('every kind of event with every field of the contract is taken', async () => {
    const sink = openSink({ urls: [server.url], dataStream: 'kinds' });
    const kinds = ACTIONS.map((action) => eventWithEverything({ id: `kind-${action}`, action }));
    for (const kind of kinds) auditEventSchema.parse(kind);
    expect(await sink.write(batchOf(kinds), noDeadline)).toBeUndefined();
    expect(await server.search('kinds', { term: { 'dbaudit.actor.name': 'jane' } })).toHaveLength(ACTIONS.length);
    expect(await server.search('kinds', { term: { 'event.action': 'db.gap' } })).toEqual([
      eventWithEverything({ id: 'kind-db.gap', action: 'db.gap' }),
    ]);
  });

  test('every event of a recorded demo is taken', async () => {
    const { NODE_OPTIONS: _, ...environment } = process.env;
    const replay = spawnSync('bin/dbaudit-agent', ['replay', 'tools/demo/recording.pcap.gz'], {
      encoding: 'utf8',
      maxBuffer: 1 << 26,
      env: environment,
    });
    expect(replay.status === 0 ? '' : replay.stderr).toBe('');
    const lines = replay.stdout.trimEnd().split('\n');
    const batch = batchOf(lines);
    const sink = openSink({ urls: [server.url], dataStream: 'demo', compression: 'none' });
    expect(await sink.write(batch, noDeadline)).toBeUndefined();
    expect(lines.length).toBeGreaterThan(900);
    expect(await server.count('demo')).toBe(lines.length);
  });

  test('a node without room says so and has it later; a request beyond its bound is poison', async () => {
    const sink = openSink({ urls: [server.url], dataStream: 'large' });
    const lineOf = (bytes: number, id: string) =>
      auditEvent({ event: { id }, db: { query: { text: 'x'.repeat(bytes) } } });
    const overloaded = await failureOf(sink.write(batchOf([lineOf(BYTES_IN_FLIGHT, 'l-0')]), noDeadline));
    expect(overloaded).toBeInstanceOf(TryAgain);
    expect(overloaded).toMatchObject({
      code: 'DBA4007',
      message: expect.stringContaining('rejected_execution_exception'),
    });
    const tooLarge = await failureOf(sink.write(batchOf([lineOf(MOST_BYTES, 'l-1')]), noDeadline));
    expect(tooLarge).toBeInstanceOf(PoisonBatch);
    expect(await sink.write(batchOf([lineOf(1000, 'l-2')]), noDeadline)).toBeUndefined();
    expect(await server.count('large')).toBe(1);
  });

  test('a full disk is waited for, in the server’s words', async () => {
    const sink = openSink({ urls: [server.url], dataStream: 'full' });
    await sink.write(batchOf(eventsOf(1, 'full')), noDeadline);
    await server.request('PUT', 'full/_settings', { 'index.blocks.read_only_allow_delete': true });
    const batch = batchOf(eventsOf(10, 'full'));
    const full = await failureOf(sink.write(sliceOf(batch, 1, 10), noDeadline));
    expect(full).toBeInstanceOf(TryAgain);
    expect(full).toMatchObject({ code: 'DBA4007', message: expect.stringContaining('disk usage exceeded') });
    await server.request('PUT', 'full/_settings', { 'index.blocks.read_only_allow_delete': null });
    expect(await sink.write(batch, noDeadline)).toBeUndefined();
    expect(await server.count('full')).toBe(10);
  });

  test('a data stream that was deleted is told, then made again', async () => {
    const sink = openSink({ urls: [server.url], dataStream: 'gone' });
    const batch = batchOf(eventsOf(10, 'gone'));
    await sink.write(batch, noDeadline);
    await server.request('DELETE', '_data_stream/gone');
    expect(await failureOf(sink.write(batch, noDeadline))).toMatchObject({ code: 'DBA4003' });
    expect(await sink.write(batch, noDeadline)).toBeUndefined();
    expect(await server.count('gone')).toBe(10);
  });

  test('an ordinary index of that name is not taken for the data stream', async () => {
    await server.request('PUT', 'ordinary');
    const sink = openSink({ urls: [server.url], dataStream: 'ordinary' });
    expect(await failureOf(sink.write(batchOf(eventsOf(1, 'ordinary')), noDeadline))).toMatchObject({
      name: 'WrongConfiguration',
      code: 'DBA4010',
      message: expect.stringContaining('ordinary'),
    });
    expect(await server.count('ordinary')).toBe(0);
  });

  test('an older template is brought up to date, a newer or foreign one is kept', async () => {
    const versionOf = async (name: string) =>
      JSON.stringify((await server.request('GET', `_index_template/${name}?filter_path=**._meta`)).body);
    const template = (name: string, _meta: object | undefined) =>
      server.request('PUT', `_index_template/${name}`, {
        index_patterns: [name],
        data_stream: {},
        ...(_meta === undefined ? {} : { _meta }),
        template: { mappings: { dynamic: false, properties: { '@timestamp': { type: 'date_nanos' } } } },
      });
    const names = ['older', 'newer', 'foreign'] as const;
    await template('older', { managed_by: 'dbaudit', version: 0 });
    await template('newer', { managed_by: 'dbaudit', version: 99 });
    await template('foreign', undefined);
    for (const name of names) {
      await server.request('PUT', `_data_stream/${name}`);
      await openSink({ urls: [server.url], dataStream: name }).write(batchOf(eventsOf(3, name)), noDeadline);
    }
    const found = names.map((name) => server.search(name, { term: { 'user.name': 'app' } }));
    expect((await Promise.all(found)).map(({ length }) => length)).toEqual([3, 0, 0]);
    expect(await versionOf('older')).toMatch(/"version":[1-9]/);
    expect(await versionOf('newer')).toContain('"version":99');
    expect(await versionOf('foreign')).toBe('{}');
    expect(notices.splice(0)).toEqual([expect.stringContaining('foreign was not made by dbaudit')]);
  });

  test('events are read back by their id', async () => {
    const settings = openSearchSink.schema.parse({ type: 'opensearch', urls: [server.url], dataStream: 'canary' });
    const reader = openSearchSink.readBack(settings);
    expect(await reader.has('canary-0', noDeadline)).toBe(false);
    await openSink(settings).write(batchOf(eventsOf(2, 'canary')), noDeadline);
    expect(await reader.has('canary-0', noDeadline)).toBe(true);
    expect(await reader.has('canary-2', noDeadline)).toBe(false);
    await reader.close();
  });

  // The security plug-in is not part of what can be had from Maven: a proxy plays it.
  test('a wrong password and a missing right are told without a secret; a right one opens', async () => {
    const passwordFile = join(directory.path, 'password');
    const proxy = await startGatekeeper(server.url, ({ headers, method, url }) => {
      const [, encoded = ''] = headers.authorization?.split('Basic ') ?? [];
      if (Buffer.from(encoded, 'base64').toString() !== 'writer:right') return { status: 401, body: 'Unauthorized' };
      if (method === 'PUT' || url?.startsWith('/_index_template') === true) return FORBIDDEN;
      return undefined;
    });
    const settings = { urls: [proxy.url], username: 'writer', passwordFile, dataStream: 'guarded' };
    const sink = openSink(settings);
    const batch = batchOf(eventsOf(5, 'guarded'));
    writeFileSync(passwordFile, 'wrong-secret\n');
    const refused = await failureOf(sink.write(batch, noDeadline));
    expect(refused).toBeInstanceOf(WrongConfiguration);
    expect(refused).toMatchObject({ code: 'DBA4001' });
    expect(`${refused} ${JSON.stringify(refused)}`).not.toContain('wrong-secret');
    writeFileSync(passwordFile, 'right\n');
    expect(await failureOf(sink.write(batch, noDeadline))).toMatchObject({ code: 'DBA4004' });
    // Somebody with more rights makes it.
    await openSink({ ...settings, urls: [server.url] }).write(batchOf(eventsOf(1, 'guarded')), noDeadline);
    expect(await sink.write(batch, noDeadline)).toBeUndefined();
    expect(notices.splice(0)).toEqual([expect.stringMatching(/no right to install the index template guarded/)]);
    expect(await server.count('guarded')).toBe(5);
    await proxy.stop();
  });

  // Once is enough: both keep what they acknowledge in the same way.
  (version === '3.8' ? test : () => undefined)(
    'killed and started again, with batches sent until they are taken: nothing is lost, nothing is there twice',
    async () => {
      // What the other tests left would have to be recovered first.
      await server.request('DELETE', '_data_stream/*');
      const sink = openSink({ urls: [server.url], dataStream: 'killed', requestTimeoutMillis: 5000 });
      const batches = Array.from({ length: 40 }, (_, index) => batchOf(eventsOf(250, `killed-${index}`)));
      let failures = 0;
      const writeUntilTaken = async (batch: Batch) => {
        for (;;) {
          try {
            const taken = await sink.write(batch, noDeadline);
            expect(taken?.refused ?? []).toEqual([]);
            if ((taken?.again.length ?? 0) === 0) return;
          } catch (error) {
            expect(error).toBeInstanceOf(TryAgain);
          }
          failures += 1;
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
      };
      let restarted: Promise<void> | undefined;
      for (const [index, batch] of batches.entries()) {
        const written = writeUntilTaken(batch);
        if (index === 20) restarted = server.kill9().then(() => server.restart());
        await written;
      }
      await restarted;
      expect(failures).toBeGreaterThan(0);
      expect(await server.count('killed')).toBe(10_000);
      process.stderr.write(`OpenSearch ${version}: 10,000 events, killed once, ${failures} writes repeated\n`);
    },
  );
});

/** One of each field, sense or not. */
function eventWithEverything(event: Partial<AuditEvent['event']>): AuditEvent {
  const at = '2026-01-02T03:04:05.678901234Z';
  const { dbaudit, ...rest } = auditEvent({
    event: { end: at, reason: 'encrypted', ...event },
    rest: { message: 'words' },
  });
  return {
    ...rest,
    db: {
      system: { name: 'mysql' },
      namespace: 'shop',
      operation: { name: 'SELECT' },
      collection: { name: 'orders' },
      query: { text: 'SELECT 1', summary: 'SELECT', parameter: { 0: 'a', 1: null } },
      response: { status_code: '0', returned_rows: Number.MAX_SAFE_INTEGER },
    },
    error: { code: '1142', message: 'denied' },
    source: { ip: '10.0.0.1', port: 1, bytes: 1 },
    destination: { ip: 'fd00::1', port: 65_535, bytes: 1 },
    kubernetes: { namespace: 'shop', pod: { name: 'orders-0' }, node: { name: 'node-1' } },
    orchestrator: { cluster: { name: 'c' }, type: 'kubernetes' },
    network: { transport: 'tcp', protocol: 'mysql', type: 'ipv6', community_id: '1:abc=' },
    dbaudit: {
      ...dbaudit,
      session: {
        id: '0'.repeat(32),
        index: 0,
        connection_id: '7',
        program: 'orders',
        driver: 'mysql2',
        server_version: '8.4.0',
        tls: { version: '1.3', server_name: 'db' },
        captured_from_start: true,
        auth: { method: 'scram' },
        attributes: { _pid: '1', '': null },
      },
      statement: {
        kind: 'text',
        class: 'READ',
        fingerprint: '3782519c6e1d5d9d',
        tables: ['orders', 'stock'],
        text_length: 8,
        text_sha256: '0'.repeat(64),
        truncated: true,
        redaction: { policy: 'literals', secrets: 1, literals: 2 },
      },
      result: { bytes: 1, affected_rows: 1, insert_id: '-9223372036854775808', warnings: 1, sqlstate: '42000' },
      capture: {
        mode: 'sidecar',
        interface: 'eth0',
        gap_bytes: 1,
        gap_packets: 2,
        gap_connections: 3,
        gap_events: 4,
        notes: ['still-running'],
      },
      actor: { type: 'user', name: 'jane', method: 'exec', confidence: 0.5, candidates: 2, k8s_audit_id: 'a-b' },
      client: { k8s: { kind: 'pod', namespace: 'shop', pod: 'orders-0', labels: { app: 'orders', '': '' } } },
      server: { k8s: { kind: 'pod', namespace: 'shop', pod: 'db-0', owners: ['StatefulSet/db'] } },
    },
  };
}

const FORBIDDEN = {
  status: 403,
  body: {
    error: {
      root_cause: [],
      type: 'security_exception',
      reason: 'no permissions for [indices:admin/index_template/get]',
    },
    status: 403,
  },
} as const;
