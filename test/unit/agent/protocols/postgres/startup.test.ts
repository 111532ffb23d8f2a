import { describe, expect, test } from '@jest/globals';
import { ProtocolViolation } from '../../../../../agent/protocols/protocol.ts';
import { brief, byteByByte, decode, login, randomCuts, type Step } from '../../../../support/postgres-conversation.ts';
import { client as c, int32, server as s } from '../../../../support/postgres-wire.ts';

const ann = c.startup({ user: 'ann', database: 'shop' });
const denied = s.error({ severity: 'FATAL', code: '28P01', message: 'password authentication failed' });
const secret = 'hunter2-in-clear';

function both(steps: readonly Step[], fromStart = true): ReturnType<typeof decode> {
  const whole = decode(steps, { fromStart });
  for (const cut of [byteByByte, randomCuts(5)]) expect(decode(steps, { fromStart, cut })).toEqual(whole);
  return whole;
}

test('a login tells who, where and with what', () => {
  const { activities, facts } = both([
    ['client', c.startup({ user: 'ann', database: 'shop', application_name: 'psql', options: '-c geqo=off' })],
    ['server', s.authenticationOk(), s.parameterStatus('server_version', '17.2'), s.backendKeyData(4711), s.ready()],
  ]);
  expect(activities).toEqual([
    { kind: 'login', phase: 'start', at: 1000, until: 2000, user: 'ann', database: 'shop', outcome: { kind: 'ok' } },
  ]);
  expect(facts).toMatchObject({
    user: 'ann',
    database: 'shop',
    program: 'psql',
    connectionId: '4711',
    serverVersion: '17.2',
    authMethod: 'trust',
    attributes: { options: '-c geqo=off' },
  });
});

test('protocol 3.2: the server may offer less, and cancel keys are longer', () => {
  const { activities, facts } = both([
    ['client', c.startup({ user: 'ann', '_pq_.command_tag_format': '1' }, 2)],
    ['server', s.negotiateProtocolVersion(0), s.authenticationOk(), s.backendKeyData(5, Buffer.alloc(32)), s.ready()],
  ]);
  expect(activities.map(brief)).toEqual(['login ann@ann ok']);
  expect(facts.connectionId).toBe('5');
});

describe('authentication', () => {
  const scram: readonly Step[] = [
    ['server', s.authentication(10, 'SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0')],
    ['client', c.saslInitial('SCRAM-SHA-256', `n,,n=,r=${secret}`)],
    ['server', s.authentication(11, `r=${secret}`)],
    ['client', c.password(`c=biws,r=${secret}`)],
    ['server', s.authentication(12, `v=${secret}`)],
  ];
  const asked = (code: number, rest: string | Buffer = ''): readonly Step[] => [
    ['server', s.authentication(code, rest)],
    ['client', c.password(secret)],
  ];
  const methods: readonly (readonly [name: string, steps: readonly Step[]])[] = [
    ['trust', []],
    ['password', asked(3)],
    ['md5', asked(5, Buffer.from([1, 2, 3, 4]))],
    ['gss', [...asked(7), ...asked(8, secret)]],
    ['sspi', asked(9)],
    ['kerberos-v5', asked(2)],
    ['scram-sha-256', scram],
    [
      'scram-sha-256-plus',
      [
        ['server', s.authentication(10, 'SCRAM-SHA-256-PLUS\0\0')],
        ['client', c.saslInitial('SCRAM-SHA-256-PLUS', `p=tls-server-end-point,,r=${secret}`)],
      ],
    ],
    [
      'oauthbearer',
      [
        ['server', s.authentication(10, 'OAUTHBEARER\0\0')],
        ['client', c.saslInitial('OAUTHBEARER', `n,,\x01auth=Bearer ${secret}\x01\x01`)],
      ],
    ],
    // openGauss
    ['sha256', asked(10, Buffer.concat([int32(2), Buffer.from(secret)]))],
    ['method-99', asked(99)],
  ];

  test.each(methods)('%s, and nothing of what was proved', (name, steps) => {
    const { activities, facts } = both([
      ['client', ann],
      ...steps,
      ['server', s.authenticationOk(), s.backendKeyData(1), s.ready()],
    ]);
    expect(activities.map(brief)).toEqual(['login ann@shop ok']);
    expect(facts.authMethod).toBe(name);
    expect(JSON.stringify([activities, facts])).not.toContain(secret);
  });

  test.each(methods)('%s, refused', (name, steps) => {
    const { activities, facts } = both([['client', ann], ...steps, ['server', denied]]);
    expect(activities.map(brief)).toEqual(['login ann@shop 28P01']);
    expect(facts).toMatchObject({ user: undefined, authMethod: name });
    expect(JSON.stringify([activities, facts])).not.toContain(secret);
  });
});

