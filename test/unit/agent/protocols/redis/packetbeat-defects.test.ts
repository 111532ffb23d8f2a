import { describe, expect, test } from '@jest/globals';
import { aggregate, call, client, command, gists, hearEveryWay, server } from '../../../../support/redis-wire.ts';

describe('P10: a command that no table knows is a request all the same', () => {
  test.each([
    'ACL WHOAMI',
    'HELLO 3',
    'UNLINK k',
    'XADD s * f v',
    'CLIENT SETINFO LIB-NAME x',
    'NO.SUCH thing',
    'FUTURECMD a b',
  ])('%s', (line) => {
    expect(gists([call(line, 'GET k'), server(':1', '$1', 'v')])).toEqual([`${line}: ok 1`, 'GET k: ok 1']);
  });

  test('an answer that reads like a command is an answer', () => {
    expect(gists([call('LRANGE l 0 -1', 'GET k'), server(aggregate('*', 'GET', 'k'), '$3', 'SET')])).toEqual([
      'LRANGE l 0 -1: ok 2',
      'GET k: ok 1',
    ]);
  });
});

describe('P11', () => {
  test('AUTH’s password is not stored', () => {
    const heard = hearEveryWay([client(command('AUTH', 'topsecret')), server('+OK')]);
    expect(heard.statements[0]?.text).toBe('AUTH <masked>');
    expect(JSON.stringify(heard)).not.toContain('topsecret');
  });

  test('RESP3 and pushes do not shift answers', () => {
    const push = aggregate('>', 'message', 'news', 'hello');
    const turns = [
      call('HELLO 3', 'SUBSCRIBE news', 'HGETALL h', 'GET gone'),
      server(
        aggregate('%', 'server', 'redis'),
        aggregate('>', 'subscribe', 'news', Buffer.from(':1\r\n')),
        push,
        aggregate('%', 'a', '1', 'b', '2'),
        push,
        '-WRONGTYPE no',
      ),
    ];
    expect(gists(turns)).toEqual(['HELLO 3: ok 1', 'SUBSCRIBE news: ok 1', 'HGETALL h: ok 2', 'GET gone: WRONGTYPE']);
  });
});
