import { expect, test } from '@jest/globals';
import { mayHoldSeveral, splitStatements } from '../../../../../agent/protocols/postgres/split-statements.ts';

const split = (text: string, standardStrings = true): readonly string[] =>
  splitStatements(text, standardStrings).map(({ start, end }) => text.slice(start, end));

test.each<readonly [text: string, statements: readonly string[]]>([
  ['', []],
  [' ;; -- none\n; /* none */', []],
  ['a', ['a']],
  ['a;', ['a']],
  ['a; b ;c', ['a', 'b', 'c']],
  ["a ';' b; c", ["a ';' b", 'c']],
  ["a 'it''s;'; c", ["a 'it''s;'", 'c']],
  ["a '\\'; b", ["a '\\'", 'b']],
  ["a E'\\';'; b", ["a E'\\';'", 'b']],
  ["a e'\\';' ; b", ["a e'\\';'", 'b']],
  ["type'\\'; b", ["type'\\'", 'b']],
  ["a U&'d\\0061;'; b", ["a U&'d\\0061;'", 'b']],
  ["a B'1;'; X'1;'", ["a B'1;'", "X'1;'"]],
  ['a ";"";" ; b', ['a ";"";"', 'b']],
  ['a $$;$$; b', ['a $$;$$', 'b']],
  ['a $x$ ; $$ ; $y$ ; $x$; b', ['a $x$ ; $$ ; $y$ ; $x$', 'b']],
  ['a $1; b$x$; c$x$', ['a $1', 'b$x$', 'c$x$']],
  ['a -- ;\n; b', ['a', 'b']],
  ['a /* ; /* ; */ ; */ x; b', ['a /* ; /* ; */ ; */ x', 'b']],
  ['/* why */ a; -- then\n b', ['/* why */ a', '-- then\n b']],
  ['create rule r as on insert to t do also (a; b); c', ['create rule r as on insert to t do also (a; b)', 'c']],
  [
    'create function f() returns int begin atomic select case when a then b end; select 2; end; c',
    ['create function f() returns int begin atomic select case when a then b end; select 2; end', 'c'],
  ],
  ['begin; case; end; c', ['begin', 'case', 'end', 'c']],
  ['create table atomic(a int); begin; commit', ['create table atomic(a int)', 'begin', 'commit']],
  ["a 'not closed; b", ["a 'not closed; b"]],
  ['a $$ not closed; b', ['a $$ not closed; b']],
  ['a /* not closed; b', ['a']],
  ['a); b', ['a)', 'b']],
])('%j', (text, statements) => {
  expect(split(text)).toEqual(statements);
  if (statements.length > 1) expect(mayHoldSeveral(text)).toBe(true);
});

test('a backslash escapes where standard_conforming_strings is off', () => {
  expect(split("a '\\'; b'; c", false)).toEqual(["a '\\'; b'", 'c']);
});

test('a text with no semicolon but at its end holds one statement', () => {
  for (const text of ['', 'a', 'a;', 'a ; \n;']) expect(mayHoldSeveral(text)).toBe(false);
});
