import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import * as z from 'zod';
import { outputSchemas } from '../../../../cmd/output/schemas/index.ts';
import { makeAuthority } from '../../../../kubernetes/certificates/key-pairs.ts';
import { CollectorServer, send } from '../../../support/collector-server.ts';
import { FakeCluster } from '../../../support/fake-cluster.ts';
import { runPlugin } from '../../../support/plugin.ts';

let server: CollectorServer;
const directory = mkdtempSync(join(tmpdir(), 'dbaudit-test-'));

beforeAll(async () => {
  server = await CollectorServer.start();
});
afterEach(() => {
  server.answers.clear();
  server.asked.length = 0;
});
afterAll(() => {
  server.close();
  rmSync(directory, { recursive: true, force: true });
});

const run = (words: readonly string[], columns?: number, stdin?: string) =>
  runPlugin(['--color=never', ...words], {
    cluster: server.cluster(),
    ...(columns === undefined ? {} : { columns }),
    ...(stdin === undefined ? {} : { stdin }),
  });

const ALERT = {
  id: '01K9ZQ4T8M2V6B7N3XCD5EFGHJ',
  rule: { id: 'db.dump.table', title: 'A table was read whole' },
  level: 'high',
  state: 'firing',
  group: { 'client.ip': '10.244.0.7', 'user.name': 'app' },
  startedAt: Date.parse('2026-11-20T08:00:00Z'),
  lastAt: Date.parse('2026-11-20T09:30:00Z'),
  detections: 3,
  events: 12_000,
  eventIds: ['e-1', 'e-2'],
  summary: 'app read 1,200,000 rows of shop.customers',
  namespaces: ['shop'],
  escalation: 0,
  history: [
    { at: Date.parse('2026-11-20T08:00:00Z'), what: 'raised' },
    { at: Date.parse('2026-11-20T08:05:00Z'), what: 'notified', text: 'mail: on-call' },
  ],
};
const RULE = {
  id: 'db.ddl.drop',
  title: 'A table, or a whole database, was dropped',
  description: 'Somebody dropped a table.',
  level: 'medium',
  mode: 'on',
  ruleset: 'builtin',
  tags: ['attack.impact'],
  groupBy: ['dbaudit.session.id'],
  source: 'title: A table, or a whole database, was dropped\nname: db.ddl.drop\n',
  detections: 2,
};

describe('query', () => {
  const answer = {
    columns: [
      { name: 'user', type: 'VARCHAR' },
      { name: 'statements', type: 'BIGINT' },
      { name: 'tables', type: 'VARCHAR[]' },
    ],
    rows: [
      ['app', 12_345, ['orders', 'stock']],
      ['re"port, nightly', 7, null],
    ],
    truncated: false,
  };

  test('a table, asked over TLS with the caller’s own credentials', async () => {
    server.answers.set('POST /query', answer);
    const { code, stdout, stderr } = await run(['query', 'select 1'], 80);
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: [
        'USER               STATEMENTS   TABLES',
        'app                     12345   ["orders","stock"]',
        're"port, nightly            7',
        '',
      ].join('\n'),
      stderr: '2 rows\n',
    });
    const [asked] = server.asked;
    expect(asked?.body).toEqual({ sql: 'select 1', limit: 1000 });
    expect(asked?.headers).toMatchObject({
      authorization: 'Bearer of-the-caller',
      host: 'dbaudit-collector.dbaudit-system.svc',
    });
  });

  test('CSV quotes what has to be', async () => {
    server.answers.set('POST /query', { ...answer, truncated: true });
    const { stdout, stderr } = await run(['query', 'select 1', '-o', 'csv', '--limit', '2']);
    expect(stdout).toBe('user,statements,tables\napp,12345,"[""orders"",""stock""]"\n"re""port, nightly",7,\n');
    expect(stderr).toContain('more than 2 rows');
  });

  test('the document validates', async () => {
    server.answers.set('POST /query', answer);
    const { stdout } = await run(['query', 'select 1', '-o', 'json']);
    expect(outputSchemas.QueryResult?.parse(JSON.parse(stdout))).toMatchObject({ rows: answer.rows });
  });

  test.each([
    [400, { code: 'DBA1004', message: 'no column `usr`' }, 'error DBA1004: no column `usr`'],
    [
      403,
      { code: 'DBA5003', message: 'you may not query auditevents', help: 'Ask.' },
      'error DBA1102: you may not query auditevents\n  next: Ask.',
    ],
    [401, { code: 'DBA5001', message: 'the token has expired' }, 'does not know who is asking: the token has expired'],
    [503, 'plain', 'answers with HTTP status 503'],
  ])('status %i is told in words', async (status, body, told) => {
    server.answers.set('POST /query', (response: Parameters<typeof send>[0]) => send(response, status, body));
    const { code, stderr } = await run(['query', 'select 1']);
    expect(code).toBe(1);
    expect(stderr).toContain(told);
  });

  test('an answer of another version is not taken for one', async () => {
    server.answers.set('POST /query', { rows: [] });
    const { code, stderr } = await run(['query', 'select 1']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/error DBA1110: .*not understood[\s\S]*columns/);
  });
});

