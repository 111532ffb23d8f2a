import { describe, expect, test } from '@jest/globals';
import type { CoreV1Event } from '@kubernetes/client-node';
import { falcoEvents } from '../../../../collector/ingest/falco.ts';
import { kubeBenchEvents } from '../../../../collector/ingest/kube-bench.ts';
import { kubernetesEvent } from '../../../../collector/ingest/kubernetes-events.ts';
import { auditEventSchema } from '../../../../contract/audit-event.ts';

const AT = Date.parse('2026-11-21T10:00:00Z');
const CONTEXT = { at: AT };

/** As https://falco.org/docs/concepts/outputs/formatting/ shows one, with the fields that its container plugin adds. */
const FALCO = {
  hostname: 'node-1',
  output:
    '10:20:05.408091526: Warning Sensitive file opened for reading by non-trusted program (file=/etc/shadow gparent=sshd cmdline=psql postgres://app:hunter2@db/shop container_id=78e9c1)',
  priority: 'Warning',
  rule: 'Read sensitive file untrusted',
  source: 'syscall',
  tags: ['T1555', 'container', 'filesystem', 'host', 'maturity_stable', 'mitre_credential_access'],
  time: '2026-11-21T10:20:05.408091526Z',
  output_fields: {
    'container.id': '78e9c1',
    'evt.time': 1763720405408091526n.toString(),
    'k8s.ns.name': 'shop',
    'k8s.pod.name': 'orders-7c9f-abcde',
    'proc.cmdline': 'cat /etc/shadow',
    'user.name': 'root',
  },
};

/** The form of check/controls.go; shortened. */
const KUBE_BENCH = {
  Controls: [
    {
      id: '1',
      version: 'cis-1.9',
      detected_version: '1.30',
      text: 'Control Plane Security Configuration',
      node_type: 'master',
      tests: [
        {
          section: '1.1',
          desc: 'Control Plane Node Configuration Files',
          results: [
            {
              test_number: '1.1.1',
              test_desc: 'Ensure that the API server pod specification file permissions are set to 600',
              audit: '',
              type: '',
              remediation: '',
              test_info: [],
              status: 'PASS',
              actual_value: 'permissions=600',
              scored: true,
            },
            {
              test_number: '1.1.9',
              test_desc: 'Ensure that the CNI file permissions are set to 600',
              status: 'WARN',
              reason: 'Test marked as a manual test',
            },
            {
              test_number: '1.1.12',
              test_desc: 'Ensure that the etcd data directory ownership is set to etcd:etcd',
              status: 'FAIL',
            },
          ],
        },
      ],
      total_pass: 1,
    },
  ],
  Totals: { total_pass: 1, total_fail: 1, total_warn: 1, total_info: 0 },
};

describe('an alert of Falco', () => {
  test('becomes an event of the schema, with its pod and without a credential', () => {
    const { events = [] } = falcoEvents(FALCO, CONTEXT);
    const [event] = events.map((one) => auditEventSchema.parse(one));
    expect(event).toMatchObject({
      '@timestamp': '2026-11-21T10:20:05.408091526Z',
      event: { action: 'falco.alert', kind: 'alert', severity: 4, dataset: 'falco.syscall' },
      rule: { id: 'Read sensitive file untrusted' },
      kubernetes: { namespace: 'shop', pod: { name: 'orders-7c9f-abcde' }, node: { name: 'node-1' } },
    });
    expect(event?.message).toContain('file=/etc/shadow');
    expect(JSON.stringify(event)).not.toContain('hunter2');
  });

  test('posted twice is one, whatever the order of its members; another is another', () => {
    const id = (body: unknown) => falcoEvents(body, CONTEXT).events?.[0]?.event.id;
    const reversed = Object.fromEntries(Object.entries(FALCO).toReversed());
    expect(id(reversed)).toBe(id(FALCO));
    expect(id({ ...FALCO, time: '2026-11-21T10:20:05.408091527Z' })).not.toBe(id(FALCO));
  });

  test('of the host has no pod, and a time in another zone is ours', () => {
    const fields = { 'container.id': 'host', 'k8s.ns.name': null, 'k8s.pod.name': '<NA>' };
    const body = { ...FALCO, time: '2026-11-21T12:20:05.5+02:00', output_fields: fields };
    const [event] = falcoEvents(body, CONTEXT).events ?? [];
    expect(event?.kubernetes).toEqual({ namespace: '-', node: { name: 'node-1' } });
    expect(event?.['@timestamp']).toBe('2026-11-21T10:20:05.500000000Z');
  });

  test.each([
    [{ ...FALCO, priority: 'Dire' }, /^priority: expected one of emergency/],
    [{ ...FALCO, rule: undefined }, /^rule: /],
    [{ ...FALCO, time: 'yesterday' }, /^time: /],
    ['no object', /^\(the whole body\): /],
  ])('that is none is refused with the place', (body, problem) => {
    expect(falcoEvents(body, CONTEXT).problem).toMatch(problem);
  });
});

