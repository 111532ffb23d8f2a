import { describe, expect, test } from '@jest/globals';
import type { KubernetesObject } from '../../../cmd/kubernetes/cluster.ts';
import { outputSchemas } from '../../../cmd/output/schemas/index.ts';
import { AgentCluster } from '../../support/agent-cluster.ts';
import { runPlugin } from '../../support/plugin.ts';
import { injectedPod, namespace, owner } from '../../support/workload-objects.ts';

const OWN = 'dbaudit-system';
const CONFIG = `
format: packetbeat
sinks:
  - type: stdout
  - { name: audit, type: kafka, brokers: [kafka-0.kafka.data.svc:9092, kafka-1.kafka.data.svc:9092], topic: audit, format: native }
  - { type: http, url: "https://someone:secret@siem.example:8443/events", bearerFile: /etc/dbaudit/secrets/token }
  - { name: local, type: file, path: /tmp/events.ndjson }
delivery: { spool: { maxMebibytes: 256 } }
`;

function configMap(name: string, where: string, data: Readonly<Record<string, string>>): KubernetesObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: where }, data };
}

const sinkStatus = (name: string, more: object = {}) => ({
  name,
  sentEvents: 100,
  waitingEvents: 0,
  droppedEvents: 0,
  quarantinedEvents: 0,
  lagMillis: 0,
  misconfigured: false,
  ...more,
});

function agentStatus(...sinks: readonly object[]): object {
  return { version: '0.1.0', capturing: true, protocols: {}, droppedPackets: 0, gapBytes: 0, sinks };
}

function shop(config = CONFIG): AgentCluster {
  const of = owner('apps/v1', 'StatefulSet', 'orders');
  const cluster = new AgentCluster(
    [
      namespace('shop', { 'dbaudit.io/capture': 'enabled' }),
      { ...namespace(OWN, { 'app.kubernetes.io/part-of': 'dbaudit' }) },
      configMap('dbaudit-agent', OWN, { 'agent.yaml': config }),
      configMap('dbaudit-injector', OWN, { 'injection.yaml': 'image: example/dbaudit:7\nimagePullPolicy: Never\n' }),
      injectedPod({ name: 'orders-0', namespace: 'shop', owner: of }),
      injectedPod({ name: 'orders-1', namespace: 'shop', owner: of }),
      injectedPod({ name: 'old-0', namespace: 'shop', owner: of }),
      injectedPod({ name: 'elsewhere-0', namespace: 'other', owner: of }),
    ],
    'shop',
  );
  const away = 'DBA4005: kafka-0.kafka.data.svc:9092 cannot be reached: connect ECONNREFUSED 10.0.0.7:9092';
  cluster.answers.set(
    'orders-0',
    agentStatus(
      sinkStatus('stdout'),
      sinkStatus('audit', { waitingEvents: 40, lagMillis: 7000, problem: away }),
      sinkStatus('http', { droppedEvents: 2, quarantinedEvents: 1 }),
    ),
  );
  cluster.answers.set(
    'orders-1',
    agentStatus(
      sinkStatus('audit', { waitingEvents: 2, problem: away }),
      sinkStatus('own', { type: 'syslog', place: 'syslog://10.0.0.9:514' }),
    ),
  );
  // An agent before there were sinks over the network.
  cluster.answers.set('old-0', { ...agentStatus(), sinks: undefined });
  cluster.answers.set('elsewhere-0', agentStatus(sinkStatus('audit', { place: 'kafka://as-the-agent-has-it/audit' })));
  return cluster;
}

