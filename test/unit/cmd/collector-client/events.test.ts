import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { auditEvent, packetGap } from '../../../support/audit-events.ts';
import { CollectorServer, send } from '../../../support/collector-server.ts';
import { runPlugin } from '../../../support/plugin.ts';

let server: CollectorServer;
const directory = mkdtempSync(join(tmpdir(), 'dbaudit-test-'));
const NO_TOTALS = {
  events: 0,
  errors: 0,
  slow: 0,
  rows: 0,
  affected: 0,
  bytes: 0,
  duration: 0,
  clients: 0,
  sessions: 0,
};
const WHOAMI = { name: 'jane', groups: [], namespaces: 'all', literals: true, rights: [], version: '0.1.0' };
const numbered = (sequence: number) =>
  auditEvent({
    sequence,
    at: `2026-01-02T03:04:0${sequence}.000000000Z`,
    db: { query: { text: `SELECT ${sequence}` } },
  });

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

const run = (words: readonly string[], columns?: number) =>
  runPlugin(['--color=never', ...words], {
    cluster: server.cluster(),
    ...(columns === undefined ? {} : { columns }),
  });

/** Runs until the event with this number is printed. */
function runUntil(sequence: number, words: readonly string[]) {
  const end = new AbortController();
  return runPlugin(['--color=never', ...words], {
    cluster: server.cluster(),
    signal: end.signal,
    onOutput: (text) => {
      if (text.includes(`"sequence":${sequence}`)) end.abort();
    },
  });
}

describe('search', () => {
  test.each([
    [80, ['TIME           CLIENT                  SERVER            USER  STATEMENT']],
    [160, ['TIME']],
  ])('at %i columns', async (columns, [heading = '']) => {
    server.answers.set('POST /search', { events: [numbered(2), numbered(1)] });
    server.answers.set('POST /totals', { totals: NO_TOTALS });
    const { code, stdout, stderr } = await run(['search', 'select', '--timezone', 'UTC'], columns);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const lines = stdout.trimEnd().split('\n');
    expect(lines[0]).toMatch(new RegExp(`^${heading.slice(0, 4)}`));
    expect(lines.slice(1).map((line) => line.trim().slice(0, 12))).toEqual(['03:04:02.000', '03:04:01.000']);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(columns);
  });

  test('words, filters, namespace and time are one question', async () => {
    server.answers.set('POST /search', { events: [] });
    server.answers.set('POST /totals', { totals: { ...NO_TOTALS, events: 3 } });
    const { stderr } = await run([
      'search',
      '-n',
      'shop,db',
      '--errors',
      '--since',
      '2026-01-01T00:00:00Z',
      '--until',
      '2026-01-02T00:00:00Z',
      '--',
      'user:root',
    ]);
    const [asked, gaps] = server.asked;
    const place = { kind: 'is', field: 'kubernetes.namespace', values: ['shop'] };
    expect(asked?.body).toMatchObject({
      range: { from: Date.parse('2026-01-01T00:00:00Z'), to: Date.parse('2026-01-02T00:00:00Z') },
      order: 'newest',
      limit: 100,
      filter: {
        kind: 'all',
        of: [place, expect.anything(), { kind: 'is', field: 'event.outcome', values: ['failure'] }],
      },
    });
    expect(gaps?.body).toMatchObject({ filter: { kind: 'all', of: [place, { kind: 'is', field: 'event.action' }] } });
    expect(stderr).toContain(
      'No event that passes the filters in shop since 2026-01-01T00:00:00.000Z; -A looks in all',
    );
    expect(stderr).toContain('! 3 gaps in this time');
  });

  test('goes through pages, and says where it stopped', async () => {
    const pages = [
      { events: [numbered(1)], cursor: 'a' },
      { events: [numbered(2)], cursor: 'b' },
    ];
    server.answers.set('POST /search', (response: ServerResponse) => send(response, 200, pages.shift()));
    server.answers.set('POST /totals', { totals: NO_TOTALS });
    const { stdout, stderr } = await run(['search', '-A', '--order', 'oldest', '--limit', '2', '-o', 'json']);
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).event.sequence),
    ).toEqual([1, 2]);
    expect(server.asked.slice(0, 2).map(({ body }) => body)).toMatchObject([
      { limit: 2, order: 'oldest', filter: { kind: 'all', of: [] } },
      { limit: 1, cursor: 'a' },
    ]);
    expect(stderr).toBe('There is more: --cursor b goes on, --limit shows more at once.\n');
  });

  test('what is no search is told with its place', async () => {
    const { code, stderr } = await run(['search', '(user:root']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/error DBA1004: the search stops making sense at character \d+: .*\n {2}\(user:root\n *\^/);
    expect(server.asked).toEqual([]);
  });
});

