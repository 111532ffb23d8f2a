import { describe, expect, test } from '@jest/globals';
import { brief, byteByByte, decode, login, randomCuts, type Step } from '../../../../support/postgres-conversation.ts';
import { client as c, server as s } from '../../../../support/postgres-wire.ts';

interface Row {
  readonly name: string;
  readonly steps: readonly Step[];
  readonly gives: readonly string[];
}

const exchange = (text: string, rows: number): readonly Step[] => [
  ['client', c.query(text)],
  ['server', s.complete(`UPDATE ${rows}`), s.ready()],
];
const execution = (name: string, value: string): Buffer =>
  Buffer.concat([c.bind({ name, values: [value] }), c.execute(), c.sync()]);
const executed = (rows: number): Buffer => Buffer.concat([s.bindComplete(), s.complete(`UPDATE ${rows}`), s.ready()]);

/** A client that asks twice before it is answered, so that nothing may be assumed of it later. */
const pipelining: readonly Step[] = [
  ['client', c.query('p'), c.query('q')],
  ['server', s.complete('UPDATE 1'), s.ready(), s.complete('UPDATE 2'), s.ready()],
];
const pipelined = ['query "p" ok affected=1', 'query "q" ok affected=2'];

const fromStart: readonly Row[] = [
  {
    name: 'an answer is lost: the next request is paired with its own',
    steps: [['client', c.query('a')], ['lost', 'server', 21], ...exchange('b', 2)],
    gives: ['query "a" unseen', 'query "b" ok affected=2'],
  },
  {
    name: 'the beginning of an answer is lost',
    steps: [
      ['client', c.query('a')],
      ['lost', 'server', 50],
      ['server', s.dataRow('..Z', 'INDIA'), s.complete('SELECT 2'), s.ready()],
      ...exchange('b', 2),
    ],
    gives: ['query "a" unseen', 'blind resynchronizing server 37', 'query "b" ok affected=2'],
  },
  {
    name: 'bytes within a row are lost: nothing else is',
    steps: [
      ['client', c.query('a')],
      ['server', s.rowDescription('x'), s.dataRow('y'.repeat(100)).subarray(0, 30)],
      ['lost', 'server', 60],
      ['server', s.dataRow('y'.repeat(100)).subarray(90), s.complete('SELECT 1'), s.ready()],
    ],
    gives: ['query "a" ok returned=1'],
  },
  {
    name: 'bytes within a tag are lost: the statement succeeded all the same',
    steps: [
      ['client', c.query('a')],
      ['server', s.complete('UPDATE 12345').subarray(0, 10)],
      ['lost', 'server', 8],
      ['server', s.ready()],
    ],
    gives: ['query "a" ok'],
  },
  {
    name: 'bytes within an error are lost',
    steps: [
      ['client', c.query('a')],
      ['server', s.error({ code: '22012', message: 'm' }).subarray(0, 10)],
      ['lost', 'server', s.error({ code: '22012', message: 'm' }).length - 10],
      ['server', s.ready()],
      ...exchange('b', 2),
    ],
    gives: ['query "a" unseen', 'query "b" ok affected=2'],
  },
  {
    name: 'a request is lost: its answer is nobody else’s',
    steps: [['lost', 'client', 7], ['server', s.complete('UPDATE 1'), s.ready()], ...exchange('b', 2)],
    gives: ['query "b" ok affected=2'],
  },
  {
    name: 'bytes within a query are lost: its answer is not',
    steps: [
      ['client', c.query('select something long').subarray(0, 10)],
      ['lost', 'client', 10],
      ['client', c.query('select something long').subarray(20)],
      ['server', s.complete('UPDATE 1'), s.ready()],
      ...exchange('b', 2),
    ],
    gives: ['query null ok affected=1 [text-unseen]', 'query "b" ok affected=2'],
  },
  {
    name: 'the end of a query and more is lost',
    steps: [
      ['client', c.query('select something long').subarray(0, 10)],
      ['lost', 'client', 100],
      ['client', c.query('left over').subarray(3)],
      ['server', s.complete('UPDATE 1'), s.ready()],
      ...exchange('b', 2),
    ],
    gives: ['blind resynchronizing client 12', 'query "b" ok affected=2'],
  },
  {
    name: 'a Parse of the unnamed statement is lost: the text before it is not taken for it',
    steps: [
      ['client', c.parse('old'), c.bind(), c.execute(), c.sync()],
      ['server', s.parseComplete(), s.bindComplete(), s.complete('UPDATE 1'), s.ready()],
      ['lost', 'client', c.parse('new').length],
      ['client', c.bind(), c.execute(), c.sync()],
      ['server', s.parseComplete(), s.bindComplete(), s.complete('UPDATE 2'), s.ready()],
      ...exchange('b', 3),
    ],
    gives: ['execute "old" ok affected=1', 'execute null unseen [text-unseen]', 'query "b" ok affected=3'],
  },
  {
    name: 'named statements survive a loss of the client',
    steps: [
      ['client', c.parse('named', 'n'), c.sync()],
      ['server', s.parseComplete(), s.ready()],
      ['lost', 'client', 30],
      ['server', executed(1)],
      ['client', execution('n', 'x')],
      ['server', executed(2)],
    ],
    gives: ['execute "named" ["x"] ok affected=2'],
  },
  {
    name: 'unless a name has stood for two texts',
    steps: [
      ['client', c.parse('one', 'n'), c.close('S', 'n'), c.parse('two', 'n'), c.sync()],
      ['server', s.parseComplete(), s.closeComplete(), s.parseComplete(), s.ready()],
      ['lost', 'client', 30],
      ['server', executed(1)],
      ['client', execution('n', 'x')],
      ['server', executed(2)],
    ],
    gives: ['prepare "one" unseen', 'prepare "two" ok', 'execute null ["x"] ok affected=2 [text-unseen]'],
  },
  {
    name: 'a pipeline whose answers are all seen but a part of one',
    steps: [
      ...pipelining,
      ['client', c.query('a'), c.query('b')],
      ['lost', 'server', 10],
      ['server', s.ready()],
      ['server', s.complete('UPDATE 3'), s.ready()],
      ['client', c.query('c')],
      ['server', s.complete('UPDATE 4'), s.ready()],
    ],
    gives: [...pipelined, 'query "a" unseen', 'query "b" unseen', 'query "c" ok affected=4'],
  },
  {
    name: 'a pipeline of which an answer is lost: nothing is paired until it was quiet for long',
    steps: [
      ...pipelining,
      ['client', c.query('a'), c.query('b')],
      ['lost', 'server', 30],
      ['server', s.complete('UPDATE 3'), s.ready()],
      ['client', c.query('c')],
      ['server', s.complete('UPDATE 4'), s.ready()],
      ['wait', 11_000_000_000],
      ['client', c.query('d')],
      ['server', s.complete('UPDATE 5'), s.ready()],
    ],
    gives: [
      ...pipelined,
      'query "a" unseen',
      'query "b" unseen',
      'blind resynchronizing server 14',
      'query "c" unseen',
      'query "d" ok affected=5',
    ],
  },
  {
    name: 'requests before a loss of the client keep their answers',
    steps: [
      ...pipelining,
      ['client', c.query('a')],
      ['lost', 'client', 30],
      ['server', s.complete('UPDATE 3'), s.ready()],
      ['server', s.complete('UPDATE 4'), s.ready()],
    ],
    gives: [...pipelined, 'query "a" ok affected=3'],
  },
  {
    name: 'a request in the middle of a pipeline is lost: nobody behind it gets its answer',
    steps: [
      ...pipelining,
      ['client', c.query('a')],
      ['lost', 'client', 30],
      ['client', c.query('c')],
      ['server', s.complete('UPDATE 3'), s.ready()],
      ['client', c.query('d')],
      ['server', s.complete('UPDATE 4'), s.ready(), s.complete('UPDATE 5'), s.ready()],
      ['client', c.query('e')],
      ['server', s.complete('UPDATE 6'), s.ready()],
    ],
    gives: [...pipelined, 'query "a" ok affected=3', 'query "c" unseen', 'query "d" unseen', 'query "e" unseen'],
  },
  {
    name: 'the answer to the login is lost',
    steps: [['lost', 'server', 10], ...exchange('b', 2)],
    gives: ['query "b" ok affected=2'],
  },
];

