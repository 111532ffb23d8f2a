import { describe, expect, test } from '@jest/globals';
import { readParameters } from '../../../../../agent/protocols/postgres/bind-message.ts';
import { binaryText } from '../../../../../agent/protocols/postgres/parameter-values.ts';
import { textReader } from '../../../../../agent/protocols/postgres/text-encoding.ts';
import { ProtocolViolation } from '../../../../../agent/protocols/protocol.ts';
import { int16, int32 } from '../../../../support/postgres-wire.ts';

const utf8 = textReader('UTF8');

/** Values as PostgreSQL's own `…_send` functions write them, and as its output functions do. */
test.each<readonly [type: string, oid: number, hex: string, text: string]>([
  ['bool', 16, '01', 't'],
  ['bytea', 17, '00ff', '\\x00ff'],
  ['"char"', 18, '41', 'A'],
  ['name', 19, '706731', 'pg1'],
  ['int8', 20, '8000000000000000', '-9223372036854775808'],
  ['int2', 21, 'fffe', '-2'],
  ['int4', 23, '7fffffff', '2147483647'],
  ['text', 25, 'c3a9', 'é'],
  ['oid', 26, 'ffffffff', '4294967295'],
  ['json', 114, '7b7d', '{}'],
  ['float4', 700, '3dcccccd', '0.1'],
  ['float4', 700, '7f800000', 'Infinity'],
  ['float8', 701, '3fb999999999999a', '0.1'],
  ['float8', 701, '7ff8000000000000', 'NaN'],
  ['macaddr', 829, '08002b010203', '08:00:2b:01:02:03'],
  ['cidr', 650, '021801040a010200', '10.1.2.0/24'],
  ['inet', 869, '022000047f000001', '127.0.0.1'],
  ['inet', 869, '0380001020010db8000000000000000000000001', '2001:db8::1'],
  ['inet', 869, '0380001000000000000000000000ffff01020304', '::ffff:1.2.3.4'],
  ['inet', 869, '0340001020010db8000000000000000000000001', '2001:db8::1/64'],
  ['inet', 869, '0380001000000000000000000000000000000000', '::'],
  ['date', 1082, '00000000', '2000-01-01'],
  ['date', 1082, 'fff4dbf8', '0001-12-31 BC'],
  ['date', 1082, '7fffffff', 'infinity'],
  ['time', 1083, '000000141dd76000', '24:00:00'],
  ['time', 1083, '00000000000f4241', '00:00:01.000001'],
  ['timestamp', 1114, '0002a12e2b278880', '2023-06-15 18:40:18'],
  ['timestamp', 1114, 'ffffffffffffffff', '1999-12-31 23:59:59.999999'],
  ['timestamptz', 1184, '0000000000000000', '2000-01-01 00:00:00+00'],
  ['timestamptz', 1184, '7fffffffffffffff', 'infinity'],
  ['interval', 1186, '0000000000000000000000000000000e', '1 year 2 mons'],
  ['interval', 1186, 'fffffffffff0bdbf00000003fffffffe', '-2 mons +3 days -00:00:01.000001'],
  ['interval', 1186, '00000000000000000000000000000000', '00:00:00'],
  ['timetz', 1266, '0000000000000000ffffb1d8', '00:00:00+05:33:28'],
  ['timetz', 1266, '000000000000000000004650', '00:00:00-05'],
  ['numeric', 1700, '0000000000000002', '0.00'],
  ['numeric', 1700, '0002000000000002000c0d48', '12.34'],
  ['numeric', 1700, '0001fffe4000000800 01'.replace(' ', ''), '-0.00000001'],
  ['numeric', 1700, '00010001000000000001', '10000'],
  ['numeric', 1700, '00000000c0000000', 'NaN'],
  ['uuid', 2950, '00112233445566778899aabbccddeeff', '00112233-4455-6677-8899-aabbccddeeff'],
  ['jsonb', 3802, '017b7d', '{}'],
  ['int4[]', 1007, '00000001000000010000001700000002000000010000000400000001ffffffff', '{1,NULL}'],
  [
    'text[]',
    1009,
    '0000000100000000000000190000000300000001000000000000000461207b2200000001 41'.replace(' ', ''),
    '{"","a {\\"",A}',
  ],
  ['text[]', 1009, '000000000000000000000019', '{}'],
  ['a type nobody knows', 999_999, 'cafe', '\\xcafe'],
  ['int4 of a wrong length', 23, '0102', '\\x0102'],
  ['numeric of a wrong length', 1700, '00020000000000020001', '\\x00020000000000020001'],
  ['numeric with zeros without end', 1700, '00017fff000000000001', '\\x00017fff000000000001'],
  [
    'array that claims too much',
    1007,
    '0000000100000000000000177fffffff00000001',
    '\\x0000000100000000000000177fffffff00000001',
  ],
])('%s (%d) %s', (_type, oid, hex, text) => {
  const value = Buffer.from(`aa${hex}bb`, 'hex');
  expect(binaryText(oid, value, 1, value.length - 1, utf8)).toBe(text);
});

describe('parameters of a Bind', () => {
  const value = (text: string): Buffer => Buffer.concat([int32(text.length), Buffer.from(text)]);
  const read = (bytes: Buffer, types?: readonly number[], keptEnd = bytes.length) =>
    readParameters(bytes, 0, keptEnd, bytes.length, types, utf8);
  const two = Buffer.concat([value('ab'), value('cd')]);

  test.each<readonly [string, Buffer, readonly number[] | undefined, readonly (string | null)[] | undefined]>([
    ['none', Buffer.concat([int16(0), int16(0)]), undefined, undefined],
    ['all text', Buffer.concat([int16(0), int16(2), two]), undefined, ['ab', 'cd']],
    ['NULL', Buffer.concat([int16(0), int16(2), int32(-1), value('')]), undefined, [null, '']],
    ['one format for all', Buffer.concat([int16(1), int16(1), int16(2), two]), [25], ['ab', '\\x6364']],
    ['a format each', Buffer.concat([int16(2), int16(0), int16(1), int16(2), two]), [23, 21], ['ab', '25444']],
  ])('%s', (_name, bytes, types, values) => {
    expect(read(bytes, types)).toEqual({ values, cut: false });
  });

  test('those that were not kept are said to be missing', () => {
    const bytes = Buffer.concat([int16(0), int16(2), two, int16(0)]);
    for (let kept = 0; kept <= bytes.length; kept += 1) {
      const { values, cut } = read(bytes, undefined, kept);
      expect(cut).toBe(kept < 16);
      expect((values ?? []).join('')).toBe('abcd'.slice(0, (values ?? []).join('').length));
    }
  });

  test.each([
    ['a length beyond the message', Buffer.concat([int16(0), int16(1), int32(9), Buffer.from('ab')])],
    ['a negative length', Buffer.concat([int16(0), int16(1), int32(-2)])],
    ['more values than bytes', Buffer.concat([int16(0), int16(9), int32(-1)])],
    ['formats beyond the message', Buffer.concat([int16(9), int16(1)])],
  ])('%s breaks the rules', (_name, bytes) => {
    expect(() => read(bytes)).toThrow(ProtocolViolation);
  });
});