describe('the output of kube-bench', () => {
  test('becomes one event a check', () => {
    const { events = [] } = kubeBenchEvents(KUBE_BENCH, { ...CONTEXT, node: 'node-1' });
    expect(events.map((event) => auditEventSchema.parse(event))).toEqual(events);
    expect(events.map(({ event, rule }) => [rule?.id, event.outcome, event.severity])).toEqual([
      ['1.1.1', 'success', 6],
      ['1.1.9', 'unknown', 5],
      ['1.1.12', 'failure', 4],
    ]);
    expect(events[1]).toMatchObject({
      message: 'WARN: Ensure that the CNI file permissions are set to 600 (Test marked as a manual test)',
      rule: { ruleset: 'cis-1.9' },
      kubernetes: { node: { name: 'node-1' } },
    });
    expect(kubeBenchEvents(KUBE_BENCH.Controls, { ...CONTEXT, node: 'node-1' }).events).toHaveLength(3);
  });

  test('is the same within a day, and another run on another day or node', () => {
    const id = (context: { at: number; node?: string }) => kubeBenchEvents(KUBE_BENCH, context).events?.[0]?.event.id;
    expect(id({ at: AT + 3_600_000 })).toBe(id(CONTEXT));
    expect(id({ at: AT + 86_400_000 })).not.toBe(id(CONTEXT));
    expect(id({ ...CONTEXT, node: 'two' })).not.toBe(id(CONTEXT));
  });

  test('that is none is refused with the place', () => {
    const results = [{ test_number: '1', test_desc: 'x', status: 'MAYBE' }];
    expect(kubeBenchEvents({ Controls: [{ tests: [{ results }] }] }, CONTEXT).problem).toMatch(
      /^0\.tests\.0\.results\.0\.status: /,
    );
    expect(kubeBenchEvents({ Controls: [] }, CONTEXT).problem).toBe('Controls: there is no check in it');
    expect(kubeBenchEvents(7, CONTEXT).problem).toMatch(/^\(the whole body\)/);
  });
});

test('each state of a Kubernetes Event is an event, the same each time it is listed', () => {
  const event: CoreV1Event = {
    metadata: { uid: 'u-1', namespace: 'shop', resourceVersion: '7' },
    involvedObject: { kind: 'Pod', namespace: 'shop', name: 'orders-1' },
    reason: 'BackOff',
    message: 'Back-off restarting failed container',
    type: 'Warning',
    count: 3,
    lastTimestamp: new Date(AT),
    source: { component: 'kubelet', host: 'node-1' },
  };
  const first = auditEventSchema.parse(kubernetesEvent(event));
  expect(first).toMatchObject({
    '@timestamp': '2026-11-21T10:00:00.000000000Z',
    event: { action: 'k8s.event', severity: 4, reason: 'BackOff' },
    kubernetes: { namespace: 'shop', pod: { name: 'orders-1' }, node: { name: 'node-1' } },
    orchestrator: { resource: { type: 'Pod', name: 'orders-1' }, event: { count: 3 } },
  });
  expect(kubernetesEvent({ ...event, metadata: { ...event.metadata, resourceVersion: '9' } }).event.id).toBe(
    first.event.id,
  );
  expect(kubernetesEvent({ ...event, count: 4 }).event.id).not.toBe(first.event.id);
});
