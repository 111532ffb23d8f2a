import { describe, expect, test } from '@jest/globals';
import { client, hearEveryWay, login, server, type Turn } from '../../../../support/mysql-conversation.ts';
import {
  CACHE_METADATA,
  CAPABILITY,
  columnDefinition,
  command,
  eofBody,
  err,
  errBody,
  lenencString,
  MODERN,
  ok,
  packet,
  packets,
  query,
  queryWithAttributes,
  resultSet,
  STATUS,
  uint16,
  uint32,
  zeroTerminated,
} from '../../../../support/mysql-wire.ts';

const deprecating = login({}, { capabilities: MODERN | CAPABILITY.deprecateEof });
const optional = login({}, { capabilities: MODERN | CAPABILITY.optionalMetadata | CAPABILITY.deprecateEof });
const attributing = login({}, { capabilities: MODERN | CAPABILITY.queryAttributes });
const caching = login(
  { version: '11.4.2-MariaDB', capabilities: ~1, extendedCapabilities: CACHE_METADATA },
  { capabilities: MODERN & ~1, extendedCapabilities: CACHE_METADATA },
);
const FINE = { kind: 'ok' };

/** After each conversation another query must find its own answer. */
const probe = [client(query('select 42')), server(resultSet({ rows: 42, deprecateEof: true }))];
const probed = { text: 'select 42', returnedRows: 42, outcome: FINE };

