import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { brief, byteByByte, decode, login, randomCuts, type Step } from '../../../../support/postgres-conversation.ts';
import { client as c, server as s } from '../../../../support/postgres-wire.ts';

interface Row {
  readonly name: string;
  readonly steps: readonly Step[];
  readonly gives: readonly string[];
}

const flight = (text: string, name = '', types: readonly number[] = []): Buffer =>
  Buffer.concat([c.parse(text, name, types), c.bind({ name }), c.describe('P'), c.execute(), c.sync()]);
const divisionByZero = s.error({ code: '22012', message: 'division by zero' });

const simple: readonly Row[] = [
  {
    name: 'one statement, its text as it was sent',
    steps: [
      ['client', c.query(' select 1 ; ')],
      ['server', s.rowDescription('a'), s.dataRow('1'), s.complete('SELECT 1'), s.ready()],
    ],
    gives: ['query " select 1 ; " ok returned=1'],
  },
  {
    name: 'rows from the tag',
    steps: [
      ['client', c.query('insert')],
      ['server', s.complete('INSERT 0 3'), s.ready()],
      ['client', c.query('update')],
      ['server', s.rowDescription('a'), s.dataRow('1'), s.complete('UPDATE 1'), s.ready()],
      ['client', c.query('create table t as select')],
      ['server', s.complete('SELECT 7'), s.ready()],
      ['client', c.query('show x')],
      ['server', s.rowDescription('x'), s.dataRow('1'), s.complete('SHOW'), s.ready()],
      ['client', c.query('create')],
      ['server', s.complete('CREATE TABLE'), s.ready()],
      ['client', c.query('select none')],
      ['server', s.rowDescription('x'), s.complete('SELECT 0'), s.ready()],
      ['client', c.query('')],
      ['server', s.emptyQuery(), s.ready()],
    ],
    gives: [
      'query "insert" ok affected=3',
      'query "update" ok returned=1 affected=1',
      'query "create table t as select" ok affected=7',
      'query "show x" ok returned=1',
      'query "create" ok',
      'query "select none" ok returned=0',
      'query "" ok',
    ],
  },
  {
    name: 'an error, between notices and notifications',
    steps: [
      ['client', c.query('select 1/0;')],
      ['server', s.notice('a'), divisionByZero, s.notification('b'), s.parameterStatus('x', 'y'), s.ready()],
    ],
    gives: ['query "select 1/0;" 22012'],
  },
  {
    name: 'several statements, each with its own outcome',
    steps: [
      ['client', c.query("insert into t values (';');; select 1/0; select 3")],
      ['server', s.complete('INSERT 0 1'), divisionByZero, s.ready()],
    ],
    gives: [
      'query "insert into t values (\';\')" ok affected=1',
      'query "select 1/0" 22012',
      'query "select 3" unseen [not-executed]',
    ],
  },
  {
    name: 'a grammar error is of the statement it stands in',
    steps: [
      ['client', c.query('select 1; selec 2; select 3')],
      ['server', s.error({ code: '42601', message: 'syntax error at or near "selec"', position: 11 }), s.ready()],
    ],
    gives: [
      'query "select 1" unseen [not-executed]',
      'query "selec 2" 42601',
      'query "select 3" unseen [not-executed]',
    ],
  },
  {
    name: 'a text that the server counts otherwise stays whole',
    steps: [
      ['client', c.query('a; b; c')],
      ['server', s.complete('UPDATE 1'), s.complete('UPDATE 2'), s.ready()],
    ],
    gives: ['query "a; b; c" ok affected=3 [statements-not-split]'],
  },
];

