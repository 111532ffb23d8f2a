import { expect, test } from '@jest/globals';
import type { AuditEvent } from '../../../../agent/audit-event.ts';
import { createPacketbeatEncoder } from '../../../../agent/encode/packetbeat.ts';
import { UNSEEN } from '../../../../agent/protocols/activity.ts';
import { SessionFacts } from '../../../../agent/protocols/session-facts.ts';
import { encodeOne, sampleAnalysis, sampleOptions, sampleSession, sampleStatement } from './sample-events.ts';

function encoded(event: AuditEvent): Record<string, unknown> {
  return encodeOne(createPacketbeatEncoder(sampleOptions()), event);
}

test('a MySQL statement has the fields that dashboards ask for', () => {
  const activity = sampleStatement({ parameters: ['7', null], affectedRows: 0, insertId: '12' });
  expect(encoded({ activity, session: sampleSession(), analysis: sampleAnalysis() })).toEqual({
    '@timestamp': '2026-09-21T14:13:20.512345678Z',
    type: 'mysql',
    method: 'SELECT',
    query: 'SELECT id FROM orders',
    path: 'orders',
    params: ['7', null],
    status: 'OK',
    mysql: { num_rows: 3, affected_rows: 0, insert_id: 12 },
    source: { ip: '10.2.3.4', port: 51422, bytes: 26 },
    client: { ip: '10.2.3.4', port: 51422, bytes: 26 },
    destination: { ip: '10.2.9.9', port: 3306, bytes: 312 },
    server: { ip: '10.2.9.9', port: 3306, bytes: 312 },
    network: {
      type: 'ipv4',
      transport: 'tcp',
      protocol: 'mysql',
      bytes: 338,
      community_id: '1:VYbc9TLqdBAQFbelxmwkmfHtAew=',
    },
    related: { ip: ['10.2.3.4', '10.2.9.9'] },
    user: { name: 'app_rw' },
    ecs: { version: '9.4.0' },
    event: {
      id: '000102030405060708090a0b0c0d0e0f-0',
      sequence: 0,
      kind: 'event',
      category: ['network_traffic', 'network'],
      type: ['connection', 'protocol'],
      dataset: 'mysql',
      action: 'db.query',
      outcome: 'success',
      start: '2026-09-21T14:13:20.512345678Z',
      end: '2026-09-21T14:13:21.884001000Z',
      duration: 1_371_655_322,
    },
  });
});

const FAILED = { kind: 'failed', code: '42P01', message: 'no such relation', sqlstate: '42P01' } as const;

test.each([
  [
    'postgresql',
    sampleStatement({ outcome: FAILED, returnedRows: undefined }),
    sampleAnalysis(),
    {
      type: 'pgsql',
      status: 'Error',
      path: 'orders',
      pgsql: { error_code: '42P01', error_message: 'no such relation' },
    },
  ],
  [
    'mysql',
    sampleStatement({ outcome: { ...FAILED, code: '1146' }, returnedRows: undefined }),
    undefined,
    { type: 'mysql', status: 'Error', mysql: { error_code: 1146, error_message: 'no such relation' } },
  ],
  [
    'redis',
    sampleStatement({ language: 'redis', operation: 'GET', targets: ['k'], text: 'GET k', returnedRows: undefined }),
    undefined,
    { type: 'redis', method: 'GET', query: 'GET k', resource: 'k', status: 'OK', redis: {} },
  ],
] as const)('%s', (protocol, activity, analysis, expected) => {
  const session = sampleSession({ protocol, facts: new SessionFacts(protocol) });
  expect(encoded({ activity, session, analysis })).toMatchObject(expected);
});

test('an answer that was not seen is neither OK nor an error', () => {
  const activity = sampleStatement({ outcome: UNSEEN, until: undefined, notes: ['answer-incomplete'] });
  const line = encoded({ activity, session: sampleSession(), analysis: undefined });
  expect(line).not.toHaveProperty('status');
  expect(line).toMatchObject({ event: { outcome: 'unknown' }, error: { message: ['answer-incomplete'] } });
});

test('the text that may leave the agent is the one that does', () => {
  const analysis = sampleAnalysis({ text: "SET PASSWORD = '«secret»'" });
  const activity = sampleStatement({ text: "SET PASSWORD = 'hunter2'" });
  expect(JSON.stringify(encoded({ activity, session: sampleSession(), analysis }))).not.toContain('hunter2');
});

test.each<[AuditEvent['activity'], object]>([
  [
    { kind: 'login', phase: 'start', at: 0, until: 5, user: 'bob', database: undefined, outcome: FAILED },
    { event: { action: 'db.session.auth_failed' }, user: { name: 'bob' }, error: { code: '42P01' } },
  ],
  [
    { kind: 'blind', at: 0, reason: 'encrypted', from: undefined, bytes: undefined, forGood: true, detail: 'TLS' },
    { event: { action: 'db.session.undecodable', reason: 'encrypted' }, error: { message: ['TLS'] } },
  ],
  [{ kind: 'session-end', at: 5, reason: 'finished' }, { event: { action: 'db.session.end', duration: 5 } }],
  [
    { kind: 'still-running', at: 5, since: 2, language: 'sql', text: 'SELECT 1', operation: undefined },
    { event: { action: 'db.query', start: '2026-09-21T14:13:20.000000002Z' } },
  ],
])('what is no statement has no type: %#', (activity, expected) => {
  const line = encoded({ activity, session: sampleSession(), analysis: undefined });
  expect(line).toMatchObject(expected);
  expect(line).not.toHaveProperty('type');
  expect(line).not.toHaveProperty('query');
});

test('a gap outside any session has its count', () => {
  const activity = { kind: 'capture-gap', at: 0, reason: 'kernel-drops', count: 9, detail: undefined } as const;
  expect(encoded({ activity, session: undefined, analysis: undefined })).toMatchObject({
    event: { id: 'agent-1-0', action: 'db.gap', reason: 'kernel-drops' },
    dbaudit: { count: 9 },
  });
});
