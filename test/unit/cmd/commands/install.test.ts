import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import type { KubernetesObject } from '../../../../cmd/kubernetes/cluster.ts';
import { installOptionsSchema } from '../../../../manifests/options.ts';
import { renderManifests } from '../../../../manifests/render.ts';
import type { FakeCluster } from '../../../support/fake-cluster.ts';
import { available, install, NAMESPACE, openCluster, own, pod } from '../../../support/installation-objects.ts';
import { runPlugin } from '../../../support/plugin.ts';

describe('install', () => {
  test('applies everything in order, waits and says what comes next', async () => {
    const cluster = openCluster();
    const { code, stdout, stderr } = await install(cluster, '--collector-storage', '5Gi');
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
    expect(stderr).toContain('kubectl delete configmap,secret,rolebinding -A -l app.kubernetes.io/part-of=dbaudit');
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

  test('auto takes the policy where the API server serves v1, and agents need no configuration', async () => {
    const cluster = openCluster();
    cluster.unserved.clear();
    await install(cluster, '--no-wait', '--no-collector');
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
    expect((await install(cluster, '--injector', 'policy', '--no-wait')).stderr).toContain('ConfigMap dbaudit-agent');
    const plain = await install(cluster, '--injector', 'policy', '--no-wait', '--no-collector');
    expect(plain.stderr).not.toContain('ConfigMap dbaudit-agent');
  });

  test('the collector: agents send to it, and its events outlive it where the cluster can give it a volume', async () => {
    const storageClass = (annotations = {}) => ({
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name: 'disk', annotations },
    });
    const set = (cluster: FakeCluster) => cluster.objects.find(({ kind }) => kind === 'StatefulSet');
    const bare = openCluster([storageClass()]);
    const { stderr } = await install(bare);
    expect(stderr).toContain('no default StorageClass');
    expect(set(bare)?.spec).not.toHaveProperty('volumeClaimTemplates');
    // An upgrade does not choose anew.
    bare.objects.push(storageClass({ 'storageclass.kubernetes.io/is-default-class': 'true' }));
    expect((await runPlugin(['upgrade'], { cluster: bare })).code).toBe(0);
    expect(set(bare)?.spec).not.toHaveProperty('volumeClaimTemplates');
    const cluster = openCluster([storageClass({ 'storageclass.kubernetes.io/is-default-class': 'true' })]);
    expect((await install(cluster, '--collector-storage', '50Gi')).stderr).not.toContain('StorageClass');
    expect(set(cluster)).toMatchObject({
      spec: { volumeClaimTemplates: [{ spec: { resources: { requests: { storage: '50Gi' } } } }] },
    });
    const agents = cluster.objects.find(({ metadata }) => metadata.name === 'dbaudit-agent');
    expect(agents?.data).toMatchObject({
      'agent.yaml': expect.stringContaining('url: https://dbaudit-collector.dbaudit-system.svc:8443/v1/events'),
    });
  });

  test('without the collector agents write to standard output alone, and get no token', async () => {
    const { stdout } = await runPlugin(['install', '--injector', 'webhook', '--no-collector', '-o', 'json']);
    const items: KubernetesObject[] = JSON.parse(stdout).items;
    expect(items.filter(({ metadata }) => metadata.name.includes('collector'))).toEqual([]);
    const data = Object.assign({}, ...items.filter(({ kind }) => kind === 'ConfigMap').map(({ data }) => data));
    expect(data['agent.yaml']).toBe('sinks:\n  - type: stdout\n');
    expect(data['injection.yaml']).toContain('sinkToken: none');
  });

  test('the collector that does not become ready: why', async () => {
    const cluster = openCluster([
      {
        ...pod('dbaudit-collector-0', NAMESPACE),
        status: {
          phase: 'Pending',
          containerStatuses: [
            { name: 'collector', ready: false, restartCount: 0, state: { waiting: { reason: 'ImagePullBackOff' } } },
          ],
        },
      },
    ]);
    const { admit } = cluster;
    cluster.admit = (object, dryRun) => (object.kind === 'StatefulSet' ? object : admit(object, dryRun));
    const { code, stderr } = await install(cluster, '--timeout', '0s');
    expect(code).toBe(1);
    expect(stderr).toContain('error DBA1104: the collector is not ready in time');
    expect(stderr).toContain('pod/dbaudit-collector-0: container collector: ImagePullBackOff');
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

describe('the Secret of sinks', () => {
  const directory = mkdtempSync(join(tmpdir(), 'dbaudit-sink-secret-'));
  const file = (name: string, content: string) => {
    writeFileSync(join(directory, name), content);
    return join(directory, name);
  };
  afterAll(() => rmSync(directory, { recursive: true }));
  const secretIn = (cluster: FakeCluster) => cluster.objects.find(({ kind }) => kind === 'Secret');
  const PASSWORD = 'id#very-secret';

  test('is made of files, before what mounts it, and its content is shown nowhere', async () => {
    const cluster = openCluster();
    const words = ['--sink-secret', file('password', PASSWORD), '--sink-secret', `ca.crt=${file('x.pem', 'PEM')}`];
    const { code, stdout, stderr } = await install(cluster, ...words);
    expect(code).toBe(0);
    expect(secretIn(cluster)).toMatchObject({
      metadata: {
        name: 'dbaudit-sinks',
        namespace: NAMESPACE,
        labels: { 'app.kubernetes.io/part-of': 'dbaudit', 'app.kubernetes.io/managed-by': 'kubectl-dbaudit' },
      },
      data: { password: Buffer.from(PASSWORD).toString('base64'), 'ca.crt': Buffer.from('PEM').toString('base64') },
    });
    expect(stdout).toMatch(/^secret\/dbaudit-sinks -n dbaudit-system created$/m);
    expect(stderr).toContain('note: the Secret dbaudit-sinks is in dbaudit’s namespace alone');
    const others = JSON.stringify(cluster.objects.filter(({ kind }) => kind !== 'Secret'));
    for (const text of [stdout, stderr, others]) {
      expect(text).not.toContain(PASSWORD);
      expect(text).not.toContain(Buffer.from(PASSWORD).toString('base64'));
    }
  });

  test('keeps what it has where a later upgrade gives another file, or none; --prune leaves it', async () => {
    const cluster = openCluster();
    await install(cluster, '--sink-secret', file('password', 'one'), '--sink-secret', file('token', 'two'));
    await runPlugin(['upgrade', '--sink-secret', 'password=-'], { cluster, stdin: 'three' });
    const { code, stdout } = await runPlugin(['upgrade', '--prune'], { cluster });
    expect({ code, deleted: stdout.match(/.* deleted$/gm) }).toEqual({ code: 0, deleted: null });
    const base64 = (text: string) => Buffer.from(text).toString('base64');
    expect(secretIn(cluster)?.data).toEqual({ password: base64('three'), token: base64('two') });
  });

  test('is copied by the webhook where asked for: auto takes it; copies are outdated once it is not', async () => {
    const cluster = openCluster();
    cluster.unserved.clear();
    const { stderr } = await install(cluster, '--no-wait', '--mirror-sink-secret', '--sink-secret', file('a', 'b'));
    expect(stderr).not.toContain('namespace alone');
    expect(JSON.stringify(cluster.objects.find(({ kind }) => kind === 'Deployment'))).toContain(
      'DBAUDIT_MIRROR_SINK_SECRET',
    );
    cluster.objects.push(own('v1', 'Secret', 'dbaudit-sinks', 'shop'));
    const upgrade = (...words: string[]) => runPlugin(['upgrade', '--prune', '--no-wait', ...words], { cluster });
    expect((await upgrade()).stdout).not.toContain('deleted');
    const { stdout } = await upgrade('--set', 'mirrorSinkSecret=false');
    expect(stdout.match(/.* deleted$/gm)).toEqual(['secret/dbaudit-sinks -n shop deleted']);
  });

  test.each([
    [['--sink-secret', '/nonexistent/password'], 'DBA1002', 'ENOENT'],
    [['--sink-secret', 'pass word=/dev/null'], 'DBA1001', '"pass word"'],
    [['--sink-secret', '/dev/null', '-o', 'yaml'], 'DBA1004', 'not printed'],
  ])('%j is refused before anything is made', async (words, errorCode, named) => {
    const cluster = openCluster();
    const { code, stderr } = await install(cluster, ...words);
    expect(code).toBe(1);
    expect(stderr).toContain(errorCode);
    expect(stderr).toContain(named);
    expect(cluster.calls).toEqual([]);
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
