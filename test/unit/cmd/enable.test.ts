import { describe, expect, test } from '@jest/globals';
import type { KubernetesObject, Patch, ResourceType } from '../../../cmd/kubernetes/cluster.ts';
import { outputSchemas } from '../../../cmd/output/schemas/index.ts';
import { ENABLED_ANNOTATION } from '../../../contract/labels.ts';
import { FakeCluster } from '../../support/fake-cluster.ts';
import { runPlugin } from '../../support/plugin.ts';
import {
  cronJob,
  deployment,
  injectedPod,
  injectionPolicy,
  namespace,
  owner,
  pod,
} from '../../support/workload-objects.ts';

const DEPLOYMENT = { apiVersion: 'apps/v1', kind: 'Deployment' };

/** Deployments whose pods are replaced at once when the template changes, by what `makePod` gives. */
class RollingCluster extends FakeCluster {
  makePod: (name: string, template: string) => KubernetesObject = (name, template) => {
    const named = { name, namespace: 'shop', owner: owner('apps/v1', 'ReplicaSet', 'orders-1') };
    return template.includes('"dbaudit.io/capture":"enabled"') ? injectedPod(named) : pod(named);
  };
  #made = 0;

  override async patch(
    type: ResourceType,
    name: string,
    namespace: string | undefined,
    patch: Patch,
    options: { readonly dryRun?: boolean } = {},
  ): Promise<KubernetesObject> {
    const before = await this.find(type, name, namespace);
    const after = await super.patch(type, name, namespace, patch, options);
    const template = JSON.stringify(after.spec);
    if (options.dryRun || type.kind !== 'Deployment' || template === JSON.stringify(before?.spec)) return after;
    this.#made += 1;
    const made = this.makePod(`${name}-${this.#made}`, template);
    const ready = JSON.stringify(made.status).includes('"type":"Ready","status":"True"');
    const [replicas] = /"replicas":(\d+)/.exec(template)?.slice(1).map(Number) ?? [];
    const status = {
      observedGeneration: 1,
      replicas,
      updatedReplicas: replicas,
      availableReplicas: ready ? replicas : 0,
    };
    this.objects = [
      ...this.objects.filter(({ kind, metadata }) => kind !== 'Pod' || metadata.labels?.app !== name),
      made,
    ].map((object) => (object.kind === 'Deployment' && object.metadata.name === name ? { ...object, status } : object));
    return after;
  }
}

function shop(...more: readonly KubernetesObject[]): RollingCluster {
  return new RollingCluster(
    [
      namespace('shop'),
      injectionPolicy(),
      deployment({ name: 'orders', namespace: 'shop', replicas: 1 }),
      pod({ name: 'orders-0', namespace: 'shop', owner: owner('apps/v1', 'ReplicaSet', 'orders-1') }),
      ...more,
    ],
    'shop',
  );
}

async function specOf(cluster: FakeCluster, name = 'orders'): Promise<string> {
  return JSON.stringify((await cluster.find(DEPLOYMENT, name, 'shop'))?.spec);
}

