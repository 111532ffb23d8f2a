import { describe, expect, test } from '@jest/globals';
import type { AuditEvent } from '../../../../agent/audit-event.ts';
import { deliveryClassOf } from '../../../../agent/encode/delivery-class.ts';
import { OK, type Statement, UNSEEN } from '../../../../agent/protocols/activity.ts';
import type { StatementClass } from '../../../../agent/sql/analysis.ts';
import { EVENT_CLASSES } from '../../../../delivery/event-class.ts';
import { sampleAnalysis, sampleSession, sampleStatement } from './sample-events.ts';

const session = sampleSession();
const FAILED = { kind: 'failed', code: '1064', message: 'syntax' } as const;

function classOf(activity: AuditEvent['activity'], statementClass?: StatementClass): string | undefined {
  const analysis = statementClass === undefined ? undefined : sampleAnalysis({ statementClass });
  return EVENT_CLASSES[deliveryClassOf({ activity, session, analysis })];
}

function redis(operation: string | undefined): Statement {
  return sampleStatement({ action: 'db.command', language: 'redis', operation });
}

describe('deliveryClassOf', () => {
  test.each([
    ['READ', 'read'],
    ['MISC', 'misc'],
    ['WRITE', 'write'],
    ['FUNCTION', 'write'],
    ['DDL', 'ddl'],
    ['ROLE', 'ddl'],
  ] as const)('an SQL statement of class %s is %s', (statementClass, expected) => {
    expect(classOf(sampleStatement(), statementClass)).toBe(expected);
    expect(classOf(sampleStatement({ outcome: UNSEEN }), statementClass)).toBe(expected);
    expect(classOf(sampleStatement({ outcome: FAILED }), statementClass)).toBe('error');
  });

  test.each([
    ['GET', 'read'],
    ['HGETALL', 'read'],
    ['PING', 'misc'],
    ['CLIENT SETINFO', 'misc'],
    ['SET', 'write'],
    ['EVAL', 'write'],
    ['SOMETHING.NEW', 'write'],
    [undefined, 'write'],
    ['CONFIG SET', 'ddl'],
    ['ACL SETUSER', 'ddl'],
    ['FLUSHALL', 'ddl'],
  ] as const)('the Redis command %s is %s', (operation, expected) => {
    expect(classOf(redis(operation))).toBe(expected);
  });

  test('a statement whose text was not seen may have been a write; a ping of MySQL is none', () => {
    expect(classOf(sampleStatement({ text: undefined }))).toBe('write');
    expect(classOf(sampleStatement({ language: 'none', operation: 'COM_PING' }))).toBe('misc');
  });

  test('logins are kept longer than statements; what is said about the agent itself is never dropped', () => {
    const login = {
      kind: 'login',
      phase: 'start',
      at: 0,
      until: 1,
      user: 'app',
      database: undefined,
      outcome: OK,
    } as const;
    expect(classOf(login)).toBe('login');
    expect(classOf({ kind: 'session-end', at: 0, reason: 'finished' })).toBe('login');
    expect(classOf({ kind: 'capture-gap', at: 0, reason: 'output-full', count: 7, detail: undefined })).toBe('gap');
    expect(classOf({ kind: 'agent', at: 0, action: 'dbaudit.agent.start', detail: undefined })).toBe('gap');
    const blind = { kind: 'blind', at: 0, reason: 'encrypted', forGood: true } as const;
    expect(classOf({ ...blind, from: undefined, bytes: undefined, detail: undefined })).toBe('error');
  });
});
