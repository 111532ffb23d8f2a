import { expect, test } from '@jest/globals';
import { checkFilter } from '../../../collector/query/checked-filter.ts';
import type { Filter } from '../../../contract/filter.ts';
import { filterToText } from '../../../contract/filter-text.ts';
import { SEARCH_NAMES } from '../../../contract/search-names.ts';
import { parseSearch } from '../../../contract/search-text.ts';

function filterOf(text: string): Filter {
  const result = parseSearch(text);
  if (!result.ok) throw new Error(`${result.at}: ${result.message}`);
  return result.filter;
}

test.each<[string, Filter]>([
  ['', { kind: 'all', of: [] }],
  ['user:app', { kind: 'is', field: 'user.name', values: ['app'] }],
  ['user:app,admin', { kind: 'is', field: 'user.name', values: ['app', 'admin'] }],
  ['user~App', { kind: 'is', field: 'user.name', values: ['App'], ignoreCase: true }],
  ['op=SELECT', { kind: 'is', field: 'db.operation.name', values: ['SELECT'] }],
  [
    '-op:select',
    { kind: 'not', filter: { kind: 'is', field: 'db.operation.name', values: ['select'], ignoreCase: true } },
  ],
  ['table:orders*', { kind: 'like', field: 'dbaudit.statement.tables', pattern: 'orders*' }],
  ['table:orders\\*', { kind: 'is', field: 'dbaudit.statement.tables', values: ['orders*'] }],
  [
    'table:a*,b',
    {
      kind: 'any',
      of: [
        { kind: 'is', field: 'dbaudit.statement.tables', values: ['b'] },
        { kind: 'like', field: 'dbaudit.statement.tables', pattern: 'a*' },
      ],
    },
  ],
  ['slow:200ms', { kind: 'range', field: 'event.duration', from: 200_000_000 }],
  ['slow:', { kind: 'range', field: 'event.duration', over: 1_000_000_000 }],
  ['duration<1.5s', { kind: 'range', field: 'event.duration', below: 1_500_000_000 }],
  ['rows>1000', { kind: 'range', field: 'db.response.returned_rows', over: 1000 }],
  ['bytes>=4Mi', { kind: 'range', field: 'dbaudit.result.bytes', from: 4_194_304 }],
  ['error:', { kind: 'exists', field: 'error.code' }],
  ['error:*', { kind: 'exists', field: 'error.code' }],
  ['from:10.0.0.0/8', { kind: 'within', field: 'client.ip', range: '10.0.0.0/8' }],
  ['from:fd00::2', { kind: 'is', field: 'client.ip', values: ['fd00::2'] }],
  ['text:/drop\\s+table/', { kind: 'matches', field: 'db.query.text', expression: 'drop\\s+table', ignoreCase: true }],
  ['time>=2026-01-02', { kind: 'range', field: '@timestamp', from: '2026-01-02T00:00:00Z' }],
  ['db.query.parameter.0:42', { kind: 'is', field: 'db.query.parameter.0', values: ['42'] }],
  ['client_owner:api', { kind: 'is', field: 'dbaudit.client.k8s.owner.name', values: ['api'] }],
  ['truncated:true', { kind: 'is', field: 'dbaudit.statement.truncated', values: [true] }],
  ['drop "free words"', { kind: 'words', text: 'drop free words' }],
  ['user:"a b"', { kind: 'is', field: 'user.name', values: ['a b'] }],
  [
    'ns:shop (user:a OR user:b)',
    {
      kind: 'all',
      of: [
        { kind: 'is', field: 'kubernetes.namespace', values: ['shop'] },
        {
          kind: 'any',
          of: [
            { kind: 'is', field: 'user.name', values: ['a'] },
            { kind: 'is', field: 'user.name', values: ['b'] },
          ],
        },
      ],
    },
  ],
])('%s', (text, filter) => {
  expect(filterOf(text)).toEqual(filter);
  expect(filterOf(filterToText(filter))).toEqual(filter);
});

test.each([
  ['user:app nosuch:1', 9, 'there is no field "nosuch"; put it in quotes to search for it as a word'],
  ['rows>many', 5, 'db.response.returned_rows is a number, such as 1000, 10k or 4Mi'],
  ['slow:fast', 5, 'event.duration is a number, such as 200ms, 1.5s or 2m'],
  ['user>a', 5, 'user.name is no number and no time: it cannot be more or less'],
  ['time>yesterday', 5, '@timestamp is a time, such as 2026-01-02 or 2026-01-02T15:04:05Z'],
  ['truncated:maybe', 10, 'dbaudit.statement.truncated is true or false'],
  ['user:"app', 5, 'the quote that opens here is not closed'],
  ['text:/abc', 5, 'the regular expression that begins here has no "/" at its end'],
  ['(user:a', 0, 'there is no ")" for this "("'],
  ['user:a)', 6, 'there is no "(" for this ")"'],
  ['user:a,', 7, 'a value is missing here'],
  ['rows>', 5, 'after rows> comes a value'],
  ['user:a OR', 9, 'OR stands between two terms'],
])('%s is a problem at %i', (text, at, message) => {
  expect(parseSearch(text)).toEqual({ ok: false, at, message });
});

test('every short name has a field, and its example is a search', () => {
  for (const { example } of SEARCH_NAMES) expect(() => checkFilter(filterOf(example))).not.toThrow();
});