describe('where the collector is', () => {
  test('without one, it says how to get one', async () => {
    const { code, stderr } = await runPlugin(['alert', 'list'], { cluster: new FakeCluster() });
    expect(code).toBe(1);
    expect(stderr).toMatch(/error DBA1109: there is no collector in dbaudit-system.*\n {2}next: .*install/);
  });

  test('a certificate of another authority is refused before anything is sent', async () => {
    const cluster = server.cluster();
    const { certificate: other } = await makeAuthority(new Date());
    cluster.objects = cluster.objects.map((object) =>
      object.kind === 'ConfigMap' ? { ...object, data: { 'ca.crt': other } } : object,
    );
    const { code, stderr } = await runPlugin(['alert', 'list'], { cluster });
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /error DBA1109: the collector \(dbaudit-collector-0 in dbaudit-system\) cannot be reached: .*certificate/,
    );
    expect(server.asked).toEqual([]);
  });

  test('--collector names one behind an ingress, below a path', async () => {
    const ca = join(directory, 'ca.crt');
    writeFileSync(ca, server.authority);
    server.answers.set('GET /audit/api/v1/rules', { rules: [RULE] });
    const url = `https://localhost:${server.port}/audit/`;
    const cluster = server.cluster();
    const { code, stdout, stderr } = await runPlugin(['rule', 'list', '--collector', url, '--collector-ca', ca], {
      cluster,
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('db.ddl.drop');
    expect(cluster.calls).toEqual([]);
  });

  test('--collector without TLS is refused', async () => {
    const { code, stderr } = await run(['rule', 'list', '--collector', 'http://127.0.0.1:1']);
    expect(code).toBe(1);
    expect(stderr).toContain('DBA1004');
  });
});

describe('alert', () => {
  test.each([
    [80, 'ALERT                        LEVEL   STATE    LAST   SUMMARY'],
    [160, 'ALERT                        LEVEL   STATE    RULE            EVENTS   LAST   ASSIGNED   SUMMARY'],
  ])('list at %i columns', async (columns, headings) => {
    server.answers.set('POST /alerts', { alerts: [{ ...ALERT, lastAt: Date.now() - 300_000 }], total: 3 });
    const { code, stdout, stderr } = await run(['alert', 'list'], columns);
    const [first, second] = stdout.split('\n');
    expect({ code, first }).toEqual({ code: 0, first: headings });
    expect(second).toMatch(/^01K9ZQ4T8M2V6B7N3XCD5EFGHJ +high +firing +.*5m .*app read/);
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(columns);
    expect(stderr).toBe('2 more; --limit shows more.\n');
    expect(server.asked[0]?.body).toEqual({ states: ['firing', 'acknowledged'], limit: 200 });
  });

  test('states and levels are lists', async () => {
    server.answers.set('POST /alerts', { alerts: [], total: 0 });
    await run(['alert', 'list', '--state', 'all', '--level', 'high,critical', '--rule', 'db.dump.table']);
    expect(server.asked[0]?.body).toEqual({
      states: ['firing', 'acknowledged', 'resolved'],
      levels: ['high', 'critical'],
      rule: 'db.dump.table',
      limit: 200,
    });
    const { code, stderr } = await run(['alert', 'list', '--level', 'huge']);
    expect(code).toBe(1);
    expect(stderr).toContain('There are informational, low, medium, high, critical and all.');
  });

  test('show', async () => {
    server.answers.set('POST /alerts', { alerts: [ALERT], total: 1 });
    const { stdout } = await run(['alert', 'show', ALERT.id]);
    expect(stdout).toContain('Group      client.ip=10.244.0.7, user.name=app\n');
    expect(stdout).toContain('2026-11-20T08:05:00.000Z   notified   -     mail: on-call');
    const { code, stderr } = await run(['alert', 'show', 'other']);
    expect(code).toBe(1);
    expect(stderr).toContain('DBA1103: there is no alert other');
  });

  test.each([
    [['ack', ALERT.id, '--text', 'looking'], { what: 'acknowledge', text: 'looking' }],
    [['resolve', ALERT.id], { what: 'resolve' }],
    [['assign', ALERT.id, 'jane'], { what: 'assign', assignee: 'jane' }],
    [['comment', ALERT.id, 'a backup'], { what: 'comment', text: 'a backup' }],
  ])('%j', async (words, body) => {
    server.answers.set(`POST /alerts/${ALERT.id}/change`, ALERT);
    const { code, stderr } = await run(['alert', ...words]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: `√ ${ALERT.id} is firing\n` });
    expect(server.asked[0]?.body).toEqual(body);
  });

  test('silence takes rule and group from the alert', async () => {
    server.answers.set('POST /alerts', { alerts: [ALERT], total: 1 });
    server.answers.set('POST /silences', { id: 's-1', group: {}, from: 0, until: 1, reason: 'r', by: 'jane' });
    const before = Date.now();
    const { code, stderr } = await run(['alert', 'silence', ALERT.id, '--for', '2h', '--reason', 'a backup']);
    expect(code).toBe(0);
    expect(stderr).toContain('alert unsilence s-1');
    const { body } = server.asked[1] ?? {};
    expect(body).toEqual({
      rules: ['db.dump.table'],
      group: ALERT.group,
      until: expect.any(Number),
      reason: 'a backup',
    });
    expect(z.object({ until: z.int() }).parse(body).until).toBeGreaterThanOrEqual(before + 7_200_000);
  });

  test('silence needs to know about what', async () => {
    const { code, stderr } = await run(['alert', 'silence', '--for', '2h', '--reason', 'x']);
    expect(code).toBe(1);
    expect(stderr).toContain('nothing says what to be silent about');
  });

  test('silences, and the end of one', async () => {
    const silence = { id: 's-1', group: { 'user.name': 'app' }, from: 0, until: 0, reason: 'a backup', by: 'jane' };
    server.answers.set('GET /silences', { silences: [silence] });
    server.answers.set('DELETE /silences/s-1', {});
    expect((await run(['alert', 'silences'])).stdout).toMatch(
      /^s-1 +all +user.name=app +1970-01-01T00:00:00.000Z +jane +a backup$/m,
    );
    expect((await run(['alert', 'unsilence', 's-1'])).stderr).toBe('√ s-1 has ended\n');
  });

  test('the documents validate', async () => {
    server.answers.set('POST /alerts', { alerts: [ALERT], total: 1 });
    server.answers.set('GET /silences', { silences: [] });
    const alerts = await run(['alert', 'list', '-o', 'json']);
    expect(outputSchemas.AlertList?.parse(JSON.parse(alerts.stdout))).toMatchObject({
      total: 1,
      items: [{ id: ALERT.id }],
    });
    const silences = await run(['alert', 'silences', '-o', 'json']);
    expect(outputSchemas.SilenceList?.parse(JSON.parse(silences.stdout))).toMatchObject({ items: [] });
  });
});

