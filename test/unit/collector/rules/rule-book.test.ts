import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from '@jest/globals';
import { ruleLists, ruleListsSchema } from '../../../../collector/rules/lists.ts';
import { type KeptRuleBook, openRuleBook, type RuleBookOptions } from '../../../../collector/rules/rule-book.ts';
import { ruleSchema } from '../../../../contract/collector-api.ts';
import { EVERYTHING } from '../../../../contract/filter.ts';
import { auditEvent } from '../../../support/audit-events.ts';
import { MemoryStore } from '../../../support/collector/memory-store.ts';

const root = mkdtempSync(join(tmpdir(), 'dbaudit-rule-book-'));
afterAll(() => rmSync(root, { recursive: true }));
let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(root, 'book-'));
});

const RANGE = { from: Date.UTC(2026, 0, 1), to: Date.UTC(2026, 0, 3) };
const OWN =
  'title: Own\nname: own.selects\nlevel: low\nlogsource: { category: database }\ndetection:\n  s: { db.operation.name: SELECT }\n  condition: s\n';

function open(more: Partial<RuleBookOptions> = {}): KeptRuleBook {
  const lists = ruleLists(ruleListsSchema.parse({}));
  return openRuleBook({ directory, lists, history: { store: new MemoryStore() }, now: () => 7, ...more });
}

const named = (book: KeptRuleBook, id: string) => book.list().find((rule) => rule.id === id);

test('has the built-in rules, and says why some are not evaluated', () => {
  const book = open();
  expect(book.problems).toEqual([]);
  for (const rule of book.list()) ruleSchema.parse(rule);
  expect(book.list().length).toBeGreaterThan(80);
  expect(named(book, 'db.ddl.drop')).toMatchObject({ mode: 'on', ruleset: 'builtin', level: 'high' });
  expect(named(book, 'db.decoy.touch')?.problem).toMatch(/the list "decoy_tables"/);
});

test('a custom rule is taken, finds, is counted, and survives a restart with its mode', () => {
  const book = open();
  expect(book.put(OWN, 'alice')).toMatchObject({ id: 'own.selects', mode: 'on', ruleset: 'custom' });
  expect(book.see([auditEvent({ sequence: 1 })]).map(({ rule }) => rule.id)).toEqual(['own.selects']);
  expect(book.change('own.selects', 'observe', 'alice')?.mode).toBe('observe');
  expect(book.see([auditEvent({ sequence: 2 })])).toEqual([]);
  expect(named(book, 'own.selects')?.detections).toBe(2);
  const again = open();
  expect(named(again, 'own.selects')?.mode).toBe('observe');
  expect(again.change('own.selects', 'off', 'alice')?.mode).toBe('off');
  again.see([auditEvent({ sequence: 3 })]);
  expect(named(again, 'own.selects')?.detections).toBe(0);
  expect(again.remove('own.selects', 'alice')).toBe(true);
  expect(again.remove('db.ddl.drop', 'alice')).toBe(false);
  expect(named(open(), 'own.selects')).toBeUndefined();
  expect(readdirSync(join(directory, 'custom'))).toEqual([]);
});

test('replacing a rule leaves what others have counted', () => {
  const book = open();
  const failed = (sequence: number) =>
    auditEvent({
      sequence,
      event: { action: 'db.session.auth_failed', outcome: 'failure' },
      at: `2026-01-02T03:04:${10 + sequence}.000000000Z`,
    });
  book.see(Array.from({ length: 9 }, (_, n) => failed(n)));
  book.put(OWN, 'alice');
  expect(book.see([failed(9)]).map(({ rule }) => rule.id)).toContain('db.auth.bruteforce');
});

test('what cannot be read is shown, not thrown', () => {
  mkdirSync(join(directory, 'custom'));
  writeFileSync(join(directory, 'custom/broken.yml'), OWN.replace('SELECT', '[').replace('own.selects', 'broken'));
  writeFileSync(join(directory, 'custom/other.yml'), OWN);
  writeFileSync(join(directory, 'modes.json'), '{');
  const book = open();
  expect(named(book, 'broken')).toMatchObject({ mode: 'off', problem: expect.stringMatching(/not valid YAML/) });
  expect(named(book, 'other')?.problem).toMatch(/its name is "own\.selects"/);
  expect(book.problems).toEqual([expect.stringMatching(/modes\.json is not valid/)]);
});

test('the name of a built-in rule is taken', () => {
  expect(() => open().put(OWN.replace('own.selects', 'db.ddl.drop'), 'alice')).toThrow(
    /built-in rule; choose another name/,
  );
});

test('while the baseline learns, what is new is counted alone', () => {
  const injection = (sequence: number, at: string) => {
    const text = 'SELECT a FROM b WHERE c = 1 UNION SELECT 1, user()';
    const event = auditEvent({
      at,
      sequence,
      statement: { kind: 'text', fingerprint: `f${sequence}`, template: text },
    });
    return { ...event, db: { ...event.db, system: { name: 'mysql' }, query: { text } } };
  };
  const book = open({ learningDays: 2 });
  const see = (sequence: number, at: string) =>
    book.see([book.enrich(injection(sequence, at))]).filter(({ rule }) => rule.id === 'db.sqli.union').length;
  expect(see(1, '2026-01-02T00:00:00.000000000Z')).toBe(0);
  expect(named(book, 'db.sqli.union')?.detections).toBe(1);
  expect(see(2, '2026-01-04T00:00:00.000000000Z')).toBe(1);
  book.save();
  const again = open({ learningDays: 2 });
  expect(again.enrich(injection(3, '2026-01-05T00:00:00.000000000Z')).dbaudit.traits).toEqual(['new-fingerprint']);
});

test('a rule is tested on what is kept, with a window and without', async () => {
  const store = new MemoryStore();
  const events = Array.from({ length: 30 }, (_, sequence) =>
    auditEvent({ sequence, at: `2026-01-02T03:04:${10 + sequence}.000000000Z` }),
  );
  await store.append(events, 'chain');
  const book = open({ history: { store } });
  const { signal } = new AbortController();
  const single = await book.test({ source: OWN, range: RANGE, limit: 5 }, EVERYTHING, signal);
  expect({ ...single, detections: single.detections.length }).toEqual({ detections: 5, total: 30, matched: 30 });
  const count = OWN.replace('condition: s', 'timeframe: 1m\n  condition: s | count() by user.name >= 20');
  const counted = await book.test({ source: count, range: RANGE, limit: 5 }, EVERYTHING, signal);
  expect(counted).toMatchObject({ total: 1, matched: 30, detections: [{ group: { 'user.name': 'app' }, count: 20 }] });
  expect(counted.detections[0]?.events).toHaveLength(10);
  await expect(book.test({ id: 'nothing', range: RANGE, limit: 5 }, EVERYTHING, signal)).rejects.toThrow(
    /there is no rule/,
  );
  await expect(book.test({ id: 'db.decoy.touch', range: RANGE, limit: 5 }, EVERYTHING, signal)).rejects.toThrow(
    /decoy_tables/,
  );
});
