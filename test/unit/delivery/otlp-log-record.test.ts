import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { agentResource, exportRequest, nanosOf } from '../../../delivery/sinks/otlp/log-record.ts';
import { auditEvent } from '../../support/audit-events.ts';

const RESOURCE = agentResource('1.2.3', 'instance-1', {});

function requestOf(...events: readonly object[]) {
  return exportRequest(
    events.map((event) => JSON.stringify(event)),
    RESOURCE,
    { name: 'dbaudit' },
  ).resourceLogs;
}

function inNamespace(namespace: string, sequence: number) {
  return auditEvent({ sequence, rest: { kubernetes: { namespace, pod: { name: 'p' }, node: { name: 'n' } } } });
}

describe('log records', () => {
  test('are put together by pod, in order', () => {
    const logs = requestOf(inNamespace('a', 1), inNamespace('b', 2), inNamespace('a', 3));
    const names = logs.map(
      ({ resource }) => resource.attributes.find(({ key }) => key === 'k8s.namespace.name')?.value,
    );
    expect(names).toEqual([{ stringValue: 'a' }, { stringValue: 'b' }]);
    const ids = logs.map(({ scopeLogs }) =>
      scopeLogs[0].logRecords.map(({ body }) => JSON.parse(body.stringValue).event.sequence),
    );
    expect(ids).toEqual([[1, 3], [2]]);
  });

  test.each([
    ['db.query', 'success', 'INFO', 9],
    ['db.query', 'failure', 'WARN', 13],
    ['db.session.auth_failed', 'failure', 'WARN', 13],
    ['db.session.undecodable', 'unknown', 'ERROR', 17],
    ['db.gap', 'unknown', 'ERROR', 17],
    ['dbaudit.agent.start', 'success', 'INFO', 9],
  ] as const)('%s with outcome %s is %s', (action, outcome, severityText, severityNumber) => {
    const [logs] = requestOf(auditEvent({ event: { action, outcome } }));
    expect(logs?.scopeLogs[0].logRecords[0]).toMatchObject({ severityText, severityNumber, eventName: action });
  });

  test.each(['', 'not json', '[1]', 'null', '{"event":5}'])('the line %j is a body all the same', (line) => {
    const [logs] = exportRequest([line], RESOURCE, {}).resourceLogs;
    expect(logs?.scopeLogs[0].logRecords[0]?.body).toEqual({ stringValue: line });
  });

  test('values keep their type; numbers of 64 bits are text', () => {
    const [logs] = requestOf({
      event: { sequence: 9_007_199_254_740_991, duration: 0 },
      dbaudit: { actor: { confidence: 0.75 }, statement: { tables: ['a', 'b'] }, session: { index: null } },
    });
    const attributes = logs?.scopeLogs[0].logRecords[0]?.attributes;
    expect(attributes).toEqual([
      { key: 'event.sequence', value: { intValue: '9007199254740991' } },
      { key: 'event.duration', value: { intValue: '0' } },
      {
        key: 'dbaudit.statement.tables',
        value: { arrayValue: { values: [{ stringValue: 'a' }, { stringValue: 'b' }] } },
      },
      { key: 'dbaudit.actor.confidence', value: { doubleValue: 0.75 } },
    ]);
  });
});

describe('times', () => {
  test.each([
    ['2026-11-21T15:22:27.566068123Z', '1795274547566068123'],
    ['2026-11-21T15:22:27.5Z', '1795274547500000000'],
    ['2026-11-21T15:22:27Z', '1795274547000000000'],
    ['1970-01-01T00:00:00.000000001Z', '1'],
    ['2026-13-21T15:22:27Z', '0'],
    ['yesterday', '0'],
  ])('%s is %s', (text, nanos) => expect(nanosOf(text)).toBe(nanos));

  test('no nanosecond is lost', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 4_102_444_799 }),
        fc.integer({ min: 0, max: 999_999_999 }),
        (seconds, nanos) => {
          const text = new Date(seconds * 1000).toISOString().slice(0, 19);
          const digits = String(nanos).padStart(9, '0');
          expect(nanosOf(`${text}.${digits}Z`)).toBe(String(BigInt(seconds) * 1_000_000_000n + BigInt(nanos)));
        },
      ),
    );
  });
});
