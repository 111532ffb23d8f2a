import { describe, expect, test } from '@jest/globals';
import {
  aggregate,
  call,
  client,
  command,
  gist,
  gists,
  hear,
  server,
  type Turn,
} from '../../../../support/redis-wire.ts';

/** Whole only: after a loss, where a piece begins is what tells a command from a value that holds one. */
function heard(turns: readonly Turn[], capturedFromStart = true): string[] {
  return hear(turns, { capturedFromStart }).statements.map(gist);
}

/** A client that waits for each answer. */
const WAITING: readonly Turn[] = [
  call('GET a'),
  server('$-1'),
  call('GET b'),
  server('$-1'),
  call('GET c'),
  server('$-1'),
];
const WAITING_GISTS = ['GET a: ok 0', 'GET b: ok 0', 'GET c: ok 0'];

describe('answers lost', () => {
  test('cost the requests that were open; a client that waits is paired again at its next word', () => {
    expect(heard([...WAITING, call('GET d'), { from: 'server', lost: 5 }, call('GET e'), server('-ERR e')])).toEqual([
      ...WAITING_GISTS,
      'GET d: unseen',
      'GET e: ERR',
    ]);
  });

  test('in the middle of a pipeline cost one turn more: it may not have been over', () => {
    const turns: Turn[] = [
      ...WAITING,
      call('GET d', 'GET e'),
      { from: 'server', lost: 5 },
      call('GET f'),
      server(':5', ':6'),
      call('GET g'),
      server('-ERR g'),
    ];
    expect(heard(turns)).toEqual([...WAITING_GISTS, 'GET d: unseen', 'GET e: unseen', 'GET f: unseen', 'GET g: ERR']);
  });

  test('of a client that does not wait leave all unseen until both are quiet', () => {
    const turns: Turn[] = [
      call('GET a', 'GET b'),
      server(':1'),
      call('GET c'),
      server(':2'),
      call('GET d'),
      { from: 'server', lost: 4 },
      call('GET e'),
      server(':5'),
      call('GET f'),
      server(':6'),
      { waitNanos: 600e6 },
      call('GET g'),
      server('-ERR g'),
    ];
    expect(heard(turns)).toEqual([
      'GET a: ok 1',
      'GET b: ok 1',
      'GET c: unseen',
      'GET d: unseen',
      'GET e: unseen',
      'GET f: unseen',
      'GET g: ERR',
    ]);
  });

  test('while something waits for longer than any silence leave all unseen', () => {
    const turns: Turn[] = [
      call('BLPOP q 0'),
      { from: 'server', lost: 4 },
      { waitNanos: 600e6 },
      call('GET g'),
      server(aggregate('*', 'q', 'x'), ':1'),
    ];
    expect(heard(turns)).toEqual(['BLPOP q 0: unseen', 'GET g: unseen']);
  });

  test.each([
    ['inside', 100],
    ['up to its end', 1002],
  ])('%s a long value cost nothing', (_, lost) => {
    const rest = Buffer.from(`${'x'.repeat(1000)}\r\n`).subarray(lost);
    const answer: Turn[] = [server('$1010', Buffer.from('0123456789')), { from: 'server', lost }];
    const turns = [call('GET a', 'GET b'), ...answer, ...(rest.length > 0 ? [server(rest)] : []), server(':2')];
    expect(gists(turns)).toEqual(['GET a: ok 1', 'GET b: ok 1']);
  });

  test('of a transaction leave its commands unseen', () => {
    const turns: Turn[] = [
      ...WAITING,
      call('MULTI', 'SET a 1'),
      server('+OK', '+QUEUED'),
      call('EXEC'),
      { from: 'server', lost: 9 },
    ];
    expect(heard(turns)).toEqual([...WAITING_GISTS, 'MULTI: ok', 'SET a 1: unseen', 'EXEC: unseen']);
  });
});

