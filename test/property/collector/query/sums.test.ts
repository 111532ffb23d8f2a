import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compileMatcher } from '../../../../collector/query/matcher.ts';
import { histogram } from '../../../../collector/store/duckdb/histogram.ts';
import { sumsOf } from '../../../../collector/store/duckdb/sums.ts';
import { top } from '../../../../collector/store/duckdb/top.ts';
import { totals } from '../../../../collector/store/duckdb/totals.ts';
import { MEASURES, type Measure, type TimeRange } from '../../../../collector/store/event-store.ts';
import type { AuditEvent } from '../../../../contract/audit-event.ts';
import { fieldValue } from '../../../../contract/event-fields.ts';
import { EVERYTHING, type Filter } from '../../../../contract/filter.ts';
import { auditEvent } from '../../../support/audit-events.ts';
import { KeptEvents } from '../../../support/collector/kept-events.ts';

const START = Date.parse('2026-01-02T03:00:17.250Z');
const LENGTH = 3 * 3_600_000;
const EVENTS = 3_000;
const RUNS = 25;

const generated = fc.sample(
  fc.record({
    after: fc.integer({ min: 0, max: LENGTH - 1 }),
    nanos: fc.integer({ min: 0, max: 999_999 }),
    namespace: fc.constantFrom('shop', 'web', undefined),
    action: fc.constantFrom('db.query' as const, 'db.execute' as const),
    class: fc.constantFrom('READ' as const, 'WRITE' as const, undefined),
    outcome: fc.constantFrom('success' as const, 'failure' as const),
    user: fc.constantFrom('app', 'root', '', undefined),
    tables: fc.constantFrom<string[] | undefined>(['orders'], ['orders', 'items'], [], undefined),
    client: fc.constantFrom('10.0.0.1', '10.0.0.2', 'fd00::1'),
    fingerprint: fc.constantFrom('a', 'b', 'c'),
    session: fc.constantFrom('0'.repeat(32), '1'.repeat(32)),
    duration: fc.constantFrom(1_000, 1_000_000_000, 1_000_000_001, undefined),
    rows: fc.option(fc.integer({ min: 0, max: 1_000_000 }), { nil: undefined }),
  }),
  EVENTS,
);

const events: readonly AuditEvent[] = generated.map((one, sequence) => {
  const millis = new Date(START + one.after).toISOString().slice(0, -1);
  const event = auditEvent({
    at: `${millis}${String(one.nanos).padStart(6, '0')}Z`,
    sequence,
    event: { action: one.action, outcome: one.outcome, duration: one.duration },
    db: { response: { returned_rows: one.rows } },
    statement: { class: one.class, tables: one.tables, fingerprint: one.fingerprint },
    dbaudit: { session: { id: one.session, index: sequence, captured_from_start: true } },
    rest: {
      user: one.user === undefined ? undefined : { name: one.user },
      kubernetes: one.namespace === undefined ? undefined : { namespace: one.namespace },
      client: { ip: one.client, port: 1 },
    },
  });
  return JSON.parse(JSON.stringify({ ...event, event: { ...event.event, id: `e-${sequence}` } }));
});

let kept: KeptEvents;
beforeAll(async () => {
  kept = await KeptEvents.open();
  // Late events make a second partition of the same minutes, and some are in none yet.
  for (const [index, part] of [events.slice(0, 1_800), events.slice(1_800, 2_500), events.slice(2_500)].entries()) {
    await kept.add(part);
    if (index < 2) await kept.moveToPartition();
  }
});
afterAll(() => kept.close());

const FIELDS = [
  'kubernetes.namespace',
  'event.action',
  'event.outcome',
  'dbaudit.statement.class',
  'db.system.name',
  'user.name',
  'dbaudit.statement.tables',
  'client.ip',
  'dbaudit.statement.fingerprint',
  'client.port',
  'dbaudit.session.id',
];

