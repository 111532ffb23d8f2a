import { describe, expect, test } from '@jest/globals';
import type { Statement } from '../../../../../agent/protocols/activity.ts';
import { client, hear, hearEveryWay, login, server, type Turn } from '../../../../support/mysql-conversation.ts';
import {
  closeStatement,
  execute,
  greeting,
  handshakeResponse,
  lenencString,
  ok,
  prepare,
  prepareOk,
  query,
  queryWithAttributes,
  resultSet,
  sendLongData,
  uint32,
} from '../../../../support/mysql-wire.ts';

const FINE = { kind: 'ok' };
const UNSEEN = { kind: 'unseen' };
const lost = (turn: Turn): Turn => ({ ...turn, lost: true });
const ask = (sql: string, rows: number): Turn[] => [client(query(sql)), server(resultSet({ rows }))];
const brief = ({ text, outcome, returnedRows }: Statement) => [text, outcome.kind, returnedRows];
const part = (turn: Turn, start: number, end?: number): Turn => ({ ...turn, bytes: turn.bytes.subarray(start, end) });

/** Cuts a turn in three and loses the middle. */
function losing(turn: Turn, start: number, end: number): Turn[] {
  return [part(turn, 0, start), lost(part(turn, start, end)), part(turn, end)].filter(
    ({ bytes: { length } }) => length > 0,
  );
}

