import { describe, expect, test } from '@jest/globals';
import { redis } from '../../../../../agent/protocols/redis/index.ts';
import { command } from '../../../../support/redis-wire.ts';

function judge(side: 'client' | 'server', bytes: Buffer | string): string {
  const lent = Buffer.concat([Buffer.from('*1'), Buffer.from(bytes), Buffer.from('\r\n$4\r\nPING\r\n')]);
  return redis.recognize(side, lent, 2, 2 + Buffer.byteLength(bytes));
}

describe('a client', () => {
  test.each([
    [command('GET', 'k'), 'yes'],
    [command('HELLO', '3', 'AUTH', 'a', 'b'), 'yes'],
    ['PING\r\n', 'likely'],
    ['set a b\n', 'likely'],
    ['PIN', 'need-more'],
    ['GET / HTTP/1.1\r\nHost: a\r\n', 'no'],
    ['POST / HTTP/1.1\r\n', 'no'],
    ['*1\r\n:4\r\n', 'no'],
    ['*x', 'no'],
    [Buffer.from([0x16, 3, 1, 2, 0]), 'no'],
    [Buffer.from([0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f]), 'no'],
  ])('%j: %s', (bytes, verdict) => {
    expect(judge('client', bytes)).toBe(verdict);
  });

  test('is waited for until its first command’s name begins', () => {
    const bytes = command('GET', 'k');
    const verdicts = Array.from({ length: 10 }, (_, length) => judge('client', bytes.subarray(0, length)));
    expect(verdicts).toEqual([...Array.from({ length: 9 }, () => 'need-more'), 'yes']);
  });
});

test.each([
  ['+OK\r\n', 'likely'],
  ['-NOAUTH Authentication required.\r\n', 'likely'],
  ['$5\r\nhello\r\n', 'likely'],
  ['*-1\r\n', 'likely'],
  ['%7\r\n$6\r\nserver', 'likely'],
  [':12', 'need-more'],
  [Buffer.from([0x4a, 0, 0, 0, 0x0a, 0x38]), 'no'],
  ['HTTP/1.1 200 OK\r\n', 'no'],
])('a server: %j: %s', (bytes, verdict) => {
  expect(judge('server', bytes)).toBe(verdict);
});
