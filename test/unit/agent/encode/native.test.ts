import { beforeEach, describe, expect, test } from '@jest/globals';
import type { AuditEvent, Session } from '../../../../agent/audit-event.ts';
import type { Encoder } from '../../../../agent/encode/encoder.ts';
import { createNativeEncoder } from '../../../../agent/encode/native.ts';
import { type Activity, UNSEEN } from '../../../../agent/protocols/activity.ts';
import { SessionFacts } from '../../../../agent/protocols/session-facts.ts';
import { type AuditEvent as AuditEventLine, auditEventSchema } from '../../../../contract/audit-event.ts';
import {
  encodeLines,
  encodeOne,
  sampleAnalysis,
  sampleConnection,
  sampleOptions,
  sampleSession,
  sampleStatement,
} from './sample-events.ts';

let encoder: Encoder;
let session: Session;

beforeEach(() => {
  encoder = createNativeEncoder(sampleOptions());
  session = sampleSession();
});

/** Encodes one event of the session and holds it against the contract. */
function line(activity: AuditEvent['activity'], analysis: AuditEvent['analysis'] = undefined): AuditEventLine {
  return auditEventSchema.parse(encodeOne(encoder, { activity, session, analysis }));
}

const FAILED = { kind: 'failed', code: '1062', message: "Duplicate entry '7'", sqlstate: '23000' } as const;