const midstream: readonly Row[] = [
  { name: 'a request first', steps: exchange('a', 1), gives: ['query "a" ok affected=1'] },
  {
    name: 'the rest of an answer first',
    steps: [['server', s.dataRow('abc').subarray(5), s.complete('SELECT 9'), s.ready()], ...exchange('a', 1)],
    gives: ['blind resynchronizing server 23', 'query "a" ok affected=1'],
  },
  {
    name: 'an Execute whose Parse was not seen has no made-up text',
    steps: [
      ['client', execution('n', 'x')],
      ['server', executed(2)],
    ],
    gives: ['execute null ["x"] ok affected=2 [text-unseen]'],
  },
  {
    name: 'the rest of a request first',
    steps: [
      ['client', Buffer.from('om Products where Q = 1\0')],
      ['server', s.complete('SELECT 0'), s.ready()],
      ...exchange('a', 1),
    ],
    gives: ['blind resynchronizing server 14', 'blind resynchronizing client 24', 'query "a" ok affected=1'],
  },
  {
    name: 'a value in a row looks like ReadyForQuery',
    steps: [['server', s.dataRow('..Z', 'INDIA').subarray(5), s.complete('SELECT 9'), s.ready()], ...exchange('a', 1)],
    gives: ['blind resynchronizing server 32', 'query "a" ok affected=1'],
  },
  {
    name: 'the answer does not fit: it belongs to what was asked before',
    steps: [
      ['client', c.query('late')],
      ['server', s.bindComplete(), s.complete('UPDATE 7'), s.ready()],
      ...exchange('a', 1),
    ],
    gives: ['query "late" unseen', 'query "a" ok affected=1'],
  },
];

