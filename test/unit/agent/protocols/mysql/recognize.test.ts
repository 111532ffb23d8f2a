import { describe, expect, test } from '@jest/globals';
import { mysql } from '../../../../../agent/protocols/mysql/index.ts';
import type { Side } from '../../../../../agent/tcp/byte-stream.ts';
import {
  bytes,
  closeStatement,
  command,
  execute,
  greeting,
  handshakeResponse,
  ok,
  oldGreeting,
  packet,
  query,
  queryWithAttributes,
  resultSet,
  uint16,
} from '../../../../support/mysql-wire.ts';

const http = Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
const startup = bytes([0, 0, 0, 16, 0, 3, 0, 0], 'user\0app');

const rows: readonly (readonly [string, Side, Buffer, string])[] = [
  ['a greeting', 'server', greeting(), 'yes'],
  ['a greeting of MariaDB', 'server', greeting({ version: '5.5.5-10.6.1-MariaDB' }), 'yes'],
  ['a greeting of 4.0', 'server', oldGreeting(), 'yes'],
  ['a refusal', 'server', packet(0, [0xff], uint16(1040), 'Too many connections'), 'yes'],
  ['the beginning of a greeting', 'server', greeting().subarray(0, 20), 'need-more'],
  ['two bytes', 'server', greeting().subarray(0, 2), 'need-more'],
  ['an answer', 'server', ok(), 'no'],
  ['a result set', 'server', resultSet(), 'no'],
  ['a banner of SSH', 'server', Buffer.from('SSH-2.0-OpenSSH_9.2\r\n'), 'no'],
  ['an answer of Redis', 'server', Buffer.from('+OK\r\n'), 'no'],
  ['a query', 'client', query('select 1'), 'likely'],
  ['a query with attributes', 'client', queryWithAttributes('select 1', []), 'likely'],
  ['the beginning of a long query', 'client', query(`select ${'1, '.repeat(999)}`).subarray(0, 1448), 'likely'],
  ['a ping', 'client', command(14), 'likely'],
  ['an execution', 'client', execute(), 'likely'],
  ['several commands', 'client', bytes(closeStatement(1), query('select 1')), 'likely'],
  ['a login without its greeting', 'client', handshakeResponse(), 'likely'],
  ['four bytes', 'client', query('select 1').subarray(0, 4), 'need-more'],
  ['HTTP', 'client', http, 'no'],
  ['PostgreSQL', 'client', startup, 'no'],
  ['Redis', 'client', Buffer.from('*1\r\n$4\r\nPING\r\n'), 'no'],
  ['TLS', 'client', bytes([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3], Buffer.alloc(505)), 'no'],
  ['a command of the wrong length', 'client', packet(0, [14], 'x'), 'no'],
  ['a query of no text', 'client', packet(0, [3], [1, 2, 3, 4, 5, 6]), 'no'],
];

describe('MySQL is recognised', () => {
  test.each(rows)('%s', (_, side, opening, verdict) => {
    const lent = bytes([9, 9], opening, [9, 9, 9]);
    expect(mysql.recognize(side, lent, 2, 2 + opening.length)).toBe(verdict);
  });
});
