import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import * as z from 'zod';
import { filterToOpenSearch } from '../../../../collector/query/filter-opensearch.ts';
import { compileMatcher } from '../../../../collector/query/matcher.ts';
import { documentOf, eventOf } from '../../../../collector/store/opensearch/document.ts';
import { INDEX_SETTINGS } from '../../../../collector/store/opensearch/index-template.ts';
import { searchMappings } from '../../../../collector/store/opensearch/search-fields.ts';
import type { AuditEvent } from '../../../../contract/audit-event.ts';
import type { Filter } from '../../../../contract/filter.ts';
import { auditEvent } from '../../../support/audit-events.ts';
import { anyEvent } from '../../../support/collector/any-event.ts';
import { generatedEvent, generatedFilter } from '../../../support/collector/generated-filters.ts';
import { type OpenSearch, startOpenSearch } from '../../../support/servers/opensearch.ts';

const INDEX = 'generated';
const EVENTS = 250;
const FILTERS = 400;
/** Searches of one request. */
const TOGETHER = 100;

let server: OpenSearch;
beforeAll(async () => {
  server = await startOpenSearch({ version: '3.8' });
});
afterAll(() => server?.stop());

const bulkReply = z.object({ errors: z.boolean(), items: z.array(z.unknown()) });
const searchReply = z.object({
  responses: z.array(
    z.union([
      z.object({ hits: z.object({ hits: z.array(z.object({ _id: z.string() })) }) }),
      z.object({ error: z.object({ root_cause: z.array(z.object({ reason: z.string() })) }) }),
    ]),
  ),
});

async function index(name: string, events: readonly AuditEvent[]): Promise<void> {
  await server.request('PUT', name, { settings: INDEX_SETTINGS, mappings: searchMappings() });
  const lines = events.map((event, id) => `${JSON.stringify({ create: { _id: `${id}` } })}\n${documentOf(event)}\n`);
  const { body } = await server.request(
    'POST',
    `${name}/_bulk?refresh=true&filter_path=errors,items.*.error`,
    lines.join(''),
  );
  expect(bulkReply.partial().parse(body)).toEqual({ errors: false });
}

/** For each filter the numbers of the events it finds. */
async function found(filters: readonly Filter[]): Promise<readonly (readonly number[])[]> {
  const answers: (readonly number[])[] = [];
  for (let start = 0; start < filters.length; start += TOGETHER) {
    const own = filters.slice(start, start + TOGETHER);
    const lines = own.map(
      (filter) => `{}\n${JSON.stringify({ query: filterToOpenSearch(filter), size: 10_000, _source: false })}\n`,
    );
    const { body } = await server.request('POST', `${INDEX}/_msearch`, lines.join(''));
    for (const [at, answer] of searchReply.parse(body).responses.entries()) {
      if ('error' in answer) throw new Error(`${JSON.stringify(own[at])}: ${JSON.stringify(answer.error)}`);
      answers.push(answer.hits.hits.map(({ _id }) => Number(_id)).sort((a, b) => a - b));
    }
  }
  return answers;
}

test('a filter means the same as a function and in OpenSearch', async () => {
  const events = fc.sample(generatedEvent, EVENTS);
  const long = `${'x'.repeat(40_000)} Drop Table kunden`;
  events.push(
    JSON.parse(
      JSON.stringify(
        auditEvent({ db: { query: { text: long, parameter: { 0: long } } }, statement: { template: long } }),
      ),
    ),
  );
  const filters: readonly Filter[] = [
    ...fc.sample(generatedFilter, FILTERS),
    { kind: 'words', text: 'drop KUNDEN' },
    { kind: 'is', field: 'db.query.text', values: [long] },
    { kind: 'like', field: 'db.query.parameter.0', pattern: '*table KUNDEN', ignoreCase: true },
    { kind: 'matches', field: 'db.query.parameter', expression: '\\bTable kunden$' },
    { kind: 'is', field: 'dbaudit.statement.template', values: [long.toUpperCase()], ignoreCase: true },
    ...[
      '\\bselect\\b.*\\bfrom\\b',
      '(^|,)orders(,|$)',
      '\\b',
      '\\B',
      '^\\B',
      '(?m)^y$',
      '(?m)x$',
      '\\w+\\b.',
      'a\\b\\\\',
      '(?:^|o)r?(?:\\b|s)',
      'shop|^$',
      '^shop$',
      '^(?:shop|Shop)$',
      '[^\\x00-\\x7f]\\b',
      '\\x00',
      'a{2}|b',
      '^(?:)$',
      '\\Ao',
      's\\z',
      '$^',
    ].flatMap((expression): Filter[] =>
      ['db.query.text', 'user.name', 'dbaudit.statement.tables', 'db.query.parameter', 'db.query.parameter.0'].flatMap(
        (field): Filter[] => [
          { kind: 'matches', field, expression },
          { kind: 'matches', field, expression, ignoreCase: true },
        ],
      ),
    ),
  ];
  await index(INDEX, events);
  let matched = 0;
  const answers = await found(filters);
  for (const [at, filter] of filters.entries()) {
    const matches = compileMatcher(filter);
    const expected = events.flatMap((event, number) => (matches(event) ? [number] : []));
    const own = answers[at] ?? [];
    const differing = events.filter((_, number) => own.includes(number) !== expected.includes(number));
    if (differing.length > 0) {
      const query = JSON.stringify(filterToOpenSearch(filter));
      throw new Error(
        `${JSON.stringify(filter)}\n${query}\n${expected.length} expected, ${own.length} found\n${JSON.stringify(differing.slice(0, 2)).slice(0, 3000)}`,
      );
    }
    matched += expected.length;
  }
  expect(matched).toBeGreaterThan(10_000);
});

test('an event is given back as it was', async () => {
  const events = fc.sample(anyEvent, EVENTS).map((event): AuditEvent => JSON.parse(JSON.stringify(event)));
  await index('any', events);
  const { body } = await server.request('POST', 'any/_search', { size: EVENTS });
  const hits = z
    .object({ hits: z.object({ hits: z.array(z.object({ _id: z.string(), _source: z.unknown() })) }) })
    .parse(body).hits.hits;
  expect(hits).toHaveLength(EVENTS);
  for (const { _id, _source } of hits) expect(eventOf(_source)).toEqual(events[Number(_id)]);
});