describe('a statement', () => {
  test('is written with all that is known', () => {
    expect(encodeLines(encoder, { activity: sampleStatement(), session, analysis: sampleAnalysis() })).toEqual([
      '{"@timestamp":"2026-09-21T14:13:20.512345678Z","event":{"kind":"event","category":["database"],' +
        '"type":["access"],"action":"db.query","outcome":"success","start":"2026-09-21T14:13:20.512345678Z",' +
        '"end":"2026-09-21T14:13:21.884001000Z","duration":1371655322,"sequence":0,"dataset":"dbaudit.mysql",' +
        '"id":"000102030405060708090a0b0c0d0e0f-0"},"ecs":{"version":"9.4.0"},' +
        '"db":{"system":{"name":"mysql"},"namespace":"shop","operation":{"name":"SELECT"},' +
        '"collection":{"name":"orders"},"query":{"summary":"SELECT orders","text":"SELECT id FROM orders"},' +
        '"response":{"status_code":"0","returned_rows":3}},' +
        '"source":{"ip":"10.2.3.4","port":51422,"bytes":26},"client":{"ip":"10.2.3.4","port":51422,"bytes":26},' +
        '"destination":{"ip":"10.2.9.9","port":3306,"bytes":312},"server":{"ip":"10.2.9.9","port":3306,"bytes":312},' +
        '"user":{"name":"app_rw"},' +
        '"kubernetes":{"namespace":"data","pod":{"name":"mysql-0"},"node":{"name":"n3"}},' +
        '"network":{"transport":"tcp","protocol":"mysql","type":"ipv4","community_id":"1:VYbc9TLqdBAQFbelxmwkmfHtAew="},' +
        '"dbaudit":{"schema":1,"session":{"id":"000102030405060708090a0b0c0d0e0f","connection_id":"90231",' +
        '"program":"mysql","driver":"libmysql 8.4.2","server_version":"8.4.2","captured_from_start":true,' +
        '"auth":{"method":"caching_sha2_password"},"index":0},"capture":{"mode":"sidecar","interface":"eth0"},' +
        '"statement":{"kind":"text","class":"READ","fingerprint":"6b0d5f1be1b2c9a4","tables":["orders"],' +
        '"text_length":21,"truncated":false,"redaction":{"policy":"secrets","secrets":0,"literals":0}},' +
        '"result":{"bytes":312}}}',
    ]);
  });

  test('that failed has its code, message and SQLSTATE', () => {
    const { event, db, error, dbaudit } = line(sampleStatement({ outcome: FAILED, returnedRows: undefined }));
    expect(event.outcome).toBe('failure');
    expect(db?.response).toEqual({ status_code: '1062' });
    expect(error).toEqual({ code: '1062', message: "Duplicate entry '7'" });
    expect(dbaudit.result).toEqual({ bytes: 312, sqlstate: '23000' });
  });

  test('without an answer has neither end nor status', () => {
    const { event, db } = line(sampleStatement({ outcome: UNSEEN, until: undefined, returnedRows: undefined }));
    expect(event).toMatchObject({ outcome: 'unknown', start: '2026-09-21T14:13:20.512345678Z' });
    expect(event).not.toHaveProperty('end');
    expect(event).not.toHaveProperty('duration');
    expect(db).not.toHaveProperty('response');
  });

  test('whose answer broke off has the rows that were seen', () => {
    expect(line(sampleStatement({ outcome: UNSEEN })).db?.response).toEqual({ returned_rows: 3 });
  });

  test('has its parameters by position, NULL as null', () => {
    const parameters = ['7', null, 'a "b"', '', 'x'.repeat(300)];
    const statement = sampleStatement({ action: 'db.execute', statementKind: 'prepared', parameters });
    expect(line(statement, sampleAnalysis()).db?.query).toEqual({
      summary: 'SELECT orders',
      text: 'SELECT id FROM orders',
      parameter: { ...parameters },
    });
  });

  test('whose PREPARE was not seen has no text but what is known', () => {
    const statement = sampleStatement({
      action: 'db.execute',
      statementKind: 'prepared',
      text: undefined,
      textLength: 0,
      parameters: ['7'],
      notes: ['text-unseen'],
    });
    const { db, dbaudit } = line(statement);
    expect(db?.query).toEqual({ parameter: { 0: '7' } });
    expect(dbaudit.capture.notes).toEqual(['text-unseen']);
  });

  test('that was cut says so', () => {
    const textSha256 = 'ab'.repeat(32);
    const { dbaudit } = line(sampleStatement({ textSha256, textLength: 100_000 }), sampleAnalysis());
    expect(dbaudit.statement).toMatchObject({ text_length: 100_000, text_sha256: textSha256, truncated: true });
  });

  test('carries the text that may leave the agent, and how much was masked', () => {
    const text = "SET PASSWORD = '«secret»'";
    const { db, dbaudit } = line(
      sampleStatement({ text: "SET PASSWORD = 'hunter2'" }),
      sampleAnalysis({ text, maskedSecrets: 1, maskedLiterals: 2, secrets: ['hunter2'] }),
    );
    expect(db?.query?.text).toBe(text);
    expect(dbaudit.statement?.redaction).toEqual({ policy: 'secrets', secrets: 1, literals: 2 });
  });

  test('has counts and ids beyond 2^53 as text', () => {
    const statement = sampleStatement({ affectedRows: 182_034, insertId: '18446744073709551615', warnings: 2 });
    expect(line(statement).dbaudit.result).toEqual({
      bytes: 312,
      affected_rows: 182_034,
      insert_id: '18446744073709551615',
      warnings: 2,
    });
  });

  test('of Redis names its command and keys', () => {
    session = sampleSession({ protocol: 'redis', facts: new SessionFacts('redis') });
    session.facts.update({ database: '0' });
    const { event, db, dbaudit } = line(
      sampleStatement({
        action: 'db.command',
        statementKind: 'command',
        language: 'redis',
        text: 'MGET a b',
        operation: 'MGET',
        targets: ['a', 'b'],
      }),
    );
    expect(event).toMatchObject({ action: 'db.command', type: ['access'], dataset: 'dbaudit.redis' });
    expect(db).toMatchObject({
      system: { name: 'redis' },
      namespace: '0',
      operation: { name: 'MGET' },
      collection: { name: 'a' },
      query: { summary: 'MGET', text: 'MGET a b' },
    });
    expect(dbaudit.statement).toMatchObject({ kind: 'command', tables: ['a', 'b'], redaction: { policy: 'secrets' } });
  });

  test('of PostgreSQL has its own word for ok', () => {
    session = sampleSession({ protocol: 'postgresql', facts: new SessionFacts('postgresql') });
    const { event, db, network } = line(sampleStatement());
    expect(event.dataset).toBe('dbaudit.pgsql');
    expect(db?.response?.status_code).toBe('00000');
    expect(network?.protocol).toBe('postgresql');
  });

  test.each([
    ['READ', 'db.query', 'access'],
    ['WRITE', 'db.query', 'change'],
    ['DDL', 'db.query', 'change'],
    ['ROLE', 'db.query', 'change'],
    ['FUNCTION', 'db.query', 'access'],
    ['MISC', 'db.query', 'info'],
    ['WRITE', 'db.execute', 'change'],
    ['WRITE', 'db.prepare', 'info'],
  ] as const)('of class %s and action %s has the type %s', (statementClass, action, type) => {
    expect(line(sampleStatement({ action }), sampleAnalysis({ statementClass })).event.type).toEqual([type]);
  });
});

