import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Redaction } from '../../agent/sql/analysis.ts';
import { analyzeSql } from '../../agent/sql/analyze.ts';
import type { Dialect } from '../../agent/sql/lexer.ts';
import { SECRET_STATEMENTS } from '../support/secret-statements.ts';

const RUNS = { numRuns: 300 };
const dialect = fc.constantFrom<Dialect>('mysql', 'postgresql');
const redaction = fc.constantFrom<Redaction>('secrets', 'literals', 'none');
const PIECES = [
  ...`SELECT FROM WHERE INSERT INTO UPDATE DELETE JOIN WITH AS ( ) , ; . * - + / = @ : $ $$ $a$ $1 ? ' " \` \\ # --`.split(
    ' ',
  ),
  ...`/* */ /*! IDENTIFIED BY PASSWORD SET REPLACE VALUES NULL 'a' "b" 1 -2 0x1 1e5 E'c' x'41' t u1 :// password= u:p@h`.split(
    ' ',
  ),
  ' ',
  '\n',
  'é',
  '\u0000',
];
const sqlLike = fc
  .array(fc.constantFrom(...PIECES), { maxLength: 40 })
  .chain((pieces) => fc.constantFrom(pieces.join(' '), pieces.join('')));
const anyText = fc.oneof(fc.string({ unit: 'binary', maxLength: 60 }), sqlLike);

/** A statement and the same one with other literals, white space and case of keywords. */
const KEYWORDS = ['SELECT', 'FROM', 'WHERE', 'AND', 'IN', 'ORDER', 'BY', 'LIMIT', 'INSERT', 'INTO', 'VALUES'];
const TEMPLATES = [
  'SELECT a , b FROM t WHERE c = # AND d IN ( #* ) ORDER BY e LIMIT #',
  'INSERT INTO t ( a , b ) VALUES ( # , # )',
  'INSERT INTO t VALUES ( #* ) , ( #* )',
  'SELECT # FROM t , u WHERE a = # AND f ( b , # )',
];
const literal = fc.oneof(
  fc.integer().map(String),
  fc.string({ unit: fc.constantFrom('a', 'B', ' ', '-', ';', '('), maxLength: 8 }).map((text) => `'${text}'`),
);
const blank = fc.constantFrom(' ', '\n', ' \t ', ' /* x */ ', ' -- y\n');

function writings(template: string): fc.Arbitrary<string> {
  const words = template.split(' ').map((word) => {
    if (word === '#') return literal;
    if (word === '#*') return fc.array(literal, { minLength: 1, maxLength: 5 }).map((list) => list.join(', '));
    return KEYWORDS.includes(word)
      ? fc.constantFrom(word, word.toLowerCase(), `${word[0]}${word.slice(1).toLowerCase()}`)
      : fc.constant(word);
  });
  return fc
    .tuple(fc.tuple(...words), fc.array(blank, { minLength: words.length, maxLength: words.length }))
    .map(([parts, blanks]) => parts.map((part, index) => `${part}${blanks[index]}`).join(''));
}

describe('any text', () => {
  test('is analysed without an error, whole and cut anywhere', () => {
    fc.assert(
      fc.property(anyText, dialect, redaction, (text, which, policy) => {
        for (let end = 0; end <= text.length; end += 1) analyzeSql(text.slice(0, end), which, policy);
      }),
      RUNS,
    );
  });

  test('once masked stays as it is', () => {
    fc.assert(
      fc.property(anyText, dialect, redaction, (text, which, policy) => {
        const masked = analyzeSql(text, which, policy).text;
        expect(analyzeSql(masked, which, policy).text).toBe(masked);
      }),
      RUNS,
    );
  });

  test('keeps its characters where nothing was masked', () => {
    fc.assert(
      fc.property(anyText, dialect, (text, which) => {
        const analysis = analyzeSql(text, which, 'secrets');
        if (analysis.maskedSecrets === 0) expect(analysis.text).toBe(text);
      }),
      RUNS,
    );
  });
});

test.each(TEMPLATES)('the fingerprint of %s does not depend on literals, white space or case', (template) => {
  fc.assert(
    fc.property(writings(template), writings(template), dialect, (one, other, which) => {
      const { fingerprint } = analyzeSql(one, which, 'secrets');
      expect(fingerprint).toMatch(/^[0-9a-f]{16}$/);
      expect(analyzeSql(other, which, 'secrets').fingerprint).toBe(fingerprint);
    }),
    { numRuns: 100 },
  );
});

test.each(SECRET_STATEMENTS)('%s: no cut of %s lets a credential out', (which, text) => {
  for (let end = 0; end <= text.length; end += 1) {
    const { secrets: _, ...rest } = analyzeSql(text.slice(0, end), which, 'secrets');
    expect(JSON.stringify(rest)).not.toMatch(/hun|s3c/i);
  }
});