const filter: fc.Arbitrary<Filter> = fc.oneof(
  fc.constant(EVERYTHING),
  fc.constantFrom<Filter>(
    { kind: 'is', field: 'kubernetes.namespace', values: ['shop'] },
    { kind: 'not', filter: { kind: 'is', field: 'kubernetes.namespace', values: ['shop'] } },
    {
      kind: 'all',
      of: [
        { kind: 'is', field: 'event.action', values: ['db.query'] },
        { kind: 'exists', field: 'dbaudit.statement.class' },
      ],
    },
    { kind: 'is', field: 'user.name', values: ['app'] },
    { kind: 'like', field: 'client.ip', pattern: '10.*' },
    { kind: 'is', field: 'dbaudit.statement.tables', values: ['orders'] },
    { kind: 'range', field: 'event.duration', over: 1_000_000 },
  ),
);
const range: fc.Arbitrary<TimeRange> = fc
  .tuple(fc.integer({ min: -60_000, max: LENGTH }), fc.integer({ min: 1, max: LENGTH }))
  .map(([from, length]) => ({ from: START + from, to: START + from + length }));
const measure = fc.constantFrom(...MEASURES);
const fields = fc.oneof(fc.uniqueArray(fc.constantFrom(...FIELDS), { minLength: 1, maxLength: 3 }));

function millisOf(event: AuditEvent): number {
  return Date.parse(event['@timestamp']);
}

function selected(range: TimeRange, filter: Filter): readonly AuditEvent[] {
  const matches = compileMatcher(filter);
  return events.filter((event) => millisOf(event) >= range.from && millisOf(event) < range.to && matches(event));
}

function measured(own: readonly AuditEvent[], measure: Measure): number {
  const sum = (value: (event: AuditEvent) => number | undefined) =>
    own.reduce((total, event) => total + (value(event) ?? 0), 0);
  const distinct = (name: string) =>
    new Set(own.map((event) => fieldValue(event, name)).filter((value) => value !== undefined)).size;
  switch (measure) {
    case 'events':
      return own.length;
    case 'errors':
      return own.filter(({ event }) => event.outcome === 'failure').length;
    case 'slow':
      return own.filter(({ event }) => (event.duration ?? 0) > 1e9).length;
    case 'rows':
      return sum(({ db }) => db?.response?.returned_rows);
    case 'affected':
      return sum(({ dbaudit }) => dbaudit.result?.affected_rows);
    case 'bytes':
      return sum(({ dbaudit }) => dbaudit.result?.bytes);
    case 'duration':
      return sum(({ event }) => event.duration);
    case 'clients':
      return distinct('client.ip');
    case 'sessions':
      return distinct('dbaudit.session.id');
  }
}

/** Each combination of values that an event counts under. */
function keysOf(event: AuditEvent, names: readonly string[]): string[] {
  return names
    .reduce<string[][]>(
      (keys, name) => {
        const value = fieldValue(event, name);
        const values =
          Array.isArray(value) && value.length > 0
            ? value.map(String)
            : [Array.isArray(value) ? '' : String(value ?? '')];
        return keys.flatMap((key) => values.map((one) => [...key, one]));
      },
      [[]],
    )
    .map((key) => JSON.stringify(key));
}

function grouped(own: readonly AuditEvent[], names: readonly string[]): Map<string, AuditEvent[]> {
  const groups = new Map<string, AuditEvent[]>();
  for (const event of own) for (const key of keysOf(event, names)) groups.set(key, [...(groups.get(key) ?? []), event]);
  return groups;
}

test('totals are those of the events, from sums by the minute or not', async () => {
  for (const [own, passing] of fc.sample(fc.tuple(range, filter), RUNS)) {
    const expected = Object.fromEntries(MEASURES.map((name) => [name, measured(selected(own, passing), name)]));
    expect({ own, passing, answer: await totals(kept.database, { range: own, filter: passing }) }).toEqual({
      own,
      passing,
      answer: expected,
    });
  }
});