const extended: readonly Row[] = [
  {
    name: 'an unnamed statement is one execution',
    steps: [
      ['client', flight('select $1')],
      ['server', s.parseComplete(), s.bindComplete(), s.rowDescription('a'), s.dataRow('1')],
      ['server', s.complete('SELECT 1'), s.ready()],
    ],
    gives: ['execute "select $1" ok returned=1'],
  },
  {
    name: 'a named statement is executed again with its text and parameters',
    steps: [
      ['client', c.parse('select $1', 'one'), c.describe('S', 'one'), c.sync()],
      ['server', s.parseComplete(), s.parameterDescription(23), s.rowDescription('a'), s.ready()],
      ['client', c.bind({ name: 'one', formats: [1], values: [Buffer.from([0, 0, 0, 5])] }), c.execute(), c.sync()],
      ['server', s.bindComplete(), s.dataRow('5'), s.complete('SELECT 1'), s.ready()],
      ['client', c.bind({ name: 'one', values: [null] }), c.execute(), c.sync()],
      ['server', s.bindComplete(), s.complete('SELECT 0'), s.ready()],
    ],
    gives: ['execute "select $1" ["5"] ok returned=1', 'execute "select $1" [null] ok returned=0'],
  },
  {
    name: 'parsed and never executed',
    steps: [
      ['client', c.parse('select 1', 'one'), c.sync()],
      ['server', s.parseComplete(), s.ready()],
      ['client', c.close('S', 'one'), c.sync()],
      ['server', s.closeComplete(), s.ready()],
      ['client', c.parse('select 2'), c.sync()],
      ['server', s.parseComplete(), s.ready()],
    ],
    gives: ['prepare "select 1" ok', 'prepare "select 2" ok'],
  },
  {
    name: 'a Parse that fails alone, and one that an Execute was to follow',
    steps: [
      ['client', c.parse('selec 1', 'one'), c.describe('S', 'one'), c.sync()],
      ['server', s.error({ code: '42601', message: 'syntax' }), s.ready()],
      ['client', flight('selec 2')],
      ['server', s.error({ code: '42601', message: 'syntax' }), s.ready()],
    ],
    gives: ['prepare "selec 1" 42601', 'execute "selec 2" 42601'],
  },
  {
    name: 'an error skips to Sync; the pipeline behind it goes on',
    steps: [
      [
        'client',
        flight('one'),
        c.parse('two'),
        c.bind(),
        c.execute(),
        c.bind(),
        c.execute(),
        c.sync(),
        flight('three'),
      ],
      ['server', s.parseComplete(), s.bindComplete(), s.noData(), s.complete('UPDATE 1'), s.ready()],
      ['server', s.parseComplete(), s.bindComplete(), divisionByZero, s.ready()],
      ['server', s.parseComplete(), s.bindComplete(), s.noData(), s.complete('DELETE 2'), s.ready()],
    ],
    gives: [
      'execute "one" ok affected=1',
      'execute "two" 22012',
      'execute "two" unseen [not-executed]',
      'execute "three" ok affected=2',
    ],
  },
  {
    name: 'a Parse that fails under a name in use leaves the old one',
    steps: [
      ['client', flight('good', 'n')],
      ['server', s.parseComplete(), s.bindComplete(), s.noData(), s.complete('UPDATE 1'), s.ready()],
      ['client', c.parse('other', 'n'), c.sync()],
      ['server', s.error({ code: '42P05', message: 'exists' }), s.ready()],
      ['client', c.bind({ name: 'n' }), c.execute(), c.sync()],
      ['server', s.bindComplete(), s.complete('UPDATE 2'), s.ready()],
    ],
    gives: ['execute "good" ok affected=1', 'prepare "other" 42P05', 'execute "good" ok affected=2'],
  },
  {
    name: 'rows fetched in parts',
    steps: [
      ['client', c.parse('select'), c.bind({ portal: 'p' }), c.execute('p', 2), c.flush()],
      ['server', s.parseComplete(), s.bindComplete(), s.dataRow('1'), s.dataRow('2'), s.portalSuspended()],
      ['client', c.execute('p', 2), c.close('P', 'p'), c.sync()],
      ['server', s.dataRow('3'), s.complete('SELECT 1'), s.closeComplete(), s.ready()],
    ],
    gives: ['execute "select" ok returned=2', 'execute "select" ok returned=1 [fetch]'],
  },
  {
    name: 'the implicit transaction fails at its end',
    steps: [
      ['client', flight('insert')],
      ['server', s.parseComplete(), s.bindComplete(), s.noData(), s.complete('INSERT 0 1')],
      ['server', s.error({ code: '23503', message: 'foreign key' }), s.ready()],
    ],
    gives: ['execute "insert" ok affected=1', 'command null 23503 [implicit-commit]'],
  },
  {
    name: 'Bind fails and nothing executes it',
    steps: [
      ['client', c.parse('select $1'), c.bind({ values: ['x'] }), c.sync()],
      ['server', s.parseComplete(), s.error({ code: '22P02', message: 'invalid' }), s.ready()],
    ],
    gives: ['execute "select $1" ["x"] 22P02'],
  },
  {
    name: 'DISCARD ALL in front of a pipeline forgets what was prepared, not what comes',
    steps: [
      ['client', flight('old', 'n')],
      ['server', s.parseComplete(), s.bindComplete(), s.noData(), s.complete('UPDATE 1'), s.ready()],
      ['client', c.query('DISCARD ALL'), flight('new', 'n')],
      ['server', s.complete('DISCARD ALL'), s.ready()],
      ['server', s.parseComplete(), s.bindComplete(), s.noData(), s.complete('UPDATE 2'), s.ready()],
      ['client', c.query('deallocate n'), c.bind({ name: 'n' }), c.execute(), c.sync()],
      ['server', s.complete('DEALLOCATE'), s.ready(), s.error({ code: '26000', message: 'no n' }), s.ready()],
    ],
    gives: [
      'execute "old" ok affected=1',
      'query "DISCARD ALL" ok',
      'execute "new" ok affected=2',
      'query "deallocate n" ok',
      'execute null 26000 [text-unseen]',
    ],
  },
  {
    name: 'a statement prepared in SQL and executed by message',
    steps: [
      ['client', c.query('prepare n as select 1')],
      ['server', s.complete('PREPARE'), s.ready()],
      ['client', c.bind({ name: 'n' }), c.execute(), c.sync()],
      ['server', s.bindComplete(), s.dataRow('1'), s.complete('SELECT 1'), s.ready()],
      ['client', c.query('execute n')],
      ['server', s.rowDescription('a'), s.dataRow('1'), s.complete('SELECT 1'), s.ready()],
    ],
    gives: [
      'query "prepare n as select 1" ok',
      'execute null ok returned=1 [text-unseen]',
      'query "execute n" ok returned=1',
    ],
  },
];

