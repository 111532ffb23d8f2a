import { describe, expect, test } from '@jest/globals';
import { aggregate, call, gists, hearEveryWay, line, server, type Turn } from '../../../../support/redis-wire.ts';

const COLLECT = [call('MULTI', 'SET a 1', 'INCR b'), server('+OK', '+QUEUED', '+QUEUED')];

describe('a transaction', () => {
  test.each<[string, readonly Turn[], readonly string[]]>([
    [
      'each command has its own outcome, from EXEC’s answer',
      [...COLLECT, call('EXEC'), server(aggregate('*', line('+OK'), line('-WRONGTYPE no')))],
      ['SET a 1: ok', 'INCR b: WRONGTYPE', 'EXEC: ok 2'],
    ],
    [
      'rows are those of the elements',
      [
        call('MULTI', 'LRANGE l 0 9', 'GET n', 'EXEC'),
        server('+OK', '+QUEUED', '+QUEUED', aggregate('*', aggregate('*', 'x', 'y'), line('$-1'))),
      ],
      ['LRANGE l 0 9: ok 2', 'GET n: ok 0', 'EXEC: ok 2'],
    ],
    [
      'aborted by WATCH',
      [...COLLECT, call('EXEC'), server('*-1')],
      ['SET a 1: unseen not-executed', 'INCR b: unseen not-executed', 'EXEC: ok 0'],
    ],
    [
      'aborted by WATCH in RESP3',
      [...COLLECT, call('EXEC'), server('_')],
      ['SET a 1: unseen not-executed', 'INCR b: unseen not-executed', 'EXEC: ok 0'],
    ],
    [
      'aborted by an error',
      [
        call('MULTI', 'SET a 1', 'NOPE', 'EXEC'),
        server('+OK', '+QUEUED', '-ERR unknown command', '-EXECABORT Transaction discarded'),
      ],
      ['NOPE: ERR', 'SET a 1: unseen not-executed', 'EXEC: EXECABORT'],
    ],
    [
      'discarded',
      [...COLLECT, call('DISCARD'), server('+OK')],
      ['SET a 1: unseen not-executed', 'INCR b: unseen not-executed', 'DISCARD: ok'],
    ],
    ['ended by the connection’s end', COLLECT, ['SET a 1: unseen not-executed', 'INCR b: unseen not-executed']],
    ['EXEC without an answer', [...COLLECT, call('EXEC')], ['SET a 1: unseen', 'INCR b: unseen', 'EXEC: unseen']],
    [
      'two in a row',
      [
        ...COLLECT,
        call('EXEC'),
        server(aggregate('*', line('+OK'), line(':1'))),
        call('MULTI', 'GET a', 'EXEC'),
        server('+OK', '+QUEUED', '*1', '$1', '1'),
      ],
      ['SET a 1: ok', 'INCR b: ok 1', 'EXEC: ok 2', 'MULTI: ok', 'GET a: ok 1', 'EXEC: ok 1'],
    ],
  ])('%s', (_, turns, expected) => {
    expect(gists(turns)).toEqual(['MULTI: ok', ...expected]);
  });
});

test('each queued command ends with EXEC, begins on its own', () => {
  const { statements } = hearEveryWay([...COLLECT, call('EXEC'), server(aggregate('*', line('+OK'), line(':1')))]);
  expect(statements.map(({ at, until }) => [at, until])).toEqual([
    [1000, 2000],
    [1000, 4000],
    [1000, 4000],
    [3000, 4000],
  ]);
});

test('SELECT inside a transaction counts once it is executed', () => {
  const turns = [
    call('MULTI', 'SELECT 5'),
    server('+OK', '+QUEUED'),
    call('EXEC'),
    server(aggregate('*', line('+OK'))),
  ];
  expect(hearEveryWay(turns).facts.database).toBe('5');
});

test('where MULTI was not seen, EXEC’s elements are nobody’s', () => {
  const turns = [call('SET a 1', 'EXEC'), server('+QUEUED', aggregate('*', line('-ERR other'), line('+OK')))];
  expect(gists(turns, { capturedFromStart: false })).toEqual(['SET a 1: unseen', 'EXEC: ok 2']);
});

test('too many queued commands are given up from the oldest on, and the rest keep their own results', () => {
  const turns = [
    call('MULTI'),
    server('+OK'),
    call('GET a', 'GET b', 'GET c'),
    server('+QUEUED', '+QUEUED', '+QUEUED'),
    call('EXEC'),
    server(aggregate('*', 'x', line('-ERR b'), line('$-1'))),
  ];
  expect(gists(turns, { limits: { pendingStatements: 3 } })).toEqual([
    'MULTI: ok',
    'GET a: unseen',
    'GET b: ERR',
    'GET c: ok 0',
    'EXEC: ok 3',
  ]);
});
