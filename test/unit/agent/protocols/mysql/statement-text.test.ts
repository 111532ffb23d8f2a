import { createHash } from 'node:crypto';
import { deflateSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { client, hear, hearEveryWay, login, server } from '../../../../support/mysql-conversation.ts';
import {
  bytes,
  CAPABILITY,
  columnDefinition,
  compressedPacket,
  eofBody,
  err,
  lenencString,
  MODERN,
  ok,
  packet,
  packets,
  prepare,
  query,
  resultSet,
} from '../../../../support/mysql-wire.ts';
import { randomly } from '../../../../support/splits.ts';

const sha256 = (text: string | Buffer) => createHash('sha256').update(text).digest('hex');

describe('text in the character set of the connection', () => {
  const GBK = Buffer.from("select '\xd6\xd0\xce\xc4'", 'latin1');
  const rows = [
    { name: 'utf8mb4', collation: 45, bytes: Buffer.from("select '中文 €'"), text: "select '中文 €'" },
    { name: 'utf8mb4_0900', collation: 255, bytes: Buffer.from("select 'é'"), text: "select 'é'" },
    { name: 'latin1', collation: 8, bytes: Buffer.from("select 'é'", 'latin1'), text: "select 'é'" },
    { name: 'latin1 is windows-1252', collation: 8, bytes: Buffer.from("select '\x80'", 'latin1'), text: "select '€'" },
    { name: 'gbk', collation: 28, bytes: GBK, text: "select '中文'" },
    { name: 'gb18030', collation: 248, bytes: GBK, text: "select '中文'" },
    { name: 'big5', collation: 1, bytes: Buffer.from("select '\xa4\xa4\xa4\xe5'", 'latin1'), text: "select '中文'" },
    { name: 'sjis', collation: 13, bytes: Buffer.from("select '\x93\xfa\x96\x7b'", 'latin1'), text: "select '日本'" },
    { name: 'cp1251', collation: 51, bytes: Buffer.from("select '\xe4\xe0'", 'latin1'), text: "select 'да'" },
    { name: 'utf16', collation: 54, bytes: Buffer.from("select 'é'", 'utf16le').swap16(), text: "select 'é'" },
    { name: 'ucs2', collation: 35, bytes: Buffer.from("select 'é'", 'utf16le').swap16(), text: "select 'é'" },
    { name: 'utf16le', collation: 56, bytes: Buffer.from("select 'é'", 'utf16le'), text: "select 'é'" },
    {
      name: 'utf32',
      collation: 60,
      bytes: bytes(
        ...[...'se 😀'].map((c) =>
          Buffer.from([0, (c.codePointAt(0) ?? 0) >> 16, (c.codePointAt(0) ?? 0) >> 8, c.codePointAt(0) ?? 0]),
        ),
      ),
      text: 'se 😀',
    },
    {
      name: 'utf16 asked for, but refused by the server',
      collation: 54,
      bytes: Buffer.from('select 1'),
      text: 'select 1',
    },
  ];

  test.each(rows)('$name', ({ collation, bytes: sql, text }) => {
    const heard = hearEveryWay([...login({}, { collation }), client(query(sql)), server(resultSet())]);
    expect(heard.statements).toMatchObject([{ text, textLength: sql.length }]);
  });

  test.each([
    'SET NAMES gbk',
    "set names 'gbk' collate x",
    '/* a */ SET CHARACTER SET gbk',
    'SET @@session.character_set_client = gbk',
  ])('%s changes it, once it has succeeded', (sql) => {
    const heard = hearEveryWay([
      ...login(),
      client(query(sql)),
      server(err(1115, '42000', 'Unknown character set')),
      client(query("select 'é'")),
      server(resultSet()),
      client(query(sql)),
      server(ok()),
      client(query(GBK)),
      server(resultSet()),
    ]);
    expect(heard.statements.map(({ text }) => text)).toEqual([sql, "select 'é'", sql, "select '中文'"]);
  });

  test('the server may tell of a change, and a reset undoes it', () => {
    const heard = hearEveryWay([
      ...login({}, { capabilities: MODERN | CAPABILITY.sessionTrack }),
      client(query('call p')),
      server(ok({ characterSetClient: 'gbk' })),
      client(query(GBK)),
      server(resultSet()),
      client(packet(0, [31])),
      server(ok()),
      client(query("select 'é'")),
      server(resultSet()),
    ]);
    expect(heard.statements.map(({ text }) => text)).toEqual(['call p', "select '中文'", undefined, "select 'é'"]);
  });
});

describe('long text', () => {
  const limits = { textBytes: 300 };

  test('is cut between characters, with length and digest of the whole', () => {
    const sql = `select '${'é'.repeat(5000)}'`;
    const heard = hearEveryWay([...login(), client(query(sql)), server(resultSet())], { limits });
    const [statement] = heard.statements;
    expect(statement).toMatchObject({ textLength: 10_009, textSha256: sha256(sql), returnedRows: 1 });
    expect(statement?.text).toBe(sql.slice(0, 8 + 146));
  });

  test('of a prepared statement too, each time it is executed or at its end', () => {
    const sql = `select ${'1,'.repeat(9000)}1`;
    const heard = hearEveryWay([...login(), client(prepare(sql)), server(err(1064, '42000', 'too long'))], { limits });
    expect(heard.statements).toMatchObject([
      { action: 'db.prepare', textLength: sql.length, textSha256: sha256(sql), text: sql.slice(0, 300) },
    ]);
  });

  test('of exactly the limit is whole', () => {
    const sql = `select ${'1'.repeat(293)}`;
    const heard = hearEveryWay([...login(), client(query(sql)), server(resultSet())], { limits });
    expect(heard.statements).toMatchObject([{ text: sql, textLength: 300, textSha256: undefined }]);
  });

  test('and rows of more than 16 MiB go on in further packets', () => {
    const sql = Buffer.alloc(0xffffff + 20, 'select x');
    const row = lenencString(Buffer.alloc(0xffffff + 7, 'r'));
    const answer = bytes(
      packets(2, [[1], columnDefinition('a'), eofBody()]),
      packet(5, row),
      packets(7, [[1, 0x61], eofBody()]),
    );
    const turns = [...login(), client(query(sql)), server(answer), client(query('select 2')), server(resultSet())];
    for (const split of [
      undefined,
      (all: Buffer) =>
        Array.from({ length: Math.ceil(all.length / 60_000) }, (_, i) => all.subarray(i * 60_000, (i + 1) * 60_000)),
    ]) {
      expect(hear(turns, split === undefined ? {} : { split }).statements).toMatchObject([
        { textLength: sql.length, textSha256: sha256(sql), returnedRows: 2, requestBytes: sql.length + 1 + 8 },
        { text: 'select 2', returnedRows: 1 },
      ]);
    }
  });
});

describe('the compressed protocol', () => {
  const algorithms = [
    { name: 'zlib', capability: CAPABILITY.compress, compress: deflateSync },
    { name: 'zstd', capability: CAPABILITY.zstd, compress: zstdCompressSync },
  ];

  test.each(algorithms)('$name', ({ capability, compress }) => {
    const long = query(`select '${'x'.repeat(500)}'`);
    const answer = resultSet({ rows: 200 });
    const heard = hearEveryWay([
      ...login({}, { capabilities: MODERN | capability }),
      client(compressedPacket(0, query('select 1'))),
      server(compressedPacket(1, resultSet({ rows: 2 }))),
      client(compressedPacket(0, long, compress)),
      server(
        compressedPacket(1, answer.subarray(0, 700), compress),
        compressedPacket(2, answer.subarray(700), compress),
      ),
    ]);
    expect(heard.statements).toMatchObject([
      { text: 'select 1', returnedRows: 2 },
      { textLength: 509, returnedRows: 200, responseBytes: answer.length },
    ]);
  });

  test('a packet that cannot be expanded is told, and the next command is heard', () => {
    const heard = hear([
      ...login({}, { capabilities: MODERN | CAPABILITY.compress }),
      client(compressedPacket(0, query('select 1'), () => Buffer.from('xjunk'))),
      server(compressedPacket(1, resultSet())),
      client(compressedPacket(0, query('select 2'))),
      server(compressedPacket(1, resultSet({ rows: 3 }))),
    ]);
    expect(heard.activities).toMatchObject([
      { kind: 'login' },
      { kind: 'blind', reason: 'malformed' },
      { text: 'select 2', returnedRows: 3 },
    ]);
  });

  test('never expands to more than was announced', () => {
    const bomb = compressedPacket(0, Buffer.alloc(1000), () => deflateSync(Buffer.alloc(30_000_000)));
    const heard = hear([...login({}, { capabilities: MODERN | CAPABILITY.compress }), client(bomb)], {
      split: randomly(5),
    });
    expect(heard.activities).toMatchObject([{ kind: 'login' }, { kind: 'blind', reason: 'malformed' }]);
  });
});
