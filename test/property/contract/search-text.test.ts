import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compileMatcher } from '../../../collector/query/matcher.ts';
import { filterToText } from '../../../contract/filter-text.ts';
import { parseSearch } from '../../../contract/search-text.ts';
import { generatedEvent, generatedFilter } from '../../support/collector/generated-filters.ts';

test('a filter as text finds the same events', () => {
  const events = fc.sample(generatedEvent, 100);
  for (const filter of fc.sample(generatedFilter, 2_000)) {
    const text = filterToText(filter);
    const result = parseSearch(text);
    if (!result.ok) throw new Error(`${text}\n${result.at}: ${result.message}\n${JSON.stringify(filter)}`);
    const [expected, again] = [compileMatcher(filter), compileMatcher(result.filter)];
    const differing = events.filter((event) => expected(event) !== again(event));
    expect({ text, filter, differing: differing.slice(0, 1) }).toEqual({ text, filter, differing: [] });
  }
});

test('whatever is typed is a filter or a problem with a place in it', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'user:rows>/(")-\\*, OR1~=<'), maxLength: 30 }), (text) => {
      const result = parseSearch(text);
      if (!result.ok) expect(result.at).toBeLessThanOrEqual(text.length);
    }),
    { numRuns: 3_000 },
  );
});
