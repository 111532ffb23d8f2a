import { describe, expect, test } from '@jest/globals';
import { client, hearEveryWay, login, server, type Turn } from '../../../../support/mysql-conversation.ts';
import {
  bytes,
  CAPABILITY,
  command,
  err,
  greeting,
  handshakeResponse,
  lenencString,
  MODERN,
  ok,
  oldGreeting,
  oldHandshakeResponse,
  packet,
  query,
  resultSet,
  tlsRequest,
  uint16,
  zeroTerminated,
} from '../../../../support/mysql-wire.ts';

const DENIED = "Access denied for user 'app'@'10.0.0.1' (using password: YES)";
const SECRET = Buffer.alloc(256, 0x73);
const accepted = { kind: 'login', phase: 'start', user: 'app', database: 'shop', outcome: { kind: 'ok' } };
const refused = { outcome: { kind: 'failed', code: '1045', sqlstate: '28000', message: DENIED } };

interface Row {
  readonly name: string;
  readonly turns: readonly Turn[];
  readonly login: object | undefined;
  readonly facts?: object;
}

const rows: readonly Row[] = [
  {
    name: 'native password',
    turns: login(),
    login: accepted,
    facts: {
      user: 'app',
      database: 'shop',
      connectionId: '7',
      serverVersion: '8.4.3',
      authMethod: 'mysql_native_password',
    },
  },
  {
    name: 'refused',
    turns: [server(greeting()), client(handshakeResponse()), server(err(1045, '28000', DENIED, 2))],
    login: { user: 'app', ...refused },
    facts: { user: undefined, database: undefined },
  },
  {
    name: 'caching_sha2, fast',
    turns: [
      server(greeting({ plugin: 'caching_sha2_password' })),
      client(handshakeResponse({ plugin: 'caching_sha2_password' })),
      server(packet(2, [1, 3]), ok({}, 3)),
    ],
    login: accepted,
    facts: { authMethod: 'caching_sha2_password' },
  },
  {
    name: 'caching_sha2, full, with the server asked for its key',
    turns: [
      server(greeting({ plugin: 'caching_sha2_password' })),
      client(handshakeResponse({ plugin: 'caching_sha2_password' })),
      server(packet(2, [1, 4])),
      client(packet(3, [2])),
      server(packet(4, [1], '-----BEGIN PUBLIC KEY-----')),
      client(packet(5, SECRET)),
      server(ok({}, 6)),
    ],
    login: accepted,
    facts: { authMethod: 'caching_sha2_password' },
  },
  {
    name: 'another plugin is asked for',
    turns: [
      server(greeting({ version: '5.5.5-10.11.6-MariaDB-0+deb12u1', capabilities: ~1 })),
      client(handshakeResponse({ capabilities: MODERN & ~1 })),
      server(packet(2, [0xfe], zeroTerminated('client_ed25519'), SECRET.subarray(0, 32))),
      client(packet(3, SECRET.subarray(0, 64))),
      server(ok({}, 4)),
    ],
    login: accepted,
    facts: { authMethod: 'client_ed25519', system: 'mariadb', serverVersion: '10.11.6-MariaDB-0+deb12u1' },
  },
  {
    name: 'the method of 4.0 is asked for',
    turns: [
      server(greeting()),
      client(handshakeResponse()),
      server(packet(2, [0xfe])),
      client(packet(3, 'xxxxxxxx', [0])),
      server(ok({}, 4)),
    ],
    login: accepted,
    facts: { authMethod: 'mysql_old_password' },
  },
  {
    name: 'a second factor',
    turns: [
      server(greeting()),
      client(handshakeResponse({ plugin: 'caching_sha2_password' })),
      server(packet(2, [1, 3]), packet(3, [2], zeroTerminated('authentication_webauthn'), 'challenge')),
      client(packet(4, 'response')),
      server(ok({}, 5)),
    ],
    login: accepted,
    facts: { authMethod: 'caching_sha2_password+authentication_webauthn' },
  },
  {
    name: 'attributes of the connection',
    turns: login(
      {},
      {
        capabilities: MODERN | CAPABILITY.lenencAuth,
        attributes: { _client_name: 'libmysql', _client_version: '8.0.36', program_name: 'orders', _pid: '42' },
      },
    ),
    login: accepted,
    facts: {
      program: 'orders',
      driver: 'libmysql 8.0.36',
      attributes: { _client_name: 'libmysql', _client_version: '8.0.36', program_name: 'orders', _pid: '42' },
    },
  },
  {
    name: 'without a database',
    turns: login({}, { capabilities: MODERN & ~CAPABILITY.connectWithDb }),
    login: { user: 'app', database: undefined, outcome: { kind: 'ok' } },
    facts: { database: undefined },
  },
  {
    name: 'the server tells the schema',
    turns: [
      server(greeting()),
      client(handshakeResponse({ capabilities: MODERN | CAPABILITY.sessionTrack })),
      server(ok({ schema: 'lager' }, 2)),
    ],
    login: accepted,
    facts: { database: 'lager' },
  },
  {
    name: 'before 4.1',
    turns: [
      server(oldGreeting()),
      client(oldHandshakeResponse('app', 'shop')),
      server(packet(2, [0, 0, 0, 2, 0])),
      client(query('select 1')),
      server(packet(1, [1]), packet(2, 'def of a column'), packet(3, [0xfe]), packet(4, [1], 'v'), packet(5, [0xfe])),
      client(query('selec')),
      server(packet(1, [0xff], uint16(1064), 'You have an error')),
    ],
    login: accepted,
    facts: { serverVersion: '4.0.27', authMethod: 'mysql_old_password' },
  },
  {
    name: 'too many connections',
    turns: [server(packet(0, [0xff], uint16(1040), 'Too many connections'))],
    login: { user: undefined, outcome: { kind: 'failed', code: '1040', message: 'Too many connections' } },
  },
  {
    name: 'the verdict is not seen',
    turns: [server(greeting()), client(handshakeResponse())],
    login: { user: 'app', until: undefined, outcome: { kind: 'unseen' } },
    facts: { user: undefined },
  },
  { name: 'a port that is only looked at', turns: [server(greeting())], login: undefined },
];

