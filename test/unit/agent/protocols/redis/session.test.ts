import { describe, expect, test } from '@jest/globals';
import {
  aggregate,
  bulk,
  call,
  client,
  command,
  gists,
  hearEveryWay,
  line,
  server,
  type Turn,
} from '../../../../support/redis-wire.ts';

const WRONG = '-WRONGPASS invalid username-password pair or user is disabled.';

describe('logins', () => {
  test.each<[string, readonly Turn[], readonly object[], string | undefined]>([
    [
      'password alone',
      [call('AUTH pw'), server('+OK')],
      [{ phase: 'start', user: 'default', outcome: { kind: 'ok' }, at: 1000, until: 2000 }],
      'default',
    ],
    ['user and password', [call('AUTH alice pw'), server('+OK')], [{ phase: 'start', user: 'alice' }], 'alice'],
    [
      'failed, then not',
      [call('AUTH alice no'), server(WRONG), call('AUTH alice pw'), server('+OK')],
      [
        { phase: 'start', user: 'alice', outcome: { kind: 'failed', code: 'WRONGPASS' } },
        { phase: 'start', user: 'alice', outcome: { kind: 'ok' } },
      ],
      'alice',
    ],
    [
      'another user later',
      [call('AUTH alice pw'), server('+OK'), call('AUTH bob pw'), server('+OK')],
      [{ phase: 'start' }, { phase: 'change-user', user: 'bob' }],
      'bob',
    ],
    [
      'failed change keeps the user',
      [call('AUTH alice pw'), server('+OK'), call('AUTH bob pw'), server(WRONG)],
      [{ phase: 'start' }, { phase: 'change-user', user: 'bob', outcome: { code: 'WRONGPASS' } }],
      'alice',
    ],
    [
      'in HELLO',
      [call('HELLO 3 AUTH alice pw SETNAME app'), server(aggregate('%', 'server', 'redis'))],
      [{ user: 'alice' }],
      'alice',
    ],
    [
      'no answer',
      [call('AUTH alice pw')],
      [{ user: 'alice', outcome: { kind: 'unseen' }, until: undefined }],
      undefined,
    ],
    ['nobody logs in', [call('GET k'), server('$-1')], [], 'default'],
    ['nobody is let in', [call('GET k'), server('-NOAUTH Authentication required.')], [], undefined],
    ['an unknown command proves nothing', [call('GTE k'), server('-ERR unknown command')], [], undefined],
  ])('%s', (_, turns, logins, user) => {
    const heard = hearEveryWay(turns);
    expect(heard.logins).toMatchObject(logins);
    expect(heard.logins).toHaveLength(logins.length);
    expect(heard.facts.user).toBe(user);
  });

  test('in mid-stream nobody knows who logged in before', () => {
    expect(hearEveryWay([call('GET k'), server('$-1')], { capturedFromStart: false }).facts.user).toBeUndefined();
  });

  test('the user is set before the statement is reported', () => {
    expect(hearEveryWay([call('AUTH alice pw'), server('+OK')]).sessions).toEqual(['alice@0']);
  });
});

describe('the database', () => {
  test('is 0 until SELECT succeeds', () => {
    const turns = [
      call('SELECT 3'),
      server('-ERR DB index is out of range'),
      call('SELECT 2'),
      server('+OK'),
      call('RESET'),
      server('+RESET'),
    ];
    expect(hearEveryWay(turns).sessions).toEqual(['?@0', 'default@2', '?@0']);
  });

  test('is unknown in mid-stream, and after a SELECT whose answer was lost', () => {
    expect(hearEveryWay([call('PING'), server('+PONG')], { capturedFromStart: false }).facts.database).toBeUndefined();
    expect(hearEveryWay([call('SELECT 4'), { from: 'server', lost: 5 }]).facts.database).toBeUndefined();
  });
});

