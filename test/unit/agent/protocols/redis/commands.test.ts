import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { call, client, command, gists, hear, hearEveryWay, server, type Turn } from '../../../../support/redis-wire.ts';

function sent(...args: readonly (string | Buffer)[]) {
  const [statement] = hearEveryWay([client(command(...args)), server('+OK')]).statements;
  if (statement === undefined) throw new Error('nothing was heard');
  return statement;
}

describe('the text is the command as redis-cli would take it', () => {
  test.each<[readonly (string | Buffer)[], string]>([
    [['get', 'k'], 'get k'],
    [['SET', 'k', ''], 'SET k ""'],
    [['SET', 'k', 'two words'], 'SET k "two words"'],
    [['SET', 'k', "it's"], "SET k it's"],
    [['SET', 'k', "'quoted'"], `SET k "'quoted'"`],
    [['SET', 'k', '{"a": 1}'], 'SET k {"a": 1}'],
    [['SET', 'k', '{"a": 1}', 'EX', '60'], 'SET k "{\\"a\\": 1}" EX 60'],
    [['SET', 'k', '"a" b'], 'SET k "\\"a\\" b"'],
    [['SET', 'k', 'a b'], 'SET k "a b"'],
    [['SET', 'k', '{"a":1}'], 'SET k {"a":1}'],
    [['SET', 'k', 'C:\\temp'], 'SET k C:\\temp'],
    [['SET', 'k', 'C:\\my temp'], 'SET k "C:\\\\my temp"'],
    [['SET', 'k', 'a\r\n\tb\x00\x7f'], 'SET k "a\\r\\n\\tb\\x00\\x7f"'],
    [['SET', 'k', '你好'], 'SET k 你好'],
    [['SET', 'k', 'naïve café'], 'SET k "naïve café"'],
    [['SET', 'k', Buffer.from([0xff, 0x41, 0xc3, 0x28])], 'SET k "\\xffA\\xc3("'],
    [['SET', '你', Buffer.from([0x80])], 'SET 你 "\\x80"'],
  ])('%j', (args, text) => {
    expect(sent(...args).text).toBe(text);
  });

  test('has its length in bytes of the arguments', () => {
    expect(sent('SET', 'k', '你 好')).toMatchObject({ textLength: 13, textSha256: undefined, requestBytes: 33 });
  });
});

describe('a long text', () => {
  const limits = { textBytes: 256 };

  test('is cut, with the length and hash of the whole', () => {
    const value = 'x'.repeat(1000);
    const heard = hearEveryWay(
      [client(command('SET', 'k', value, 'EX', '10'), command('GET', 'k')), server('+OK', '$1', 'v')],
      {
        limits,
      },
    );
    const whole = `SET k ${value} EX 10`;
    expect(heard.statements[0]).toMatchObject({
      text: whole.slice(0, 256),
      textLength: whole.length,
      textSha256: createHash('sha256').update(whole).digest('hex'),
      targets: ['k'],
    });
    expect(heard.statements[1]?.text).toBe('GET k');
  });

  test('is not cut inside a character', () => {
    const [statement] = hearEveryWay([client(command('SET', 'k', '你'.repeat(100)))], { limits }).statements;
    expect(statement?.text).toBe(`SET k ${'你'.repeat(83)}`);
  });

  test('is cut too where only its escapes make it long', () => {
    const value = Buffer.alloc(200, 1);
    const [statement] = hearEveryWay([client(command('SET', 'k', value))], { limits }).statements;
    expect(statement?.text).toBe(`SET k "${'\\x01'.repeat(100)}`.slice(0, 256));
    expect(statement?.textSha256).toBe(createHash('sha256').update('SET k ').update(value).digest('hex'));
  });

  test('of very many arguments is cut', () => {
    const args = Array.from({ length: 9000 }, () => 'a');
    const [statement] = hear([client(command('DEL', ...args))]).statements;
    expect(statement).toMatchObject({ textLength: 3 + 2 * 9000 });
    expect(statement?.text).toHaveLength(3 + 2 * 8191);
    expect(statement?.textSha256).toBe(
      createHash('sha256')
        .update(`DEL ${args.join(' ')}`)
        .digest('hex'),
    );
    expect(statement?.targets).toHaveLength(100);
  });

  test('announced but not sent costs nothing', () => {
    const before = process.memoryUsage().rss;
    const heard = hear([client('*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$536870912\r\nabc')]);
    expect(heard.activities).toEqual([]);
    expect(process.memoryUsage().rss - before).toBeLessThan(100e6);
  });
});

