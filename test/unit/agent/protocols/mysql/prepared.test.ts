import { describe, expect, test } from '@jest/globals';
import type { Parameter } from '../../../../../agent/protocols/activity.ts';
import { client, hear, hearEveryWay, login, server } from '../../../../support/mysql-conversation.ts';
import {
  type Bound,
  bytes,
  CAPABILITY,
  closeStatement,
  command,
  eofBody,
  err,
  execute,
  lenencString,
  MODERN,
  ok,
  packet,
  packets,
  prepare,
  prepareOk,
  query,
  resultSet,
  STATUS,
  sendLongData,
  uint16,
  uint32,
  uint64,
} from '../../../../support/mysql-wire.ts';

const FINE = { kind: 'ok' };
const SQL = 'select * from t where a = ?';

function float32(value: number): Buffer {
  const out = Buffer.alloc(4);
  out.writeFloatLE(value);
  return out;
}

function float64(value: number): Buffer {
  const out = Buffer.alloc(8);
  out.writeDoubleLE(value);
  return out;
}

const date = (...rest: number[]) => bytes([rest.length + 2], uint16(2024), rest);
const micros = uint32(123_456);

const parameterRows: readonly (readonly [string, Bound, Parameter])[] = [
  ['tiny', { type: 1, value: Buffer.from([0xfe]) }, '-2'],
  ['tiny unsigned', { type: 1, unsigned: true, value: Buffer.from([0xfe]) }, '254'],
  ['short', { type: 2, value: uint16(0xffff) }, '-1'],
  ['short unsigned', { type: 2, unsigned: true, value: uint16(0xffff) }, '65535'],
  ['year', { type: 13, unsigned: true, value: uint16(2024) }, '2024'],
  ['long', { type: 3, value: uint32(-5) }, '-5'],
  ['long unsigned', { type: 3, unsigned: true, value: uint32(4_294_967_295) }, '4294967295'],
  ['int24', { type: 9, value: uint32(-8_388_608) }, '-8388608'],
  ['longlong', { type: 8, value: uint64(-9_223_372_036_854_775_808n) }, '-9223372036854775808'],
  ['longlong, small', { type: 8, value: uint64(-7n) }, '-7'],
  ['longlong, 33 bits', { type: 8, value: uint64(4_294_967_296n) }, '4294967296'],
  [
    'longlong unsigned',
    { type: 8, unsigned: true, value: uint64(18_446_744_073_709_551_615n) },
    '18446744073709551615',
  ],
  ['bool', { type: 244, value: Buffer.from([1]) }, '1'],
  ['float', { type: 4, value: float32(0.1) }, '0.1'],
  ['float, many digits', { type: 4, value: float32(16_777_217.3) }, '16777218'],
  ['float, nine digits', { type: 4, value: float32(1.00000012) }, '1.0000001'],
  ['double', { type: 5, value: float64(0.1) }, '0.1'],
  ['double, large', { type: 5, value: float64(1e300) }, '1e+300'],
  ['decimal', { type: 246, value: lenencString('-12345678901234567890.50') }, '-12345678901234567890.50'],
  ['old decimal', { type: 0, value: lenencString('1.5') }, '1.5'],
  ['date', { type: 10, value: date(2, 29) }, '2024-02-29'],
  ['date of nothing', { type: 10, value: Buffer.from([0]) }, '0000-00-00'],
  ['datetime', { type: 12, value: date(2, 29, 23, 59, 58) }, '2024-02-29 23:59:58'],
  ['datetime at midnight', { type: 12, value: date(2, 29) }, '2024-02-29 00:00:00'],
  ['timestamp with micros', { type: 7, value: date(2, 29, 1, 2, 3, ...micros) }, '2024-02-29 01:02:03.123456'],
  [
    'datetime with offset',
    { type: 12, value: date(2, 29, 1, 2, 3, ...micros, ...uint16(-90 & 0xffff)) },
    '2024-02-29 01:02:03.123456-01:30',
  ],
  ['time', { type: 11, value: bytes([8, 0], uint32(0), [13, 14, 15]) }, '13:14:15'],
  [
    'negative time of days with micros',
    { type: 11, value: bytes([12, 1], uint32(34), [22, 59, 59], micros) },
    '-838:59:59.123456',
  ],
  ['time of nothing', { type: 11, value: Buffer.from([0]) }, '00:00:00'],
  ['text', { type: 253, value: lenencString("it's 中文") }, "it's 中文"],
  ['long text', { type: 254, value: lenencString('é'.repeat(200)) }, 'é'.repeat(200)],
  ['longer text', { type: 254, value: lenencString('x'.repeat(300)) }, 'x'.repeat(300)],
  ['blob', { type: 252, value: lenencString([0xff, 0, 0x10]) }, '0xff0010'],
  ['blob of text', { type: 252, value: lenencString('plain') }, 'plain'],
  ['json', { type: 245, value: lenencString('{"a":1}') }, '{"a":1}'],
  ['bit', { type: 16, value: lenencString([0x05]) }, '0x05'],
  ['enum', { type: 247, value: lenencString('red') }, 'red'],
  ['geometry', { type: 255, value: lenencString([0, 0, 0, 0, 1]) }, '0x0000000001'],
  ['NULL by bitmap', { type: 3, value: undefined }, null],
  ['NULL by type', { type: 6, value: Buffer.alloc(0) }, null],
];

