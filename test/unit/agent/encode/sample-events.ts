import type { AuditEvent, Session } from '../../../../agent/audit-event.ts';
import type { Encoder, EncoderOptions } from '../../../../agent/encode/encoder.ts';
import { JsonWriter } from '../../../../agent/encode/json-writer.ts';
import { OK, type Statement } from '../../../../agent/protocols/activity.ts';
import { SessionFacts } from '../../../../agent/protocols/session-facts.ts';
import type { SqlAnalysis } from '../../../../agent/sql/analysis.ts';
import type { Connection } from '../../../../agent/tcp/byte-stream.ts';
import { Timeline } from '../../../../agent/timeline.ts';

/** 2026-09-21T14:13:20Z is 0 on this timeline. */
export function sampleTimeline(): Timeline {
  const timeline = new Timeline();
  timeline.at(1_790_000_000, 0);
  return timeline;
}

export function sampleOptions(changes: Partial<EncoderOptions> = {}): EncoderOptions {
  return {
    timeline: sampleTimeline(),
    instanceId: 'agent-1',
    captureMode: 'sidecar',
    redaction: 'secrets',
    ownPod: { namespace: 'data', pod: 'mysql-0', node: 'n3' },
    interfaceName: (index) => (index === 2 ? 'eth0' : undefined),
    ...changes,
  };
}

export function sampleConnection(changes: Partial<Connection> = {}): Connection {
  return {
    client: { ip: '10.2.3.4', port: 51422 },
    server: { ip: '10.2.9.9', port: 3306 },
    ipVersion: 4,
    startedAt: 0,
    capturedFromStart: true,
    interfaceIndex: 2,
    ...changes,
  };
}

export function sampleSession(changes: Partial<Session> = {}): Session {
  const facts = new SessionFacts('mysql');
  facts.update({
    user: 'app_rw',
    database: 'shop',
    connectionId: '90231',
    program: 'mysql',
    driver: 'libmysql 8.4.2',
    serverVersion: '8.4.2',
    authMethod: 'caching_sha2_password',
    attributes: { _pid: '213', os_user: null },
  });
  return {
    id: '000102030405060708090a0b0c0d0e0f',
    connection: sampleConnection(),
    protocol: 'mysql',
    facts,
    eventCount: 0,
    ...changes,
  };
}

export function sampleStatement(changes: Partial<Statement> = {}): Statement {
  return {
    kind: 'statement',
    action: 'db.query',
    statementKind: 'text',
    at: 512_345_678,
    until: 1_884_001_000,
    language: 'sql',
    text: 'SELECT id FROM orders',
    textLength: 21,
    textSha256: undefined,
    operation: undefined,
    targets: undefined,
    parameters: undefined,
    outcome: OK,
    returnedRows: 3,
    affectedRows: undefined,
    insertId: undefined,
    warnings: undefined,
    requestBytes: 26,
    responseBytes: 312,
    notes: undefined,
    ...changes,
  };
}

export function sampleAnalysis(changes: Partial<SqlAnalysis> = {}): SqlAnalysis {
  return {
    operation: 'SELECT',
    statementClass: 'READ',
    tables: ['orders'],
    summary: 'SELECT orders',
    fingerprint: '6b0d5f1be1b2c9a4',
    text: 'SELECT id FROM orders',
    maskedSecrets: 0,
    maskedLiterals: 0,
    secretParameters: [],
    secrets: [],
    ...changes,
  };
}

/** Events that each encoder has written: they are numbered as an agent numbers them. */
const written = new WeakMap<Encoder, number>();

/** The lines without their newlines. */
export function encodeLines(encoder: Encoder, ...events: readonly AuditEvent[]): string[] {
  const into = new JsonWriter(16);
  for (const event of events) {
    const sequence = written.get(encoder) ?? 0;
    written.set(encoder, sequence + 1);
    const index = event.session === undefined ? 0 : event.session.eventCount++;
    encoder.encode(event, { sequence, index }, into);
  }
  const text = into.bytes.toString('utf8', 0, into.length);
  if (!text.endsWith('\n')) throw new Error(`no newline at the end of ${text}`);
  return text.slice(0, -1).split('\n');
}

export function encodeOne(encoder: Encoder, event: AuditEvent): Record<string, unknown> {
  const [line, ...more] = encodeLines(encoder, event);
  if (line === undefined || more.length > 0) throw new Error('one event is one line');
  return JSON.parse(line);
}
