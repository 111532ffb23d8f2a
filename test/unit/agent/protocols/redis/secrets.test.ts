import { describe, expect, test } from '@jest/globals';
import { client, command, hear, hearEveryWay, line, server } from '../../../../support/redis-wire.ts';

const PASSWORD = 'hunter2!';

describe('a credential is never reported', () => {
  test.each<[readonly string[], string]>([
    [['AUTH', PASSWORD], 'AUTH <masked>'],
    [['auth', 'alice', PASSWORD], 'auth alice <masked>'],
    [['AUTH', 'my', 'long', PASSWORD], 'AUTH <masked> <masked> <masked>'],
    [['HELLO', '3', 'AUTH', 'alice', PASSWORD, 'SETNAME', 'app'], 'HELLO 3 AUTH alice <masked> SETNAME app'],
    [['HELLO', '3', 'SETNAME', 'AUTH', 'auth', 'alice', PASSWORD], 'HELLO 3 SETNAME AUTH auth alice <masked>'],
    [['HELLO', '3', 'AUTH', PASSWORD], 'HELLO 3 AUTH <masked>'],
    [
      ['ACL', 'SETUSER', 'bob', 'on', `>${PASSWORD}`, `<${PASSWORD}`, '~*', '+@all'],
      'ACL SETUSER bob on ><masked> <<masked> ~* +@all',
    ],
    [['acl', 'setuser', 'bob', `#${PASSWORD}`, `!${PASSWORD}`], 'acl setuser bob #<masked> !<masked>'],
    [['CONFIG', 'SET', 'maxmemory', '1gb', 'requirepass', PASSWORD], 'CONFIG SET maxmemory 1gb requirepass <masked>'],
    [['config', 'set', 'MasterAuth', PASSWORD], 'config set MasterAuth <masked>'],
    [['CONFIG', 'SET', 'masteruser', PASSWORD], 'CONFIG SET masteruser <masked>'],
    [['CONFIG', 'SET', 'tls-key-file-pass', PASSWORD], 'CONFIG SET tls-key-file-pass <masked>'],
    [
      ['MIGRATE', 'h', '6379', '', '0', '10', 'COPY', 'AUTH', PASSWORD, 'KEYS', 'a'],
      'MIGRATE h 6379 "" 0 10 COPY AUTH <masked> KEYS a',
    ],
    [
      ['MIGRATE', 'h', '6379', 'k', '0', '10', 'auth2', 'alice', PASSWORD],
      'MIGRATE h 6379 k 0 10 auth2 alice <masked>',
    ],
    [['SENTINEL', 'SET', 'mymaster', 'auth-pass', PASSWORD], 'SENTINEL SET mymaster auth-pass <masked>'],
    [['SENTINEL', 'CONFIG', 'SET', 'sentinel-pass', PASSWORD], 'SENTINEL CONFIG SET sentinel-pass <masked>'],
  ])('%j', (args, text) => {
    const heard = hearEveryWay([
      client(command(...args)),
      server(`-ERR something about '${PASSWORD}' is wrong: ${PASSWORD}`),
    ]);
    expect(heard.statements[0]?.text).toBe(text);
    expect(JSON.stringify(heard)).not.toContain(PASSWORD);
  });

  test.each([`AUTH ${PASSWORD}\r\n`, `AUTH alice "${PASSWORD}"\r\n`, `auth "${PASSWORD}\r\n`])(
    'inline: %j',
    (bytes) => {
      expect(JSON.stringify(hearEveryWay([client(bytes), server('+OK')]))).not.toContain(PASSWORD);
    },
  );

  test('inside a transaction', () => {
    const turns = [
      client(command('MULTI'), command('CONFIG', 'SET', 'requirepass', PASSWORD), command('EXEC')),
      server('+OK', '+QUEUED', '*1', `-ERR not ${PASSWORD}`),
    ];
    const heard = hearEveryWay(turns);
    expect(heard.statements).toHaveLength(3);
    expect(JSON.stringify(heard)).not.toContain(PASSWORD);
  });

  test('too long for a text, neither its length nor its hash', () => {
    const heard = hear([client(command('AUTH', 'alice', PASSWORD.repeat(1000))), server('+OK')], {
      limits: { textBytes: 256 },
    });
    expect(heard.statements[0]).toMatchObject({ text: 'AUTH alice <masked>', textLength: 19, textSha256: undefined });
    expect(JSON.stringify(heard)).not.toContain(PASSWORD);
  });

  test('while a statement is still running', () => {
    const heard = hear([client(command('AUTH', PASSWORD)), { waitNanos: 11e9 }]);
    expect(heard.activities[0]).toMatchObject({ kind: 'still-running', text: 'AUTH <masked>' });
  });
});

test.each([
  [['ACL', 'GETUSER', '>x'], 'ACL GETUSER >x'],
  [['CONFIG', 'GET', 'requirepass'], 'CONFIG GET requirepass'],
  [['MIGRATE', 'h', '6379', '', '0', '10', 'KEYS', 'AUTH', 'b'], 'MIGRATE h 6379 "" 0 10 KEYS AUTH b'],
  [['SET', 'AUTH', 'x'], 'SET AUTH x'],
])('what is no credential stays: %j', (args, text) => {
  expect(hearEveryWay([client(command(...args)), server(line('+OK'))]).statements[0]?.text).toBe(text);
});