describe('bytes lost', () => {
  const long = server(resultSet({ rows: 3, row: lenencString(Buffer.alloc(30_000)) }));

  test.each([
    {
      name: 'inside a long row cost nothing',
      turns: [client(query('select a')), ...losing(long, 20_000, 21_448), ...ask('select b', 2)],
      expected: [
        ['select a', 'ok', 3],
        ['select b', 'ok', 2],
      ],
    },
    {
      name: 'across rows cost the answer',
      turns: [client(query('select a')), ...losing(long, 20_000, 40_000), ...ask('select b', 2)],
      expected: [
        ['select a', 'unseen', expect.anything()],
        ['select b', 'ok', 2],
      ],
    },
    {
      name: 'of a whole answer',
      turns: [client(query('select a')), lost(server(resultSet())), ...ask('select b', 2)],
      expected: [
        ['select a', 'unseen', undefined],
        ['select b', 'ok', 2],
      ],
    },
    {
      name: 'of a whole request cost that request, and its answer is nobody else’s',
      turns: [
        ...ask('select a', 1),
        lost(client(query('select b'))),
        server(resultSet({ rows: 9 })),
        ...ask('select c', 2),
      ],
      expected: [
        ['select a', 'ok', 1],
        ['select c', 'ok', 2],
      ],
    },
    {
      name: 'inside a request leave no made-up text, but its answer',
      turns: [
        ...losing(client(query('select 1, 2, 3, 4')), 10, 15),
        server(resultSet({ rows: 4 })),
        ...ask('select c', 2),
      ],
      expected: [
        [undefined, 'ok', 4],
        ['select c', 'ok', 2],
      ],
    },
    {
      name: 'from the middle of a request on',
      turns: [
        part(client(query('select 1, 2, 3, 4')), 0, 10),
        lost(client(Buffer.alloc(100))),
        server(resultSet({ rows: 4 })),
        // Something behind it was lost too, so that the next answer may be to that.
        ...ask('select c', 2),
        ...ask('select d', 3),
      ],
      expected: [
        [undefined, 'ok', 4],
        ['select c', 'unseen', undefined],
        ['select d', 'ok', 3],
      ],
    },
    {
      name: 'in a pipeline leave no answer to anyone',
      turns: [
        client(query('select 1'), query('select 2'), query('select 3')),
        lost(server(resultSet({ rows: 1 }))),
        server(resultSet({ rows: 2 }), resultSet({ rows: 3 })),
        ...ask('select 4', 4),
      ],
      expected: [
        ['select 1', 'unseen', undefined],
        ['select 2', 'unseen', undefined],
        ['select 3', 'unseen', undefined],
        ['select 4', 'unseen', undefined],
      ],
    },
    {
      name: 'of a number nobody knows',
      turns: [
        ...ask('select a', 1),
        lost(client(Buffer.alloc(0))),
        lost(server(Buffer.alloc(0))),
        ...ask('select b', 2),
      ],
      expected: [
        ['select a', 'ok', 1],
        ['select b', 'ok', 2],
      ],
    },
  ])('$name', ({ turns, expected }) => {
    expect(hear([...login(), ...turns]).statements.map(brief)).toEqual(expected);
  });

  test('in a long text beyond what is kept: the text stays, its digest does not', () => {
    const sql = `select '${'x'.repeat(30_000)}'`;
    const heard = hear([...login(), ...losing(client(query(sql)), 20_000, 21_000), server(resultSet())], {
      limits: { textBytes: 300 },
    });
    expect(heard.statements).toMatchObject([
      {
        text: sql.slice(0, 300),
        textLength: sql.length,
        textSha256: undefined,
        notes: ['text-digest-unseen'],
        outcome: FINE,
      },
    ]);
  });

  test('a statement prepared in lost bytes has no made-up text, and types bound in them none either', () => {
    const bound = [{ type: 3, value: uint32(7) }];
    const heard = hear([
      ...login(),
      client(prepare('select ?')),
      server(prepareOk({ id: 1, parameters: 1 })),
      client(execute({ id: 1, bound })),
      server(ok()),
      lost(client(prepare('select 2'))),
      lost(server(prepareOk({ id: 2 }))),
      client(execute({ id: 2, bound })),
      server(ok()),
      client(execute({ id: 1, bound, types: false })),
      server(ok()),
    ]);
    expect(heard.statements).toMatchObject([
      { text: 'select ?', parameters: ['7'] },
      { text: undefined, parameters: undefined, notes: ['text-unseen'] },
      { text: 'select ?', parameters: undefined, notes: ['parameters-unseen'] },
    ]);
  });

  test('of a parameter sent ahead in pieces leave none of it', () => {
    const piece = (text: string) => client(sendLongData(1, 0, text));
    const bound = [{ type: 252, value: 'long' as const }];
    const start = [...login(), client(prepare('select ?')), server(prepareOk({ parameters: 1 })), piece('one ')];
    const end = [
      piece('three'),
      client(execute({ bound })),
      server(ok()),
      client(execute({ bound, types: false })),
      server(ok()),
    ];
    const whole = hear([...start, ...end]).statements;
    expect(whole[0]).toMatchObject({ parameters: ['one three'] });
    const inside = hear([...start, ...losing(piece('two two two'), 14, 16), ...end]).statements;
    const between = hear([...start, lost(piece('two')), ...end]).statements;
    for (const [statement] of [inside, between]) {
      expect(statement).toMatchObject({ text: 'select ?', parameters: undefined, notes: ['parameters-unseen'] });
    }
  });

  test('during the login: what follows is heard, the verdict was not', () => {
    const heard = hear([
      server(greeting()),
      client(handshakeResponse()),
      lost(server(ok({}, 2))),
      ...ask('select a', 1),
    ]);
    expect(heard.logins).toMatchObject([{ user: 'app', outcome: UNSEEN }]);
    expect(heard.statements.map(brief)).toEqual([['select a', 'ok', 1]]);
    expect(heard.facts.user).toBe('app');
  });

  test('an answer that begins elsewhere is nobody’s', () => {
    const heard = hear([
      ...login(),
      client(query('select a')),
      lost(server(Buffer.alloc(50))),
      client(query('select b')),
      server(resultSet({ rows: 2, sequence: 9 })),
      ...ask('select c', 3),
    ]);
    expect(heard.statements.map(brief)).toEqual([
      ['select a', 'unseen', undefined],
      ['select b', 'unseen', undefined],
      ['select c', 'ok', 3],
    ]);
  });
});