describe('what is remembered between events', () => {
  test('follows the session as its facts change', () => {
    expect(line(sampleStatement()).db?.namespace).toBe('shop');
    session.facts.update({ database: 'other', user: 'Zoë "z"' });
    const { db, user } = line(sampleStatement());
    expect(db?.namespace).toBe('other');
    expect(user?.name).toBe('Zoë "z"');
  });

  test('does not mix spellings of one fingerprint', () => {
    for (const table of ['orders', 'Orders', 'orders']) {
      const analysis = sampleAnalysis({ tables: [table], summary: `SELECT ${table}` });
      const { db, dbaudit } = line(sampleStatement(), analysis);
      expect([db?.collection?.name, db?.query?.summary, dbaudit.statement?.tables]).toEqual([
        table,
        `SELECT ${table}`,
        [table],
      ]);
    }
  });

  test('does not mix tables that a summary leaves out', () => {
    for (const tables of [['a', 'b'], ['a', 'B'], ['a'], ['a', 'b']]) {
      expect(line(sampleStatement(), sampleAnalysis({ tables })).dbaudit.statement?.tables).toEqual(tables);
    }
  });

  test('does not mix texts of one prepared kind', () => {
    for (const text of ['SELECT 1', 'select 1', 'SELECT 1', `SELECT '${'x'.repeat(5000)}'`, 'SELECT 1']) {
      const statement = sampleStatement({ action: 'db.execute', text });
      expect(line(statement, sampleAnalysis({ text })).db?.query?.text).toBe(text);
    }
  });

  test('does not take a command for a fingerprint', () => {
    const { fingerprint } = sampleAnalysis();
    line(sampleStatement(), sampleAnalysis({ operation: fingerprint }));
    const { dbaudit } = line(sampleStatement({ operation: fingerprint, language: 'redis' }));
    expect(dbaudit.statement).not.toHaveProperty('fingerprint');
  });

  test('survives more kinds of statements and sessions than are remembered', () => {
    for (let i = 0; i < 5000; i++) {
      const fingerprint = i.toString(16).padStart(16, '0');
      const facts = new SessionFacts(`system-${i}`);
      const { db } = encodeOne(encoder, {
        activity: sampleStatement(),
        session: sampleSession({ facts }),
        analysis: sampleAnalysis({ fingerprint, summary: `SELECT t${i}` }),
      }) as AuditEventLine;
      expect([db?.system.name, db?.query?.summary]).toEqual([`system-${i}`, `SELECT t${i}`]);
    }
  });

  test('events are counted by session and by agent', () => {
    const other = sampleSession({ id: 'ff'.repeat(16) });
    const seen = [session, other, session].map((one) => {
      const { event, dbaudit } = auditEventSchema.parse(
        encodeOne(encoder, { activity: sampleStatement(), session: one, analysis: undefined }),
      );
      return [event.sequence, dbaudit.session?.index, event.id === `${one.id}-${dbaudit.session?.index}`];
    });
    expect(seen).toEqual([
      [0, 0, true],
      [1, 0, true],
      [2, 1, true],
    ]);
  });
});