const copying: readonly Row[] = [
  {
    name: 'COPY from the client',
    steps: [
      ['client', c.query('copy t from stdin')],
      ['server', s.copyIn()],
      ['client', c.copyData('1\n'), c.copyData('2\n'), c.copyDone()],
      ['server', s.complete('COPY 2'), s.ready()],
      ['client', c.query('select 1')],
      ['server', s.rowDescription('a'), s.dataRow('1'), s.complete('SELECT 1'), s.ready()],
    ],
    gives: ['copy "copy t from stdin" ok affected=2', 'query "select 1" ok returned=1'],
  },
  {
    name: 'COPY to the client',
    steps: [
      ['client', c.query('copy t to stdout')],
      ['server', s.copyOut(), s.copyData('1\n'), s.copyData('2\n'), s.copyDone(), s.complete('COPY 2'), s.ready()],
    ],
    gives: ['copy "copy t to stdout" ok returned=2'],
  },
  {
    name: 'COPY that the client gives up',
    steps: [
      ['client', c.query('copy t from stdin')],
      ['server', s.copyIn()],
      ['client', c.copyData('1\n'), c.copyFail('no')],
      ['server', s.error({ code: '57014', message: 'COPY from stdin failed: no' }), s.ready()],
    ],
    gives: ['query "copy t from stdin" 57014'],
  },
  {
    name: 'COPY by Execute, where Sync has no answer while it goes on',
    steps: [
      ['client', c.parse('copy t from stdin'), c.bind(), c.execute(), c.sync()],
      ['server', s.parseComplete(), s.bindComplete(), s.copyIn()],
      ['client', c.copyData('1\n'), c.copyDone(), c.sync()],
      ['server', s.complete('COPY 1'), s.ready()],
      ['client', c.query('x')],
      ['server', s.complete('UPDATE 9'), s.ready()],
    ],
    gives: ['copy "copy t from stdin" ok affected=1', 'query "x" ok affected=9'],
  },
  {
    name: 'COPY among other statements',
    steps: [
      ['client', c.query('begin; copy t to stdout; commit')],
      ['server', s.complete('BEGIN'), s.copyOut(), s.copyData('1\n'), s.copyDone(), s.complete('COPY 1')],
      ['server', s.complete('COMMIT'), s.ready()],
    ],
    gives: ['query "begin" ok', 'copy "copy t to stdout" ok returned=1', 'query "commit" ok'],
  },
  {
    name: 'replication is told when it starts',
    steps: [
      ['client', c.query('IDENTIFY_SYSTEM')],
      ['server', s.rowDescription('a'), s.dataRow('1'), s.complete('IDENTIFY_SYSTEM'), s.ready()],
      ['client', c.query('START_REPLICATION SLOT a LOGICAL 0/0')],
      ['server', s.copyBoth(), s.copyData('w0')],
      ['client', c.copyData('r')],
      ['server', s.copyData('w1')],
    ],
    gives: ['query "IDENTIFY_SYSTEM" ok returned=1', 'replication.start "START_REPLICATION SLOT a LOGICAL 0/0" ok'],
  },
  {
    name: 'a function call',
    steps: [
      ['client', c.functionCall(1598, ['a', null])],
      ['server', s.functionResult('1'), s.ready()],
      ['client', c.functionCall(7, [])],
      ['server', divisionByZero, s.ready()],
    ],
    gives: ['command null ["a",null] ok', 'command null 22012'],
  },
];

