import { describe, expect, test } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import type { KubernetesObject } from '../../../../cmd/kubernetes/cluster.ts';
import { installOptionsSchema } from '../../../../manifests/options.ts';
import { renderManifests } from '../../../../manifests/render.ts';
import { available, install, NAMESPACE, openCluster, own, pod } from '../../../support/installation-objects.ts';
import { runPlugin } from '../../../support/plugin.ts';

describe('install', () => {
  test('applies everything in order, waits and says what comes next', async () => {
    const cluster = openCluster();
    const { code, stdout, stderr } = await install(cluster);
    expect({ code, stderr: stderr.split('\n')[1] }).toEqual({
      code: 0,
      stderr: '√ dbaudit is installed in dbaudit-system, and pods that ask for it get an agent (webhook).',
    });
    const applied = cluster.calls.filter((call) => call.startsWith('apply'));
    expect(applied[0]).toBe('apply Namespace dbaudit-system');
    expect(applied.at(-1)).toBe('apply MutatingWebhookConfiguration dbaudit-injector');
    expect(stdout).toMatch(/^deployment\/dbaudit-injector -n dbaudit-system created$/m);
    expect(stderr).toContain('kubectl dbaudit enable deploy/NAME');
    expect(stderr).toContain('kubectl delete mutatingwebhookconfiguration -l app.kubernetes.io/part-of=dbaudit');
    expect(await install(cluster)).toMatchObject({ code: 0, stdout: expect.not.stringContaining('created') });
  });

  test('what is printed is what is rendered, and no cluster is asked', async () => {
    const rendered = renderManifests(installOptionsSchema.parse({}));
    const yaml = await runPlugin(['install', '--injector', 'webhook', '-o', 'yaml']);
    const plain = JSON.parse(JSON.stringify(rendered));
    expect(parseAllDocuments(yaml.stdout).map((document) => document.toJSON())).toEqual(plain);
    const json = await runPlugin(['install', '--injector', 'webhook', '-o', 'json']);
    expect(JSON.parse(json.stdout).items).toEqual(plain);
  });

  test('values: a file, over it --set, over that flags of their own', async () => {
    const words = [
      '--injector',
      'webhook',
      '-f',
      '-',
      '--set',
      'injection.redact=literals',
      '--ha',
      '--enforce',
      '-o',
      'json',
    ];
    const stdin = 'replicas: 1\ninjection: {redact: none, capabilities: net-raw}\n';
    const { stdout } = await runPlugin(['install', ...words, '--image', 'a/b:c', '--image-pull-secret', 's'], {
      stdin,
    });
    const items: KubernetesObject[] = JSON.parse(stdout).items;
    const find = (wanted: string) => items.find(({ kind }) => kind === wanted);
    expect(find('Deployment')).toMatchObject({
      spec: {
        replicas: 3,
        template: { spec: { imagePullSecrets: [{ name: 's' }], containers: [{ image: 'a/b:c' }] } },
      },
    });
    expect(find('ConfigMap')?.data).toMatchObject({
      'injection.yaml': expect.stringMatching(/capabilities: net-raw[\s\S]*redact: literals/),
    });
    expect(find('MutatingWebhookConfiguration')).toMatchObject({ webhooks: [{ failurePolicy: 'Fail' }, {}] });
  });

  test.each([
    [['--set', 'replicas=many'], 'DBA1001', 'replicas'],
    [['--set', 'nonsense=1'], 'DBA1001', 'nonsense'],
    [['--set', 'nonsense'], 'DBA1001', 'PATH=VALUE'],
    [['-f', '/nonexistent.yaml'], 'DBA1002', '/nonexistent.yaml'],
    [['--injector', 'policy'], 'DBA1103', 'MutatingAdmissionPolicy'],
  ])('%j is refused', async (words, errorCode, named) => {
    const cluster = openCluster();
    cluster.unserved.add('admissionregistration.k8s.io/v1beta1/MutatingAdmissionPolicy');
    const { code, stderr } = await install(cluster, ...words);
    expect(code).toBe(1);
    expect(stderr).toContain(errorCode);
    expect(stderr).toContain(named);
    expect(cluster.calls).toEqual([]);
  });

  test('auto takes the policy where the API server serves v1', async () => {
    const cluster = openCluster();
    cluster.unserved.clear();
    await install(cluster, '--no-wait');
    expect(cluster.calls).toContain('apply MutatingAdmissionPolicy dbaudit-injector');
    expect(cluster.calls.join()).not.toContain('Deployment');
  });

  test('a configuration of agents needs the webhook, which copies it: auto takes it, the policy says so', async () => {
    const configured = ['--no-wait', '--set', 'agentConfig="redact: literals"'];
    const cluster = openCluster();
    cluster.unserved.clear();
    await install(cluster, ...configured);
    expect(cluster.calls).toContain('apply Deployment dbaudit-system/dbaudit-injector');
    expect((await install(cluster, '--injector', 'policy', ...configured)).stderr).toContain('ConfigMap dbaudit-agent');
    expect((await install(cluster, '--injector', 'policy', '--no-wait')).stderr).not.toContain(
      'ConfigMap dbaudit-agent',
    );
  });

  test('a dry run by the API server keeps nothing, and needs no namespace', async () => {
    const cluster = openCluster();
    expect((await install(cluster, '--dry-run=server')).code).toBe(0);
    expect(cluster.objects).toEqual([]);
    expect(cluster.calls).toContain('apply Deployment default/dbaudit-injector (dry run)');
  });

  test('not ready in time: why', async () => {
    const cluster = openCluster([
      {
        ...pod('dbaudit-injector-x', NAMESPACE, {
          'app.kubernetes.io/name': 'dbaudit',
          'app.kubernetes.io/component': 'injector',
        }),
        status: {
          phase: 'Pending',
          containerStatuses: [
            { name: 'injector', ready: false, restartCount: 0, state: { waiting: { reason: 'ImagePullBackOff' } } },
          ],
        },
      },
    ]);
    cluster.admit = (object) => object;
    cluster.logTexts.set(`${NAMESPACE}/dbaudit-injector-x/injector`, 'it said this\n');
    const { code, stderr } = await install(cluster, '--timeout', '0s');
    expect(code).toBe(1);
    expect(stderr).toContain('error DBA1104: the injector is not ready after 0 s');
    expect(stderr).toContain('pod/dbaudit-injector-x: container injector: ImagePullBackOff');
    expect(stderr).toContain('it said this');
  });

  test('a webhook that does not answer is not ready', async () => {
    const cluster = openCluster();
    cluster.admit = (object) => (object.kind === 'Deployment' ? available(object) : object);
    const { code, stderr } = await install(cluster, '--timeout', '0s');
    expect(code).toBe(1);
    expect(stderr).toContain('the API server does not get an answer from it');
  });
});