test('a ranking is that of the events', async () => {
  for (const [own, passing, names, by] of fc.sample(fc.tuple(range, filter, fields, measure), RUNS)) {
    const groups = grouped(selected(own, passing), names);
    const answer = await top(kept.database, { range: own, filter: passing, fields: names, measure: by, limit: 5 });
    expect(answer.distinct).toBe(groups.size);
    expect(answer.rows).toHaveLength(Math.min(5, groups.size));
    const counts = [...groups.values()].map((group) => measured(group, by)).sort((a, b) => b - a);
    expect(answer.rows.map(({ count }) => count)).toEqual(counts.slice(0, 5));
    for (const row of answer.rows) {
      const group = groups.get(JSON.stringify(row.values)) ?? [];
      expect(row).toEqual({
        values: row.values,
        count: measured(group, by),
        events: group.length,
        errors: measured(group, 'errors'),
        duration: measured(group, 'duration'),
        rows: measured(group, 'rows'),
        first: Math.min(...group.map(millisOf)),
        last: Math.max(...group.map(millisOf)),
      });
    }
  }
});

test('a histogram has every step, and each line is that of its events', async () => {
  const request = fc.tuple(
    range,
    filter,
    fc.option(fc.constantFrom(...FIELDS), { nil: undefined }),
    measure,
    fc.constantFrom(60, 90, 300, 3_600),
  );
  for (const [own, passing, by, counted, stepSeconds] of fc.sample(request, RUNS)) {
    const answer = await histogram(kept.database, {
      range: own,
      filter: passing,
      measure: counted,
      stepSeconds,
      lines: 2,
      ...(by !== undefined && { by }),
    });
    const length = stepSeconds * 1_000;
    expect(answer.steps[0]).toBe(Math.floor(own.from / length) * length);
    expect(answer.steps.at(-1)).toBe(Math.floor((own.to - 1) / length) * length);
    const inLines = new Set(answer.lines.map(({ value }) => value));
    const lineOf = (key: string) =>
      inLines.has(JSON.parse(key)[0]) && JSON.parse(key)[0] !== '' ? JSON.parse(key)[0] : '';
    const lines = new Map<string, AuditEvent[]>();
    for (const [key, group] of by === undefined
      ? [['[""]', selected(own, passing)] as const]
      : grouped(selected(own, passing), [by])) {
      lines.set(lineOf(key), [...(lines.get(lineOf(key)) ?? []), ...group]);
    }
    for (const { value, counts } of answer.lines) {
      const group = lines.get(value) ?? [];
      expect(counts).toEqual(
        answer.steps.map((step) =>
          measured(
            group.filter((event) => Math.floor(millisOf(event) / length) * length === step),
            counted,
          ),
        ),
      );
    }
    expect([...lines.keys()].filter((value) => !inLines.has(value))).toEqual([]);
  }
});

test('long ranges are answered from sums, where the fields allow it', () => {
  const long = { from: START, to: START + LENGTH };
  const usesSums = (names: readonly string[], passing: Filter) =>
    sumsOf({ range: long, filter: passing, fields: names, measures: ['events'] }).sql.includes('store.rollup');
  expect(
    usesSums(['dbaudit.statement.tables', 'event.outcome'], {
      kind: 'is',
      field: 'kubernetes.namespace',
      values: ['shop'],
    }),
  ).toBe(true);
  expect(usesSums(['user.name'], { kind: 'is', field: 'user.name', values: ['app'] })).toBe(true);
  expect(usesSums(['user.name', 'client.ip'], EVERYTHING)).toBe(false);
  expect(usesSums([], { kind: 'is', field: 'dbaudit.statement.tables', values: ['orders'] })).toBe(false);
  expect(usesSums([], { kind: 'words', text: 'orders' })).toBe(false);
});
