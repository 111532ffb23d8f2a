import { describe, expect, test } from '@jest/globals';
import { ACTIONS, auditEventSchema } from '../../../contract/audit-event.ts';

const EVENT = {
  '@timestamp': '2026-09-21T14:13:20.512345678Z',
  ecs: { version: '9.4.0' },
  event: {
    id: 'a-1',
    kind: 'event',
    category: ['database'],
    type: ['access'],
    action: 'db.query',
    outcome: 'success',
    dataset: 'dbaudit.mysql',
    sequence: 0,
  },
  dbaudit: { schema: 1, capture: { mode: 'sidecar' } },
};

describe('auditEventSchema', () => {
  test('takes the least an event has', () => {
    expect(auditEventSchema.parse(EVENT)).toEqual(EVENT);
  });

  test('takes what the collector adds', () => {
    const actor = { type: 'human', name: 'alice@corp', method: 'exec.inband', confidence: 0.99, candidates: 1 };
    const k8s = { kind: 'pod', namespace: 'cart', pod: 'cart-0', service_account: 'cart' };
    const dbaudit = { ...EVENT.dbaudit, actor, client: { k8s }, server: { k8s } };
    expect(auditEventSchema.safeParse({ ...EVENT, dbaudit, orchestrator: { cluster: { name: 'x' } } }).success).toBe(
      true,
    );
  });

  test.each([
    ['another field', { ...EVENT, extra: 1 }],
    ['another field deep down', { ...EVENT, dbaudit: { ...EVENT.dbaudit, capture: { mode: 'sidecar', extra: 1 } } }],
    ['another action', { ...EVENT, event: { ...EVENT.event, action: 'db.other' } }],
    ['a time in milliseconds', { ...EVENT, '@timestamp': '2026-09-21T14:13:20.512Z' }],
    ['another schema', { ...EVENT, dbaudit: { ...EVENT.dbaudit, schema: 2 } }],
    ['a status code that is a number', { ...EVENT, db: { system: { name: 'x' }, response: { status_code: 0 } } }],
    ['a fraction of a nanosecond', { ...EVENT, event: { ...EVENT.event, duration: 0.5 } }],
  ])('refuses %s', (_, event) => {
    expect(auditEventSchema.safeParse(event).success).toBe(false);
  });

  test('names each action once', () => {
    expect(new Set(ACTIONS).size).toBe(ACTIONS.length);
  });
});
