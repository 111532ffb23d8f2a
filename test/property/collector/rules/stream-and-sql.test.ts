import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { windowQuery } from '../../../../collector/rules/history-sql.ts';
import type { Window } from '../../../../collector/rules/rule.ts';
import { RuleStream } from '../../../../collector/rules/stream.ts';
import type { WindowRule } from '../../../../collector/rules/windows/group-window.ts';
import { historyRows } from '../../../../collector/store/duckdb/history-rows.ts';
import type { AuditEvent } from '../../../../contract/audit-event.ts';
import { EVERYTHING, type Filter } from '../../../../contract/filter.ts';
import { auditEvent } from '../../../support/audit-events.ts';
import { KeptEvents } from '../../../support/collector/kept-events.ts';

const FROM = Date.UTC(2026, 0, 2);
const RANGE = { from: FROM, to: FROM + 86_400_000 };
/** Of eight rules and some events each; one takes about 0.1 s. */
const ROUNDS = 20;

let kept: KeptEvents;
beforeAll(async () => {
  kept = await KeptEvents.open();
});
afterAll(() => kept.close());

const is = (field: string, ...values: readonly string[]): Filter => ({ kind: 'is', field, values });
const operation = fc.constantFrom('SELECT', 'INSERT', 'DELETE', 'GRANT');
const timespanSeconds = fc.constantFrom(1, 7, 30, 60);

const counting: fc.Arbitrary<Window> = fc.oneof(
  fc.record({ kind: fc.constant('count' as const), timespanSeconds, atLeast: fc.integer({ min: 1, max: 6 }) }),
  fc.record({
    kind: fc.constant('distinct' as const),
    timespanSeconds,
    field: fc.constantFrom('user.name', 'dbaudit.statement.tables', 'client.port'),
    atLeast: fc.integer({ min: 1, max: 4 }),
  }),
  fc.record({
    kind: fc.constant('sum' as const),
    timespanSeconds,
    field: fc.constant('db.response.returned_rows'),
    atLeast: fc.integer({ min: 1, max: 60 }),
  }),
);
const step = fc.record({
  rule: fc.constant('step'),
  filter: operation.map((name) => is('db.operation.name', name)),
  atLeast: fc.integer({ min: 1, max: 3 }),
  groupBy: fc.constantFrom(['user.name'], ['db.namespace']),
});
const temporal: fc.Arbitrary<Window> = fc.record({
  kind: fc.constant('temporal' as const),
  timespanSeconds,
  ordered: fc.boolean(),
  steps: fc.array(step, { minLength: 2, maxLength: 3 }),
});

const rule: fc.Arbitrary<WindowRule> = fc
  .tuple(
    fc.oneof(counting, temporal),
    fc.constantFrom<readonly string[]>([], ['user.name'], ['user.name', 'client.ip'], ['dbaudit.statement.tables']),
    fc.constantFrom(EVERYTHING, is('db.operation.name', 'SELECT', 'DELETE')),
  )
  .map(([window, groupBy, filter]) => ({
    id: 'generated',
    title: 'generated',
    description: '',
    level: 'low' as const,
    mode: 'on' as const,
    ruleset: 'custom' as const,
    tags: [],
    references: [],
    falsePositives: [],
    examples: { match: [], silent: [] },
    source: '',
    ...counted(window, filter),
    groupBy: window.kind === 'temporal' ? ['user.name'] : groupBy,
  }));

/** As the reader of rules has it: what has no such field does not count, and a chain looks at its steps. */
function counted(window: Window, filter: Filter): { readonly window: Window; readonly filter: Filter } {
  if (window.kind === 'count') return { window, filter };
  if (window.kind === 'temporal') return { window, filter: { kind: 'any', of: window.steps.map((one) => one.filter) } };
  return { window, filter: { kind: 'all', of: [filter, { kind: 'exists', field: window.field }] } };
}