const rows: readonly { name: string; turns: readonly Turn[]; statements: readonly object[] }[] = [
  {
    name: 'rows are counted',
    turns: [...login(), client(query('select a')), server(resultSet({ columns: 3, rows: 5, warnings: 2 }))],
    statements: [{ text: 'select a', textLength: 8, returnedRows: 5, warnings: 2, outcome: FINE, action: 'db.query' }],
  },
  {
    name: 'no EOF after the columns, and an OK after the rows',
    turns: [...deprecating, client(query('select a')), server(resultSet({ rows: 5, deprecateEof: true, warnings: 1 }))],
    statements: [{ text: 'select a', returnedRows: 5, warnings: 1, affectedRows: undefined }],
  },
  {
    name: 'no rows at all',
    turns: [...deprecating, client(query('select a')), server(resultSet({ rows: 0, deprecateEof: true }))],
    statements: [{ returnedRows: 0, outcome: FINE }],
  },
  {
    name: 'more than 250 columns, more than 255 packets',
    turns: [...login(), client(query('select wide')), server(resultSet({ columns: 300, rows: 300 }))],
    statements: [{ text: 'select wide', returnedRows: 300 }],
  },
  {
    name: 'NULL and long values begin rows',
    turns: [
      ...login(),
      client(query('select a')),
      server(resultSet({ rows: 2, row: Buffer.from([0xfb]) })),
      client(query('select b')),
      server(resultSet({ rows: 2, row: lenencString(Buffer.alloc(70_000)) })),
    ],
    statements: [{ returnedRows: 2 }, { returnedRows: 2 }],
  },
  {
    name: 'affected rows, insert id beyond 2^53, warnings',
    turns: [
      ...login(),
      client(query('insert into t')),
      server(ok({ affectedRows: 70_000, insertId: 18_446_744_073_709_551_615n, warnings: 3 })),
    ],
    statements: [{ affectedRows: 70_000, insertId: '18446744073709551615', warnings: 3, returnedRows: undefined }],
  },
  {
    name: 'an error with its SQLSTATE',
    turns: [...login(), client(query('selec')), server(err(1064, '42000', 'You have an error'))],
    statements: [{ outcome: { kind: 'failed', code: '1064', sqlstate: '42000', message: 'You have an error' } }],
  },
  {
    name: 'an error in the middle of the rows',
    turns: [
      ...login(),
      client(query('select slow')),
      server(resultSet({ rows: 4, error: errBody(1317, '70100', 'interrupted') })),
    ],
    statements: [{ returnedRows: 4, outcome: { kind: 'failed', code: '1317' } }],
  },
  {
    name: 'several statements in one text: sums, and the last outcome',
    turns: [
      ...login(),
      client(query('select 1; update t; select 2')),
      server(
        resultSet({ rows: 2, status: STATUS.moreResults }),
        ok({ affectedRows: 7, status: STATUS.moreResults }, 6),
        resultSet({ rows: 3, sequence: 7 }),
      ),
      client(query('update t; select broken')),
      server(ok({ affectedRows: 7, status: STATUS.moreResults }), err(1146, '42S02', 'no such table', 2)),
    ],
    statements: [
      { text: 'select 1; update t; select 2', returnedRows: 5, affectedRows: 7, outcome: FINE },
      { affectedRows: 7, outcome: { kind: 'failed', code: '1146' } },
    ],
  },
  {
    name: 'a procedure whose OUT parameters are no row',
    turns: [
      ...login(),
      client(query('call p(@x)')),
      server(
        resultSet({ rows: 2, status: STATUS.moreResults }),
        resultSet({ rows: 1, status: STATUS.moreResults | STATUS.outParameters, sequence: 6 }),
        ok({}, 11),
      ),
    ],
    statements: [{ returnedRows: 2, notes: ['out-parameters'] }],
  },
  {
    name: 'metadata that MariaDB has cached',
    turns: [
      ...caching,
      client(query('select a')),
      server(resultSet({ rows: 2, metadata: { at: 'after', follows: true } })),
      client(query('select b')),
      server(resultSet({ rows: 3, metadata: { at: 'after', follows: false } })),
    ],
    statements: [{ returnedRows: 2 }, { returnedRows: 3 }],
  },
  {
    name: 'metadata that MySQL may leave out',
    turns: [
      ...optional,
      client(query('select a')),
      server(resultSet({ rows: 2, deprecateEof: true, metadata: { at: 'before', follows: true } })),
      client(query('select b')),
      server(resultSet({ rows: 3, deprecateEof: true, metadata: { at: 'before', follows: false } })),
      client(query('commit')),
      server(ok()),
      client(query('select 42')),
      server(resultSet({ rows: 42, deprecateEof: true, metadata: { at: 'before', follows: true } })),
    ],
    statements: [{ returnedRows: 2 }, { returnedRows: 3 }, { text: 'commit' }, probed],
  },
  {
    name: 'reports of progress are no answer',
    turns: [
      ...login(),
      client(query('alter table t')),
      server(
        packet(1, [0xff, 0xff, 0xff, 1, 1, 2], Buffer.alloc(3), lenencString('copy to tmp table')),
        ok({ affectedRows: 9 }, 2),
      ),
    ],
    statements: [{ text: 'alter table t', affectedRows: 9, outcome: FINE }],
  },
  {
    name: 'a file sent by the client',
    turns: [
      ...login(),
      client(query('load data local infile')),
      server(packet(1, [0xfb], '/tmp/x.csv')),
      client(packet(2, 'a,b\n'), packet(3, [3], 'c,d\n'), packet(4, '')),
      server(ok({ affectedRows: 2 }, 5)),
    ],
    statements: [{ affectedRows: 2, notes: ['local-infile'], requestBytes: 27 + 8 + 9 + 4 }],
  },
  {
    name: 'attributes before the text',
    turns: [
      ...attributing,
      client(queryWithAttributes('select 1', [])),
      server(resultSet()),
      client(
        queryWithAttributes('select 2', [
          { type: 254, name: 'traceparent', value: lenencString('00-abc') },
          { type: 8, name: 'nothing', value: undefined },
          { type: 3, name: 'n', value: uint32(5) },
        ]),
      ),
      server(resultSet({ rows: 2 })),
      client(queryWithAttributes('select 42', [])),
      server(resultSet({ rows: 42 })),
    ],
    statements: [
      { text: 'select 1', textLength: 8, notes: undefined },
      { text: 'select 2', textLength: 8, parameters: undefined, notes: ['query-attributes'], returnedRows: 2 },
      probed,
    ],
  },
  {
    name: 'commands sent one behind the other',
    turns: [
      ...login(),
      client(query('select 1'), query('select 2'), command(14), query('selec')),
      server(resultSet({ rows: 1 })),
      server(resultSet({ rows: 2 }), ok(), err(1064, '42000', 'no')),
    ],
    statements: [
      { text: 'select 1', returnedRows: 1 },
      { text: 'select 2', returnedRows: 2 },
      { operation: 'COM_PING', outcome: FINE },
      { text: 'selec', outcome: { kind: 'failed', code: '1064' } },
    ],
  },
  {
    name: 'several commands in one packet',
    turns: [
      ...login(),
      client(command(0xfe, lenencString([3, 0x61]), lenencString([3, 0x62]))),
      server(resultSet({ rows: 1 }), resultSet({ rows: 2, sequence: 7 })),
    ],
    statements: [
      { text: 'a', returnedRows: 1 },
      { text: 'b', returnedRows: 2 },
    ],
  },
  {
    name: 'commands without a text',
    turns: [
      ...login(),
      client(command(2, 'lager')),
      server(ok()),
      client(command(2, 'nowhere')),
      server(err(1049, '42000', 'Unknown database')),
      client(command(4, zeroTerminated('orders'), '%')),
      server(packets(1, [columnDefinition('a'), columnDefinition('b'), eofBody()])),
      client(command(9)),
      server(packet(1, 'Uptime: 5  Threads: 1')),
      client(command(10)),
      server(resultSet({ rows: 4 })),
      client(command(12, uint32(77))),
      server(ok()),
      client(command(13)),
      server(packet(1, eofBody())),
      client(command(27, uint16(1))),
      server(packet(1, eofBody())),
      client(command(31)),
      server(ok()),
      client(command(8, [0])),
      server(packet(1, eofBody())),
    ],
    statements: [
      { action: 'db.command', operation: 'COM_INIT_DB', parameters: ['lager'], outcome: FINE, text: undefined },
      { operation: 'COM_INIT_DB', outcome: { kind: 'failed', code: '1049' } },
      { operation: 'COM_FIELD_LIST', targets: ['orders'], outcome: FINE, returnedRows: undefined },
      { operation: 'COM_STATISTICS', outcome: FINE },
      { operation: 'COM_PROCESS_INFO', returnedRows: 4 },
      { operation: 'COM_PROCESS_KILL', parameters: ['77'] },
      { operation: 'COM_DEBUG', outcome: FINE },
      { operation: 'COM_SET_OPTION', outcome: FINE },
      { operation: 'COM_RESET_CONNECTION', outcome: FINE },
      { operation: 'COM_SHUTDOWN', outcome: FINE },
    ],
  },
  {
    name: 'a command no server knows',
    turns: [...login(), client(command(0x63)), server(err(1047, '08S01', 'Unknown command'))],
    statements: [{ operation: 'COM_99', outcome: { kind: 'failed', code: '1047' } }],
  },
];

