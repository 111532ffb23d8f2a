import { describe, expect, test } from '@jest/globals';
import { KnownAddresses, partiesOf, partyText } from '../../../../cmd/events/known-addresses.ts';
import { AgentPod } from '../../../../cmd/events/stream/agent-pod.ts';
import { notePod } from '../../../../cmd/events/stream/pod-addresses.ts';
import { auditEvent } from '../../../support/audit-events.ts';

function pod(name: string, spec: object = {}, status: object = {}): AgentPod {
  return new AgentPod({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'shop', uid: name },
    spec,
    status: {
      phase: 'Running',
      startTime: '2026-01-02T03:00:00Z',
      podIPs: [{ ip: '10.244.0.7' }, { ip: 'fd00::7' }],
      ...status,
    },
  });
}

function at(time: string): number {
  return Date.parse(`2026-01-02T${time}Z`);
}

describe('a name counts only while its holder has the address', () => {
  const known = new KnownAddresses();
  known.add('10.0.0.1', 'shop/first', at('03:00:00'));
  known.remove('shop/first', at('04:00:00'));

  test.each([
    ['02:59:59', undefined],
    ['03:00:00', 'shop/first'],
    ['04:00:00', 'shop/first'],
    ['04:00:01', undefined],
  ])('at %s', (time, name) => {
    expect(known.nameOf('10.0.0.1', at(time))).toBe(name);
  });

  test('and the next holder is not taken for the one before', () => {
    known.add('10.0.0.1', 'shop/second', at('05:00:00'));
    expect(known.nameOf('10.0.0.1', at('04:30:00'))).toBeUndefined();
    expect(known.nameOf('10.0.0.1', at('05:30:00'))).toBe('shop/second');
  });
});

describe('a pod', () => {
  test('has its addresses from its start on, until it ends', () => {
    const known = new KnownAddresses();
    const orders = pod('orders');
    notePod(orders, known);
    expect([known.nameOf('10.244.0.7', at('03:00:01')), known.nameOf('fd00::7', at('03:00:01'))]).toEqual([
      'shop/orders',
      'shop/orders',
    ]);
    orders.update({ ...orders.view.object, status: { phase: 'Succeeded' } });
    notePod(orders, known);
    expect(known.nameOf('10.244.0.7', Date.now() + 1_000)).toBeUndefined();
  });

  test.each([
    ['on its node’s network', { hostNetwork: true }, {}],
    ['without a start', {}, { startTime: undefined }],
    ['that has ended', {}, { phase: 'Failed' }],
  ])('%s names nothing', (_, spec, status) => {
    const known = new KnownAddresses();
    notePod(pod('orders', spec, status), known);
    expect(known.nameOf('10.244.0.7', at('03:00:01'))).toBeUndefined();
  });
});

describe('the sides of a connection', () => {
  const known = new KnownAddresses();
  known.add('10.244.0.7', 'shop/known', 0);

  test('are what the collector found, else who has the address, else the address', () => {
    const resolved = auditEvent({ dbaudit: { server: { k8s: { kind: 'pod', namespace: 'db', pod: 'mysql-0' } } } });
    expect(partiesOf(resolved, known)).toEqual({
      client: { name: 'shop/known', port: 40_000 },
      server: { name: 'db/mysql-0', port: 3306 },
    });
    expect(partiesOf(auditEvent(), known).server).toEqual({ name: '10.96.0.10', port: 3306 });
  });

  test.each([
    ['mysql.db', { kind: 'service', namespace: 'db', service: 'mysql' }],
    ['node-1', { kind: 'node', node: 'node-1' }],
    ['10.96.0.10', { kind: 'ambiguous', candidates: 2 }],
    ['10.96.0.10', { kind: 'unknown' }],
  ] as const)('are %s where the collector says %j', (name, k8s) => {
    expect(partiesOf(auditEvent({ dbaudit: { server: { k8s } } }), known).server?.name).toBe(name);
  });

  test.each(['127.0.0.1', '::1'])('on %s are the pod itself', (ip) => {
    expect(partiesOf(auditEvent({ rest: { client: { ip, port: 1 } } }), known).client?.name).toBe(
      'shop/orders-7d9f8-abcde',
    );
  });

  test('an IPv6 address stands in brackets', () => {
    expect(partyText({ name: 'fd00::2', port: 6379 })).toBe('[fd00::2]:6379');
  });
});