describe('sink list', () => {
  test('at 80 columns', async () => {
    const { code, stdout, stderr } = await runPlugin(['sink', 'list', '--color=never'], {
      cluster: shop(),
      columns: 80,
    });
    expect({ code, stdout }).toEqual({ code: 0, stdout: GOLDEN_80 });
    expect(stderr).toBe('3 of 3 running agents in shop answered\n');
  });

  test('at 160 columns, of all namespaces', async () => {
    const { stdout } = await runPlugin(['sink', 'list', '-A', '--color=never'], { cluster: shop(), columns: 160 });
    expect(stdout).toBe(GOLDEN_160);
  });

  test('the document validates, and shows no credentials', async () => {
    const { stdout } = await runPlugin(['sink', 'list', '-o', 'json'], { cluster: shop() });
    expect(stdout).not.toContain('secret@');
    expect(outputSchemas.SinkList?.parse(JSON.parse(stdout))).toMatchObject({
      namespace: 'shop',
      agents: { running: 3, answered: 3 },
      items: [
        { name: 'stdout', format: 'packetbeat', agents: { answered: 1, troubled: 0 } },
        {
          name: 'audit',
          type: 'kafka',
          format: 'native',
          spoolMebibytes: 256,
          agents: { answered: 2, troubled: 2, waitingEvents: 42, lagMillis: 7000 },
          problems: [{ message: expect.stringContaining('DBA4005'), agents: 2 }],
        },
        { name: 'http', place: 'https://siem.example:8443/events' },
        { name: 'local', agents: { answered: 0 } },
        { name: 'own', type: 'syslog', place: 'syslog://10.0.0.9:514' },
      ],
    });
  });

  test('without a configuration agents write to standard output', async () => {
    const cluster = shop();
    cluster.objects = cluster.objects.filter(({ metadata }) => metadata.name !== 'dbaudit-agent');
    cluster.answers.clear();
    const { stdout, stderr } = await runPlugin(['sink', 'list'], { cluster });
    expect(stdout).toMatch(/^stdout +stdout +standard output +native +- +- +- +- +-$/m);
    expect(stderr).toContain('3 of 3 agents did not answer');
  });

  test.each(['sinks: [', 'sinks: none', 'sinks: []'])('a configuration that cannot be read: %s', async (config) => {
    const { code, stderr } = await runPlugin(['sink', 'list'], { cluster: shop(config) });
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /^error DBA1001: ConfigMap dbaudit-agent in dbaudit-system is not valid: .*\n {2}next: .*--agent-config/,
    );
  });
});

const REPORT = {
  sink: 'audit',
  type: 'kafka',
  place: 'kafka://kafka-0:9092/audit',
  steps: [
    { name: 'configuration', outcome: 'ok', millis: 2 },
    { name: 'write', outcome: 'ok', millis: 131 },
    { name: 'read-back', outcome: 'ok', millis: 48 },
  ],
  eventId: '01JD-0',
  ok: true,
};
const WRONG_PASSWORD = {
  ...REPORT,
  steps: [
    { name: 'configuration', outcome: 'ok', millis: 2 },
    {
      name: 'write',
      outcome: 'failed',
      millis: 1204,
      code: 'DBA4001',
      message: 'kafka-0:9092 refuses user app (SCRAM-SHA-512)',
      nextStep: 'check user and passwordFile',
    },
  ],
  ok: false,
};

/** Pods that are created end at once with what they print. */
function ending(output: string, phase = 'Succeeded', cluster = shop()): AgentCluster {
  cluster.admit = (object) => {
    if (object.kind !== 'Pod') return object;
    const { name, namespace: where } = object.metadata;
    cluster.logTexts.set(`${where}/${name}/sink-test`, output);
    return { ...object, status: { phase } };
  };
  return cluster;
}

const TEST = ['sink', 'test', 'audit'];

