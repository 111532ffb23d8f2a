import { PassThrough, Writable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { KnownAddresses } from '../../../cmd/events/known-addresses.ts';
import { outputSchemas } from '../../../cmd/output/schemas/index.ts';
import { run } from '../../../cmd/run.ts';
import { OTHERS, Ranking } from '../../../cmd/top/ranking.ts';
import { topLines } from '../../../cmd/top/top.ts';
import { auditEvent, type EventChanges, packetGap } from '../../support/audit-events.ts';
import { LogCluster } from '../../support/log-cluster.ts';
import { runPlugin } from '../../support/plugin.ts';

const NOW = Date.parse('2026-01-02T03:05:00Z');
const WINDOW = 60_000;

function ranking(grouping: ConstructorParameters<typeof Ranking>[0], changes: readonly EventChanges[]) {
  const ranking = new Ranking(grouping, WINDOW, new KnownAddresses());
  for (const change of changes)
    ranking.add({ event: auditEvent({ at: '2026-01-02T03:04:30.000000000Z', ...change }), line: '' });
  return ranking;
}

describe('a ranking', () => {
  test('counts statements of one fingerprint together, and sums them up', () => {
    const changes: EventChanges[] = [
      { event: { duration: 1_000 } },
      { event: { duration: 5_000, outcome: 'failure' }, db: { query: { text: 'SELECT * FROM orders WHERE id = 7' } } },
      { event: { duration: undefined }, db: { response: { returned_rows: 4 } } },
      {
        statement: { fingerprint: 'other' },
        db: { query: { text: 'DELETE FROM t' } },
        dbaudit: { result: { bytes: 9, affected_rows: 3 } },
      },
    ];
    const { groups, statements, gaps } = ranking('statements', changes).at(NOW, 'count');
    expect({ statements, gaps }).toEqual({ statements: 4, gaps: 0 });
    expect(groups).toEqual([
      {
        name: 'SELECT * FROM orders WHERE id = ?',
        count: 3,
        errors: 1,
        timed: 2,
        totalNanos: 6_000,
        longestNanos: 5_000,
        rows: 6,
        bytes: 540,
      },
      {
        name: 'DELETE FROM t',
        count: 1,
        errors: 0,
        timed: 1,
        totalNanos: 2_100_000,
        longestNanos: 2_100_000,
        rows: 1,
        bytes: 9,
      },
    ]);
  });

  test.each([
    ['clients', ['10.244.0.7']],
    ['tables', ['orders', 'stock']],
    ['users', ['app@shop on 10.96.0.10:3306']],
  ] as const)('of %s', (grouping, names) => {
    const two = ranking(grouping, [{ statement: { tables: ['orders', 'stock', 'orders'] } }]).at(NOW, 'count');
    expect(two.groups.map(({ name, count }) => [name, count])).toEqual(names.map((name) => [name, 1]));
  });

  test.each([
    ['count', ['often', 'slow', 'failing', 'large']],
    ['latency', ['slow', 'often', 'failing', 'large']],
    ['errors', ['failing', 'often', 'large', 'slow']],
    ['rows', ['large', 'often', 'failing', 'slow']],
    ['bytes', ['large', 'often', 'failing', 'slow']],
  ] as const)('by %s', (measure, first) => {
    const one = (name: string, change: EventChanges): EventChanges => ({
      ...change,
      statement: { tables: [name] },
      db: { response: { returned_rows: 1 }, ...change.db },
    });
    const result = { result: { bytes: 10_000 } };
    const changes = [
      ...Array.from({ length: 5 }, () => one('often', {})),
      one('slow', { event: { duration: 9e9 } }),
      one('slow', { event: { duration: 9e9 } }),
      one('failing', { event: { outcome: 'failure' } }),
      {
        ...one('large', { db: { response: { returned_rows: 999 } } }),
        dbaudit: { ...result, statement: auditEvent({ statement: { tables: ['large'] } }).dbaudit.statement },
      },
    ];
    const names = ranking('tables', changes)
      .at(NOW, measure)
      .groups.map(({ name }) => name);
    expect(names[0]).toBe(first[0]);
    expect([...names].sort()).toEqual([...first].sort());
  });

  test('forgets what has left the window, and counts gaps', () => {
    const old = ranking('tables', [{}]);
    old.add({ event: packetGap({ at: '2026-01-02T03:04:59.000000000Z' }), line: '' });
    expect(old.at(NOW, 'count')).toMatchObject({ statements: 1, gaps: 1 });
    expect(old.at(NOW + 40_000, 'count')).toEqual({ groups: [], statements: 0, gaps: 1 });
    expect(old.at(NOW + 2 * WINDOW, 'count')).toEqual({ groups: [], statements: 0, gaps: 0 });
  });

  test('leaves out what is no statement, and what still runs', () => {
    const changes: EventChanges[] = [
      { event: { action: 'db.session.start', category: ['authentication', 'session'] } },
      { capture: { notes: ['still-running'] } },
    ];
    expect(ranking('users', changes).at(NOW, 'count')).toEqual({ groups: [], statements: 0, gaps: 0 });
  });

  test('holds a bounded number of groups; the rest is one', () => {
    const changes = Array.from(
      { length: 10_500 },
      (_, index): EventChanges => ({ statement: { tables: [`t${index}`] } }),
    );
    const { groups, statements } = ranking('tables', changes).at(NOW, 'count');
    expect(groups).toHaveLength(10_001);
    expect(groups[0]).toMatchObject({ name: OTHERS, count: 500 });
    expect(statements).toBe(10_500);
  });
});

const TOP = {
  apiVersion: 'cli.dbaudit.io/v1',
  kind: 'Top',
  of: 'statements',
  by: 'count',
  since: '2026-01-02T03:04:00.000Z',
  until: '2026-01-02T03:05:00.000Z',
  statements: 1203,
  gaps: 2,
  items: [
    {
      name: `SELECT ${'column, '.repeat(20)}id FROM orders`,
      count: 1200,
      errors: 0,
      averageNanos: 2_100_000,
      longestNanos: 1_250_000_000,
      rows: 1200,
      bytes: 216_000,
    },
    { name: 'HGETALL', count: 3, errors: 1, averageNanos: null, longestNanos: null, rows: 0, bytes: 90 },
  ],
} as const;

test.each([80, 160])('the table at %d columns', (width) => {
  expect(`\n${topLines({ ...TOP, items: [...TOP.items] }, width).join('\n')}\n`).toMatchSnapshot();
});

describe('kubectl dbaudit top', () => {
  function cluster(): LogCluster {
    const cluster = new LogCluster([], 'shop');
    cluster.addPod('a');
    const at = new Date(Date.now() - 10_000).toISOString().replace('Z', '000000Z');
    cluster.write(
      'a',
      [auditEvent({ at, sequence: 1 }), auditEvent({ at, sequence: 2 }), packetGap({ at, sequence: 3 })].map((event) =>
        JSON.stringify(event),
      ),
    );
    return cluster;
  }

  test('shows the last minute and ends', async () => {
    const { code, stdout } = await runPlugin(['top', 'tables'], { cluster: cluster() });
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^COUNT +ERRORS +AVERAGE +LONGEST +ROWS +BYTES +TABLE\n +2 +0 +2\.1ms +2\.1ms +2 +360 +orders\n\n2 statements in 60 s, 0\.0 a second\n1 gap: not all was seen/,
    );
  });

  test('-o json is as its schema says', async () => {
    const { stdout } = await runPlugin(['top', 'users', '--by', 'latency', '-o', 'json'], { cluster: cluster() });
    const document = JSON.parse(stdout);
    expect(outputSchemas[document.kind]?.safeParse(document).error).toBeUndefined();
    expect(document).toMatchObject({
      of: 'users',
      by: 'latency',
      statements: 2,
      gaps: 1,
      items: [{ name: 'app@shop on 10.96.0.10:3306', count: 2 }],
    });
  });

  test('takes the filters of tail', async () => {
    const { stdout } = await runPlugin(['top', 'tables', '--db-user', 'eve', '-o', 'json'], { cluster: cluster() });
    expect(JSON.parse(stdout)).toMatchObject({ statements: 0, gaps: 1, items: [] });
  });

  test('-w draws over itself in a terminal until it is interrupted', async () => {
    const stop = new AbortController();
    let drawn = '';
    const stdout = Object.assign(
      new Writable({
        write: (chunk, _, done) => {
          drawn += chunk;
          // The second time is the proof that it goes on.
          if (drawn.split(' orders\u001b[K').length > 2) stop.abort();
          done();
        },
      }),
      { isTTY: true, columns: 100, rows: 30 },
    );
    const code = await run(['top', 'tables', '-w'], {
      stdin: new PassThrough(),
      stdout,
      stderr: new PassThrough(),
      environment: { HOME: '/nonexistent' },
      signal: stop.signal,
      cluster: cluster(),
    });
    expect(code).toBe(0);
    expect(drawn).toContain('\u001b[H');
    expect(drawn).toContain('+ shop a');
  });

  test.each([[['top']], [['top', 'planets']], [['top', 'tables', '--by', 'beauty']]])(
    '%j is refused',
    async (words) => {
      expect((await runPlugin(words, { cluster: cluster() })).code).toBe(1);
    },
  );
});
