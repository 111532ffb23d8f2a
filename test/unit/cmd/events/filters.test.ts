import { describe, expect, test } from '@jest/globals';
import { describeFilter } from '../../../../cmd/events/filter.ts';
import { FILTERS } from '../../../../cmd/events/filter-definitions.ts';
import { ownGap } from '../../../../cmd/events/own-gap.ts';
import { UserError } from '../../../../contract/user-error.ts';
import { auditEvent, type EventChanges, encryptedSession, packetGap } from '../../../support/audit-events.ts';
import { filterOf, parseFilters, passes } from '../../../support/filters.ts';

const FAILED: EventChanges = {
  event: { outcome: 'failure' },
  rest: { error: { code: '1142', message: 'DROP command denied' } },
};
const AUTH: EventChanges = { event: { action: 'db.session.start', category: ['authentication', 'session'] } };
const END: EventChanges = { event: { action: 'db.session.end', category: ['session'] } };

describe('each filter, and what it leaves out', () => {
  test.each<[readonly string[], EventChanges, EventChanges]>([
    [
      ['--protocol', 'mysql'],
      {},
      { db: { system: { name: 'redis' } }, rest: { network: { transport: 'tcp', protocol: 'redis', type: 'ipv4' } } },
    ],
    [
      ['--protocol', 'redis,MySQL'],
      {},
      {
        db: { system: { name: 'postgresql' } },
        rest: { network: { transport: 'tcp', protocol: 'postgresql', type: 'ipv4' } },
      },
    ],
    [['--protocol', 'mysql'], { db: { system: { name: 'mariadb' } } }, { rest: { db: undefined, network: undefined } }],
    [['--db-user', 'root,APP'], {}, { rest: { user: { name: 'apps' } } }],
    [['--db-user', 'a*'], {}, { rest: { user: undefined } }],
    [['--db', 'sh*'], {}, { db: { namespace: 'other' } }],
    [['--db', 'shop'], {}, { db: { namespace: undefined } }],
    [['--table', 'orders'], {}, { statement: { tables: ['orders_old'] } }],
    [['--table', 'cart:*'], { statement: { tables: undefined }, db: { collection: { name: 'cart:7' } } }, {}],
    [['--operation', 'select'], {}, { db: { operation: { name: 'UPDATE' } }, statement: { class: 'WRITE' } }],
    [
      ['--operation', 'create'],
      { db: { operation: { name: 'CREATE TABLE' } } },
      { db: { operation: { name: 'CREATED' } } },
    ],
    [
      ['--operation', 'create table'],
      { db: { operation: { name: 'CREATE TABLE' } } },
      { db: { operation: { name: 'CREATE USER' } } },
    ],
    [['--operation', 'ddl,role'], { statement: { class: 'ROLE' } }, { statement: { class: undefined } }],
    [['--kind', 'query'], {}, AUTH],
    [['--kind', 'auth'], AUTH, END],
    [['--kind', 'session'], END, {}],
    [['--kind', 'error'], FAILED, {}],
    [['--kind', 'agent'], { event: { action: 'dbaudit.agent.start', category: ['process'] } }, {}],
    [['--kind', 'api'], { event: { action: 'k8s.api', category: ['api'] } }, {}],
    [['--errors'], FAILED, {}],
    [['--slower', '2ms'], {}, { event: { duration: 2_000_000 } }],
    [
      ['--slower', '1s'],
      { at: '2026-01-02T03:04:09.000000000Z', event: { duration: undefined, start: '2026-01-02T03:04:05.000000000Z' } },
      { event: { duration: undefined, start: undefined } },
    ],
    [['--rows-over', '0'], {}, { db: { response: { returned_rows: 0 } } }],
    [
      ['--rows-over', '100'],
      { dbaudit: { result: { bytes: 1, affected_rows: 101 } } },
      { dbaudit: { result: { bytes: 1, affected_rows: 100 } } },
    ],
    [['--pod', 'orders-*'], {}, { rest: { kubernetes: { namespace: 'shop', pod: { name: 'my-orders-1' } } } }],
    [['--pod', 'shop/*'], {}, { rest: { kubernetes: { namespace: 'shop2', pod: { name: 'orders-1' } } } }],
    [['--pod', 'shop/orders-7d9f8-abcde'], {}, { rest: { kubernetes: undefined } }],
    [['--from', '10.244.0.7'], {}, { rest: { client: { ip: '10.244.0.71', port: 1 } } }],
    [['--from', '10.244.0.0/16'], {}, { rest: { client: { ip: '10.245.0.7', port: 1 } } }],
    [['--from', 'shop/orders-*'], {}, { rest: { client: { ip: '10.244.0.8', port: 1 } } }],
    [['--from', 'orders-*'], {}, { rest: { client: undefined } }],
    [['--to', 'mysql.shop'], {}, { rest: { server: { ip: '10.96.0.11', port: 3306 } } }],
    [['--to', 'mysql.shop:3306'], {}, { rest: { server: { ip: '10.96.0.10', port: 3307 } } }],
    [['--to', ':3306'], {}, { rest: { server: { ip: '10.96.0.10', port: 33_060 } } }],
    [
      ['--to', '10.96.0.10:3306,[fd00::2]:6379'],
      { rest: { server: { ip: 'fd00:0:0::2', port: 6379 } } },
      { rest: { server: { ip: 'fd00::2', port: 6380 } } },
    ],
    [['--to', 'fd00::/8'], { rest: { server: { ip: 'fd12::1', port: 1 } } }, {}],
    [['--include', 'FROM orders'], {}, { db: { query: { text: 'SELECT 1' } } }],
    [['-i', '(?i)from ORDERS'], {}, { db: { query: { text: 'SELECT 1' } } }],
    [['-i', '^42$'], {}, { db: { query: { text: 'SELECT 1', parameter: { 0: '421', 1: null } } } }],
    [['-i', '1142'], FAILED, {}],
    [['-e', 'heartbeat'], {}, { db: { query: { text: 'SELECT heartbeat' } } }],
    [['--not', '-e', 'heartbeat'], { db: { query: { text: 'SELECT heartbeat' } } }, {}],
    [['--not', '--db-user', 'root'], {}, { rest: { user: { name: 'root' } } }],
    [['--filter', 'event.duration > 2000000 && db.query.text.contains("orders")'], {}, { event: { duration: 10 } }],
    [['--filter', 'error.code == "1142"'], FAILED, {}],
    [['--filter', '!has(error.code)'], {}, FAILED],
    [['--filter', '"orders" in dbaudit.statement.tables'], {}, { statement: { tables: undefined } }],
    [['--filter', 'db.query.parameter["0"] == "42"'], {}, { db: { query: {} } }],
    [['--filter', 'event.duration / 1000000 == 2'], {}, { event: { duration: 1_999_999 } }],
    [['--filter', 'timestamp >= "2026-01-02"'], {}, { at: '2026-01-01T00:00:00.000000000Z' }],
    [['--filter', 'orchestrator.x == 1 || user.name == "app"'], {}, { rest: { user: undefined } }],
    [['--filter', 'db.query.text.matches("(?i:FROM ORDERS)")'], {}, { rest: { db: undefined } }],
  ])('%j', async (words, inside, outside) => {
    expect(await passes(auditEvent(inside), ...words)).toBe(true);
    expect(await passes(auditEvent(outside), ...words)).toBe(false);
  });

  test('every filter is tried above', () => {
    const names = FILTERS.map(({ flags }) => /--[a-z-]+/.exec(flags)?.[0]);
    expect(names).toEqual([
      '--protocol',
      '--db-user',
      '--db',
      '--table',
      '--operation',
      '--kind',
      '--errors',
      '--slower',
      '--rows-over',
      '--pod',
      '--from',
      '--to',
      '--include',
      '--exclude',
      '--filter',
    ]);
  });
});

