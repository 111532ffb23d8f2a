import { expect, test } from '@jest/globals';
import { statements } from '../../../../support/postgres-conversation.ts';
import { client as c, server as s } from '../../../../support/postgres-wire.ts';

/** What Packetbeat 7.17 loses or gets wrong in PostgreSQL traffic; each of these fails a decoder with that defect. */

test('P2: a statement that runs for longer than any timeout is reported with its answer', () => {
  const gives = statements([
    ['client', c.query('select pg_sleep(3600)')],
    ['wait', 3_600_000_000_000],
    ['server', s.rowDescription('pg_sleep'), s.dataRow(''), s.complete('SELECT 1'), s.ready()],
  ]);
  expect(gives).toEqual(['running select pg_sleep(3600)', 'query "select pg_sleep(3600)" ok returned=1']);
});

test('P8: Bind and Execute of a named statement that was parsed long ago', () => {
  const gives = statements([
    [
      'client',
      c.parse('select * from t where a = $1', 'S_1'),
      c.bind({ name: 'S_1', values: ['1'] }),
      c.execute(),
      c.sync(),
    ],
    ['server', s.parseComplete(), s.bindComplete(), s.dataRow('1'), s.complete('SELECT 1'), s.ready()],
    ...['2', '3'].flatMap((value) => [
      ['client', c.bind({ name: 'S_1', values: [value] }), c.execute(), c.sync()] as const,
      ['server', s.bindComplete(), s.complete('SELECT 0'), s.ready()] as const,
    ]),
  ]);
  expect(gives).toEqual([
    'execute "select * from t where a = $1" ["1"] ok returned=1',
    'execute "select * from t where a = $1" ["2"] ok returned=0',
    'execute "select * from t where a = $1" ["3"] ok returned=0',
  ]);
});

test('P9: SET by Parse is a statement like any other', () => {
  const gives = statements([
    ['client', c.parse("SET TimeZone = 'UTC'"), c.bind(), c.execute('', 1), c.sync()],
    ['server', s.parseComplete(), s.bindComplete(), s.complete('SET'), s.ready()],
  ]);
  expect(gives).toEqual(['execute "SET TimeZone = \'UTC\'" ok']);
});

test('P9: a semicolon within quotes ends nothing', () => {
  const gives = statements([
    ['client', c.query("insert into t values ('a;b', $$c;d$$)")],
    ['server', s.complete('INSERT 0 1'), s.ready()],
    ['client', c.query('insert into t values (\'a;b\'); select "x;y" from t')],
    ['server', s.complete('INSERT 0 1'), s.rowDescription('x;y'), s.complete('SELECT 0'), s.ready()],
  ]);
  expect(gives).toEqual([
    'query "insert into t values (\'a;b\', $$c;d$$)" ok affected=1',
    'query "insert into t values (\'a;b\')" ok affected=1',
    'query "select \\"x;y\\" from t" ok returned=0',
  ]);
});

test('P9: row counts come from the tag', () => {
  const tags = ['INSERT 0 7', 'UPDATE 8', 'DELETE 9', 'MERGE 10', 'COPY 11', 'MOVE 12', 'SELECT 0', 'FETCH 0'];
  const gives = statements(
    tags.flatMap((tag) => [['client', c.query('q')] as const, ['server', s.complete(tag), s.ready()] as const]),
  );
  expect(gives.map((line) => line.replace('query "q" ok ', ''))).toEqual([
    'affected=7',
    'affected=8',
    'affected=9',
    'affected=10',
    'affected=11',
    'affected=12',
    'returned=0',
    'returned=0',
  ]);
});
