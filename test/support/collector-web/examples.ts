import type { AuditEvent } from '../../../contract/audit-event.ts';
import type { AlertAnswer, QueryAnswer, RuleAnswer, StatusAnswer } from '../../../contract/collector-api.ts';
import { HOSTILE } from './trail.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;

const SOURCE = `id: db.write.no_where
title: DELETE or UPDATE without WHERE
level: high
logsource:
  category: database
detection:
  selection:
    db.operation.name: [DELETE, UPDATE]
  filter:
    db.query.text|contains: where
  condition: selection and not filter
`;

export const QUERY_ANSWER: QueryAnswer = {
  columns: [
    { name: 'user', type: 'VARCHAR' },
    { name: 'statements', type: 'BIGINT' },
    { name: 'last', type: 'TIMESTAMP_NS' },
  ],
  rows: [
    ['orders', 1234, '2026-11-21T23:57:11.000000000Z'],
    [HOSTILE.user, 1, null],
    ['=SUM(A1:A9)', 2, null],
  ],
  truncated: true,
};

export function exampleAlerts(events: readonly AuditEvent[], now: number): AlertAnswer[] {
  const deletion = events.findLast(({ db }) => db?.query?.text === 'DELETE FROM orders');
  const alert = (
    id: string,
    title: string,
    level: AlertAnswer['level'],
    minutes: number,
    more: Partial<AlertAnswer> = {},
  ): AlertAnswer => ({
    id,
    rule: { id: 'db.write.no_where', title },
    level,
    state: 'firing',
    group: { 'user.name': 'root', 'client.ip': '10.42.0.11' },
    startedAt: now - (minutes + 30) * MINUTE,
    lastAt: now - minutes * MINUTE,
    detections: 2,
    events: 2,
    eventIds: deletion === undefined ? [] : [deletion.event.id],
    summary: `${title}: root from shop/orders`,
    namespaces: ['shop'],
    escalation: 0,
    history: [{ at: now - (minutes + 30) * MINUTE, what: 'raised' }],
    ...more,
  });
  return [
    alert('a1', 'DELETE or UPDATE without WHERE', 'high', 4),
    alert('a2', 'Login succeeded after many failures', 'critical', 25, { group: { 'client.ip': '203.0.113.9' } }),
    alert('a3', HOSTILE.statement, 'medium', 90, { summary: HOSTILE.statement, group: { 'user.name': HOSTILE.user } }),
    alert('a4', 'Many rows read', 'low', 200, { state: 'acknowledged', assignee: 'bob@example.com' }),
    alert('a5', 'Schema changed', 'informational', 400, { state: 'resolved', endedAt: now - 400 * MINUTE }),
  ];
}

/** A built-in rule by the least that tells it from others. */
export function exampleRule(
  id: string,
  title: string,
  level: RuleAnswer['level'],
  mode: RuleAnswer['mode'],
  detections: number,
): RuleAnswer {
  return {
    id,
    title,
    description: `${title}, by anybody but the migrations of a release.`,
    level,
    mode,
    ruleset: 'builtin',
    tags: ['attack.t1485', 'database'],
    groupBy: ['user.name'],
    source: SOURCE.replace('db.write.no_where', id),
    detections,
  };
}

export function exampleRules(): RuleAnswer[] {
  return [
    exampleRule('db.write.no_where', 'DELETE or UPDATE without WHERE', 'high', 'on', 2),
    exampleRule('db.ddl.drop', 'A table or database is dropped', 'high', 'on', 0),
    exampleRule('db.auth.success_after_failures', 'Login succeeded after many failures', 'critical', 'on', 1),
    exampleRule('db.export.rows', 'Many rows read', 'medium', 'observe', 14),
    exampleRule('db.access.off_hours', 'Interactive access outside working hours', 'low', 'off', 0),
    {
      ...exampleRule('own.broken', 'A rule that is not evaluated', 'informational', 'on', 0),
      ruleset: 'custom',
      problem: 'the field user.nmae is not known',
    },
  ];
}

export function exampleStatus(events: number, now: number): StatusAnswer {
  return {
    version: '0.1.0',
    startedAt: now - 3 * DAY,
    store: {
      kind: 'duckdb',
      events,
      bytes: 128_000_000,
      oldest: now - 90 * DAY,
      newest: now,
      partitions: 91,
      encrypted: true,
    },
    ingest: { received: events + 12, added: events, repeated: 12, refused: 0, perSecond: 812 },
    sources: [
      { name: 'shop/pg-0', kind: 'agent', events: 3000, lastAt: now - 1000 },
      {
        name: 'billing/mysql-0',
        kind: 'agent',
        events: 1000,
        lastAt: now - 40 * MINUTE,
        problem: 'nothing for 40 minutes',
      },
      { name: 'kafka dbaudit', kind: 'kafka', events: 0 },
    ],
    identity: { synced: true, pods: 214 },
    retention: { days: 180, bytes: 50_000_000_000 },
  };
}