const drawn = fc.record({
  /** Milliseconds; several at once, and long silence, are as likely as a steady stream. */
  pause: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 3_000 }), fc.integer({ min: 20_000, max: 90_000 })),
  nanos: fc.constantFrom('000000', '000001', '999999'),
  operation,
  user: fc.constantFrom('ann', 'bob', undefined),
  namespace: fc.constantFrom('ann', 'bob'),
  ip: fc.constantFrom('10.0.0.1', 'fd00::1'),
  tables: fc.constantFrom<string[] | undefined>(undefined, ['a'], ['a', 'b']),
  rows: fc.option(fc.integer({ min: 0, max: 40 }), { nil: undefined }),
});
type Drawn = typeof drawn extends fc.Arbitrary<infer T> ? T : never;

function eventsOf(all: readonly Drawn[]): AuditEvent[] {
  let at = FROM;
  const events = all.map((one, sequence): AuditEvent => {
    at += one.pause;
    const { user: _, ...event } = auditEvent({
      at: `${new Date(at).toISOString().slice(0, -1)}${one.nanos}Z`,
      sequence,
      db: { operation: { name: one.operation }, namespace: one.namespace },
      statement: { tables: one.tables },
      rest: { client: { ip: one.ip, port: 40_000 + (sequence % 3) } },
    });
    const response = { status_code: '0', ...(one.rows === undefined ? {} : { returned_rows: one.rows }) };
    return {
      ...event,
      db: { ...event.db, system: { name: 'mysql' }, response },
      ...(one.user === undefined ? {} : { user: { name: one.user } }),
    };
  });
  return events.toSorted((a, b) => compare(a['@timestamp'], b['@timestamp']) || compare(a.event.id, b.event.id));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

async function foundBySql(one: WindowRule): Promise<readonly string[]> {
  const query = windowQuery(one, EVERYTHING, RANGE, 1_000);
  const rows = await historyRows(kept.database).rows(RANGE, query, new AbortController().signal);
  return rows.map(([id]) => String(id)).toSorted();
}

function foundByStream(one: WindowRule, events: readonly AuditEvent[]): readonly string[] {
  return new RuleStream([one])
    .see(events)
    .map(({ events: shown }) => shown.at(-1)?.event.id ?? '')
    .toSorted();
}

test('a rule finds the same in events as they come and in those that are kept', async () => {
  let detections = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(rule, { minLength: 8, maxLength: 8 }),
      fc.array(drawn, { minLength: 1, maxLength: 60 }),
      async (rules, all) => {
        const events = eventsOf(all);
        await kept.clear();
        await kept.add(events);
        for (const one of rules) {
          const found = foundByStream(one, events);
          detections += found.length;
          expect({ window: one.window, found: await foundBySql(one) }).toEqual({ window: one.window, found });
        }
      },
    ),
    { numRuns: ROUNDS, endOnFailure: true },
  );
  expect(detections).toBeGreaterThan(100);
});

test('events out of order, late by no more than the timespan, complete a rule that they complete in order', () => {
  fc.assert(
    fc.property(
      rule,
      fc.array(drawn, { minLength: 2, maxLength: 40 }),
      fc.infiniteStream(fc.nat(1)),
      (one, all, swaps) => {
        const events = eventsOf(all.map((event) => ({ ...event, pause: event.pause % 400 })));
        const inOrder = foundByStream(one, events);
        const shuffled = [...events];
        for (let at = 1; at < shuffled.length; at += 1) {
          const [before, after] = [shuffled[at - 1], shuffled[at]];
          if (before === undefined || after === undefined || swaps.next().value === 0) continue;
          const late = Date.parse(after['@timestamp']) - Date.parse(before['@timestamp']);
          if (late >= one.window.timespanSeconds * 1_000) continue;
          shuffled[at - 1] = after;
          shuffled[at] = before;
        }
        const found = foundByStream(one, shuffled);
        expect({ some: found.length > 0 }).toEqual({ some: inOrder.length > 0 });
      },
    ),
  );
});
