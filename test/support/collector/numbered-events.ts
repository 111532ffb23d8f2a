import type { AuditEvent } from '../../../contract/audit-event.ts';
import { auditEvent } from '../audit-events.ts';
import { DAY } from './open-store.ts';

/** Soon passed by events that lie seconds apart. */
export const RETENTION_DAYS = 1;
const MILLIS_APART = 30_000;

export function timeOfNumber(number: number): number {
  return DAY + number * MILLIS_APART;
}

/** The event of a number, the same whoever makes it. */
export function numberedEvent(number: number): AuditEvent {
  const at = new Date(timeOfNumber(number)).toISOString().replace('Z', '000000Z');
  return JSON.parse(JSON.stringify(auditEvent({ at, sequence: number })));
}