describe('a conversation heard from its middle', () => {
  const middle = { capturedFromStart: false };

  test.each([
    {
      name: 'with EOF',
      turns: [server(Buffer.from('the end of a row')), ...ask('select a', 3), ...ask('select b', 0)],
      rows: [3, 0],
    },
    {
      name: 'EOF deprecated',
      turns: [
        client(query('select a')),
        server(resultSet({ rows: 3, deprecateEof: true })),
        client(query('select b')),
        server(resultSet({ rows: 0, deprecateEof: true })),
      ],
      rows: [3, 0],
    },
    {
      name: 'metadata cached by MariaDB',
      turns: [
        client(query('select a')),
        server(resultSet({ rows: 3, columns: 2, metadata: { at: 'after', follows: true } })),
        client(query('select b')),
        server(resultSet({ rows: 2, columns: 2, metadata: { at: 'after', follows: false } })),
        client(query('select c')),
        server(resultSet({ rows: 4, columns: 1, deprecateEof: true, metadata: { at: 'after', follows: false } })),
      ],
      rows: [3, 2, 4],
    },
    {
      name: 'metadata that MySQL may leave out',
      turns: [
        client(query('select a')),
        server(resultSet({ rows: 3, columns: 2, deprecateEof: true, metadata: { at: 'before', follows: true } })),
        client(query('select b')),
        server(resultSet({ rows: 2, columns: 2, deprecateEof: true, metadata: { at: 'before', follows: false } })),
      ],
      rows: [3, 2],
    },
    {
      name: 'query attributes',
      turns: [client(queryWithAttributes('select a', [])), server(resultSet({ rows: 3 }))],
      rows: [3],
    },
  ])('$name', ({ turns, rows }) => {
    const heard = hearEveryWay(turns, middle);
    expect(heard.statements.map(({ returnedRows }) => returnedRows)).toEqual(rows);
    expect(heard.statements.every(({ text, outcome }) => text?.startsWith('select') && outcome.kind === 'ok')).toBe(
      true,
    );
  });

  test.each([false, true])('prepared statements (EOF deprecated: %s)', (deprecateEof) => {
    const heard = hearEveryWay(
      [
        client(prepare('update t set a = ?')),
        server(prepareOk({ id: 1, parameters: 1, deprecateEof })),
        client(execute({ id: 1, bound: [{ type: 3, value: uint32(7) }] })),
        server(ok({ affectedRows: 1 })),
        client(closeStatement(1), prepare('select ?')),
        server(prepareOk({ id: 2, parameters: 1, columns: 1, deprecateEof })),
        client(execute({ id: 2, bound: [{ type: 3, value: uint32(7) }] })),
        server(resultSet({ rows: 2, deprecateEof })),
      ],
      middle,
    );
    expect(heard.statements).toMatchObject([
      { text: 'update t set a = ?', parameters: ['7'], affectedRows: 1 },
      { text: 'select ?', parameters: ['7'], returnedRows: 2 },
    ]);
  });

  test('the rest of a request is no command', () => {
    const heard = hear([client(Buffer.from("1, '2', 3)")), server(ok()), ...ask('select a', 1)], middle);
    expect(heard.statements.map(brief)).toEqual([['select a', 'ok', 1]]);
  });

  test.each(['greeting', 'response'])('a login whose beginning is there all the same (%s)', (first) => {
    const turns = [...login(), ...ask('select a', 1)].slice(first === 'greeting' ? 0 : 1);
    const heard = hear(turns, middle);
    expect(heard.logins).toMatchObject([{ user: 'app', outcome: FINE }]);
    expect(heard.statements.map(brief)).toEqual([['select a', 'ok', 1]]);
  });

  test('only the client is heard', () => {
    const heard = hear([client(query('select 1')), client(query('select 2')), client(query('select 3'))], middle);
    expect(heard.statements.map(brief)).toEqual([
      ['select 1', 'unseen', undefined],
      ['select 2', 'unseen', undefined],
      ['select 3', 'unseen', undefined],
    ]);
  });
});

describe('bounds', () => {
  test('requests that are never answered are told when they are too many', () => {
    const turns = [...login(), client(...Array.from({ length: 20 }, (_, index) => query(`select ${index}`)))];
    const heard = hear(turns, { limits: { pendingStatements: 16 }, open: true });
    expect(heard.statements).toHaveLength(20);
    expect(heard.statements.every(({ outcome }) => outcome.kind === 'unseen')).toBe(true);
  });
});