describe('operation and keys', () => {
  test.each<[string, string, readonly string[]]>([
    ['get k', 'GET', ['k']],
    ['MGET a b c', 'MGET', ['a', 'b', 'c']],
    ['MSET a 1 b 2', 'MSET', ['a', 'b']],
    ['BLPOP a b 0', 'BLPOP', ['a', 'b']],
    ['SMOVE a b m', 'SMOVE', ['a', 'b']],
    ['BITOP AND dest a b', 'BITOP', ['dest', 'a', 'b']],
    ['EVAL script 2 a b c d', 'EVAL', ['a', 'b']],
    ['EVAL script 999999999 a', 'EVAL', ['a']],
    ['EVAL script none a', 'EVAL', []],
    ['ZUNIONSTORE dest 2 a b WEIGHTS 1 2', 'ZUNIONSTORE', ['dest', 'a', 'b']],
    ['XREAD COUNT 2 STREAMS a b 0 0', 'XREAD', ['a', 'b']],
    ['XREADGROUP GROUP g c STREAMS a >', 'XREADGROUP', ['a']],
    ['MIGRATE host 6379 k 0 100', 'MIGRATE', ['k']],
    ['OBJECT ENCODING k', 'OBJECT ENCODING', ['k']],
    ['config get maxmemory', 'CONFIG GET', []],
    ['ACL LIST', 'ACL LIST', []],
    ['CLIENT SETINFO LIB-NAME x', 'CLIENT SETINFO', []],
    ['COMMAND', 'COMMAND', []],
    ['JSON.SET doc $ 1', 'JSON.SET', []],
    ['FUTURE a b', 'FUTURE', []],
    ['GET', 'GET', []],
  ])('%s', (line, operation, targets) => {
    expect(sent(...line.split(' '))).toMatchObject({ operation, targets, language: 'redis', action: 'db.command' });
  });

  test('what is no name is no operation', () => {
    expect(sent(Buffer.from([0x80, 0x81]))).toMatchObject({ operation: undefined, text: '"\\x80\\x81"' });
  });
});

describe('inline commands', () => {
  test.each<[string, string[]]>([
    ['PING\r\n', ['PING: ok']],
    ['PING\n', ['PING: ok']],
    ['\r\n  SET  a "b c" \r\n', ['SET a "b c": ok']],
    ["SET a 'it\\'s \\n'\r\n", ["SET a it's \\n: ok"]],
    ['SET a "\\x41\\n\\"\\q"\r\n', ['SET a "A\\n\\"q": ok']],
    ['SET a ""\r\n', ['SET a "": ok']],
  ])('%j', (bytes, expected) => {
    expect(gists([client(bytes), server('+OK')])).toEqual(expected);
  });

  test.each(['"open', "'open", '"a"b'])('unbalanced quotes are answered with an error: %s', (word) => {
    const turns: Turn[] = [client(`SET a ${word}\r\n`), server('-ERR Protocol error: unbalanced quotes in request')];
    expect(gists(turns)).toEqual([`SET a ${word}: ERR`]);
  });

  test('and arrays follow each other', () => {
    expect(gists([client('PING\r\n', command('GET', 'k'), 'PING\r\n'), server('+PONG', '$-1', '+PONG')])).toEqual([
      'PING: ok',
      'GET k: ok 0',
      'PING: ok',
    ]);
  });
});

describe('empty requests', () => {
  test.each(['*0\r\n', '*-1\r\n', '\r\n', '   \r\n'])('%j gets no answer', (bytes) => {
    expect(gists([client(bytes, command('PING')), server('+PONG')])).toEqual(['PING: ok']);
  });
});

test('one answer each, in order, for a pipeline', () => {
  const calls = Array.from({ length: 100 }, (_, index) => `GET k${index}`);
  const turns = [call(...calls), server(...calls.map((_, index) => `:${index}`))];
  expect(gists(turns)).toEqual(calls.map((line) => `${line}: ok 1`));
});

test('beyond the limit the oldest is reported unseen, and its answer is nobody else’s', () => {
  const turns = [call('GET a', 'GET b', 'GET c'), server('$-1', '$1', 'x', '-ERR no')];
  expect(gists(turns, { limits: { pendingStatements: 2 } })).toEqual(['GET a: unseen', 'GET b: ok 1', 'GET c: ERR']);
});

test('what waits for long is said to be running, once; what was asked to wait is not', () => {
  const turns: Turn[] = [
    call('KEYS *'),
    { waitNanos: 11e9 },
    { waitNanos: 11e9 },
    server('*0'),
    call('BLPOP k 0'),
    { waitNanos: 11e9 },
  ];
  const { activities } = hearEveryWay(turns);
  expect(activities.map(({ kind }) => kind)).toEqual(['still-running', 'statement', 'statement']);
  expect(activities[0]).toMatchObject({ text: 'KEYS *', operation: 'KEYS', since: 1000 });
});