const ends: readonly Row[] = [
  {
    name: 'no answer comes before the end',
    steps: [['client', c.query('select pg_sleep(9)')]],
    gives: ['query "select pg_sleep(9)" unseen'],
  },
  {
    name: 'the server goes down while it works',
    steps: [
      ['client', c.query('select 1')],
      ['server', s.error({ severity: 'FATAL', code: '57P01', message: 'terminating' })],
    ],
    gives: ['query "select 1" 57P01'],
  },
  {
    name: 'the server goes down while it is idle',
    steps: [['server', s.error({ severity: 'FATAL', code: '57P01', message: 'terminating' })]],
    gives: [],
  },
  {
    name: 'a slow statement is told once while it runs, and again when it is done',
    steps: [
      ['client', c.query('slow')],
      ['wait', 9_000_000_000],
      ['wait', 2_000_000_000],
      ['wait', 60_000_000_000],
      ['server', s.complete('UPDATE 1'), s.ready()],
    ],
    gives: ['running slow', 'query "slow" ok affected=1'],
  },
];

describe.each([
  ['simple query', simple],
  ['extended query', extended],
  ['copy, replication, function call', copying],
  ['open ends', ends],
] as const)('%s', (_title, rows) => {
  test.each(rows.map((row) => [row.name, row] as const))('%s', (_name, { steps, gives }) => {
    const whole = decode([...login, ...steps]);
    expect(whole.activities.slice(1).map(brief)).toEqual(gives);
    for (const cut of [byteByByte, randomCuts(1), randomCuts(2)]) {
      expect(decode([...login, ...steps], { cut })).toEqual(whole);
    }
  });
});

test('bytes and times of a COPY', () => {
  const { activities } = decode([
    ...login,
    ['client', c.query('copy t from stdin')],
    ['server', s.copyIn()],
    ['client', c.copyData('x'.repeat(1000)), c.copyDone()],
    ['server', s.complete('COPY 1'), s.ready()],
  ]);
  expect(activities[1]).toMatchObject({ at: 3000, until: 6000, requestBytes: 23 + 1005, responseBytes: 10 + 12 });
});

test('a text beyond the limit is cut, with its length and digest', () => {
  const text = `select '${'é'.repeat(3000)}'`;
  const steps: readonly Step[] = [
    ...login,
    ['client', c.query(text)],
    ['server', s.complete('SELECT 1'), s.ready()],
    ['client', c.parse(text), c.bind(), c.execute(), c.sync()],
    ['server', s.parseComplete(), s.bindComplete(), s.complete('SELECT 1'), s.ready()],
  ];
  const whole = decode(steps, { limits: { textBytes: 1000 } });
  for (const activity of whole.activities.slice(1)) {
    expect(activity).toMatchObject({
      text: text.slice(0, 8 + 496),
      textLength: 6009,
      textSha256: createHash('sha256').update(text).digest('hex'),
    });
  }
  for (const cut of [byteByByte, randomCuts(3)])
    expect(decode(steps, { limits: { textBytes: 1000 }, cut })).toEqual(whole);
});

test('many requests without an answer: the oldest is reported unseen, and what is answered later still fits', () => {
  const texts = ['a', 'b', 'c', 'd'];
  const steps: readonly Step[] = [
    ...login,
    ['client', ...texts.map((text) => c.query(text))],
    ['server', ...texts.flatMap((text) => [s.complete(`UPDATE ${text.charCodeAt(0)}`), s.ready()])],
  ];
  const { activities } = decode(steps, { limits: { pendingStatements: 2 } });
  expect(activities.slice(1).map(brief)).toEqual([
    'query "a" unseen',
    'query "b" unseen',
    'query "c" ok affected=99',
    'query "d" ok affected=100',
  ]);
});

test('a flood of requests without an answer is bounded, and said', () => {
  const flood = Buffer.concat(new Array<Buffer>(1000).fill(c.bind({ values: ['x'.repeat(4000)] })));
  const { activities } = decode([...login, ['client', flood], ['client', flood], ['client', c.query('a')]]);
  expect(activities.slice(1).map(brief)).toEqual(['blind limit-reached server', 'query "a" unseen']);
});

test('prepared statements beyond the limit are forgotten, the least used first', () => {
  const run = (name: string): readonly Step[] => [
    ['client', c.bind({ name }), c.execute(), c.sync()],
    ['server', s.bindComplete(), s.complete('UPDATE 1'), s.ready()],
  ];
  const prepare = (name: string): readonly Step[] => [
    ['client', c.parse(`text of ${name}`, name), c.sync()],
    ['server', s.parseComplete(), s.ready()],
  ];
  const steps = [...login, ...prepare('a'), ...run('a'), ...prepare('b'), ...prepare('c'), ...run('a'), ...run('b')];
  const { activities } = decode(steps, { limits: { preparedStatements: 2 } });
  expect(activities.slice(1).map(brief)).toEqual([
    'execute "text of a" ok affected=1',
    'prepare "text of b" ok',
    'execute "text of a" ok affected=1',
    'execute null ok affected=1 [text-unseen]',
    'prepare "text of c" ok',
  ]);
});
