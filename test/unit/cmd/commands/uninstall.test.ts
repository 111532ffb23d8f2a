import { describe, expect, test } from '@jest/globals';
import { OWN_TYPES } from '../../../../cmd/installation/own-objects.ts';
import type { KubernetesObject } from '../../../../cmd/kubernetes/cluster.ts';
import { installOptionsSchema } from '../../../../manifests/options.ts';
import { renderManifests } from '../../../../manifests/render.ts';
import type { FakeCluster } from '../../../support/fake-cluster.ts';
import {
  injected,
  install,
  NAMESPACE,
  namespaceObject,
  openCluster,
  own,
  pod,
} from '../../../support/installation-objects.ts';
import { runPlugin } from '../../../support/plugin.ts';

describe('uninstall', () => {
  const uninstall = (cluster: FakeCluster, ...words: string[]) => runPlugin(['uninstall', ...words], { cluster });

  test('every kind that is installed is among those that are looked for', () => {
    const inputs = [
      { podMonitor: true, certManager: true },
      { injector: 'policy' as const, policyApiVersion: 'v1beta1' as const },
    ];
    const rendered = inputs.flatMap((input) => renderManifests(installOptionsSchema.parse(input)));
    for (const { apiVersion, kind } of rendered) expect(OWN_TYPES).toContainEqual({ apiVersion, kind });
  });

  test('first what changes pods, then the rest, the namespace last; others’ things stay', async () => {
    const others = [namespaceObject('shop'), namespaceObject('default'), { ...pod('a', 'shop') }];
    const cluster = openCluster(others);
    await install(cluster);
    cluster.objects.push(own('v1', 'ConfigMap', 'dbaudit-agent', 'shop'));
    cluster.calls.length = 0;
    const { code, stderr } = await uninstall(cluster);
    expect(code).toBe(0);
    expect(cluster.calls[0]).toBe('delete MutatingWebhookConfiguration dbaudit-injector');
    expect(cluster.calls.at(-1)).toBe('delete Namespace dbaudit-system');
    expect(cluster.calls).toContain('delete ConfigMap shop/dbaudit-agent');
    expect(cluster.objects).toEqual(others);
    expect(stderr).toContain('nothing of dbaudit is left');
    expect((await uninstall(cluster)).stderr).toContain('Nothing of dbaudit is in this cluster.');
  });

  test('refuses while pods have an agent, and names them', async () => {
    const cluster = openCluster([injected(pod('orders-1', 'shop'))]);
    await install(cluster);
    cluster.calls.length = 0;
    const { code, stderr } = await uninstall(cluster);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error DBA1106: a pod has an agent: shop\/orders-1$/m);
    expect(cluster.calls).toEqual([]);
    const forced = await uninstall(cluster, '--force');
    expect(forced.code).toBe(0);
    expect(forced.stderr).toContain('Agents still run in shop/orders-1');
  });

  test('restarts what has agents, once nothing injects any more', async () => {
    const owner = (kind: string, name: string) => ({
      ownerReferences: [{ apiVersion: 'apps/v1', kind, name, uid: name, controller: true }],
    });
    const orders = injected(pod('orders-1', 'shop'));
    const cluster = openCluster([
      { ...orders, metadata: { ...orders.metadata, ...owner('ReplicaSet', 'orders') } },
      {
        apiVersion: 'apps/v1',
        kind: 'ReplicaSet',
        metadata: { name: 'orders', namespace: 'shop', ...owner('Deployment', 'orders') },
      },
      { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'orders', namespace: 'shop' }, spec: {} },
      injected(pod('bare', 'shop')),
    ]);
    await install(cluster);
    cluster.calls.length = 0;
    // What the controllers would do.
    const patch = cluster.patch.bind(cluster);
    cluster.patch = (...parameters) => {
      cluster.objects = cluster.objects.filter(({ metadata }) => metadata.name !== 'orders-1');
      return patch(...parameters);
    };
    const { code, stdout, stderr } = await uninstall(cluster, '--restart-workloads');
    expect(code).toBe(0);
    expect(stdout).toContain('deployment/orders -n shop restarted');
    expect(stderr).toContain('they keep their agents: shop/bare');
    const webhookGone = cluster.calls.indexOf('delete MutatingWebhookConfiguration dbaudit-injector');
    expect(webhookGone).toBe(0);
    expect(cluster.calls.indexOf('patch Deployment shop/orders')).toBeGreaterThan(webhookGone);
  });

  test('what hangs is named, with what holds it; --force releases what is ours', async () => {
    const finalizers = ['example.org/hold'];
    const cluster = openCluster([own('v1', 'ConfigMap', 'dbaudit-stuck', NAMESPACE, { finalizers })]);
    const { code, stderr } = await uninstall(cluster, '--timeout', '0s');
    expect(code).toBe(1);
    expect(stderr).toContain('configmap/dbaudit-stuck -n dbaudit-system (held by example.org/hold)');
    // With its finalizers gone the API server would remove it.
    const patch = cluster.patch.bind(cluster);
    cluster.patch = async (...parameters) => {
      const object = await patch(...parameters);
      cluster.objects = cluster.objects.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
      return object;
    };
    const forced = await uninstall(cluster, '--force');
    expect(forced.code).toBe(0);
    expect(cluster.objects).toEqual([]);
  });

  test('what the API server says of a namespace that hangs is passed on', async () => {
    const message = 'Some resources are remaining: widgets.example.org has 1 resource instances';
    const hanging = {
      ...own('v1', 'Namespace', NAMESPACE, undefined, {
        finalizers: ['kubernetes'],
        deletionTimestamp: '2026-01-01T00:00:00Z',
      }),
      status: { phase: 'Terminating', conditions: [{ type: 'NamespaceContentRemaining', status: 'True', message }] },
    };
    const { code, stderr } = await uninstall(openCluster([hanging]), '--timeout', '0s');
    expect(code).toBe(1);
    expect(stderr).toContain(`namespace/dbaudit-system: NamespaceContentRemaining: ${message}`);
  });

  test('a namespace that holds what is not ours stays, without our labels', async () => {
    const strangers: KubernetesObject[] = [
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'mine', namespace: NAMESPACE } },
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'kube-root-ca.crt', namespace: NAMESPACE } },
    ];
    const cluster = openCluster(strangers);
    await install(cluster);
    const { code, stderr } = await uninstall(cluster);
    expect(code).toBe(0);
    expect(stderr).toContain('stays, since it holds what is not ours: configmap/mine -n dbaudit-system');
    const [namespace] = cluster.objects.filter(({ kind }) => kind === 'Namespace');
    expect(Object.keys(namespace?.metadata.labels ?? {}).filter((label) => label.startsWith('app.'))).toEqual([]);
  });

  test('without the right to look everywhere it does not say that nothing is left', async () => {
    const cluster = openCluster();
    await install(cluster);
    cluster.forbidden.add('list Secret');
    const { code, stderr } = await uninstall(cluster);
    expect(code).toBe(1);
    expect(stderr).toContain('no right to list Secret');
  });
});
