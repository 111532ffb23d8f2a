import { describe, expect, test } from '@jest/globals';
import type { AuditEvent, Session } from '../../../../agent/audit-event.ts';
import { buildEnrichers, type EnricherOptions } from '../../../../agent/enrich/index.ts';
import { OK, type Statement, type StillRunning } from '../../../../agent/protocols/activity.ts';
import { SessionFacts } from '../../../../agent/protocols/session-facts.ts';

const NOTHING_EXCLUDED = { operations: [], users: [], databases: [] };

function sessionOf(system: string): Session {
  const facts = new SessionFacts(system);
  facts.update({ user: 'app', database: 'shop' });
  const connection = {
    client: { ip: '10.0.0.1', port: 40_000 },
    server: { ip: '10.0.0.2', port: 3306 },
    ipVersion: 4,
    startedAt: 0,
    capturedFromStart: true,
    interfaceIndex: undefined,
  } as const;
  return { id: 'a', connection, protocol: system, facts, eventCount: 0 };
}

function statement(changes: Partial<Statement>): Statement {
  return {
    kind: 'statement',
    action: 'db.query',
    statementKind: 'text',
    at: 0,
    until: 1,
    language: 'sql',
    text: 'SELECT 1',
    textLength: 8,
    textSha256: undefined,
    operation: undefined,
    targets: undefined,
    parameters: undefined,
    outcome: OK,
    returnedRows: undefined,
    affectedRows: undefined,
    insertId: undefined,
    warnings: undefined,
    requestBytes: 1,
    responseBytes: 1,
    notes: undefined,
    ...changes,
  };
}

function enrich(
  activity: AuditEvent['activity'],
  system: string,
  options: Partial<EnricherOptions> = {},
): { event: AuditEvent | undefined; excluded: number } {
  const { enrichers, excluded } = buildEnrichers({ redaction: 'secrets', exclude: NOTHING_EXCLUDED, ...options });
  let event: AuditEvent | undefined = { activity, session: sessionOf(system), analysis: undefined };
  for (const enricher of enrichers) event = event === undefined ? undefined : enricher(event);
  return { event, excluded: excluded.events };
}

function enrichedStatement(given: Statement, system: string, options: Partial<EnricherOptions> = {}): Statement {
  const activity = enrich(given, system, options).event?.activity;
  if (activity?.kind !== 'statement') throw new Error('the statement is gone');
  return activity;
}

describe('analysis', () => {
  test.each([
    ['mysql', 'SELECT "FROM x" FROM t', ['t']],
    ['mariadb', 'SELECT * FROM `a b`', ['a b']],
    ['postgresql', 'SELECT * FROM "a b"', ['a b']],
  ])('follows the dialect of %s', (system, text, tables) => {
    expect(enrich(statement({ text }), system).event?.analysis?.tables).toEqual(tables);
  });

  test('of a prepared statement is remembered', () => {
    const { enrichers } = buildEnrichers({ redaction: 'secrets', exclude: NOTHING_EXCLUDED });
    const analyses = [1, 2].map(() => {
      const activity = statement({
        action: 'db.execute',
        statementKind: 'prepared',
        text: 'SELECT * FROM t WHERE a = ?',
      });
      const event: AuditEvent = { activity, session: sessionOf('mysql'), analysis: undefined };
      enrichers[0]?.(event);
      return event.analysis;
    });
    expect(analyses[0]?.tables).toEqual(['t']);
    expect(analyses[1]).toBe(analyses[0]);
  });

  test.each([
    ['text not seen', statement({ text: undefined })],
    ['a command', statement({ language: 'none', text: undefined, operation: 'COM_PING' })],
    ['Redis', statement({ language: 'redis', text: 'GET a', operation: 'GET' })],
  ])('is not made of %s', (_, activity) => {
    const { event } = enrich(activity, 'mysql');
    expect(event?.analysis).toBeUndefined();
    expect(event?.activity).toBe(activity);
  });
});