describe('sink test', () => {
  test('each step with its latency; the pod is gone afterwards', async () => {
    const cluster = ending(`a notice\n${JSON.stringify(REPORT)}\n`);
    const { code, stdout } = await runPlugin(TEST, { cluster });
    expect({ code, stdout }).toEqual({ code: 0, stdout: GOLDEN_OK });
    expect(cluster.calls).toEqual([
      expect.stringMatching(/^create Pod dbaudit-system\/dbaudit-sink-test-\w+$/),
      expect.stringMatching(/^delete Pod dbaudit-system\/dbaudit-sink-test-\w+$/),
    ]);
  });

  test('what is wrong is named, with the code and what helps; it ends with 1', async () => {
    const cluster = ending(JSON.stringify(WRONG_PASSWORD), 'Failed');
    const { code, stdout } = await runPlugin(TEST, { cluster });
    expect({ code, stdout }).toEqual({ code: 1, stdout: GOLDEN_FAILED });
    expect(cluster.calls.at(-1)).toMatch(/^delete Pod/);
  });

  test('a receiver that cannot be read says so', async () => {
    const last = { name: 'read-back', outcome: 'not-possible', millis: 0, message: 'it does not let us read' };
    const report = { ...REPORT, steps: [...REPORT.steps.slice(0, 2), last] };
    const { code, stdout } = await runPlugin(TEST, { cluster: ending(JSON.stringify(report)) });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^- read-back\n {4}it does not let us read\nthe receiver acknowledged event 01JD-0\n$/m);
  });

  test('the document validates', async () => {
    const { stdout } = await runPlugin([...TEST, '-o', 'json'], { cluster: ending(JSON.stringify(REPORT)) });
    expect(outputSchemas.SinkTest?.parse(JSON.parse(stdout))).toMatchObject({ ...REPORT, namespace: OWN });
  });

  test('the pod: the installed image, no rights, no capabilities, what agents of the namespace mount', async () => {
    const cluster = ending(JSON.stringify(REPORT));
    cluster.objects.push(configMap('dbaudit-agent', 'shop', { 'agent.yaml': CONFIG }));
    let made: KubernetesObject | undefined;
    const { admit } = cluster;
    cluster.admit = (object, dryRun) => {
      made = object;
      return admit(object, dryRun);
    };
    expect((await runPlugin([...TEST, '-n', 'shop', '--timeout', '30s'], { cluster })).code).toBe(0);
    expect(made).toMatchObject({
      metadata: {
        namespace: 'shop',
        labels: { 'app.kubernetes.io/part-of': 'dbaudit', 'dbaudit.io/capture': 'disabled' },
      },
      spec: {
        activeDeadlineSeconds: 30,
        automountServiceAccountToken: false,
        restartPolicy: 'Never',
        securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
        containers: [
          {
            image: 'example/dbaudit:7',
            imagePullPolicy: 'Never',
            command: ['/bin/node', '/opt/dbaudit/dbaudit-agent.mjs', 'sink', 'test', 'audit'],
            args: ['--json', '--config', '/etc/dbaudit/agent.yaml'],
            securityContext: {
              allowPrivilegeEscalation: false,
              readOnlyRootFilesystem: true,
              capabilities: { drop: ['ALL'] },
            },
            volumeMounts: [
              { name: 'dbaudit-config', mountPath: '/etc/dbaudit', readOnly: true },
              { name: 'dbaudit-sinks', mountPath: '/etc/dbaudit/secrets', readOnly: true },
            ],
          },
        ],
        volumes: [
          { configMap: { name: 'dbaudit-agent' } },
          { secret: { secretName: 'dbaudit-sinks', optional: true } },
        ],
      },
    });
  });

  test('a sink that is not configured, and a namespace without configuration, make no pod', async () => {
    const cluster = shop();
    const unknown = await runPlugin(['sink', 'test', 'audti'], { cluster });
    expect(unknown).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/DBA1004.*audti[\s\S]*stdout, audit, http, local/),
    });
    const elsewhere = await runPlugin([...TEST, '-n', 'shop'], { cluster });
    expect(elsewhere).toMatchObject({ code: 2, stderr: expect.stringContaining('DBA1103') });
    expect(cluster.calls).toEqual([]);
  });

  test('the agent’s own error is told as it is', async () => {
    const said =
      'error DBA1001: the configuration is not valid: sinks.1.topic: expected\n  next: correct these values\n';
    const { code, stderr } = await runPlugin(TEST, { cluster: ending(said, 'Failed') });
    expect({ code, stderr }).toEqual({ code: 2, stderr: said });
  });

  test('an agent that does not know the command', async () => {
    const { code, stderr } = await runPlugin(TEST, { cluster: ending('Segmentation fault\n', 'Failed') });
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error DBA1104: .*gave no answer.*\n {2}Segmentation fault\n/);
  });

  test.each([
    ['ImagePullBackOff', '1m'],
    ['ContainerCreating', '0s'],
  ])('a pod that does not start (%s, within %s) is removed, and why is said', async (reason, timeout) => {
    const cluster = shop();
    const status = { phase: 'Pending', containerStatuses: [{ name: 'sink-test', state: { waiting: { reason } } }] };
    cluster.admit = (object) => ({ ...object, status });
    const { code, stderr } = await runPlugin([...TEST, '--timeout', timeout], { cluster });
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error DBA1104: the pod for the test/);
    expect(stderr).toContain(timeout === '0s' ? 'has not ended after 0 s' : 'container sink-test: ImagePullBackOff');
    expect(cluster.calls.at(-1)).toMatch(/^delete Pod/);
  });

  test('an interrupt removes the pod', async () => {
    const cluster = shop();
    const interrupt = new AbortController();
    cluster.admit = (object) => {
      setTimeout(() => interrupt.abort(), 20);
      return object;
    };
    expect((await runPlugin(TEST, { cluster, signal: interrupt.signal })).code).toBe(130);
    expect(cluster.calls.map((call) => call.split(' ')[0])).toEqual(['create', 'delete']);
  });

  test('without the right to make pods', async () => {
    const cluster = shop();
    cluster.forbidden.add('create Pod');
    expect(await runPlugin(TEST, { cluster })).toMatchObject({ code: 2, stderr: expect.stringContaining('DBA1102') });
  });
});

