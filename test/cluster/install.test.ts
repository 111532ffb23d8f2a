import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { outputSchemas } from '../../cmd/output/schemas/index.ts';
import { DEFAULT_NAMESPACE, INJECTED_LABEL, PART_OF_LABEL, PART_OF_VALUE } from '../../contract/labels.ts';
import { deployment, manifests, UNPRIVILEGED } from '../support/cluster/database-pods.ts';
import { dbaudit, dbauditDone, install } from '../support/cluster/installation.ts';
import { testCluster } from '../support/cluster/suite.ts';
import { IMAGES } from '../support/cluster/suite-images.ts';

const OURS = `${PART_OF_LABEL}=${PART_OF_VALUE}`;
const INJECTORS = ['webhook', 'policy'] as const;
const SLEEPER = {
  metadata: { labels: { app: 'orders' } },
  spec: {
    terminationGracePeriodSeconds: 1,
    containers: [
      { name: 'main', image: IMAGES.databases, command: ['sleep', 'infinity'], securityContext: UNPRIVILEGED },
    ],
  },
};

describe('the life of an installation', () => {
  const cluster = testCluster();
  let namespace: string;

  /** Every object of any kind that carries our label: asked of kubectl, not of the code under test. */
  async function ours(): Promise<string[]> {
    const kinds = (await cluster.kubectl(['api-resources', '--verbs=list', '-o', 'name'])).trim().split('\n').join(',');
    const found = await cluster.kubectl(['get', kinds, '-A', '-l', OURS, '-o', 'name', '--ignore-not-found']);
    return found.split('\n').filter((line) => line !== '');
  }

  beforeAll(async () => {
    await dbauditDone(cluster, 'uninstall', '--force');
    namespace = await cluster.createNamespace('life');
    await cluster.apply(manifests(deployment('orders', SLEEPER)), namespace);
  });
  // Files after this one need an installation and make their own.
  afterAll(async () => {
    await dbaudit(cluster, ['uninstall', '--force']);
    await cluster.deleteNamespace(namespace);
  });

  test('before it: check --pre is content, status says that there is none', async () => {
    expect(await ours()).toEqual([]);
    expect(await dbauditDone(cluster, 'check', '--pre')).toMatch(/^Status check results are √/m);
    expect((await dbaudit(cluster, ['status'])).code).toBe(1);
    expect(await dbauditDone(cluster, 'install', '--no-collector', '--dry-run=server')).toContain('(server dry run)');
    expect(await ours()).toEqual([]);
  });

  test.each(INJECTORS)('installed with the %s, a workload captured, all removed again', async (injector) => {
    await install(cluster, '--injector', injector);
    // Ends with 1 where other namespaces have pods without an agent.
    const status = JSON.parse((await dbaudit(cluster, ['status', '--wait', '-o', 'json'])).stdout);
    expect(outputSchemas.Status?.parse(status)).toMatchObject({ injectors: [{ kind: injector }] });
    expect(status.injectors[0].trouble).toBeUndefined();
    const checked = JSON.parse(await dbauditDone(cluster, 'check', '-o', 'json'));
    expect(outputSchemas.Check?.parse(checked)).toMatchObject({ success: true });
    if (injector === 'webhook') {
      // Of each injector, read over a port-forward from its own TLS handshake.
      expect(status.injectors[0].pods).toEqual(
        [0, 1].map(() => expect.objectContaining({ certificateExpires: expect.any(String) })),
      );
    }
    expect(await dbauditDone(cluster, 'upgrade', '--prune')).not.toMatch(/created|deleted/);

    await dbauditDone(cluster, 'enable', 'deploy/orders', '-n', namespace, '--wait');
    const refused = await dbaudit(cluster, ['uninstall']);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(`DBA1106: a pod has an agent: ${namespace}/orders-`);

    await dbauditDone(cluster, 'uninstall', '--restart-workloads');
    expect(await ours()).toEqual([]);
    const captured = await cluster.kubectl(['get', 'pods', '-A', '-l', `${INJECTED_LABEL}=true`, '-o', 'name']);
    expect(captured).toBe('');
    await dbauditDone(cluster, 'disable', 'deploy/orders', '-n', namespace, '--restart', 'auto');
  });

  test('an image that cannot be had: install says so; all is removed though no pod of ours ever ran', async () => {
    const failed = await dbaudit(cluster, [
      ...['install', '--no-collector', '--injector', 'webhook', '--image', 'localhost/nowhere:1'],
      ...['--image-pull-policy', 'Never', '--timeout', '5s'],
    ]);
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain('error DBA1104');
    expect(failed.stderr).toContain('container injector: ErrImageNeverPull');
    const found = await dbaudit(cluster, ['check', '-o', 'short']);
    expect(found.code).toBe(1);
    expect(found.stdout).toContain('DBA3007');
    await dbauditDone(cluster, 'uninstall');
    expect(await ours()).toEqual([]);
  });

  test('a namespace that hangs: what holds it is named, and what is ours is released', async () => {
    await dbauditDone(
      cluster,
      'install',
      '--no-collector',
      '--injector',
      'policy',
      '--image',
      IMAGES.dbaudit,
      '--no-wait',
    );
    const finalizers = (value: readonly string[]) => JSON.stringify({ metadata: { finalizers: value } });
    await cluster.kubectl([
      ...['patch', 'configmap', 'dbaudit-agent', '-n', DEFAULT_NAMESPACE],
      ...['--type', 'merge', '-p', finalizers(['example.org/hold'])],
    ]);
    await cluster.kubectl(['delete', 'namespace', DEFAULT_NAMESPACE, '--wait=false']);
    const hanging = await dbaudit(cluster, ['uninstall', '--timeout', '15s']);
    expect(hanging.code).toBe(1);
    expect(hanging.stderr).toContain(`configmap/dbaudit-agent -n ${DEFAULT_NAMESPACE} (held by example.org/hold)`);
    expect(hanging.stderr).toContain(`namespace/${DEFAULT_NAMESPACE}: NamespaceFinalizersRemaining`);
    const again = await dbaudit(cluster, [
      'install',
      '--no-collector',
      '--injector',
      'policy',
      '--image',
      IMAGES.dbaudit,
    ]);
    expect(again.stderr).toContain(`namespace ${DEFAULT_NAMESPACE} is still being deleted`);
    await dbauditDone(cluster, 'uninstall', '--force');
    expect(await ours()).toEqual([]);
  });

  test('things of others in our namespace outlive us', async () => {
    await dbauditDone(cluster, 'install', '--no-collector', '--injector', 'policy', '--image', IMAGES.dbaudit);
    await cluster.kubectl(['create', 'configmap', 'mine', '-n', DEFAULT_NAMESPACE]);
    const { code, stderr } = await dbaudit(cluster, ['uninstall']);
    expect(code).toBe(0);
    expect(stderr).toContain('configmap/mine');
    expect(await ours()).toEqual([]);
    expect(await cluster.kubectl(['get', 'configmap', 'mine', '-n', DEFAULT_NAMESPACE, '-o', 'name'])).toContain(
      'mine',
    );
    await cluster.kubectl(['delete', 'namespace', DEFAULT_NAMESPACE]);
  });

  test('one who may not is told what is missing', async () => {
    const { code, stderr } = await dbaudit(cluster, ['install', '--no-collector', '--as', 'nobody@example.org']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error DBA1102: no right to .*User "nobody@example\.org" cannot/m);
    const checked = await dbaudit(cluster, ['check', '--pre', '--as', 'nobody@example.org', '-o', 'short']);
    expect(checked.code).toBe(1);
    expect(checked.stdout).toContain('DBA3002');
  });
});