describe('export', () => {
  test('to a file that its owner alone can read', async () => {
    server.answers.set('POST /export', (response: ServerResponse) => response.end('{"a":1}\n'));
    const to = join(directory, 'events.ndjson');
    const { code, stderr } = await run(['export', '--file', to, '--since', '1h']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: `√ the events are in ${to}\n` });
    expect(readFileSync(to, 'utf8')).toBe('{"a":1}\n');
    expect(statSync(to).mode & 0o777).toBe(0o600);
    expect(server.asked[0]?.body).toMatchObject({ order: 'oldest', format: 'ndjson' });
  });

  test('what breaks off is not taken for whole', async () => {
    server.answers.set('POST /export', (response: ServerResponse) => {
      response.writeHead(200, { 'Content-Length': 100 });
      response.write('{"a":1}\n', () => response.destroy());
    });
    const to = join(directory, 'half.ndjson');
    const { code, stderr } = await run(['export', '--file', to]);
    expect(code).toBe(1);
    expect(stderr).toContain('error DBA1109: the collector broke off');
    expect(existsSync(to)).toBe(false);
    expect((await run(['export'])).code).toBe(1);
  });

  test('a file that cannot be written', async () => {
    server.answers.set('POST /export', (response: ServerResponse) => response.end('{"a":1}\n'));
    const { code, stderr } = await run(['export', '--file', '/nonexistent/e']);
    expect(code).toBe(1);
    expect(stderr).toContain('error DBA1002: /nonexistent/e cannot be written');
  });
});

describe('tail over the collector', () => {
  const stream =
    (...lines: readonly unknown[]) =>
    (response: ServerResponse) => {
      for (const line of [{ behind: 0 }, ...lines]) response.write(`${JSON.stringify(line)}\n`);
    };

  test('one stream, with what is kept before it, each event once', async () => {
    server.answers.set('GET /whoami', WHOAMI);
    server.answers.set('POST /search', { events: [numbered(2), numbered(1)] });
    server.answers.set('POST /tail', stream(numbered(2), numbered(3), { behind: 7 }, packetGap({ sequence: 4 })));
    const { stdout, stderr } = await runUntil(4, ['tail', '--last', '2', '-o', 'json', '--db-user', 'app']);
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).event.sequence),
    ).toEqual([1, 2, 3, 4]);
    expect(stderr).toContain('! 7 events not shown');
    const tail = server.asked.find(({ path }) => path === '/tail');
    expect(tail?.body).toMatchObject({
      filter: { kind: 'all', of: [{ kind: 'is', field: 'kubernetes.namespace', values: ['shop'] }, { kind: 'any' }] },
    });
  });

  test('a stream that breaks is opened again, and what came meanwhile is read', async () => {
    let opened = 0;
    server.answers.set('GET /whoami', WHOAMI);
    server.answers.set('POST /search', { events: [numbered(1), numbered(2)] });
    server.answers.set('POST /tail', (response: ServerResponse) => {
      opened += 1;
      if (opened > 1) return stream(numbered(3))(response);
      response.write(`${JSON.stringify(numbered(1))}\n`, () => response.destroy());
    });
    const { stdout, stderr } = await runUntil(3, ['tail', '-o', 'json']);
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).event.sequence),
    ).toEqual([1, 2, 3]);
    expect(stderr).toContain('the collector’s stream broke');
  });

  test.each([
    [
      'without the right to it',
      [],
      (response: ServerResponse) => send(response, 403, { code: 'DBA5003', message: 'you may not get auditevents' }),
    ],
  ])('%s the logs of agents are read, and it says so', async (_, words, answer) => {
    server.answers.set('GET /whoami', answer);
    const { stderr } = await run(['tail', '--until', '1s', '-f', ...words]);
    expect(stderr).toContain('note: you may not get auditevents: reading the logs of agents instead');
  });

  test.each([[['--from-agents']], [['-l', 'app=orders']], [['--no-follow']]])('%j reads logs', async (words) => {
    await run(['tail', '--until', '1s', ...(words.includes('--no-follow') ? [] : ['-f']), ...words]);
    expect(server.asked).toEqual([]);
  });
});
