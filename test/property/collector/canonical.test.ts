import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { canonicalJson } from '../../../collector/integrity/canonical.ts';

test('says the same value, in one spelling whatever the order of its members', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
      const json = canonicalJson(value);
      expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(value)));
      expect(canonicalJson(reversed(value))).toBe(json);
    }),
    { numRuns: 500 },
  );
});

test('members that differ by a line break in their name are told apart', () => {
  expect(canonicalJson({ a: 1, b: 2 })).toBe('{"a":1,"b":2}');
  expect(canonicalJson({ 'a\nb': 1 })).toBe('{"a\\nb":1}');
  expect(canonicalJson({ 'a\nb': 1, c: 2 })).toBe('{"a\\nb":1,"c":2}');
  expect(canonicalJson({ a: 1, 'b\nc': 2 })).toBe('{"a":1,"b\\nc":2}');
});

/** RFC 8785, 3.2.3 and 3.2.2.3: the order is that of UTF-16 code units, numbers are as ECMAScript writes them. */
test('the specification’s own examples', () => {
  const value = {
    '\u20ac': 'Euro Sign',
    '\r': 'Carriage Return',
    '\ufb33': 'Hebrew',
    '1': 'One',
    '\ud83d\ude00': 'Smiley',
    '\u0080': 'Control',
    '\u00f6': 'o',
  };
  expect(Object.keys(JSON.parse(canonicalJson(value)))).toEqual([
    '1',
    '\r',
    '\u0080',
    '\u00f6',
    '\u20ac',
    '\ud83d\ude00',
    '\ufb33',
  ]);
  const numbers: unknown = JSON.parse('[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001]');
  expect(canonicalJson(numbers)).toBe('[333333333.3333333,1e+30,4.5,0.002,1e-27]');
});

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, member]) => [name, reversed(member)]),
  );
}