describe('MySQL login', () => {
  test.each(rows)('$name', ({ turns, login: expected, facts }) => {
    const heard = hearEveryWay(turns);
    if (expected === undefined) expect(heard.activities).toEqual([]);
    else expect(heard.logins).toMatchObject([expected]);
    if (facts !== undefined) expect(heard.facts).toMatchObject(facts);
  });

  test('nothing of passwords, digests or scrambles is told', () => {
    for (const { turns } of rows)
      expect(JSON.stringify(hearEveryWay(turns))).not.toMatch(/ssss|\\xaa|ªªª|xxxxxxxx|scramble/);
  });

  test('a conversation of before 4.1 is read to its end', () => {
    const turns = rows.find(({ name }) => name === 'before 4.1')?.turns ?? [];
    expect(hearEveryWay(turns).statements).toMatchObject([
      { text: 'select 1', returnedRows: 1, outcome: { kind: 'ok' } },
      { text: 'selec', outcome: { kind: 'failed', code: '1064', message: 'You have an error' } },
    ]);
  });

  test('a change of user', () => {
    const body = bytes(
      zeroTerminated('root'),
      [20],
      SECRET.subarray(0, 20),
      zeroTerminated('mysql'),
      uint16(45),
      zeroTerminated('caching_sha2_password'),
      lenencString(''),
    );
    const heard = hearEveryWay([
      ...login(),
      client(command(0x11, body)),
      server(packet(1, [0xfe], zeroTerminated('mysql_native_password'), 'scramble')),
      client(packet(2, SECRET.subarray(0, 20))),
      server(ok({}, 3)),
      client(query('select 1')),
      server(resultSet()),
      client(command(0x11, body)),
      server(err(1045, '28000', DENIED)),
    ]);
    expect(heard.logins).toMatchObject([
      accepted,
      { phase: 'change-user', user: 'root', database: 'mysql', outcome: { kind: 'ok' } },
      { phase: 'change-user', user: 'root', ...refused },
    ]);
    expect(heard.statements).toMatchObject([{ text: 'select 1', outcome: { kind: 'ok' } }]);
    expect(heard.facts).toMatchObject({ user: 'root', database: 'mysql', authMethod: 'mysql_native_password' });
  });

  test('a request for TLS is told, with the name in the ClientHello', () => {
    const name = bytes([0, 0], [0, 14], [0, 12, 0, 0, 9], 'db.shop.x');
    const extension = bytes([0, 0, 0, 14], name.subarray(4));
    const hello = bytes([3, 3], Buffer.alloc(32), [0], [0, 2, 0x13, 1], [1, 0], [0, extension.length], extension);
    const record = bytes([22, 3, 1, 0, hello.length + 4, 1, 0, 0, hello.length], hello);
    const heard = hearEveryWay([
      server(greeting()),
      client(tlsRequest()),
      client(record),
      server(Buffer.from('cipher text')),
      client(Buffer.from('more of it')),
    ]);
    expect(heard.activities).toMatchObject([{ kind: 'blind', reason: 'encrypted', forGood: true }]);
    expect(heard.facts.tls).toMatchObject({ serverName: 'db.shop.x' });
    expect(heard.facts.serverVersion).toBe('8.4.3');
  });
});