describe('several filters', () => {
  test('of one name are alternatives, of different names must all hold', async () => {
    const words = ['--db-user', 'root', '--db-user', 'app', '--db', 'shop'];
    expect(await passes(auditEvent(), ...words)).toBe(true);
    expect(await passes(auditEvent({ rest: { user: { name: 'eve' } } }), ...words)).toBe(false);
    expect(await passes(auditEvent({ db: { namespace: 'other' } }), ...words)).toBe(false);
  });

  test('that are negated must none of them match', async () => {
    const words = ['--not', '--db-user', 'root', '--not', '--db-user', 'app'];
    expect(await passes(auditEvent(), ...words)).toBe(false);
    expect(await passes(auditEvent({ rest: { user: { name: 'eve' } } }), ...words)).toBe(true);
  });

  test('--not is for the next one alone, whatever stands between', async () => {
    const words = ['--not', '--db-user', 'root', '--operation', 'select'];
    expect(parseFilters(words).map(({ negated }) => negated)).toEqual([true, false]);
    expect(await passes(auditEvent(), ...words)).toBe(true);
  });

  test.each([[['--not']], [['--db', 'x', '--not']], [['--not', '--not', '--db', 'x']]])(
    '%j negates nothing',
    (words) => {
      expect(() => parseFilters(words)).toThrow(UserError);
      expect(() => parseFilters(words)).toThrow(/negates nothing/);
    },
  );
});