describe('enable and disable', () => {
  test('a deployment and back: the template is as it was, nothing of ours is left', async () => {
    const cluster = shop();
    const before = JSON.stringify(await cluster.find(DEPLOYMENT, 'orders', 'shop'));
    const enabled = await runPlugin(['enable', 'deploy/orders'], { cluster });
    expect(enabled).toEqual({ code: 0, stdout: 'deployment/orders enabled: 1 new pod ready\n', stderr: '' });
    expect(await specOf(cluster)).toContain('"dbaudit.io/capture":"enabled"');

    const calls = cluster.calls.length;
    const again = await runPlugin(['enable', 'deploy/orders'], { cluster });
    expect(again).toEqual({ code: 0, stdout: 'deployment/orders is enabled already\n', stderr: '' });
    expect(cluster.calls).toHaveLength(calls);

    const disabled = await runPlugin(['disable', 'deploy', 'orders'], { cluster });
    expect(disabled.stdout).toBe('deployment/orders disabled: 1 new pod ready\n');
    const after = await cluster.find(DEPLOYMENT, 'orders', 'shop');
    expect(JSON.stringify({ ...after, status: JSON.parse(before).status })).toBe(before);
  });

  test('a namespace without the Secret that sinks name files of is told what to do', async () => {
    const sinks = 'sinks: [{ type: http, url: "https://siem.example", bearerFile: /etc/dbaudit/secrets/token }]';
    const metadata = { name: 'dbaudit-agent', namespace: 'dbaudit-system' };
    const configured = (yaml: string) =>
      shop({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { 'agent.yaml': yaml } });
    const enable = (cluster: FakeCluster) => runPlugin(['enable', 'deploy/orders'], { cluster });
    expect((await enable(configured(sinks))).stderr).toMatch(
      /^note: DBA4008: sinks use files of the Secret dbaudit-sinks, and shop has none: .*kubectl create secret generic dbaudit-sinks -n shop/,
    );
    expect((await enable(configured('sinks: [{ type: stdout }]'))).stderr).toBe('');
    const complete = configured(sinks);
    complete.objects.push({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'dbaudit-sinks', namespace: 'shop' } });
    expect((await enable(complete)).stderr).toBe('');
  });

  test('new pods that do not come up with the agent: put back, with the reason', async () => {
    const cluster = shop();
    const before = await specOf(cluster);
    cluster.makePod = (name, template) => {
      const named = { name, namespace: 'shop', owner: owner('apps/v1', 'ReplicaSet', 'orders-1') };
      if (!template.includes('dbaudit.io/capture')) return pod(named);
      cluster.objects = [...cluster.objects, warning(name, 'Failed to pull image "dbaudit:1"')];
      const waiting = { waiting: { reason: 'ImagePullBackOff', message: 'no such image' } };
      return pod({ ...named, agent: waiting, ready: false });
    };
    const { code, stdout, stderr } = await runPlugin(['enable', 'deploy/orders', '--timeout', '1s'], { cluster });
    expect(code).toBe(1);
    expect(stdout).toBe('');
    expect(stderr.split('\n').filter((line) => !line.startsWith('deployment/orders'))).toEqual([
      'error DBA1108: deployment/orders: not ready after 1 s: 0 of 1 new pods ready; put back',
      '  pod/orders-1: container dbaudit-agent: ImagePullBackOff: no such image',
      '  pod/orders-1: Failed: Failed to pull image "dbaudit:1"',
      '  next: `kubectl dbaudit analyze deployment/orders -n shop` looks for the reason.',
      '',
    ]);
    expect(await specOf(cluster)).toBe(before);
    expect((await cluster.find(DEPLOYMENT, 'orders', 'shop'))?.metadata.annotations).toEqual({});
  });

  test('a workload that was not ready before either is left changed', async () => {
    const cluster = shop();
    cluster.makePod = (name) => pod({ name, namespace: 'shop', ready: false });
    await cluster.patch(DEPLOYMENT, 'orders', 'shop', { type: 'merge', body: { spec: { replicas: 1, x: 1 } } });
    const { code, stderr } = await runPlugin(['enable', 'deploy/orders', '--timeout', '1s'], { cluster });
    expect(code).toBe(1);
    expect(stderr).toContain('error DBA1104: deployment/orders: not ready after 1 s');
    expect(stderr).toContain('it was not ready before either, so it was left changed');
    expect(await specOf(cluster)).toContain('"dbaudit.io/capture":"enabled"');
  });

  test('a namespace: what its label selects is restarted, the rest is told', async () => {
    const cluster = shop(
      deployment({ name: 'own', namespace: 'shop', template: { labels: { 'dbaudit.io/capture': 'disabled' } } }),
      deployment({ name: 'host', namespace: 'shop', template: { spec: { hostNetwork: true } } }),
      pod({ name: 'own-0', namespace: 'shop', owner: owner('apps/v1', 'ReplicaSet', 'own-1'), capture: 'disabled' }),
      pod({ name: 'host-0', namespace: 'shop', owner: owner('apps/v1', 'ReplicaSet', 'host-1') }),
      pod({ name: 'bare', namespace: 'shop' }),
    );
    cluster.makePod = (name) =>
      injectedPod({ name, namespace: 'shop', owner: owner('apps/v1', 'ReplicaSet', 'orders-1') });
    const { code, stdout, stderr } = await runPlugin(['enable', 'namespace/shop'], { cluster });
    expect(stderr).toBe(
      'note: no restart reaches these; they are captured once they are created anew: pod/bare.\n' +
        'note: deployment/host stays as it is: its pods would be passed over: the pod uses the network of its node.\n' +
        'restarting one after the other: deployment/orders\n',
    );
    expect(stdout).toBe('namespace/shop enabled\ndeployment/orders enabled: 1 new pod ready\n');
    expect(code).toBe(0);
    expect(await specOf(cluster)).toContain('kubectl.kubernetes.io/restartedAt');

    cluster.makePod = (name) => pod({ name, namespace: 'shop', owner: owner('apps/v1', 'ReplicaSet', 'orders-1') });
    await runPlugin(['disable', 'ns', 'shop'], { cluster });
    expect(await specOf(cluster)).not.toContain('restartedAt');
    const shopNow = await cluster.find({ apiVersion: 'v1', kind: 'Namespace' }, 'shop');
    expect(shopNow?.metadata).toMatchObject({ labels: {}, annotations: {} });
  });

  test('a namespace whose injector does not answer: it ends at the first workload', async () => {
    const cluster = shop(
      deployment({ name: 'second', namespace: 'shop' }),
      pod({ name: 'second-0', namespace: 'shop', owner: owner('apps/v1', 'ReplicaSet', 'second-1') }),
    );
    cluster.makePod = (name) => pod({ name, namespace: 'shop', owner: owner('apps/v1', 'ReplicaSet', 'orders-1') });
    const { code, stdout, stderr } = await runPlugin(['enable', 'ns/shop'], { cluster });
    expect(code).toBe(1);
    expect(stdout).toBe('namespace/shop enabled\ndeployment/orders enabled\n');
    expect(stderr).toContain('error DBA2009: deployment/orders: 1 new pod ready, 0 of 1 with an agent');
    expect(stderr).toContain('deployment/second left as it was');
  });

  test.each([
    [
      'pod/bare',
      pod({ name: 'bare', namespace: 'shop' }),
      'error: pod/bare: containers cannot be added to a pod that exists, and no controller would make it anew',
    ],
    ['pod/orders-0', undefined, 'error: pod/orders-0: belongs to replicaset/orders-1, which would undo the change'],
    [
      'job/once',
      { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'once', namespace: 'shop' }, spec: {} },
      'error: job/once: the pod template of a Job cannot be changed once it exists',
    ],
    [
      'deploy/host',
      deployment({ name: 'host', namespace: 'shop', template: { spec: { hostNetwork: true } } }),
      'error DBA2001: deployment/host: its pods would be passed over: the pod uses the network of its node',
    ],
  ])('%s cannot be changed, and it is said why', async (name, object, expected) => {
    const cluster = shop(...(object ? [object] : []));
    const { code, stdout, stderr } = await runPlugin(['enable', name], { cluster });
    expect(stderr.split('\n')[0]).toBe(expected);
    expect(stderr.split('\n')[1]).toMatch(/^ {2}next: /);
    expect(stdout).toBe('');
    expect(code).toBe(1);
    expect(cluster.calls).toEqual([]);
  });

  test('a CronJob has it from its next run on; a template without metadata comes back without', async () => {
    const cluster = shop(cronJob({ name: 'report', namespace: 'shop' }));
    const { stdout } = await runPlugin(['enable', 'cj/report'], { cluster });
    expect(stdout).toBe('cronjob/report enabled: from the next run on\n');
    const [job] = await cluster.list({ apiVersion: 'batch/v1', kind: 'CronJob' });
    expect(JSON.stringify(job?.spec)).toContain('"metadata":{"labels":{"dbaudit.io/capture":"enabled"}}');
    expect(Object.keys(job?.metadata.annotations ?? {})).toEqual([ENABLED_ANNOTATION]);
  });

  test('a selection without TYPE, dry runs, -o name and -o json', async () => {
    const labels = { team: 'a' };
    const cluster = shop(
      deployment({ name: 'one', namespace: 'shop', labels }),
      cronJob({ name: 'two', namespace: 'shop', labels }),
    );
    const client = await runPlugin(['enable', '-l', 'team=a', '--dry-run=client'], { cluster });
    expect(client.stdout).toBe(
      'deployment/one enabled (dry run)\ncronjob/two enabled: from the next run on (dry run)\n',
    );
    expect(cluster.calls).toEqual([]);
    const server = await runPlugin(['enable', '-l', 'team=a', '--dry-run=server', '-o', 'name'], { cluster });
    expect(server.stdout).toBe('deployment/one\ncronjob/two\n');
    expect(cluster.calls).toEqual(['patch Deployment shop/one (dry run)', 'patch CronJob shop/two (dry run)']);
    const { stdout } = await runPlugin(['enable', '-l', 'team=a', '-o', 'json'], { cluster });
    const document = outputSchemas.CaptureChange?.parse(JSON.parse(stdout));
    expect(document).toMatchObject({
      capture: 'enabled',
      items: [
        { kind: 'Deployment', name: 'one', namespace: 'shop', outcome: 'changed', restarted: true },
        { kind: 'CronJob', name: 'two', namespace: 'shop', outcome: 'changed', restarted: false },
      ],
    });
  });

  test('without an injector nothing is restarted', async () => {
    const cluster = shop();
    cluster.objects = cluster.objects.filter(({ kind }) => kind !== 'MutatingAdmissionPolicy');
    const { code, stderr } = await runPlugin(['enable', 'deploy/orders'], { cluster });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error DBA1105: no injector of dbaudit is installed in this cluster/);
    expect(cluster.calls).toEqual([]);
  });

  test('--restart=never leaves what would restart, and labels namespaces', async () => {
    const cluster = shop();
    const refused = await runPlugin(['enable', 'deploy/orders', '--restart=never'], { cluster });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('which --restart=never forbids');
    const labelled = await runPlugin(['enable', 'ns/shop', '--restart=never'], { cluster });
    expect(labelled.stdout).toBe('namespace/shop enabled\n');
    expect(cluster.calls).toEqual(['patch Namespace shop']);
  });

  test('namespaces of the cluster are refused, nothing is named, names and selectors together', async () => {
    const cluster = shop(namespace('kube-system'));
    const system = await runPlugin(['enable', 'ns/kube-system'], { cluster });
    expect(system.stderr).toContain('error DBA2007: namespace/kube-system: namespace kube-system is never touched');
    expect((await runPlugin(['enable'], { cluster })).stderr).toContain('error DBA1004: nothing was named');
    expect((await runPlugin(['enable', 'deploy/x'], { cluster })).stderr).toContain(
      'error DBA1103: there is no deployment/x in namespace shop',
    );
  });
});

function warning(podName: string, message: string): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: `event-${podName}`, namespace: 'shop', uid: `event-${podName}` },
    involvedObject: { kind: 'Pod', name: podName, uid: `Pod-${podName}` },
    type: 'Warning',
    reason: 'Failed',
    message,
  };
}
