import { describe, expect, test } from '@jest/globals';
import { JsonWriter } from '../../../../agent/encode/json-writer.ts';
import { Piece } from '../../../../agent/encode/piece.ts';

function written(write: (into: JsonWriter) => void): string {
  const into = new JsonWriter(1);
  write(into);
  return into.bytes.toString('utf8', 0, into.length);
}

describe('JsonWriter', () => {
  test.each([
    ['', '""'],
    ['plain', '"plain"'],
    ['short "q"', '"short \\"q\\""'],
    ['a text of more than twelve units', '"a text of more than twelve units"'],
    ['a "longer" text\twith\nescapes \\', '"a \\"longer\\" text\\twith\\nescapes \\\\"'],
    ['\b\f\r', '"\\b\\f\\r"'],
    ['\u0000\u0001\u001f\u007f', '"\\u0000\\u0001\\u001f\u007f"'],
    ['café, 订单, 🙂 and \u2028', '"café, 订单, 🙂 and \u2028"'],
    ['é', '"é"'],
    ['\ud800', '"\ufffd"'],
    ['lone \udc00 in a longer text', '"lone \ufffd in a longer text"'],
    ['🙂'.repeat(40_000), `"${'🙂'.repeat(40_000)}"`],
    ['"'.repeat(70_000), `"${'\\"'.repeat(70_000)}"`],
  ])('string %#', (value, expected) => {
    expect(written((into) => into.string(value))).toBe(expected);
  });

  test('every ASCII character at every place of a word reads back', () => {
    for (let code = 0; code < 128; code++) {
      for (let place = 0; place < 5; place++) {
        const value = `${'x'.repeat(place)}${String.fromCharCode(code)}${'y'.repeat(14)}`;
        expect(written((into) => into.string(value))).toBe(JSON.stringify(value).replace(/\\u007f/g, '\u007f'));
      }
    }
  });

  test.each([
    [0, '0'],
    [9, '9'],
    [10, '10'],
    [99, '99'],
    [100, '100'],
    [999_999_999, '999999999'],
    [2_147_483_647, '2147483647'],
    [2_147_483_648, '2147483648'],
    [4_000_000_001, '4000000001'],
    [12_371_655_322, '12371655322'],
    [Number.MAX_SAFE_INTEGER, '9007199254740991'],
    [-42, '-42'],
    [1.9, '1'],
    [Number.NaN, '0'],
    [Number.POSITIVE_INFINITY, '0'],
  ])('integer %d', (value, expected) => {
    expect(written((into) => into.integer(value))).toBe(expected);
  });

  test('an integer too large to be exact is still a JSON number', () => {
    for (const value of [2 ** 53, 1e22, 1.5e300]) {
      expect(Number(JSON.parse(written((into) => into.integer(value))))).toBeCloseTo(value, -Math.log10(value) + 15);
    }
  });

  test('pieces of every length arrive whole, one after the other', () => {
    const texts = Array.from({ length: 200 }, (_, length) => 'abcdefghijé'.repeat(20).slice(0, length));
    const text = written((into) => {
      for (const piece of texts) into.piece(new Piece(piece));
    });
    expect(text).toBe(texts.join(''));
  });

  test('clear begins anew in the same buffer', () => {
    const into = new JsonWriter(64);
    into.string('first');
    const { bytes } = into;
    into.clear();
    into.string('b');
    expect(into.bytes).toBe(bytes);
    expect(into.bytes.toString('utf8', 0, into.length)).toBe('"b"');
  });
});