test.each<readonly [string, readonly Step[], readonly string[]]>([
  [
    'a database that does not exist',
    [
      ['client', ann],
      ['server', s.authenticationOk(), s.error({ code: '3D000', message: 'no' })],
    ],
    ['login ann@shop 3D000'],
  ],
  ['no answer to the login', [['client', ann]], ['login ann@shop unseen']],
  [
    'no room for another client, said at once',
    [
      ['client', c.sslRequest()],
      ['server', s.error({ code: '53300', message: 'too many' })],
    ],
    ['login undefined@undefined 53300'],
  ],
  [
    'TLS refused, then in plain',
    [['client', c.sslRequest()], ['server', Buffer.from('N')], ...login],
    ['login ann@shop ok'],
  ],
  [
    'both encryptions refused',
    [
      ['client', c.gssencRequest()],
      ['server', Buffer.from('N')],
      ['client', c.sslRequest()],
      ['server', Buffer.from('N')],
      ...login,
    ],
    ['login ann@shop ok'],
  ],
  [
    'the client does not wait for the answer',
    [
      ['client', c.sslRequest(), ann],
      ['server', Buffer.from('N')],
      ['server', s.authenticationOk(), s.ready()],
    ],
    ['login ann@shop ok'],
  ],
  [
    'GSS encryption',
    [
      ['client', c.gssencRequest()],
      ['server', Buffer.from('G')],
      ['client', Buffer.from(secret)],
    ],
    ['blind encrypted'],
  ],
  [
    'TLS without a hello',
    [
      ['client', c.sslRequest()],
      ['server', Buffer.from('S')],
    ],
    ['blind encrypted'],
  ],
  [
    'protocol 2.0',
    [
      ['client', c.startupV2()],
      ['server', Buffer.from('R')],
      ['client', Buffer.from('Qselect 1\0')],
    ],
    ['blind unrecognized'],
  ],
  ['cancel', [['client', c.cancelRequest(4711, Buffer.alloc(32, 1))]], ['cancel null unseen']],
])('%s', (_name, steps, gives) => {
  expect(both(steps).activities.map(brief)).toEqual(gives);
});

test('a cancel request names the process, not the key', () => {
  expect(decode([['client', c.cancelRequest(4711)]]).activities[0]).toMatchObject({
    action: 'db.cancel',
    operation: 'CANCEL',
    targets: ['4711'],
    text: undefined,
  });
});

test.each([
  [
    'after SSLRequest',
    [
      ['client', c.sslRequest()],
      ['server', Buffer.from('S')],
    ] as readonly Step[],
  ],
  ['at once', [] as readonly Step[]],
])('TLS %s is said, with what its first message tells', (_name, before) => {
  const { activities, facts } = both([
    ...before,
    ['client', clientHello('db.example')],
    ['server', Buffer.from([22, 3, 3, 0, 1, 2])],
    ['client', Buffer.from('more')],
  ]);
  expect(activities.map(brief)).toEqual(['blind encrypted']);
  expect(activities[0]).toMatchObject({ forGood: true });
  expect(facts.tls).toEqual({ version: 'TLS 1.2', serverName: 'db.example' });
});

test('settings that the server tells of later', () => {
  const steps: Step[] = [
    ...login,
    ['client', c.query("set application_name = 'batch'")],
    ['server', s.complete('SET'), s.parameterStatus('application_name', 'batch'), s.ready()],
    ['client', c.query("set client_encoding = 'LATIN1'")],
    ['server', s.complete('SET'), s.parameterStatus('client_encoding', 'LATIN1'), s.ready()],
    ['client', c.query(Buffer.from('select \xe9', 'latin1'))],
    ['server', s.complete('SELECT 0'), s.parameterStatus('client_encoding', 'SJIS'), s.ready()],
    ['client', c.query(Buffer.from([0x83, 0x65, 0x83, 0x58, 0x83, 0x67]))],
    ['server', s.complete('SELECT 0'), s.parameterStatus('session_authorization', 'bob'), s.ready()],
  ];
  const { activities, facts } = both(steps);
  expect(activities.slice(3).map(brief)).toEqual(['query "select é" ok returned=0', 'query "テスト" ok returned=0']);
  expect(facts).toMatchObject({ program: 'batch', user: 'bob' });
});

test.each<readonly [string, readonly Step[]]>([
  ['another protocol', [['client', Buffer.from('GET / HTTP/1.1\r\n')]]],
  ['a startup packet of 1 MiB', [['client', int32(1 << 20), int32(196_608)]]],
  ['a server that speaks first', [['server', Buffer.from('5.7.1')]]],
  [
    'an answer that is none',
    [
      ['client', c.sslRequest()],
      ['server', Buffer.from('x')],
    ],
  ],
  ['a message that does not exist', [...login, ['client', Buffer.from('!\0\0\0\x05a')]]],
  ['a length that cannot be', [...login, ['server', Buffer.from('Z\0\0\0\xff\xff\xff', 'latin1')]]],
])('breaks the rules: %s', (_name, steps) => {
  expect(() => decode(steps)).toThrow(ProtocolViolation);
});

/** TLS 1.2 with a server name and nothing else. */
function clientHello(serverName: string): Buffer {
  const uint16 = (value: number) => Buffer.from([value >> 8, value & 255]);
  const name = Buffer.concat([Buffer.from([0]), uint16(serverName.length), Buffer.from(serverName)]);
  const extension = Buffer.concat([uint16(0), uint16(name.length + 2), uint16(name.length), name]);
  const body = Buffer.concat([
    uint16(0x0303),
    Buffer.alloc(32),
    Buffer.from([0]),
    uint16(2),
    uint16(0x1301),
    Buffer.from([1, 0]),
    uint16(extension.length),
    extension,
  ]);
  const handshake = Buffer.concat([Buffer.from([1, 0]), uint16(body.length), body]);
  return Buffer.concat([Buffer.from([22, 3, 1]), uint16(handshake.length), handshake]);
}