describe('rule', () => {
  test('list, and why one is not evaluated', async () => {
    server.answers.set('GET /rules', {
      rules: [RULE, { ...RULE, id: 'own', ruleset: 'custom', problem: 'no field `usr`' }],
    });
    const { stdout, stderr } = await run(['rule', 'list'], 80);
    expect(stdout).toBe(
      [
        'RULE          LEVEL    MODE                DETECTIONS   TITLE',
        'db.ddl.drop   medium   on                           2   A table, or a whole dat…',
        'own           medium   on, not evaluated            2   A table, or a whole dat…',
        '',
      ].join('\n'),
    );
    expect(stderr).toBe('! own is not evaluated: no field `usr`\n');
  });

  test('show prints the source', async () => {
    server.answers.set('GET /rules', { rules: [RULE] });
    expect((await run(['rule', 'show', RULE.id])).stdout).toBe(RULE.source);
    const document = JSON.parse((await run(['rule', 'show', RULE.id, '-o', 'json'])).stdout);
    expect(outputSchemas.RuleList?.parse(document)).toMatchObject({ items: [{ id: RULE.id }] });
  });

  test.each([
    ['enable', 'on'],
    ['observe', 'observe'],
    ['disable', 'off'],
  ])('%s', async (verb, mode) => {
    server.answers.set(`POST /rules/${RULE.id}/change`, { ...RULE, mode });
    const { code, stderr } = await run(['rule', verb, RULE.id]);
    expect(code).toBe(0);
    expect(stderr).toContain(`${RULE.id} is ${mode === 'observe' ? 'in observe mode' : mode}`);
    expect(server.asked[0]?.body).toEqual({ mode });
  });

  test('add sends the file, remove the name', async () => {
    server.answers.set('POST /rules', RULE);
    server.answers.set('DELETE /rules/own%2Frule', {});
    expect((await run(['rule', 'add', '-'], undefined, RULE.source)).code).toBe(0);
    expect(server.asked[0]?.body).toEqual({ source: RULE.source });
    expect((await run(['rule', 'remove', 'own/rule'])).code).toBe(0);
  });

  test('test of a known rule and of a file', async () => {
    const detections = [{ at: '2026-11-20T08:00:00.000000000Z', group: {}, count: 1, events: [] }];
    server.answers.set('POST /rules/test', { detections, total: 4, matched: 9 });
    const { stdout, stderr } = await run(['rule', 'test', RULE.id, '--since', '2026-11-13T00:00:00Z']);
    expect(stdout).toMatch(/^2026-11-20T08:00:00.000000000Z +1 +- +-$/m);
    expect(stderr).toBe('4 detections (3 not shown); its condition matched 9 events since 2026-11-13T00:00:00.000Z\n');
    expect(server.asked[0]?.body).toMatchObject({
      id: RULE.id,
      limit: 100,
      range: { from: Date.parse('2026-11-13T00:00:00Z') },
    });
    const file = join(directory, 'rule.yml');
    writeFileSync(file, RULE.source);
    const document = JSON.parse((await run(['rule', 'test', file, '-o', 'json'])).stdout);
    expect(outputSchemas.RuleTest?.parse(document)).toMatchObject({ matched: 9 });
    expect(server.asked[1]?.body).toMatchObject({ source: RULE.source });
  });
});

