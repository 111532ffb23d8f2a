import { expect, test } from '@jest/globals';
import { checkFilter } from '../../../../collector/query/checked-filter.ts';
import { Automaton } from '../../../../collector/query/expression/automaton.ts';
import { parseExpression } from '../../../../collector/query/expression/parse.ts';
import { parseInstant } from '../../../../collector/query/instant.ts';
import { QueryProblem } from '../../../../collector/store/failure.ts';
import type { Filter } from '../../../../contract/filter.ts';

test.each<[Filter, string]>([
  [{ kind: 'exists', field: 'nosuch' }, 'there is no field "nosuch"'],
  [{ kind: 'is', field: 'event.duration', values: ['fast'] }, 'event.duration needs a number, not "fast"'],
  [
    { kind: 'is', field: 'dbaudit.statement.truncated', values: [1] },
    'dbaudit.statement.truncated needs true or false, not 1',
  ],
  [
    { kind: 'is', field: '@timestamp', values: ['2026-13-01T00:00:00Z'] },
    '@timestamp needs a time such as 2026-01-02T15:04:05Z, from 1678 to 2261, not "2026-13-01T00:00:00Z"',
  ],
  [
    { kind: 'like', field: 'event.duration', pattern: '1*' },
    'event.duration is a whole number: it cannot be compared with a pattern',
  ],
  [{ kind: 'range', field: 'user.name', over: 1 }, 'user.name is text: a range needs a number or a time'],
  [
    { kind: 'range', field: 'event.duration', over: 1, from: 1 },
    'a range of event.duration has one lower and one upper bound',
  ],
  [{ kind: 'range', field: 'event.duration' }, 'a range of event.duration needs a lower or an upper bound'],
  [
    { kind: 'within', field: 'client.ip', range: '10.0.0.0/33' },
    'client.ip needs a range of addresses such as 10.0.0.0/8 or fd00::/8, not "10.0.0.0/33"',
  ],
  [
    { kind: 'matches', field: 'user.name', expression: 'a(?=b)' },
    'the regular expression "a(?=b)", character 2: RE2 has no look-ahead, look-behind or conditions: only (…), (?:…), (?i:…) and (?P<name>…)',
  ],
  [
    { kind: 'matches', field: 'user.name', expression: '(a)\\1' },
    'the regular expression "(a)\\\\1", character 4: RE2 has no back-references',
  ],
  [
    { kind: 'matches', field: 'user.name', expression: '(a' },
    'the regular expression "(a", character 1: there is no ")" for this "("',
  ],
  [
    { kind: 'matches', field: 'user.name', expression: '(a{1000}){1000}' },
    'the regular expression "(a{1000}){1000}", character 10: repetitions within each other are at most 1000 together',
  ],
])('%j', (filter, message) => {
  expect(() => checkFilter({ kind: 'not', filter })).toThrow(new QueryProblem(message));
});

test('times are those of any zone', () => {
  expect(parseInstant('2026-01-02T03:04:05.5+01:00')).toBe('2026-01-02T02:04:05.500000000Z');
});

test.each(['(a+)+$', '^(a|a)*$', '(a|aa)+$', '(.*a){12}$', '^(([a-z])+.)+[A-Z]([a-z])+$', '(?:a?){100}a{100}$'])(
  '%s takes time in proportion to the text',
  (expression) => {
    // With backtracking each of these would take longer than the world exists.
    const automaton = new Automaton(parseExpression(expression, true));
    expect(automaton.test(`${'a'.repeat(20_000)}!`)).toBe(false);
  },
);
