import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { outputSchemas } from '../../cmd/output/schemas/index.ts';
import { CAPTURE_LABEL } from '../../contract/labels.ts';
import { runClient } from '../support/cluster/client.ts';
import {
  clientCommand,
  clientTemplate,
  deployment,
  manifests,
  pod,
  serverTemplate,
  service,
} from '../support/cluster/database-pods.ts';
import { dbaudit, dbauditDone, install } from '../support/cluster/installation.ts';
import { testCluster } from '../support/cluster/suite.ts';

const cluster = testCluster();

async function coverageOf(namespace: string, ...words: readonly string[]) {
  const { code, stdout, stderr } = await dbaudit(cluster, ['coverage', '-n', namespace, '-o', 'json', ...words]);
  return { code, stderr, document: outputSchemas.Coverage?.parse(JSON.parse(stdout)) };
}

describe('coverage', () => {
  let namespace: string;

  beforeAll(async () => {
    await install(cluster);
    // Made before the label: these pods have no agent.
    namespace = await cluster.createNamespace('coverage');
    const objects = [
      deployment('cache', serverTemplate('cache', 'redis')),
      service('cache', 'redis'),
      deployment('client', clientTemplate('client')),
      pod('bare', clientTemplate('bare')),
    ];
    await cluster.apply(manifests(...objects), namespace);
    await cluster.waitForCondition('deployment/cache', 'Available', namespace);
    await cluster.waitForCondition('deployment/client', 'Available', namespace);
    await cluster.waitForCondition('pod/bare', 'Ready', namespace);
    // Labels and pods are told apart by the second.
    const made = Date.now();
    await cluster.waitFor('the next second', async () => Date.now() > made + 2_000);
    await cluster.kubectl(['label', 'namespace', namespace, `${CAPTURE_LABEL}=enabled`]);
  });
  afterAll(() => cluster.deleteNamespace(namespace));

  test('pods that are older than the label are named, with that reason', async () => {
    const { code, document } = await coverageOf(namespace, '--min', '100');
    expect(code).toBe(1);
    expect(document).toMatchObject({
      capturedPercent: 0,
      items: ['Deployment cache', 'Deployment client', 'Pod bare'].map((name) => ({
        kind: name.split(' ')[0],
        name: name.split(' ')[1],
        pods: { total: 1, captured: 0, uncovered: 1 },
        reasons: [{ code: 'DBA2010', pods: 1 }],
      })),
    });
  });

  test('repair has them made anew, what has no controller is left and told', async () => {
    const { code, stderr, document } = await coverageOf(namespace, '--repair', '--timeout', '120s', '--min', '100');
    expect(stderr).toContain(`deployment/cache -n ${namespace}: 1 pod replaced`);
    expect(stderr).toContain('pod/bare');
    expect(stderr).toContain('no controller would make the pod anew');
    expect(code).toBe(1);
    expect(document).toMatchObject({
      items: [
        { pods: { captured: 1, uncovered: 0 } },
        { pods: { captured: 1 } },
        { pods: { captured: 0, uncovered: 1 } },
      ],
    });
  });

  test('what the agents see is shown once there is traffic', async () => {
    await cluster.waitForCondition('deployment/cache', 'Available', namespace);
    const talk = clientCommand('redis', 'cache', ['SET greeting hello', 'GET greeting']);
    await runClient(cluster, { namespace, target: 'deployment/client' }, talk);
    const seen = await cluster.waitFor('both agents to have seen it', async () => {
      const { document } = await coverageOf(namespace, 'deploy');
      const text = JSON.stringify(document);
      return (text.match(/"redis"/g)?.length ?? 0) === 2 && document;
    });
    expect(seen).toMatchObject({
      capturedPercent: 100,
      items: [
        { name: 'cache', mode: 'sidecar', seen: { protocols: { redis: { encrypted: 0 } }, droppedPackets: 0 } },
        { name: 'client', mode: 'sidecar', seen: { lastEventAt: expect.any(String) } },
      ],
    });
    const table = await dbauditDone(cluster, 'coverage', 'deploy', '-n', namespace, '--min', '100');
    expect(table).toMatch(/^deployment\/cache +1\/1 +1 +sidecar +redis +\d+s +0$/m);
  });

  test('whoever may only list pods is told what is missing, and sees the rest', async () => {
    await cluster.kubectl(['create', 'role', 'lists', '--verb=list', '--resource=pods', '-n', namespace]);
    await cluster.kubectl(['create', 'rolebinding', 'lists', '--role=lists', '--user=lister', '-n', namespace]);
    const { code, stdout, stderr } = await dbaudit(cluster, [
      'coverage',
      '-n',
      namespace,
      '--as',
      'lister',
      '-l',
      'app',
    ]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toContain('pods that only their namespace selects are not shown');
    const nobody = await dbaudit(cluster, ['coverage', '-n', namespace, '--as', 'nobody-at-all']);
    expect(nobody).toMatchObject({ code: 2, stderr: expect.stringContaining('error DBA1102') });
  });

  test('an eviction that a disruption budget forbids is told, the pod stays', async () => {
    const name = await cluster.createNamespace('guarded');
    try {
      const budget = {
        apiVersion: 'policy/v1',
        kind: 'PodDisruptionBudget',
        metadata: { name: 'client' },
        spec: { minAvailable: 1, selector: { matchLabels: { app: 'client' } } },
      };
      await cluster.apply(manifests(deployment('client', clientTemplate('client')), budget), name);
      await cluster.waitForCondition('deployment/client', 'Available', name);
      await cluster.waitFor('the budget to be counted', async () => {
        const healthy = ['get', 'pdb', 'client', '-n', name, '-o', 'jsonpath={.status.currentHealthy}'];
        return (await cluster.kubectl(healthy)) === '1';
      });
      await cluster.kubectl(['label', 'namespace', name, `${CAPTURE_LABEL}=enabled`]);
      const pods = await cluster.kubectl(['get', 'pods', '-n', name, '-o', 'name']);
      const { code, stderr } = await dbaudit(cluster, [
        'coverage',
        '-n',
        name,
        '--repair',
        '--timeout',
        '3s',
        '--min',
        '100',
      ]);
      expect(stderr).toContain('a disruption budget did not allow the eviction');
      expect(code).toBe(1);
      expect(await cluster.kubectl(['get', 'pods', '-n', name, '-o', 'name'])).toBe(pods);
    } finally {
      await cluster.deleteNamespace(name);
    }
  });
});
