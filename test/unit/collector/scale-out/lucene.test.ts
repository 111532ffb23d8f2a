import { describe, expect, test } from '@jest/globals';
import { toLucene } from '../../../../collector/query/expression/lucene.ts';
import { parseExpression } from '../../../../collector/query/expression/parse.ts';
import { QueryProblem } from '../../../../collector/store/failure.ts';

function lucene(expression: string, prefix?: string): string {
  return toLucene(parseExpression(expression, false), prefix);
}

/** Where nothing is left that could match, or one text alone could: OpenSearch's wildcard fields do not answer the latter. */
const NEVER = '|\0';

describe('regular expressions for Lucene', () => {
  test.each([
    ['shop', '.*shop.*'],
    ['^shop$', 'shop'],
    ['^(?:a|b)+', '((a|b))+.*'],
    ['(^|,)x', 'x.*|.*\\,x.*'],
    ['a{2,3}', '.*a{2,3}.*'],
    ['a.b', '.*a[\0-\t\x0b-\ud7ff\ue000-\u{10ffff}]b.*'],
    ['[{-~]', '.*[\\{\\|\\}\\~].*'],
    ['(?i)k', '.*[Kk\u212a].*'],
  ])('%s is %s', (expression, expected) => {
    expect(lucene(expression)).toBe(expected + NEVER);
  });

  test('what can never be matches nothing', () => {
    expect(lucene('a^')).toBe('\0');
    expect(lucene('a\\bb')).toBe('\0');
  });

  test('an assertion within a word is replaced by what stands beside it', () => {
    expect(lucene('^a\\b$')).toBe(`a${NEVER}`);
    expect(lucene('^a\\b-')).toBe(`a\\-.*${NEVER}`);
    expect(lucene('^a\\B')).toBe(`a[0-9A-Z\\_a-z].*${NEVER}`);
    expect(lucene('(?m)^a$')).toBe(`(.*\n)?a(\n.*)?${NEVER}`);
  });

  test('a prefix stands before every way', () => {
    expect(lucene('^x|^y', '30=')).toBe(`30\\=x.*|30\\=y.*${NEVER}`);
  });

  test('what would be too large is refused in words', () => {
    expect(() => lucene('(?:^a)+')).toThrow(QueryProblem);
    expect(() => lucene(`${'(\\b|a|b|c)'.repeat(8)}x`)).toThrow('too large for OpenSearch');
    expect(() => lucene('(\\pL|\\pN)'.repeat(100))).toThrow('too large for OpenSearch');
  });
});
