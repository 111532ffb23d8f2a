import { expect, test } from '@jest/globals';
import { ruleLists, ruleListsSchema } from '../../../../collector/rules/lists.ts';
import { readRule } from '../../../../collector/rules/sigma/rule-of.ts';
import { RuleStream } from '../../../../collector/rules/stream.ts';
import type { AuditEvent } from '../../../../contract/audit-event.ts';
import { auditEvent } from '../../../support/audit-events.ts';

const LISTS = ruleLists(ruleListsSchema.parse({}));
const START = Date.UTC(2026, 0, 2);

function counting(condition: string, timeframe = '1m') {
  const source = `title: t\nname: t\nlogsource: { category: database }\ndetection:\n  s: { user.name: app }\n  timeframe: ${timeframe}\n  condition: s | ${condition}\n`;
  return readRule(source, 'custom', LISTS).rule;
}

let sequence = 0;
function event(seconds: number, ip = '10.0.0.1'): AuditEvent {
  const at = `${new Date(START + seconds * 1_000).toISOString().slice(0, -1)}000000Z`;
  return auditEvent({ at, sequence: sequence++, rest: { client: { ip, port: 1 } } });
}

test('a detection has what its events have in common, how many, and the last ten', () => {
  const stream = new RuleStream([counting('count() by client.ip >= 12')]);
  const [detection, ...more] = stream.see(Array.from({ length: 12 }, (_, n) => event(n)));
  expect(more).toEqual([]);
  expect(detection).toMatchObject({
    group: { 'client.ip': '10.0.0.1' },
    count: 12,
    at: '2026-01-02T00:00:11.000000000Z',
  });
  expect(detection?.events).toHaveLength(10);
});

test('while it goes on it is told once in each timespan', () => {
  const stream = new RuleStream([counting('count() >= 5')]);
  const at = stream.see(Array.from({ length: 300 }, (_, n) => event(n))).map((one) => one.at.slice(14, 19));
  expect(at).toEqual(['00:04', '01:00', '02:00', '03:00', '04:00']);
});

test('an event that is late completes what it belongs to; one that is too late is counted as such', () => {
  const stream = new RuleStream([counting('count() >= 3')]);
  expect(stream.see([event(100), event(50)])).toEqual([]);
  expect(stream.see([event(75)])).toHaveLength(1);
  expect(stream.see([event(40)])).toEqual([]);
  expect(stream.counters()).toEqual({ late: 1, evictedGroups: 0 });
});

test('groups are bounded, and those that were given up are counted', () => {
  const stream = new RuleStream([counting('count() by client.ip >= 2')]);
  stream.see(Array.from({ length: 3_000 }, (_, n) => event(n / 100, `10.0.${n >> 8}.${n & 255}`)));
  expect(stream.counters().evictedGroups).toBe(1_000);
  expect(stream.see([event(30, '10.0.0.1')])).toEqual([]);
  expect(stream.see([event(30, '10.0.11.1')])).toHaveLength(1);
});

test('commands that somebody makes up are matched all the same, when there is no room to remember them', () => {
  const { rule } = readRule(
    'title: t\nname: t\nlogsource: { product: redis }\ndetection:\n  s: { db.operation.name: FLUSHALL }\n  condition: s\n',
    'custom',
    LISTS,
  );
  const stream = new RuleStream([rule]);
  const command = (name: string) =>
    auditEvent({ event: { action: 'db.command' }, db: { system: { name: 'redis' }, operation: { name } } });
  expect(stream.see(Array.from({ length: 5_000 }, (_, n) => command(`X${n}`)))).toEqual([]);
  expect(stream.see([command('FLUSHALL')])).toHaveLength(1);
});
