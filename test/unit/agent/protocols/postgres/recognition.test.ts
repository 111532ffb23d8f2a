import { expect, test } from '@jest/globals';
import { postgres } from '../../../../../agent/protocols/postgres/index.ts';
import type { Side } from '../../../../../agent/tcp/byte-stream.ts';
import { client as c, int32, server as s } from '../../../../support/postgres-wire.ts';

const startup = c.startup({ user: 'ann' });

test.each<readonly [string, Side, Buffer, ReturnType<typeof postgres.recognize>]>([
  ['startup 3.0', 'client', startup, 'yes'],
  ['startup 3.2', 'client', c.startup({ user: 'ann' }, 2), 'yes'],
  ['its first bytes', 'client', startup.subarray(0, 7), 'need-more'],
  ['startup 2.0', 'client', c.startupV2(), 'yes'],
  ['SSLRequest', 'client', c.sslRequest(), 'yes'],
  ['GSSENCRequest', 'client', c.gssencRequest(), 'yes'],
  ['CancelRequest', 'client', c.cancelRequest(1), 'yes'],
  ['a length and no code', 'client', Buffer.concat([int32(100), int32(7)]), 'no'],
  [
    'TLS for PostgreSQL',
    'client',
    Buffer.from('\x16\x03\x01\0\x20\x01...\0\x10\0\x0d\0\x0b\x0apostgresql...', 'latin1'),
    'yes',
  ],
  ['TLS for anything', 'client', Buffer.from('\x16\x03\x01\0\x20\x01........', 'latin1'), 'no'],
  ['a query', 'client', c.query('select 1'), 'likely'],
  ['a flight', 'client', Buffer.concat([c.parse('select 1'), c.bind(), c.execute(), c.sync()]), 'likely'],
  ['the beginning of a large query', 'client', c.query('x'.repeat(9000)).subarray(0, 1448), 'likely'],
  ['a byte', 'client', Buffer.from('Q'), 'need-more'],
  ['HTTP', 'client', Buffer.from('PUT / HTTP/1.1\r\n\r\n'), 'no'],
  ['a query without its end', 'client', Buffer.from('Q\0\0\0\x06ab', 'latin1'), 'no'],
  ['Redis', 'client', Buffer.from('*1\r\n$4\r\nPING\r\n'), 'no'],
  ['a MySQL COM_QUERY', 'client', Buffer.from('\x09\0\0\0\x03select 1', 'latin1'), 'no'],
  ['authentication', 'server', s.authenticationOk(), 'likely'],
  ['an answer', 'server', Buffer.concat([s.complete('SELECT 1'), s.ready()]), 'likely'],
  ['authentication that does not exist', 'server', s.authentication(77), 'no'],
  ['one byte', 'server', Buffer.from('N'), 'no'],
  ['a MySQL greeting', 'server', Buffer.from('\x4a\0\0\0\x0a5.7.1\0', 'latin1'), 'no'],
  ['a Redis answer', 'server', Buffer.from('+OK\r\n'), 'no'],
  ['SSH', 'server', Buffer.from('SSH-2.0-OpenSSH_9.6\r\n'), 'no'],
])('%s', (_name, side, bytes, verdict) => {
  const lent = Buffer.concat([Buffer.from('Q'), bytes, Buffer.from('Q')]);
  expect(postgres.recognize(side, lent, 1, 1 + bytes.length)).toBe(verdict);
});
