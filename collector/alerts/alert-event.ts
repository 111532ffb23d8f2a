import type { AuditEvent } from '../../contract/audit-event.ts';
import { ECS_VERSION } from '../../contract/version.ts';
import { type AlertRecord, NO_NAMESPACE } from './alert-record.ts';

export type AlertAction = 'alert.raised' | 'alert.acknowledged' | 'alert.resolved';

const TYPES = {
  'alert.raised': 'start',
  'alert.acknowledged': 'change',
  'alert.resolved': 'end',
} as const satisfies Record<AlertAction, AuditEvent['event']['type'][number]>;

/**
 * What became of an alert, as an event of the audit trail. The same step has the same id, however often it is given: after a
 * crash it may come again.
 * @param at milliseconds since 1970
 * @param sequence counts the collector's own events
 */
export function alertEvent(
  alert: AlertRecord,
  action: AlertAction,
  at: number,
  who: string | undefined,
  sequence: number,
): AuditEvent {
  const [namespace, ...others] = alert.namespaces;
  const time = nanoseconds(at);
  return {
    '@timestamp': time,
    message: alert.summary,
    ecs: { version: ECS_VERSION },
    event: {
      // Somebody may acknowledge twice.
      id: `${alert.id}-${action}-${at}`,
      kind: 'alert',
      category: ['intrusion_detection'],
      type: [TYPES[action]],
      action,
      outcome: 'success',
      dataset: 'dbaudit.alert',
      start: nanoseconds(alert.startedAt),
      end: time,
      sequence,
    },
    rule: { id: alert.rule.id, name: alert.rule.title, ruleset: alert.rule.ruleset },
    ...(namespace === undefined || namespace === NO_NAMESPACE || others.length > 0
      ? {}
      : { kubernetes: { namespace } }),
    dbaudit: {
      schema: 1,
      capture: { mode: 'collector' },
      ...(who === undefined ? {} : { actor: { type: 'user', name: who, method: 'collector', confidence: 1 } }),
      alert: { id: alert.id, level: alert.level, group: { ...alert.group }, events: alert.events },
    },
  };
}

function nanoseconds(millis: number): string {
  return new Date(millis).toISOString().replace('Z', '000000Z');
}