test('HELLO tells of the server, in RESP2 and in RESP3', () => {
  const fields = [
    'server',
    'valkey',
    'version',
    '8.0.1',
    'proto',
    line(':3'),
    'id',
    line(':17'),
    'modules',
    aggregate('*'),
  ];
  for (const type of ['%', '*']) {
    const heard = hearEveryWay([call('HELLO 3 SETNAME worker'), server(aggregate(type, ...fields))]);
    expect(heard.facts).toMatchObject({
      system: 'valkey',
      serverVersion: '8.0.1',
      connectionId: '17',
      program: 'worker',
      user: 'default',
    });
  }
});

test.each([
  ['# Server\r\nredis_version:7.0.15\r\nredis_git_sha1:0\r\n', 'redis', '7.0.15'],
  ['# Server\r\nredis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.1.0\r\n', 'valkey', '8.1.0'],
])('INFO tells which server it is: %j', (info, system, serverVersion) => {
  expect(hearEveryWay([call('INFO'), server(bulk(info.padEnd(4000, 'x')))]).facts).toMatchObject({
    system,
    serverVersion,
  });
});

test('CLIENT tells of the client', () => {
  const turns = [
    client(
      command('CLIENT', 'SETNAME', 'billing'),
      command('CLIENT', 'SETINFO', 'LIB-NAME', 'ioredis'),
      command('client', 'setinfo', 'lib-ver', '5.4'),
    ),
    server('+OK', '+OK', '+OK'),
    call('CLIENT ID'),
    server(':99'),
  ];
  expect(hearEveryWay(turns).facts).toMatchObject({ program: 'billing', driver: 'ioredis 5.4', connectionId: '99' });
});

describe('CLIENT REPLY', () => {
  test('OFF silences all until ON', () => {
    const turns = [
      call('CLIENT REPLY OFF', 'SET a 1', 'CLIENT REPLY SKIP', 'CLIENT REPLY ON', 'GET a'),
      server('+OK', '$1', '1'),
    ];
    expect(gists(turns)).toEqual([
      'CLIENT REPLY OFF: unseen reply-off',
      'SET a 1: unseen reply-off',
      'CLIENT REPLY SKIP: unseen reply-off',
      'CLIENT REPLY ON: ok',
      'GET a: ok 1',
    ]);
  });

  test('SKIP silences the next command', () => {
    expect(gists([call('CLIENT REPLY SKIP', 'SET a 1', 'GET a'), server('$1', '1')])).toEqual([
      'CLIENT REPLY SKIP: unseen reply-off',
      'SET a 1: unseen reply-off',
      'GET a: ok 1',
    ]);
  });
});

test('MONITOR’s lines are nobody’s answers', () => {
  const seen = '+1339518083.107412 [0 127.0.0.1:60866] "set" "k" "v"';
  expect(
    gists([
      call('MONITOR'),
      server('+OK', seen, seen),
      call('PING'),
      server(seen, '+PONG', seen),
      call('QUIT'),
      server('+OK'),
    ]),
  ).toEqual(['MONITOR: ok', 'PING: ok', 'QUIT: ok']);
});

describe('replication', () => {
  const stream = Buffer.concat([Buffer.from('$9\r\nREDIS0011'), command('SELECT', '0'), command('SET', 'k', 'v')]);

  test.each<[string, Turn, Turn]>([
    ['PSYNC ? -1', call('PSYNC ? -1'), server('\n\n+FULLRESYNC 8371445ee47e 0', stream)],
    ['SYNC', call('SYNC'), server(Buffer.from('\n'), stream)],
  ])('after %s the server’s commands are no client’s', (text, request, answer) => {
    const turns = [
      call('REPLCONF capa psync2'),
      server('+OK'),
      request,
      answer,
      call('REPLCONF ACK 14'),
      server(stream),
      call('REPLCONF ACK 28'),
    ];
    const { statements } = hearEveryWay(turns);
    expect(statements.map((statement) => statement.text)).toEqual(['REPLCONF capa psync2', text]);
    expect(statements[1]).toMatchObject({
      action: 'db.replication.start',
      statementKind: 'replication',
      outcome: { kind: 'ok' },
    });
  });

  test('refused is no replication', () => {
    expect(gists([call('PSYNC ? -1'), server('-NOPERM no'), call('PING'), server('+PONG')])).toEqual([
      'PSYNC ? -1: NOPERM',
      'PING: ok',
    ]);
  });
});
