import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CAPTURE_LABEL, DEFAULT_NAMESPACE } from '../../contract/labels.ts';
import { deployment, manifests, UNPRIVILEGED } from '../support/cluster/database-pods.ts';
import { dbaudit, install } from '../support/cluster/installation.ts';
import { testCluster } from '../support/cluster/suite.ts';
import { IMAGES } from '../support/cluster/suite-images.ts';

const WORKLOADS = 10;
const PODS_PER_WORKLOAD = 5;
const PODS = WORKLOADS * PODS_PER_WORKLOAD;
const INJECTOR = 'deployment/dbaudit-injector';
/** What the injector's outage may take to be seen. */
const TOLD_WITHIN_MILLIS = 30_000;

/** Small pods: fifty of them, and later fifty agents, share one node. */
const small = (name: string) => ({
  ...deployment(name, {
    metadata: { labels: { app: name } },
    spec: {
      terminationGracePeriodSeconds: 1,
      containers: [
        { name: 'main', image: IMAGES.databases, command: ['sleep', 'infinity'], securityContext: UNPRIVILEGED },
      ],
    },
  }),
});

describe('while the injector is dead', () => {
  const cluster = testCluster();
  let namespace: string;

  const running = async () => {
    const phases = await cluster.kubectl(['get', 'pods', '-n', namespace, '-o', 'jsonpath={.items[*].status.phase}']);
    return phases.split(' ').filter((phase) => phase === 'Running').length;
  };

  beforeAll(async () => {
    await install(cluster);
    namespace = await cluster.createNamespace('outage', { [CAPTURE_LABEL]: 'enabled' });
    await cluster.kubectl(['scale', INJECTOR, '-n', DEFAULT_NAMESPACE, '--replicas=0']);
    await cluster.waitFor('the injector to be gone', async () => {
      const pods = await cluster.kubectl(['get', 'pods', '-n', DEFAULT_NAMESPACE, '-o', 'name']);
      return !pods.includes('dbaudit-injector');
    });
    const names = Array.from({ length: WORKLOADS }, (_, index) => `orders-${index}`);
    await cluster.apply(manifests(...names.map(small)), namespace);
    await cluster.kubectl(['scale', 'deployment', '--all', '-n', namespace, `--replicas=${PODS_PER_WORKLOAD}`]);
  });
  afterAll(() => cluster.deleteNamespace(namespace));

  test('fifty labelled pods start all the same, and coverage names each with the reason', async () => {
    await cluster.waitFor('fifty pods to be there', async () => {
      const names = await cluster.kubectl(['get', 'pods', '-n', namespace, '-o', 'name']);
      return names.trim().split('\n').length === PODS;
    });
    const { code, stdout } = await dbaudit(cluster, ['coverage', '-n', namespace, '--min', '100', '-o', 'json'], {
      timeoutMillis: TOLD_WITHIN_MILLIS,
    });
    expect(code).toBe(1);
    expect(stdout.match(/DBA2009/g)?.length ?? 0).toBeGreaterThanOrEqual(WORKLOADS);
    const names = (
      await cluster.kubectl(['get', 'pods', '-n', namespace, '-o', 'jsonpath={.items[*].metadata.name}'])
    ).split(' ');
    expect(names.filter((name) => !stdout.includes(`"${name}"`))).toEqual([]);
    await cluster.waitFor('fifty pods to run', async () => (await running()) === PODS);
  });

  test('back again, repair gives every pod its agent and keeps to the disruption budget', async () => {
    await cluster.kubectl(['scale', INJECTOR, '-n', DEFAULT_NAMESPACE, '--replicas=2']);
    await cluster.waitForCondition(INJECTOR, 'Available', DEFAULT_NAMESPACE);
    await cluster.apply(
      manifests({
        apiVersion: 'policy/v1',
        kind: 'PodDisruptionBudget',
        metadata: { name: 'orders-0' },
        spec: { minAvailable: PODS_PER_WORKLOAD - 1, selector: { matchLabels: { app: 'orders-0' } } },
      }),
      namespace,
    );
    const repaired = await dbaudit(cluster, ['coverage', '-n', namespace, '--min', '100', '--repair'], {
      timeoutMillis: 600_000,
    });
    expect(repaired).toMatchObject({ code: 0 });
    const covered = await dbaudit(cluster, ['coverage', '-n', namespace, '--min', '100']);
    expect(covered).toMatchObject({ code: 0 });
  });
});
