import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { search } from '../../../../collector/store/duckdb/search.ts';
import type { SearchRequest } from '../../../../collector/store/event-store.ts';
import type { AuditEvent } from '../../../../contract/audit-event.ts';
import { EVERYTHING } from '../../../../contract/filter.ts';
import { auditEvent } from '../../../support/audit-events.ts';
import { KeptEvents } from '../../../support/collector/kept-events.ts';

const START = Date.parse('2026-01-02T00:00:00Z');
const DAY = 86_400_000;

/** Three events have the same time each; the times lie minutes apart. */
function eventAt(index: number): AuditEvent {
  const at = new Date(START + Math.floor(index / 3) * 500_000).toISOString().replace('Z', '000000Z');
  const event = auditEvent({ at, sequence: index, db: { namespace: index % 2 === 0 ? 'even' : 'odd' } });
  return JSON.parse(JSON.stringify({ ...event, event: { ...event.event, id: `e-${String(index).padStart(4, '0')}` } }));
}

const FIRST = Array.from({ length: 300 }, (_, index) => eventAt(index)).filter((_, index) => index % 5 !== 0);
const LATER = Array.from({ length: 300 }, (_, index) => eventAt(index)).filter((_, index) => index % 5 === 0);

let kept: KeptEvents;
beforeAll(async () => {
  kept = await KeptEvents.open();
  await kept.add(FIRST.slice(0, 100));
  await kept.moveToPartition();
  await kept.add(FIRST.slice(100));
});
afterAll(() => kept.close());

const all: SearchRequest = { range: { from: START, to: START + DAY }, filter: EVERYTHING, order: 'newest', limit: 7 };

async function pages(
  request: SearchRequest,
  between: (page: number) => Promise<void> = async () => undefined,
): Promise<AuditEvent[]> {
  const found: AuditEvent[] = [];
  let cursor: string | undefined;
  let page = 0;
  do {
    const answer = await search(kept.database, { ...request, ...(cursor !== undefined && { cursor }) });
    found.push(...answer.events);
    cursor = answer.cursor;
    page += 1;
    await between(page);
  } while (cursor !== undefined);
  return found;
}

function idsOf(events: readonly AuditEvent[]): readonly string[] {
  return events.map(({ event }) => event.id);
}

test('pages have every event once, in order, as it was appended', async () => {
  expect(await pages({ ...all, order: 'oldest' })).toEqual(FIRST);
  expect(await pages(all)).toEqual(FIRST.toReversed());
});

test('a page has no more than its filter and range let pass', async () => {
  const odd = { ...all, filter: { kind: 'is', field: 'db.namespace', values: ['odd'] } } as const;
  expect(idsOf(await pages(odd))).toEqual(idsOf(FIRST.filter(({ db }) => db?.namespace === 'odd').toReversed()));
  const some = { ...all, range: { from: START + 500_000, to: START + 1_500_000 } };
  expect(idsOf(await pages(some))).toEqual(
    idsOf(FIRST.filter(({ event }) => event.sequence >= 3 && event.sequence < 9).toReversed()),
  );
  expect(await pages({ ...all, range: { from: START + 2 * DAY, to: START + 3 * DAY } })).toEqual([]);
});

test('a full last page has no cursor', async () => {
  const { events, cursor } = await search(kept.database, { ...all, limit: FIRST.length });
  expect([events.length, cursor]).toEqual([FIRST.length, undefined]);
});

test('events that come in between neither repeat nor hide others', async () => {
  const before = idsOf(FIRST.toReversed());
  const ids = idsOf(
    await pages(all, async (page) => {
      if (page === 3) await kept.add(LATER);
    }),
  );
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.filter((id) => before.includes(id))).toEqual(before);
});

test('a cursor of another kind is a problem', async () => {
  await expect(search(kept.database, { ...all, cursor: 'x' })).rejects.toThrow(
    'the cursor is none that a page before gave',
  );
});
