import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { ruleLists, ruleListsSchema } from '../../../../collector/rules/lists.ts';
import { openRuleBook } from '../../../../collector/rules/rule-book.ts';
import { type DuckStore, openDuckStore } from '../../../../collector/store/duckdb/duck-store.ts';
import type { AuditEvent } from '../../../../contract/audit-event.ts';
import { EVERYTHING } from '../../../../contract/filter.ts';
import { auditEvent } from '../../../support/audit-events.ts';

const EVENTS = process.env.DBAUDIT_COLLECTOR_SCALE === 'full' ? 1_000_000 : 20_000;
const DAY_MILLIS = 86_400_000;
const FROM = Date.UTC(2026, 0, 1);
const RANGE = { from: FROM, to: FROM + 7 * DAY_MILLIS };
const BATCH = 5_000;

const directory = mkdtempSync(join(tmpdir(), 'dbaudit-rule-history-'));
let store: DuckStore;
beforeAll(async () => {
  const log = pino({ level: 'silent' });
  store = await openDuckStore({
    directory: join(directory, 'store'),
    memoryLimitMebibytes: 256,
    log,
    onNotice: () => undefined,
    now: () => RANGE.to,
  });
  for (let from = 0; from < EVENTS; from += BATCH) {
    await store.append(
      Array.from({ length: BATCH }, (_, n) => eventNumber(from + n)),
      'chain',
    );
  }
});
afterAll(async () => {
  await store?.close();
  rmSync(directory, { recursive: true });
});

/** A week of statements, with a failed login in each hundred, and ten times ten of them together. */
function eventNumber(sequence: number): AuditEvent {
  const at = FROM + Math.floor((sequence * 7 * DAY_MILLIS) / EVENTS);
  const isAttack = sequence % (EVENTS / 10) < 10;
  const time = isAttack ? at - (sequence % (EVENTS / 10)) * 1_000 + 10_000 : at;
  const isFailed = isAttack || sequence % 100 === 50;
  return auditEvent({
    sequence,
    at: `${new Date(time).toISOString().slice(0, -1)}000000Z`,
    ...(isFailed ? { event: { action: 'db.session.auth_failed', outcome: 'failure' } } : {}),
    rest: { client: { ip: isAttack ? '10.9.9.9' : `10.1.${sequence % 5}.${sequence % 200}`, port: 40_000 } },
  });
}

test('a rule with a window finds the same with SQL as event by event', async () => {
  const lists = ruleLists(ruleListsSchema.parse({}));
  const request = { id: 'db.auth.bruteforce', range: RANGE, limit: 100 };
  const { signal } = new AbortController();
  const test = async (name: string, history: Parameters<typeof openRuleBook>[0]['history']) => {
    const book = openRuleBook({ directory: join(directory, name), lists, history });
    const started = performance.now();
    const answer = await book.test(request, EVERYTHING, signal);
    return { answer, millis: performance.now() - started };
  };
  const bySql = await test('sql', { store, sql: store.rows });
  const oneByOne = await test('stream', { store });
  process.stderr.write(
    `rule test over ${EVENTS} events: ${bySql.millis.toFixed(0)} ms in SQL, ${oneByOne.millis.toFixed(0)} ms one by one\n`,
  );
  expect(bySql.answer.total).toBe(10);
  expect(bySql.answer).toEqual(oneByOne.answer);
});