describe('binary parameters', () => {
  test.each(parameterRows)('%s', (_, bound, expected) => {
    // Between two others, so that a wrong length shows.
    const around: Bound = { type: 3, value: uint32(7) };
    const heard = hearEveryWay([
      ...login(),
      client(prepare(SQL)),
      server(prepareOk({ parameters: 3, columns: 1 })),
      client(execute({ bound: [around, bound, around] })),
      server(resultSet({ rows: 2 })),
    ]);
    expect(heard.statements).toMatchObject([
      { action: 'db.execute', text: SQL, parameters: ['7', expected, '7'], returnedRows: 2, notes: undefined },
    ]);
  });

  test('all at once, with names and attributes behind them', () => {
    const bound = parameterRows.map(([, value]) => value);
    const attribute: Bound = { type: 254, name: 'traceparent', value: lenencString('00-abc') };
    const heard = hearEveryWay([
      ...login({}, { capabilities: MODERN | CAPABILITY.queryAttributes }),
      client(prepare(SQL)),
      server(prepareOk({ parameters: bound.length })),
      client(execute({ bound: [...bound, attribute], counted: true, flags: 8 })),
      server(ok({ affectedRows: 1 })),
    ]);
    expect(heard.statements).toMatchObject([
      { parameters: parameterRows.map(([, , expected]) => expected), notes: ['query-attributes'], affectedRows: 1 },
    ]);
  });

  test('types are remembered, and an execution with others binds anew', () => {
    const heard = hearEveryWay([
      ...login(),
      client(prepare(SQL)),
      server(prepareOk({ parameters: 1 })),
      client(execute({ bound: [{ type: 1, unsigned: true, value: Buffer.from([200]) }] })),
      server(ok()),
      client(execute({ bound: [{ type: 1, value: Buffer.from([201]) }], types: false })),
      server(ok()),
      client(execute({ bound: [{ type: 253, value: lenencString('x') }] })),
      server(ok()),
    ]);
    expect(heard.statements.map(({ parameters }) => parameters)).toEqual([['200'], ['201'], ['x']]);
  });

  test('long data is sent ahead in pieces, and for one execution', () => {
    const bound: Bound[] = [
      { type: 252, value: 'long' },
      { type: 3, value: uint32(7) },
    ];
    const heard = hearEveryWay([
      ...login(),
      client(prepare(SQL)),
      server(prepareOk({ parameters: 2 })),
      client(sendLongData(1, 0, 'one '), sendLongData(1, 0, 'two'), execute({ bound })),
      server(ok()),
      client(sendLongData(1, 0, 'dropped')),
      client(command(0x1a, uint32(1))),
      server(ok()),
      client(
        execute({
          bound: [
            { type: 252, value: lenencString('new') },
            { type: 3, value: uint32(8) },
          ],
        }),
      ),
      server(ok()),
    ]);
    expect(heard.statements).toMatchObject([
      { parameters: ['one two', '7'] },
      { operation: 'COM_STMT_RESET', text: undefined },
      { parameters: ['new', '8'] },
    ]);
  });

  test('of more bytes than are kept are cut, and said to be', () => {
    const long = lenencString(Buffer.alloc(20_000, 'x'));
    const heard = hearEveryWay(
      [
        ...login(),
        client(prepare(SQL)),
        server(prepareOk({ parameters: 2 })),
        client(
          execute({
            bound: [
              { type: 3, value: uint32(7) },
              { type: 252, value: long },
            ],
          }),
        ),
        server(ok()),
        client(sendLongData(1, 1, Buffer.alloc(20_000, 'y'))),
        client(
          execute({
            bound: [
              { type: 3, value: uint32(7) },
              { type: 252, value: 'long' },
            ],
          }),
        ),
        server(ok()),
      ],
      { limits: { textBytes: 300 } },
    );
    expect(heard.statements).toMatchObject([
      { parameters: ['7'], notes: ['parameters-cut'] },
      { parameters: ['7', 'y'.repeat(300)], notes: ['parameters-cut'] },
    ]);
  });

  test.each([
    ['no types were ever seen', execute({ bound: [{ type: 3, value: uint32(7) }], types: false })],
    ['bytes are left over', execute({ bound: [{ type: 3, value: bytes(uint32(7), [1]) }] })],
    ['bytes are missing', execute({ bound: [{ type: 8, value: uint32(7) }] })],
    ['a type is unknown', execute({ bound: [{ type: 99, value: uint32(7) }] })],
    ['a date has an impossible length', execute({ bound: [{ type: 10, value: Buffer.from([3, 1, 2, 3]) }] })],
  ])('are not made up where %s', (_, request) => {
    const heard = hearEveryWay([
      ...login(),
      client(prepare(SQL)),
      server(prepareOk({ parameters: 1 })),
      client(request),
      server(ok()),
    ]);
    expect(heard.statements).toMatchObject([{ text: SQL, parameters: undefined, notes: ['parameters-unseen'] }]);
  });
});