describe('MySQL results', () => {
  test.each(rows)('$name', ({ turns, statements }) => {
    const probing = !turns.some(({ bytes }) => bytes.includes('select 42'));
    const heard = hearEveryWay(probing ? [...turns, ...probe] : turns);
    expect(heard.statements).toMatchObject(probing ? [...statements, probed] : statements);
    expect(heard.activities.filter(({ kind }) => kind === 'blind')).toEqual([]);
  });

  test('a replica reads events without end', () => {
    const heard = hearEveryWay([
      ...login(),
      client(
        command(0x15, uint32(2), lenencString('host'), lenencString('repl'), lenencString('hunter2'), Buffer.alloc(10)),
      ),
      server(ok()),
      client(command(0x12, uint32(4), uint16(0), uint32(2), 'binlog.000001')),
      server(packet(1, [0], 'an event'), packet(2, [0], 'another'), packet(3, [0], 'third')),
      client(packet(0, [0xef], 'acknowledged')),
    ]);
    expect(heard.statements).toMatchObject([
      { action: 'db.replication.start', operation: 'COM_REGISTER_SLAVE', outcome: FINE },
      { action: 'db.replication.start', operation: 'COM_BINLOG_DUMP', outcome: FINE },
    ]);
    expect(JSON.stringify(heard)).not.toContain('hunter2');
  });

  test('the current database follows USE, COM_INIT_DB and what the server tells', () => {
    const tracking = login({}, { capabilities: MODERN | CAPABILITY.sessionTrack });
    const use = (sql: string) => [client(query(sql)), server(ok())];
    expect(hearEveryWay([...login(), ...use('/* app */ USE `odd``name`;')]).facts.database).toBe('odd`name');
    expect(hearEveryWay([...login(), ...use('-- x\nuse lager')]).facts.database).toBe('lager');
    expect(hearEveryWay([...login(), ...use('used')]).facts.database).toBe('shop');
    expect(hearEveryWay([...login(), client(query('use nowhere')), server(err(1049, '', 'x'))]).facts.database).toBe(
      'shop',
    );
    expect(hearEveryWay([...login(), client(command(2, 'lager')), server(ok())]).facts.database).toBe('lager');
    expect(hearEveryWay([...tracking, client(query('call p')), server(ok({ schema: 'x' }))]).facts.database).toBe('x');
    expect(
      hearEveryWay([...tracking, client(query('drop database shop')), server(ok({ schema: '' }))]).facts.database,
    ).toBeUndefined();
  });

  test('nothing is made of an answer that nobody asked for', () => {
    const heard = hearEveryWay([...login(), server(err(4031, 'HY000', 'disconnected by the server', 0))]);
    expect(heard.statements).toEqual([]);
  });
});