describe('report', () => {
  const report = {
    id: 'r-1',
    kind: 'security',
    title: 'Security',
    range: { from: 0, to: 86_400_000 },
    language: 'en',
    madeAt: 86_400_000,
    by: 'jane',
  };

  test('list', async () => {
    server.answers.set('GET /reports', {
      kinds: [{ kind: 'security', title: 'Security', description: 'What stood out.' }],
      reports: [report],
    });
    const { stdout } = await run(['report', 'list'], 160);
    expect(stdout).toMatch(/^security +Security +What stood out\.$/m);
    expect(stdout).toMatch(/^r-1 +security +1970-01-01T00:00Z +1970-01-02T00:00Z +1970-01-02T00:00Z +jane$/m);
    const document = JSON.parse((await run(['report', 'list', '-o', 'json'])).stdout);
    expect(outputSchemas.ReportList?.parse(document)).toMatchObject({ kinds: [{ kind: 'security' }] });
  });

  test('make writes a file that its owner alone can read', async () => {
    server.answers.set('POST /reports', report);
    server.answers.set('GET /reports/r-1.pdf', (response: Parameters<typeof send>[0]) => response.end('%PDF'));
    const to = join(directory, 'security.pdf');
    const { code, stderr } = await run([
      'report',
      'make',
      'security',
      '--language',
      'zh',
      '--format',
      'pdf',
      '--file',
      to,
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: `√ report r-1 is in ${to}\n` });
    expect(readFileSync(to, 'utf8')).toBe('%PDF');
    expect(statSync(to).mode & 0o777).toBe(0o600);
    const body = server.asked[0]?.body;
    expect(body).toMatchObject({ kind: 'security', language: 'zh' });
    const { from, to: until } = z.object({ range: z.object({ from: z.int(), to: z.int() }) }).parse(body).range;
    expect(until - from).toBe(86_400_000);
  });

  test('get to standard output, and where it cannot be written', async () => {
    server.answers.set('GET /reports/r-1.html', (response: Parameters<typeof send>[0]) => response.end('<p>'));
    expect((await run(['report', 'get', 'r-1', '--file', '-'])).stdout).toBe('<p>');
    const { code, stderr } = await run(['report', 'get', 'r-1', '--file', '/nonexistent/r']);
    expect(code).toBe(1);
    expect(stderr).toContain('DBA1002: /nonexistent/r cannot be written');
  });
});

describe('verify', () => {
  const intact = { intact: true, chains: 1, events: 12, checkpoints: 2, findings: [] };

  test('intact', async () => {
    server.answers.set('POST /verify', intact);
    expect(await run(['verify'])).toEqual({
      code: 0,
      stdout: '√ 12 events in 1 chain, 2 checkpoints: intact\n',
      stderr: '',
    });
    expect(server.asked[0]?.body).toEqual({});
  });

  test('a break ends with 1, what cannot be asked with 2', async () => {
    const finding = {
      chain: 'shop/orders-0',
      kind: 'changed',
      position: 7,
      eventId: 'e-7',
      at: 0,
      message: 'its hash differs',
    };
    server.answers.set('POST /verify', { ...intact, intact: false, findings: [finding] });
    const { code, stdout } = await run(['verify', '--chain', 'shop/orders-0', '--since', '1h'], 160);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^changed +shop\/orders-0 +7 +1970-01-01T00:00:00.000Z +e-7 +its hash differs$/m);
    expect(server.asked[0]?.body).toMatchObject({ chain: 'shop/orders-0', range: {} });
    const document = JSON.parse((await run(['verify', '-o', 'json'])).stdout);
    expect(outputSchemas.Verification?.parse(document)).toMatchObject({ intact: false });
    server.answers.clear();
    expect((await run(['verify'])).code).toBe(2);
  });
});
