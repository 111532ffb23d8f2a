import { describe, expect, test } from '@jest/globals';
import { formatEventTable } from '../../../cmd/event-table.ts';
import type { AuditEvent } from '../../../contract/audit-event.ts';

const STATEMENT: AuditEvent = {
  '@timestamp': '2026-01-02T03:04:05.678901234Z',
  ecs: { version: '9.4.0' },
  event: {
    id: 'x-1',
    kind: 'event',
    category: ['database'],
    type: ['access'],
    action: 'db.query',
    outcome: 'success',
    dataset: 'dbaudit.mysql',
    duration: 1_234_567,
    sequence: 1,
  },
  db: {
    system: { name: 'mysql' },
    namespace: 'shop',
    query: { text: 'SELECT *\n  FROM orders', parameter: { 0: 'Ada', 1: null } },
    response: { status_code: '0', returned_rows: 3 },
  },
  client: { ip: '10.0.0.1', port: 40000 },
  server: { ip: 'fd00::2', port: 3306 },
  user: { name: 'app' },
  dbaudit: { schema: 1, capture: { mode: 'replay' } },
};

function rowOf(event: AuditEvent, width = 200): string {
  return formatEventTable([event], width)[1] ?? '';
}

describe('formatEventTable', () => {
  test('a statement on one line, with its parameters', () => {
    expect(formatEventTable([STATEMENT], 200)).toEqual(
      [
        'TIME          CLIENT -> SERVER                   USER@DATABASE  STATEMENT                           ROWS  DURATION  ERROR',
        '03:04:05.678  10.0.0.1:40000 -> [fd00::2]:3306  app@shop       SELECT * FROM orders  [Ada, NULL]      3    1.2 ms',
      ].map((line) => expect.stringMatching(new RegExp(line.replace(/[[\]*().?>-]/g, '\\$&').replace(/ +/g, ' +')))),
    );
  });

  test('no line is wider than the terminal, unless the columns need it', () => {
    const long = { ...STATEMENT, db: { ...STATEMENT.db, system: { name: 'mysql' }, query: { text: 'x'.repeat(500) } } };
    const line = rowOf(long, 140);
    expect(line.length).toBeLessThanOrEqual(140);
    expect(line).toContain('x…');
    expect(rowOf(long, Number.POSITIVE_INFINITY)).toContain('x'.repeat(500));
  });

  test('rows changed are shown where none are given back', () => {
    const changed: AuditEvent = {
      ...STATEMENT,
      db: { system: { name: 'mysql' }, query: { text: 'DELETE FROM t' } },
      dbaudit: { ...STATEMENT.dbaudit, result: { bytes: 11, affected_rows: 42 } },
    };
    expect(rowOf(changed)).toMatch(/DELETE FROM t +42 /);
  });

  test('an error is told with its code', () => {
    expect(rowOf({ ...STATEMENT, error: { code: '1064', message: 'syntax' } })).toMatch(/1064 syntax$/);
  });

  test('what is no statement is told in brackets', () => {
    const gap: AuditEvent = {
      ...STATEMENT,
      event: { ...STATEMENT.event, action: 'db.gap', reason: 'bytes-lost' },
      db: { system: { name: 'mysql' } },
    };
    expect(rowOf(gap)).toContain('(gap) bytes-lost');
  });

  test('control characters never reach the terminal', () => {
    const hostile = { ...STATEMENT, db: { system: { name: 'mysql' }, query: { text: 'a\u001b[2Jb\u0007\u202ec' } } };
    expect(rowOf(hostile)).toContain('a\u{FFFD}[2Jb\u{FFFD}\u{FFFD}c');
  });

  test.each([
    [999, '1 µs'],
    [250_000, '250 µs'],
    [61_000_000_000, '61.00 s'],
  ])('%d ns are %s', (duration, text) => {
    expect(rowOf({ ...STATEMENT, event: { ...STATEMENT.event, duration } })).toContain(` ${text}`);
  });
});