test('names of sinks are completed', async () => {
  const { stdout } = await runPlugin(['__complete', 'sink', 'test', ''], { cluster: shop() });
  expect(stdout).toBe('stdout\naudit\nhttp\nlocal\n:4\n');
  const { stdout: commands } = await runPlugin(['__complete', 'sink', ''], { cluster: shop() });
  expect(commands.split('\n').map((line) => line.split('\t')[0])).toEqual(['list', 'test', ':4', '']);
});

const GOLDEN_80 = `
NAME     PLACE                             AGENTS   TROUBLED   WAITING   DROPPED
stdout   standard output                        1          0         0         0
audit    kafka://kafka-0.kafka.data.svc…        2          2        42         0
  DBA4005: kafka-0.kafka.data.svc:9092 cannot be reached: connect ECONNREFUSED 10.0.0.7:9092 (2 agents)
http     https://siem.example:8443/even…        1          0         0         3
local    /tmp/events.ndjson                     -          -         -         -
own      syslog://10.0.0.9:514                  1          0         0         0
`.trimStart();
const GOLDEN_160 = `
NAME     TYPE     PLACE                                                                   FORMAT       SPOOL     AGENTS   TROUBLED   WAITING   DROPPED
stdout   stdout   standard output                                                         packetbeat   -              1          0         0         0
audit    kafka    kafka://kafka-0.kafka.data.svc:9092,kafka-1.kafka.data.svc:9092/audit   native       256 MiB        3          2        42         0
  DBA4005: kafka-0.kafka.data.svc:9092 cannot be reached: connect ECONNREFUSED 10.0.0.7:9092 (2 agents)
http     http     https://siem.example:8443/events                                        packetbeat   256 MiB        1          0         0         3
local    file     /tmp/events.ndjson                                                      packetbeat   -              -          -         -         -
own      syslog   syslog://10.0.0.9:514                                                   -            -              1          0         0         0
`.trimStart();
const GOLDEN_OK = `
audit kafka://kafka-0:9092/audit from a pod in dbaudit-system
√ configuration      2 ms
√ write            131 ms
√ read-back         48 ms
event 01JD-0 is there
`.trimStart();
const GOLDEN_FAILED = `
audit kafka://kafka-0:9092/audit from a pod in dbaudit-system
√ configuration      2 ms
× write           1204 ms   DBA4001
    kafka-0:9092 refuses user app (SCRAM-SHA-512)
    next: check user and passwordFile
the receiver does not get events
`.trimStart();
