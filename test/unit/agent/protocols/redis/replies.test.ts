import { describe, expect, test } from '@jest/globals';
import { ProtocolViolation } from '../../../../../agent/protocols/protocol.ts';
import { aggregate, bulk, call, gists, hear, hearEveryWay, line, server } from '../../../../support/redis-wire.ts';

describe('every type of answer is one answer', () => {
  test.each<[string, Buffer, string]>([
    ['status', line('+OK'), 'ok'],
    ['empty status', line('+'), 'ok'],
    ['error', line('-WRONGTYPE Operation against a key'), 'WRONGTYPE'],
    ['error without a word', line('-oops'), 'ERR'],
    ['loading', line('-LOADING Redis is loading the dataset in memory'), 'LOADING'],
    ['redirect', line('-MOVED 3999 127.0.0.1:6381'), 'MOVED'],
    ['integer', line(':-1'), 'ok 1'],
    ['bulk string', bulk('a\r\nb'), 'ok 1'],
    ['empty bulk string', bulk(''), 'ok 1'],
    ['null bulk string', line('$-1'), 'ok 0'],
    ['array', aggregate('*', 'a', 'b', 'c'), 'ok 3'],
    ['empty array', line('*0'), 'ok 0'],
    ['null array', line('*-1'), 'ok 0'],
    ['nested arrays', aggregate('*', aggregate('*', 'a', aggregate('*')), line(':1')), 'ok 2'],
    ['null', line('_'), 'ok 0'],
    ['double', line(',inf'), 'ok 1'],
    ['boolean', line('#t'), 'ok 1'],
    ['big number', line(`(${'9'.repeat(2000)}`), 'ok 1'],
    ['bulk error', Buffer.from('!21\r\nSYNTAX invalid syntax\r\n'), 'SYNTAX'],
    ['verbatim string', Buffer.from('=15\r\ntxt:Some string\r\n'), 'ok 1'],
    ['map', aggregate('%', 'a', line(':1'), 'b', aggregate('*', 'x')), 'ok 2'],
    ['set', aggregate('~', 'a', 'b'), 'ok 2'],
    [
      'attribute and value',
      Buffer.concat([aggregate('|', 'ttl', aggregate('*', line(':1'))), aggregate('*', 'a')]),
      'ok 1',
    ],
    ['attribute inside', aggregate('*', Buffer.concat([aggregate('|', 'x', 'y'), bulk('a')]), 'b'), 'ok 2'],
    ['streamed string', Buffer.from('$?\r\n;4\r\nHell\r\n;1\r\no\r\n;0\r\n'), 'ok 1'],
    ['streamed array', Buffer.from('*?\r\n:1\r\n*?\r\n:2\r\n.\r\n$1\r\na\r\n.\r\n'), 'ok 3'],
    ['streamed map', Buffer.from('%?\r\n+a\r\n:1\r\n+b\r\n:2\r\n.\r\n'), 'ok 2'],
  ])('%s', (_, answer, expected) => {
    const turns = [call('FIRST', 'SECOND'), server(answer, '+OK')];
    expect(gists(turns)).toEqual([`FIRST: ${expected}`, 'SECOND: ok']);
    expect(hearEveryWay(turns).statements[0]?.responseBytes).toBe(answer.length);
  });
});

test('the error is told in the server’s words', () => {
  const message = 'WRONGTYPE Operation against a key holding the wrong kind of value';
  expect(hearEveryWay([call('INCR k'), server(`-${message}`)]).statements[0]).toMatchObject({
    outcome: { kind: 'failed', code: 'WRONGTYPE', message },
    at: 1000,
    until: 2000,
  });
});

test.each([
  'x',
  '*1\r\n?',
  '$abc\r\n',
  '*99999999999\r\n',
  ';1\r\na\r\n',
  '.\r\n',
  '$?\r\n+a\r\n',
  '*1\r\n'.repeat(200),
])('what no server can say is a violation: %j', (bytes) => {
  expect(() => hear([call('GET k'), { from: 'server', bytes: Buffer.from(bytes) }])).toThrow(ProtocolViolation);
});

test('a long answer in pieces is looked at once', () => {
  const piece = Buffer.alloc(1448, 0x61);
  const pieces = 45_000;
  const turns = [
    call('GET big', 'PING'),
    { from: 'server' as const, bytes: Buffer.from(`$${pieces * piece.length}\r\n`) },
    ...Array.from({ length: pieces }, () => ({ from: 'server' as const, bytes: piece })),
    server('', '+PONG'),
  ];
  expect(hear(turns).statements).toMatchObject([
    { text: 'GET big', responseBytes: 65_160_000 + 11 + 2 },
    { text: 'PING' },
  ]);
});
