import { describe, expect, test } from '@jest/globals';
import { OtherEnd } from '../../../../cmd/events/other-end.ts';
import type { AuditEvent } from '../../../../contract/audit-event.ts';
import { auditEvent, type EventChanges, packetGap } from '../../../support/audit-events.ts';

const CLIENT = auditEvent();
const SERVER_SIDE = {
  kubernetes: { namespace: 'shop', pod: { name: 'orders-db-0' } },
  server: { ip: '10.244.0.9', port: 3306, bytes: 180 },
};
const server = (changes: EventChanges = {}): AuditEvent =>
  auditEvent({ ...changes, rest: { ...SERVER_SIDE, ...changes.rest } });

/** Whether `second` is taken for what `first` has told. */
function repeats(first: AuditEvent, second: AuditEvent): boolean {
  const otherEnd = new OtherEnd();
  expect(otherEnd.isRepeat(first)).toBe(false);
  return otherEnd.isRepeat(second);
}

describe('what the agent of the other end tells, too', () => {
  test('is a repeat, whichever comes first', () => {
    expect(repeats(CLIENT, server())).toBe(true);
    expect(repeats(server(), CLIENT)).toBe(true);
  });

  const others: readonly (readonly [what: string, event: AuditEvent])[] = [
    ['the next statement of the session', server({ sequence: 2 })],
    ['another statement', server({ statement: { fingerprint: '0000000000000000' } })],
    ['another client', server({ rest: { client: { ip: '10.244.0.8', port: 40_000, bytes: 61 } } })],
    ['another connection of that client', server({ rest: { client: { ip: '10.244.0.7', port: 40_001, bytes: 61 } } })],
    ['the same port a minute later', server({ at: '2026-01-02T03:05:05.678901234Z' })],
    ['the same agent again', CLIENT],
    ['an event from outside a pod', server({ rest: { kubernetes: undefined } })],
  ];
  test.each(others)('%s is none', (_, event) => {
    expect(repeats(CLIENT, event)).toBe(false);
  });

  test('a gap is always told', () => {
    expect(repeats(packetGap(), packetGap())).toBe(false);
  });

  test('three agents: only one of two is a repeat', () => {
    const otherEnd = new OtherEnd();
    const proxy = server({ rest: { kubernetes: { namespace: 'shop', pod: { name: 'proxy' } } } });
    expect([CLIENT, server(), proxy].map((event) => otherEnd.isRepeat(event))).toEqual([false, true, false]);
  });
});