describe('prepared statements', () => {
  const one: Bound = { type: 8, value: uint64(1n) };

  test('one event for each execution, none for the PREPARE', () => {
    const heard = hearEveryWay([
      ...login(),
      client(prepare(SQL)),
      server(prepareOk({ id: 3, parameters: 1, columns: 2 })),
      client(execute({ id: 3, bound: [one] })),
      server(resultSet({ columns: 2, rows: 3 })),
      client(execute({ id: 3, bound: [one], types: false })),
      server(err(1317, '70100', 'interrupted')),
      client(closeStatement(3), query('select 1')),
      server(resultSet()),
    ]);
    expect(heard.statements).toMatchObject([
      { action: 'db.execute', statementKind: 'prepared', text: SQL, returnedRows: 3, outcome: FINE },
      { action: 'db.execute', text: SQL, outcome: { kind: 'failed', code: '1317' } },
      { action: 'db.query', text: 'select 1' },
    ]);
  });

  test.each([false, true])('definitions without or with EOF (deprecated: %s)', (deprecateEof) => {
    const flag = deprecateEof ? CAPABILITY.deprecateEof : 0;
    const heard = hearEveryWay([
      ...login({}, { capabilities: MODERN | flag }),
      client(prepare('a')),
      server(prepareOk({ id: 1, parameters: 2, columns: 3, deprecateEof })),
      client(prepare('b')),
      server(prepareOk({ id: 2, parameters: 2, deprecateEof })),
      client(prepare('c')),
      server(prepareOk({ id: 3, columns: 1, deprecateEof })),
      client(execute({ id: 3 })),
      server(resultSet({ rows: 9, deprecateEof })),
    ]);
    expect(heard.statements).toMatchObject([
      { text: 'c', returnedRows: 9 },
      { action: 'db.prepare', text: 'a', outcome: FINE },
      { action: 'db.prepare', text: 'b', outcome: FINE },
    ]);
  });

  test('a PREPARE is told where it failed, or where its statement was never executed', () => {
    const heard = hearEveryWay([
      ...login(),
      client(prepare('selec')),
      server(err(1064, '42000', 'no')),
      client(prepare('select closed')),
      server(prepareOk({ id: 2 })),
      client(closeStatement(2)),
      client(prepare('select left')),
      server(prepareOk({ id: 3 })),
    ]);
    expect(heard.statements).toMatchObject([
      { action: 'db.prepare', text: 'selec', outcome: { kind: 'failed', code: '1064' } },
      { action: 'db.prepare', text: 'select closed', outcome: FINE },
      { action: 'db.prepare', text: 'select left', outcome: FINE },
    ]);
  });

  test('an execution of what was prepared before the capture has no made-up text', () => {
    const heard = hearEveryWay([...login(), client(execute({ id: 77, bound: [one] })), server(resultSet({ rows: 2 }))]);
    expect(heard.statements).toMatchObject([
      { action: 'db.execute', text: undefined, parameters: undefined, returnedRows: 2, notes: ['text-unseen'] },
    ]);
  });

  test('MariaDB executes what it has just prepared, before the answer', () => {
    const LAST = 0xffffffff;
    const heard = hearEveryWay([
      ...login({ version: '11.4.2-MariaDB' }),
      client(prepare(SQL), execute({ id: LAST, bound: [one] })),
      server(prepareOk({ id: 5, parameters: 1, columns: 1 }), resultSet({ rows: 2 })),
      client(prepare('selec'), execute({ id: LAST, bound: [one] })),
      server(err(1064, '42000', 'no'), err(1243, 'HY000', 'unknown statement')),
    ]);
    expect(heard.statements).toMatchObject([
      { action: 'db.execute', text: SQL, parameters: ['1'], returnedRows: 2 },
      { action: 'db.prepare', text: 'selec', outcome: { kind: 'failed' } },
      { action: 'db.execute', text: 'selec', outcome: { kind: 'failed', code: '1243' } },
    ]);
  });

  test('MariaDB executes in bulk', () => {
    const row = (value: string) => bytes([0], lenencString(value), [1]);
    const bulk = (flags: number, types: Buffer, ...values: Buffer[]) =>
      command(0xfa, uint32(1), uint16(flags), types, ...values);
    const types = bytes([253, 0, 3, 0]);
    const heard = hearEveryWay([
      ...login({ version: '11.4.2-MariaDB' }),
      client(prepare('insert into t values (?, ?)')),
      server(prepareOk({ parameters: 2 })),
      client(bulk(128, types, row('a'), row('b'))),
      server(ok({ affectedRows: 2 })),
      client(bulk(0, Buffer.alloc(0), bytes([0], lenencString('c'), [0], uint32(9)), bytes([2], [3]))),
      server(ok({ affectedRows: 2 })),
    ]);
    expect(heard.statements).toMatchObject([
      { statementKind: 'bulk', parameters: ['a', null, 'b', null], affectedRows: 2 },
      { statementKind: 'bulk', parameters: ['c', '9', 'DEFAULT', 'IGNORE'], affectedRows: 2 },
    ]);
  });

  test.each([false, true])('a cursor is fetched from (EOF deprecated: %s)', (deprecateEof) => {
    const status = STATUS.cursorExists;
    const opened = deprecateEof
      ? resultSet({ rows: 0, deprecateEof, status })
      : packets(1, [[1], bytes('def'), eofBody(status)]);
    const heard = hearEveryWay([
      ...login({}, { capabilities: MODERN | (deprecateEof ? CAPABILITY.deprecateEof : 0) }),
      client(prepare(SQL)),
      server(prepareOk({ columns: 1, deprecateEof })),
      client(execute({ flags: 1 })),
      server(opened),
      client(command(0x1c, uint32(1), uint32(2))),
      server(packets(1, [[0, 0, 1], [0, 0, 1], eofBody(STATUS.cursorExists)])),
      client(command(0x1c, uint32(1), uint32(2))),
      server(packets(1, [[0, 0, 1], eofBody(STATUS.lastRowSent)])),
    ]);
    expect(heard.statements).toMatchObject([
      { action: 'db.execute', text: SQL, returnedRows: 0, notes: ['cursor'] },
      { action: 'db.command', operation: 'COM_STMT_FETCH', returnedRows: 2, text: undefined },
      { action: 'db.command', operation: 'COM_STMT_FETCH', returnedRows: 1 },
    ]);
  });

  test('are gone after the connection was reset', () => {
    const heard = hearEveryWay([
      ...login(),
      client(prepare(SQL)),
      server(prepareOk({})),
      client(command(31)),
      server(ok()),
      client(execute()),
      server(err(1243, 'HY000', 'unknown')),
    ]);
    expect(heard.statements).toMatchObject([
      { operation: 'COM_RESET_CONNECTION' },
      { action: 'db.prepare', text: SQL },
      { action: 'db.execute', text: undefined },
    ]);
  });

  test('beyond the limit the one longest unused is forgotten, and told if it never ran', () => {
    const turns = [...login()];
    for (let id = 1; id <= 5; id += 1) {
      turns.push(client(prepare(`select ${id}`)), server(prepareOk({ id })));
      if (id === 3) turns.push(client(execute({ id: 1 })), server(ok()));
    }
    turns.push(client(execute({ id: 1 })), server(ok()), client(execute({ id: 2 })), server(ok()));
    const heard = hear(turns, { limits: { preparedStatements: 3 }, open: true });
    expect(heard.statements.map(({ action, text }) => [action, text])).toEqual([
      ['db.execute', 'select 1'],
      ['db.prepare', 'select 2'],
      ['db.prepare', 'select 3'],
      ['db.execute', 'select 1'],
      ['db.execute', undefined],
    ]);
  });

  test('an answer to PREPARE of another shape is a violation', () => {
    expect(() => hear([...login(), client(prepare(SQL)), server(packet(1, [7, 7]))])).toThrow('PREPARE');
  });
});