describe('upgrade', () => {
  test('keeps the values of the installation, and --prune takes what is left of it', async () => {
    const cluster = openCluster();
    await install(cluster, '--set', 'replicas=3', '--image', 'a/b:c');
    const old = own('networking.k8s.io/v1', 'NetworkPolicy', 'dbaudit-old', NAMESPACE);
    const owned = own('apps/v1', 'ReplicaSet', 'dbaudit-injector-1', NAMESPACE, {
      ownerReferences: [
        { apiVersion: 'apps/v1', kind: 'Deployment', name: 'dbaudit-injector', uid: '1', controller: true },
      ],
    });
    const made = own('v1', 'Secret', 'dbaudit-webhook-certificates', NAMESPACE);
    const mirrored = own('v1', 'ConfigMap', 'dbaudit-agent', 'shop');
    cluster.objects.push(old, owned, made, mirrored);
    const without = await runPlugin(['upgrade'], { cluster });
    expect(without.stderr).toMatch(/DBA3008: .*: networkpolicy\/dbaudit-old -n dbaudit-system$/m);
    const { code, stdout } = await runPlugin(['upgrade', '--prune', '--image', 'a/b:d'], { cluster });
    expect(code).toBe(0);
    expect(stdout.match(/.* deleted$/gm)).toEqual(['networkpolicy/dbaudit-old -n dbaudit-system deleted']);
    const deployment = cluster.objects.find(({ kind }) => kind === 'Deployment');
    expect(deployment).toMatchObject({
      spec: { replicas: 3, template: { spec: { containers: [{ image: 'a/b:d' }] } } },
    });
  });

  test('nothing to upgrade', async () => {
    const { code, stderr } = await runPlugin(['upgrade'], { cluster: openCluster() });
    expect({ code, error: stderr.slice(0, 13) }).toEqual({ code: 1, error: 'error DBA1105' });
  });

  test('what Helm installed is left to Helm', async () => {
    const cluster = openCluster(renderManifests(installOptionsSchema.parse({ managedBy: 'Helm' })));
    const { code, stderr } = await runPlugin(['upgrade'], { cluster });
    expect(code).toBe(1);
    expect(stderr).toContain('`helm upgrade`');
    expect(cluster.calls).toEqual([]);
  });
});
