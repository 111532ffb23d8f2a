import { describe, expect, test } from '@jest/globals';
import { aggregate, call, gists, line, server, type Turn } from '../../../../support/redis-wire.ts';

function confirm(type: string, word: string, channel: string, count: number): Buffer {
  return aggregate(type, word, channel, line(`:${count}`));
}

describe.each(['*', '>'])('pub/sub with %s', (type) => {
  const message = aggregate(type, 'message', 'a', 'hello');

  test.each<[string, readonly Turn[], readonly string[]]>([
    [
      'one confirmation for each channel',
      [call('SUBSCRIBE a b'), server(confirm(type, 'subscribe', 'a', 1), message, confirm(type, 'subscribe', 'b', 2))],
      ['SUBSCRIBE a b: ok 2'],
    ],
    [
      'messages are nobody’s answers',
      [
        call('SUBSCRIBE a'),
        server(confirm(type, 'subscribe', 'a', 1), message),
        call('PING'),
        server(message, aggregate('*', 'pong', ''), message),
      ],
      ['SUBSCRIBE a: ok 1', 'PING: ok 2'],
    ],
    [
      'UNSUBSCRIBE without arguments has as many answers as channels',
      [
        call('SUBSCRIBE a b', 'PSUBSCRIBE p*'),
        server(
          confirm(type, 'subscribe', 'a', 1),
          confirm(type, 'subscribe', 'b', 2),
          confirm(type, 'psubscribe', 'p*', 3),
        ),
        call('UNSUBSCRIBE', 'PUNSUBSCRIBE', 'LRANGE l 0 1'),
        server(
          confirm(type, 'unsubscribe', 'a', 2),
          message,
          confirm(type, 'unsubscribe', 'b', 1),
          confirm(type, 'punsubscribe', 'p*', 0),
          aggregate('*', 'message', 'x'),
        ),
      ],
      ['SUBSCRIBE a b: ok 2', 'PSUBSCRIBE p*: ok 1', 'UNSUBSCRIBE: ok 2', 'PUNSUBSCRIBE: ok 1', 'LRANGE l 0 1: ok 2'],
    ],
    [
      'UNSUBSCRIBE from nothing has one answer',
      [call('UNSUBSCRIBE', 'GET k'), server(aggregate(type, 'unsubscribe', line('$-1'), line(':0')), '$-1')],
      ['UNSUBSCRIBE: ok 1', 'GET k: ok 0'],
    ],
    [
      'shards count on their own',
      [
        call('SSUBSCRIBE s', 'SUNSUBSCRIBE'),
        server(confirm(type, 'ssubscribe', 's', 1), confirm(type, 'sunsubscribe', 's', 0)),
      ],
      ['SSUBSCRIBE s: ok 1', 'SUNSUBSCRIBE: ok 1'],
    ],
    ['refused', [call('SUBSCRIBE a b', 'PING'), server('-NOPERM no', '+PONG')], ['SUBSCRIBE a b: NOPERM', 'PING: ok']],
    [
      'RESET ends it',
      [
        call('SUBSCRIBE a'),
        server(confirm(type, 'subscribe', 'a', 1)),
        call('RESET', 'LRANGE l 0 1'),
        server('+RESET', aggregate('*', 'message', 'x')),
      ],
      ['SUBSCRIBE a: ok 1', 'RESET: ok', 'LRANGE l 0 1: ok 2'],
    ],
  ])('%s', (_, turns, expected) => {
    expect(gists(turns)).toEqual(expected);
  });
});

test('invalidations of client-side caching come at any time', () => {
  const invalidate = aggregate('>', 'invalidate', aggregate('*', 'k'));
  expect(
    gists([
      call('CLIENT TRACKING ON'),
      server(invalidate, '+OK'),
      server(invalidate),
      call('GET k'),
      server(invalidate, '$1', 'v', invalidate),
    ]),
  ).toEqual(['CLIENT TRACKING ON: ok', 'GET k: ok 1']);
});