describe('redaction', () => {
  test('changes nothing where there is nothing to mask', () => {
    const activity = statement({ parameters: ['a', null] });
    expect(enrichedStatement(activity, 'mysql')).toBe(activity);
  });

  test('takes credentials out of text, parameters and message', () => {
    const given = statement({
      text: "CREATE USER a IDENTIFIED BY 'hunter2', b IDENTIFIED BY ?",
      parameters: ['hunter3'],
      outcome: { kind: 'failed', code: '1819', message: 'bad password hunter2' },
    });
    const event = enrichedStatement(given, 'mysql', { redaction: 'none' });
    expect(JSON.stringify(event)).not.toContain('hunter');
    expect(event.parameters).toEqual(['<masked>']);
    expect(given.text).toContain('hunter2');
  });

  test('takes literals out where asked for', () => {
    const given = statement({
      text: "SELECT * FROM t WHERE a = 'x' AND b = ? AND c = AES_DECRYPT(d, ?)",
      parameters: ['5', 'key', null],
      outcome: { kind: 'failed', code: '1', message: "bad value 'x'" },
    });
    expect(enrichedStatement(given, 'mysql', { redaction: 'literals' })).toMatchObject({
      text: 'SELECT * FROM t WHERE a = ? AND b = ? AND c = AES_DECRYPT(d, ?)',
      parameters: ['?', '<masked>', null],
      outcome: { message: 'bad value ?' },
    });
  });

  test.each([
    ['SET user:1 alice EX 10', 'SET', ['user:1'], 'SET user:1 ? ? ?'],
    ['SET "a b" "x \\" y"', 'SET', ['a b'], 'SET "a b" ?'],
    ['MSET a a b a', 'MSET', ['a', 'b'], 'MSET a ? b ?'],
    ['CONFIG SET requirepass <masked>', 'CONFIG SET', [], 'CONFIG SET ? <masked>'],
    ['EVAL "return 1" 1 k v', 'EVAL', ['k'], 'EVAL ? ? k ?'],
    ['SET "\\x00k" "cut off', 'SET', ['\\x00k'], 'SET "\\x00k" ?'],
    ['GET "\\x00"', 'GET', ['\u0000'], 'GET "\\x00"'],
    ['PING', 'PING', [], 'PING'],
  ])('Redis: %s', (text, operation, targets, expected) => {
    const given = statement({ language: 'redis', text, operation, targets });
    expect(enrichedStatement(given, 'redis', { redaction: 'literals' }).text).toBe(expected);
    expect(enrichedStatement(given, 'redis')).toBe(given);
  });

  test('masks the text of a statement that is still running', () => {
    const running: StillRunning = {
      kind: 'still-running',
      at: 1,
      since: 0,
      language: 'sql',
      text: "SET PASSWORD = 'hunter2'",
      operation: undefined,
    };
    const { event } = enrich(running, 'mysql');
    expect(event?.activity).toMatchObject({ text: "SET PASSWORD = '<masked>'" });
    expect(event?.analysis?.operation).toBe('SET');
  });
});

describe('exclusion', () => {
  test.each([
    ['an operation', { ...NOTHING_EXCLUDED, operations: ['select'] }],
    ['a user', { ...NOTHING_EXCLUDED, users: ['app'] }],
    ['a database', { ...NOTHING_EXCLUDED, databases: ['shop'] }],
  ])('of %s leaves the statement out and counts it', (_, exclude) => {
    expect(enrich(statement({}), 'mysql', { exclude })).toEqual({ event: undefined, excluded: 1 });
  });

  test.each([
    ['another operation', { ...NOTHING_EXCLUDED, operations: ['INSERT'], users: ['bob'], databases: ['d'] }],
    ['nothing', NOTHING_EXCLUDED],
  ])('of %s leaves nothing out', (_, exclude) => {
    const { event, excluded } = enrich(statement({}), 'mysql', { exclude });
    expect(event).toBeDefined();
    expect(excluded).toBe(0);
  });

  test('never touches what tells of a gap', () => {
    const gap = {
      kind: 'blind',
      at: 0,
      reason: 'bytes-lost',
      from: undefined,
      bytes: 5,
      forGood: false,
      detail: undefined,
    } as const;
    const { event } = enrich(gap, 'mysql', { exclude: { ...NOTHING_EXCLUDED, users: ['app'] } });
    expect(event?.activity).toBe(gap);
  });
});