describe('the session', () => {
  const LOGIN = { kind: 'login', phase: 'start', at: 0, until: 1000, user: 'bob', database: 'crm' } as const;
  test.each([
    ['start', { kind: 'ok' }, 'db.session.start', 'success', '0'],
    ['start', { kind: 'unseen' }, 'db.session.start', 'unknown', undefined],
    ['start', FAILED, 'db.session.auth_failed', 'failure', '1062'],
    ['change-user', { kind: 'ok' }, 'db.session.change_user', 'success', '0'],
    ['change-user', { kind: 'unseen' }, 'db.session.change_user', 'unknown', undefined],
    ['change-user', FAILED, 'db.session.auth_failed', 'failure', '1062'],
  ] as const)('login %s, %o', (phase, outcome, action, ecsOutcome, code) => {
    const { event, user, db, dbaudit } = line({ ...LOGIN, phase, outcome });
    expect(event).toMatchObject({ action, outcome: ecsOutcome, duration: 1000 });
    expect(event.category).toContain('authentication');
    expect(user?.name).toBe('bob');
    expect(db?.namespace).toBe('crm');
    expect(db?.response?.status_code).toBe(code);
    expect(dbaudit.session?.attributes).toEqual({ _pid: '213', os_user: null });
    expect(line(sampleStatement()).user?.name).toBe('app_rw');
  });

  test.each<[Activity, Partial<AuditEventLine['event']>, object, string | undefined]>([
    [
      { kind: 'blind', at: 5, reason: 'encrypted', from: undefined, bytes: undefined, forGood: true, detail: 'TLS' },
      { action: 'db.session.undecodable', reason: 'encrypted', outcome: 'unknown' },
      {},
      'TLS',
    ],
    [
      { kind: 'blind', at: 5, reason: 'bytes-lost', from: 'server', bytes: 1448, forGood: false, detail: undefined },
      { action: 'db.gap', reason: 'bytes-lost' },
      { gap_bytes: 1448, notes: ['from-server'] },
      undefined,
    ],
  ])('blind %#', (activity, event, capture, message) => {
    const written = line(activity);
    expect(written.event).toMatchObject(event);
    expect(written.dbaudit.capture).toEqual({ mode: 'sidecar', interface: 'eth0', ...capture });
    expect(written.message).toBe(message);
  });

  test('midstream and end', () => {
    session = sampleSession({ connection: sampleConnection({ startedAt: 1000, capturedFromStart: false }) });
    expect(line({ kind: 'session-midstream', at: 1000 })).toMatchObject({
      event: { action: 'db.session.midstream' },
      dbaudit: { session: { captured_from_start: false } },
    });
    expect(line({ kind: 'session-end', at: 5000, reason: 'reset' }).event).toMatchObject({
      action: 'db.session.end',
      reason: 'reset',
      duration: 4000,
    });
  });

  test('TLS facts, IPv6 and an interface without a name', () => {
    session = sampleSession({
      connection: sampleConnection({
        client: { ip: '2001:db8::1', port: 50000 },
        server: { ip: '2001:db8::2', port: 3306 },
        ipVersion: 6,
        interfaceIndex: 9,
      }),
    });
    session.facts.update({ tls: { version: 'TLSv1.3', serverName: undefined } });
    const { network, client, dbaudit } = line({ kind: 'session-midstream', at: 0 });
    expect(network?.type).toBe('ipv6');
    expect(client?.ip).toBe('2001:db8::1');
    expect(dbaudit.session?.tls).toEqual({ version: 'TLSv1.3' });
    expect(dbaudit.capture).toEqual({ mode: 'sidecar' });
  });

  test('a statement still running tells what it is, not its text', () => {
    const activity = {
      kind: 'still-running',
      at: 10_000_000_000,
      since: 0,
      language: 'sql',
      text: 'SELECT id FROM orders',
      operation: undefined,
    } as const;
    const { event, db, dbaudit } = line(activity, sampleAnalysis());
    expect(event).toMatchObject({ action: 'db.query', type: ['info'], outcome: 'unknown' });
    expect(event.start).toBe('2026-09-21T14:13:20.000000000Z');
    expect(event).not.toHaveProperty('end');
    expect(db?.query).toEqual({ summary: 'SELECT orders' });
    expect(dbaudit.capture.notes).toEqual(['still-running']);
    expect(line({ ...activity, operation: undefined }).db?.query).toEqual({});
  });

  test('a session of which nothing is known but its addresses', () => {
    session = sampleSession({ protocol: undefined, facts: new SessionFacts('unknown') });
    expect(line({ kind: 'session-midstream', at: 0 }).event.dataset).toBe('dbaudit.session');
  });

  test('without its session there is no event', () => {
    const event = { activity: sampleStatement(), session: undefined, analysis: undefined };
    expect(() => encodeLines(encoder, event)).toThrow(TypeError);
  });
});

describe("the agent's own events", () => {
  test.each([
    ['kernel-drops', { gap_packets: 7 }],
    ['fragments-lost', { gap_packets: 7 }],
    ['packets-cut', { gap_packets: 7 }],
    ['connection-limit', { gap_connections: 7 }],
    ['output-full', { gap_events: 7 }],
    ['blind', {}],
  ] as const)('gap: %s', (reason, counts) => {
    const activity = { kind: 'capture-gap', at: 0, reason, count: 7, detail: 'in words' } as const;
    const written = auditEventSchema.parse(encodeOne(encoder, { activity, session: undefined, analysis: undefined }));
    expect(written).toMatchObject({
      event: { id: 'agent-1-0', action: 'db.gap', reason, dataset: 'dbaudit.agent' },
      message: 'in words',
      kubernetes: { pod: { name: 'mysql-0' } },
    });
    expect(written.dbaudit).toEqual({ schema: 1, capture: { mode: 'sidecar', ...counts } });
  });

  test.each([
    ['dbaudit.agent.start', 'start'],
    ['dbaudit.agent.stop', 'end'],
  ] as const)('%s', (action, type) => {
    encoder = createNativeEncoder(sampleOptions({ ownPod: undefined, captureMode: 'replay' }));
    const event: AuditEvent = {
      activity: { kind: 'agent', at: 0, action, detail: undefined },
      session: undefined,
      analysis: undefined,
    };
    const written = auditEventSchema.parse(encodeOne(encoder, event));
    expect(written.event).toMatchObject({ action, type: [type], category: ['process'], sequence: 0 });
    expect(written).not.toHaveProperty('kubernetes');
    expect(auditEventSchema.parse(encodeOne(encoder, event)).event.id).toBe('agent-1-1');
  });
});