describe('gaps', () => {
  const GAPS = [
    packetGap(),
    encryptedSession(),
    ownGap({
      namespace: 'shop',
      pod: 'a',
      at: '2026-01-02T03:04:05.000000000Z',
      reason: 'events-missing',
      message: 'm',
      events: 3,
      sequence: 1,
    }).event,
  ];

  test.each([
    [['--db-user', 'root']],
    [['--kind', 'query,auth']],
    [['--not', '--kind', 'query']],
    [['--errors']],
    [['--slower', '10s']],
    [['-i', 'nothing']],
    [['-e', '.']],
    [['--filter', 'false']],
    [['--operation', 'ddl', '--table', 'x', '--db', 'y', '--rows-over', '1']],
    [['--kind', 'gap']],
  ])('pass %j', async (words) => {
    const filter = await filterOf(...words);
    expect(GAPS.map(filter)).toEqual([true, true, true]);
  });

  test('are left out by --not --kind gap', async () => {
    const filter = await filterOf('--not', '--kind', 'gap');
    expect(GAPS.map(filter)).toEqual([false, false, false]);
    expect(filter(auditEvent())).toBe(true);
  });

  test.each<[readonly string[], readonly boolean[]]>([
    [
      ['--pod', 'other-*'],
      [false, false, false],
    ],
    [
      ['--pod', 'shop/*'],
      [true, true, true],
    ],
    // The first and the last say nothing of a connection: it may have been this one.
    [
      ['--from', '10.9.9.9'],
      [true, false, true],
    ],
    [
      ['--to', ':3306'],
      [true, true, true],
    ],
    [
      ['--protocol', 'redis'],
      [true, false, true],
    ],
    [
      ['--not', '--protocol', 'mysql'],
      [true, false, true],
    ],
    [
      ['--not', '--pod', 'orders-*'],
      [false, false, true],
    ],
  ])('of another place are left out: %j', async (words, expected) => {
    expect(GAPS.map(await filterOf(...words))).toEqual(expected);
  });
});

describe('a bad value is told with the flag, the value and what is expected', () => {
  test.each([
    [['--slower', '3x'], /^--slower 3x: A duration is expected, such as 30s/],
    [['--rows-over', '-1'], /^--rows-over -1: A whole number is expected/],
    [['--rows-over', '1.5'], /^--rows-over 1\.5: A whole number/],
    [['--kind', 'querry'], /^--kind querry: "querry" is no kind; there are query, auth/],
    [['--db-user', 'a,,b'], /^--db-user a,,b: An item of the list is empty/],
    [['--from', '10.0.0.0/33'], /^--from 10\.0\.0\.0\/33: "10\.0\.0\.0\/33" is no address, range/],
    [['--from', '10.0.0'], /"10\.0\.0" is no address/],
    [['--from', '10.0.0.256'], /"10\.0\.0\.256" is no address/],
    [['--to', ':99999'], /":99999" is no address/],
    [['--to', '[fd00::g]:1'], /is no address/],
    [['-i', '('], /^--include \(: Invalid regular expression/],
    [
      ['--filter', 'db.quer.text == "x"'],
      /^--filter .*: No such key: quer, at column 4:\ndb\.quer\.text == "x"\n {3}\^$/,
    ],
    [['--filter', 'db.query.text =='], /at column 17:/],
    [['--filter', 'foo == 1'], /Unknown variable: foo, at column 1/],
    [['--filter', 'event.duration > "1ms"'], /no such overload: int > string/],
    [['--filter', 'event.duration'], /the expression gives int, not true or false/],
    [['--filter', 'db.query.text.matches("(")'], /Invalid regular expression: .*, at column 23:/],
    [['--filter', 'true &&\n user.nme == ""'], /No such key: nme, at column 7:\n user\.nme == ""\n {6}\^/],
  ])('%j', async (words, message) => {
    await expect(filterOf(...words)).rejects.toBeInstanceOf(UserError);
    await expect(filterOf(...words)).rejects.toThrow(message);
    await expect(filterOf(...words)).rejects.toMatchObject({ code: 'DBA1004' });
  });
});

test('--print-filter says what the filters mean', () => {
  expect(
    describeFilter(
      parseFilters([
        '--not',
        '--db-user',
        'root',
        '--kind',
        'query',
        '-e',
        'x',
        '--errors',
        '--db-user',
        'a',
        '--db-user',
        'b',
      ]),
    ),
  ).toEqual([
    'An event passes if all of these hold:',
    '  none of: --db-user "root"',
    '  one of: --kind "query"',
    '  none of: --exclude "x"',
    '  one of: --errors',
    '  one of: --db-user "a", --db-user "b"',
    'Gaps (LOST, BLIND) pass all but --protocol, --pod, --from, --to; --not --kind gap leaves them out.',
  ]);
});