describe('requests lost', () => {
  test('leave those before them paired, and those after them unseen until it is certain again', () => {
    const turns: Turn[] = [
      ...WAITING,
      call('GET d'),
      { from: 'client', lost: 20 },
      call('GET f'),
      server(':4', ':5', ':6'),
      call('GET g'),
      server(':7'),
      call('GET h'),
      server('-ERR h'),
    ];
    expect(heard(turns)).toEqual([...WAITING_GISTS, 'GET f: unseen', 'GET d: ok 1', 'GET g: unseen', 'GET h: ERR']);
  });

  test('inside a long value cost its text only', () => {
    const whole = command('SET', 'k', 'x'.repeat(1000));
    const turns: Turn[] = [
      client(whole.subarray(0, 100)),
      { from: 'client', lost: 300 },
      client(whole.subarray(400), command('GET', 'k')),
      server('+OK', ':1'),
    ];
    expect(gists(turns)).toEqual(['undefined: ok text-unseen', 'GET k: ok 1']);
    expect(hear(turns).statements[0]).toMatchObject({ operation: 'SET', targets: ['k'], textLength: 1006 });
  });

  test('at the end of a value complete it', () => {
    const whole = command('SET', 'k', 'x'.repeat(1000));
    const turns: Turn[] = [
      client(whole.subarray(0, 100)),
      { from: 'client', lost: whole.length - 100 },
      server('+OK'),
      call('GET k'),
      server(':1'),
    ];
    expect(gists(turns)).toEqual(['undefined: ok text-unseen', 'GET k: ok 1']);
  });

  test('beyond the text limit cost the hash only', () => {
    const whole = command('SET', 'k', 'x'.repeat(1000));
    const turns: Turn[] = [
      client(whole.subarray(0, 600)),
      { from: 'client', lost: 100 },
      client(whole.subarray(700)),
      server('+OK'),
    ];
    const { statements } = hear(turns, { limits: { textBytes: 256 } });
    expect(statements).toMatchObject([
      { text: `SET k ${'x'.repeat(250)}`, textSha256: undefined, notes: ['text-cut'] },
    ]);
  });

  test('with the end of a command leave what was seen of it', () => {
    const whole = command('SET', 'k', 'x'.repeat(100), 'EX', '10');
    const turns: Turn[] = [client(whole.subarray(0, 60)), { from: 'client', lost: 500 }, server('+OK')];
    expect(gists(turns)).toEqual(['undefined: ok text-unseen']);
    expect(hear(turns).statements[0]).toMatchObject({ operation: 'SET', targets: ['k'] });
  });

  test('a value that holds commands is not taken for some', () => {
    const inner = Buffer.concat([Buffer.from('text\r\n'), command('FLUSHALL'), command('SET', 'a', 'b')]);
    const whole = command('SET', 'k', inner);
    const turns: Turn[] = [
      ...WAITING,
      { from: 'client', lost: 30 },
      client(whole.subarray(30)),
      server('+OK'),
      call('GET k'),
      server(':1'),
    ];
    expect(heard(turns)).toEqual([...WAITING_GISTS, 'GET k: unseen']);
  });

  test('the next command is found inside a piece', () => {
    const first = command('SET', 'k', 'value');
    const turns: Turn[] = [
      ...WAITING,
      { from: 'client', lost: 12 },
      client(first.subarray(12), command('GET', 'x'), command('GET', 'y')),
    ];
    expect(heard(turns)).toEqual([...WAITING_GISTS, 'GET x: unseen', 'GET y: unseen']);
  });
});

describe('in mid-stream', () => {
  test('a request is the first thing seen', () => {
    expect(gists([call('GET a'), server(':1')], { capturedFromStart: false })).toEqual(['GET a: ok 1']);
  });

  test('the end of an answer is', () => {
    const turns = [server('of an old value'), call('GET a'), server('-ERR a'), call('GET b'), server('-ERR b')];
    expect(gists(turns, { capturedFromStart: false })).toEqual(['GET a: unseen', 'GET b: ERR']);
  });

  test('the end of a request is: its answer is nobody else’s', () => {
    const turns: Turn[] = [
      client('ue\r\n', command('GET', 'a')),
      server('+OK', '-ERR a'),
      call('GET b'),
      server(':2'),
      call('GET c'),
      server('-ERR c'),
    ];
    expect(heard(turns, false)).toEqual(['GET a: unseen', 'GET b: unseen', 'GET c: ERR']);
  });

  test('of a client that turns out not to wait, its first answers may be others’', () => {
    expect(
      heard([call('GET a', 'GET b'), server(':0'), call('GET c'), server(':1', ':2', ':3')], false).slice(1),
    ).toEqual(['GET b: unseen', 'GET c: unseen']);
  });

  test('inline', () => {
    expect(heard([client('get a\r\n'), server(':1')], false)).toEqual(['get a: ok 1']);
  });
});

test('an answer that nobody asked for makes pairing uncertain until the client’s next turn', () => {
  const turns: Turn[] = [...WAITING, server(':0'), call('GET d'), server('-ERR d')];
  expect(heard(turns)).toEqual([...WAITING_GISTS, 'GET d: ERR']);
});

test('an error that nobody asked for is the server’s farewell', () => {
  expect(heard([server('-ERR max number of clients reached'), call('GET a'), server(':1')])).toEqual(['GET a: ok 1']);
});