const check = (before: readonly Step[], skipped: number, fromBeginning: boolean, { steps, gives }: Row): void => {
  const all = [...before, ...steps];
  const whole = decode(all, { fromStart: fromBeginning });
  expect(whole.activities.slice(skipped).map(brief)).toEqual(gives);
};

describe('after a login', () => {
  test.each(fromStart.map((row) => [row.name, row] as const))('%s', (_name, row) => check(login, 1, true, row));
});

describe('in mid-stream', () => {
  test.each(midstream.map((row) => [row.name, row] as const))('%s', (_name, row) => {
    check([], 0, false, row);
    const known = (activities: ReturnType<typeof decode>['activities']) =>
      activities.filter(({ kind }) => kind === 'statement').map(brief);
    for (const cut of [byteByByte, randomCuts(9)]) {
      const { activities } = decode(row.steps, { fromStart: false, cut });
      expect(known(activities)).toEqual(known(decode(row.steps, { fromStart: false }).activities));
    }
  });
});

test('the login whose answer is lost is reported when ReadyForQuery shows that it succeeded', () => {
  const [startup = ['wait', 0] as const, answer = ['wait', 0] as const] = login;
  const rest = answer[1] instanceof Buffer ? answer.slice(1) : [];
  expect(rest.length).toBeGreaterThan(0);
  const { activities } = decode([startup, ['lost', 'server', 9], ['server', ...(rest.slice(1) as Buffer[])]]);
  expect(activities.map(brief)).toEqual(['blind resynchronizing server 64', 'login ann@shop ok']);
});
