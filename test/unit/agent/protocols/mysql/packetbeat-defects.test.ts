import { describe, expect, test } from '@jest/globals';
import type { Activity } from '../../../../../agent/protocols/activity.ts';
import { mysql } from '../../../../../agent/protocols/mysql/index.ts';
import { SessionFacts } from '../../../../../agent/protocols/session-facts.ts';
import type { Side } from '../../../../../agent/tcp/byte-stream.ts';
import { client, hearEveryWay, LIMITS, login, server } from '../../../../support/mysql-conversation.ts';
import {
  CAPABILITY,
  closeStatement,
  command,
  errBody,
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
  sendLongData,
  uint16,
  uint32,
  uint64,
} from '../../../../support/mysql-wire.ts';

/** What Packetbeat 7.17 loses or gets wrong; a decoder with the same defect fails here. */
describe('Packetbeat’s defects', () => {
  test('P1: answers without EOF stay with their requests', () => {
    const heard = hearEveryWay([
      ...login({}, { capabilities: MODERN | CAPABILITY.deprecateEof }),
      client(query('select first')),
      server(resultSet({ rows: 3, deprecateEof: true })),
      client(query('select second')),
      server(resultSet({ rows: 0, deprecateEof: true })),
      client(query('select third')),
      server(packet(1, errBody(1146, '42S02', 'no such table'))),
    ]);
    expect(heard.statements).toMatchObject([
      { text: 'select first', returnedRows: 3, outcome: { kind: 'ok' } },
      { text: 'select second', returnedRows: 0, outcome: { kind: 'ok' } },
      { text: 'select third', outcome: { kind: 'failed', code: '1146' } },
    ]);
  });

  test('P2: a statement of ten minutes is told to be running, once, and then with its answer', () => {
    const activities: Activity[] = [];
    const second = 1_000_000_000;
    const decoder = mysql.decode({
      facts: new SessionFacts('mysql'),
      limits: LIMITS,
      capturedFromStart: true,
      report: (activity) => void activities.push(activity),
    });
    const say = (from: Side, bytes: Buffer, at: number): void => decoder.data(from, bytes, 0, bytes.length, at);
    for (const { from, bytes } of login()) say(from, bytes, 0);
    say('client', query('select sleep(600)'), second);
    for (let at = 2; at <= 600; at += 1) decoder.tick(at * second);
    expect(activities.slice(1)).toEqual([
      {
        kind: 'still-running',
        at: 11 * second,
        since: second,
        language: 'sql',
        text: 'select sleep(600)',
        operation: undefined,
      },
    ]);
    say('server', resultSet({ rows: 1 }), 601 * second);
    expect(activities.slice(2)).toMatchObject([
      { text: 'select sleep(600)', at: second, until: 601 * second, returnedRows: 1, outcome: { kind: 'ok' } },
    ]);
  });

  test('P3: every command is told, not four of them', () => {
    const heard = hearEveryWay([
      ...login(),
      client(command(2, 'lager')),
      server(ok()),
      client(command(4, 'orders', [0])),
      server(
        packets(1, [
          [3, 0x64, 0x65, 0x66],
          [0xfe, 0, 0, 2, 0],
        ]),
      ),
      client(query('load data local infile')),
      server(packet(1, [0xfb], 'x.csv')),
      client(packet(2, 'a\n'), packet(3, '')),
      server(ok({ affectedRows: 1 }, 4)),
      client(command(0x12, uint32(4), uint16(0), uint32(2), 'binlog.1')),
      server(packet(1, [0], 'event')),
    ]);
    expect(heard.logins).toHaveLength(1);
    expect(heard.statements.map(({ action, operation, text }) => [action, operation ?? text])).toEqual([
      ['db.command', 'COM_INIT_DB'],
      ['db.command', 'COM_FIELD_LIST'],
      ['db.query', 'load data local infile'],
      ['db.replication.start', 'COM_BINLOG_DUMP'],
    ]);
    expect(heard.facts).toMatchObject({ user: 'app', database: 'lager' });
  });

  test('P4: unsigned, floating and NULL parameters, and long data, keep their places', () => {
    const double = Buffer.alloc(8);
    double.writeDoubleLE(2.5);
    const heard = hearEveryWay([
      ...login(),
      client(prepare('call p(?, ?, ?, ?, ?)')),
      server(prepareOk({ parameters: 5 })),
      client(
        sendLongData(1, 3, 'sent ahead'),
        execute({
          bound: [
            { type: 8, unsigned: true, value: uint64(18_446_744_073_709_551_615n) },
            { type: 3, value: undefined },
            { type: 5, value: double },
            { type: 252, value: 'long' },
            { type: 253, value: lenencString('last') },
          ],
        }),
      ),
      server(ok()),
    ]);
    expect(heard.statements).toMatchObject([
      { parameters: ['18446744073709551615', null, '2.5', 'sent ahead', 'last'] },
    ]);
  });

  test('P5: more than 250 columns are a result, and an OK of twelve bytes is none of a PREPARE', () => {
    const twelve = ok({ affectedRows: 60_000, insertId: 60_000, warnings: 1 });
    const padded = packet(1, twelve.subarray(4), [0]);
    expect(padded.length - 4).toBe(12);
    const heard = hearEveryWay([
      ...login(),
      client(query('select wide')),
      server(resultSet({ columns: 1000, rows: 2 })),
      client(query('insert into t')),
      server(padded),
      client(execute({ id: 60_000 })),
      server(ok()),
    ]);
    expect(heard.statements).toMatchObject([
      { text: 'select wide', returnedRows: 2 },
      { text: 'insert into t', affectedRows: 60_000, insertId: '60000' },
      { text: undefined, notes: ['text-unseen'] },
    ]);
  });

  test('P6: a request sent before the last one’s answer takes nobody’s place', () => {
    const heard = hearEveryWay([
      ...login(),
      client(query('select 1')),
      client(query('select 2'), closeStatement(9), query('select 3')),
      server(resultSet({ rows: 1 }), resultSet({ rows: 2 })),
      server(resultSet({ rows: 3 })),
    ]);
    expect(heard.statements.map(({ text, returnedRows }) => [text, returnedRows])).toEqual([
      ['select 1', 1],
      ['select 2', 2],
      ['select 3', 3],
    ]);
  });

  test('P7: no table is made up: finding it is left to who reads the SQL', () => {
    const heard = hearEveryWay([...login(), client(query('select count(*) from orders')), server(resultSet())]);
    expect(heard.statements).toMatchObject([
      { text: 'select count(*) from orders', language: 'sql', targets: undefined, operation: undefined },
    ]);
  });
});
