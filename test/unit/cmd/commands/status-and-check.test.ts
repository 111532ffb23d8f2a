import { describe, expect, test } from '@jest/globals';
import type { KubernetesObject } from '../../../../cmd/kubernetes/cluster.ts';
import { outputSchemas } from '../../../../cmd/output/schemas/index.ts';
import { VERSION } from '../../../../contract/version.ts';
import type { FakeCluster } from '../../../support/fake-cluster.ts';
import { injected, install, namespaceObject, openCluster, pod } from '../../../support/installation-objects.ts';
import { runPlugin } from '../../../support/plugin.ts';

describe('status', () => {
  const captured = injected(pod('a', 'shop', { 'dbaudit.io/capture': 'enabled' }));
  const older = pod('b', 'shop', { 'dbaudit.io/capture': 'enabled' });

  async function installed(objects: readonly KubernetesObject[]): Promise<FakeCluster> {
    const cluster = openCluster(objects);
    await install(cluster, '--no-collector');
    cluster.objects = cluster.objects.map((object) =>
      object.kind === 'MutatingWebhookConfiguration'
        ? { ...object, webhooks: [{ clientConfig: { caBundle: 'eA==' } }] }
        : object,
    );
    return cluster;
  }

  test('all well', async () => {
    const cluster = await installed([captured, namespaceObject('shop')]);
    const { code, stdout } = await runPlugin(['status'], { cluster });
    expect({ code, lines: stdout.trimEnd().split('\n') }).toEqual({
      code: 0,
      lines: [
        'Context     test',
        `Installed   ${VERSION} in dbaudit-system`,
        `Injector    webhook, 3 of 2 available: OK   ghcr.io/dbaudit/dbaudit:${VERSION}`,
        'Pods        1 of 1 captured (100.0 %)',
        'Sinks       stdout',
        `Agents      1 of version ${VERSION}`,
      ],
    });
  });

  test('a pod without its agent is a problem, and the document validates', async () => {
    const cluster = await installed([captured, older]);
    const { code, stdout } = await runPlugin(['status', '-o', 'json'], { cluster });
    expect(code).toBe(1);
    const document = outputSchemas.Status?.parse(JSON.parse(stdout));
    expect(document).toMatchObject({
      pods: { selected: 2, captured: 1, skipped: 0 },
      problems: [{ code: 'DBA2009', message: '1 of 2 pods have no running agent' }],
    });
  });

  test('not installed', async () => {
    const { code, stdout } = await runPlugin(['status'], { cluster: openCluster() });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^Installed +no$/m);
    expect((await runPlugin(['status', '--wait'], { cluster: openCluster() })).stderr).toContain('DBA1105');
  });
});

describe('check', () => {
  const check = (cluster: FakeCluster, ...words: string[]) => runPlugin(['check', ...words], { cluster });

  test('before an installation', async () => {
    const cluster = openCluster([
      namespaceObject('shop', { 'dbaudit.io/capture': 'enabled', 'pod-security.kubernetes.io/enforce': 'restricted' }),
    ]);
    const { code, stdout } = await check(cluster, '--pre');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^√ can reach the API server \(v1\.34\.0, context test\)$/m);
    expect(stdout).toContain(
      '‼ namespaces to be captured let agents capture   DBA3005\n    1 of 1 enforce restricted: shop\n',
    );
    expect(stdout.trimEnd().split('\n').at(-1)).toBe('Status check results are √ (1 warning)');
    expect(cluster.calls.every((call) => call.endsWith('(dry run)'))).toBe(true);
  });

  test('rights that are missing are named', async () => {
    const cluster = openCluster();
    cluster.forbidden.add('create clusterroles');
    const { code, stdout } = await check(cluster, '--pre', '-o', 'json');
    expect(code).toBe(1);
    const document = outputSchemas.Check?.parse(JSON.parse(stdout));
    expect(JSON.stringify(document)).toContain('"code":"DBA3002","details":["create clusterroles"]');
  });

  test.each([
    [24, 'error', 1],
    [28, 'warning', 0],
    [29, 'success', 0],
  ])('Kubernetes 1.%d is a %s', async (minor, result, exitCode) => {
    const cluster = openCluster();
    cluster.minor = minor;
    const { code, stdout } = await check(cluster, '--pre', '-o', 'json');
    expect(code).toBe(exitCode);
    expect(JSON.parse(stdout).categories[0].checks[1]).toMatchObject({ result });
  });

  test('clocks that do not agree', async () => {
    const cluster = openCluster();
    cluster.clock = () => new Date(Date.now() - 90_000);
    expect((await check(cluster, '--pre', '-o', 'short')).stdout).toMatch(
      /^‼ the clocks agree {3}DBA3009\n.* 9\d s apart$/m,
    );
  });

  test('an installation whose webhook does not answer', async () => {
    const cluster = openCluster();
    await install(cluster, '--no-collector');
    cluster.admit = (object) => object;
    const { code, stdout } = await check(cluster, '-o', 'short');
    expect(code).toBe(1);
    expect(stdout).toMatch(/^× a pod that asks for an agent gets one {3}DBA3003$/m);
    expect(stdout).not.toContain('√ can reach');
  });

  test('an injector of before beside that of now', async () => {
    const cluster = openCluster();
    await install(cluster, '--no-collector');
    const configuration = cluster.objects.find(({ kind }) => kind === 'MutatingWebhookConfiguration');
    if (configuration === undefined) throw new Error('nothing was installed');
    const before = { ...configuration, metadata: { ...configuration.metadata, name: 'dbaudit-before' } };
    cluster.objects = [...cluster.objects, before];
    const { stdout } = await check(cluster);
    expect(stdout).toMatch(/^‼ an injector is installed {3}DBA3008\n.*dbaudit-before/m);
    expect(stdout).toContain('upgrade --prune');
  });

  test('a Secret that sinks need is missed where agents run', async () => {
    const cluster = openCluster([injected(pod('a', 'shop', { 'dbaudit.io/capture': 'enabled' }))]);
    const sinks = 'sinks: [{type: http, url: "https://siem.example", bearerFile: /etc/dbaudit/secrets/token}]';
    await install(cluster, '--no-collector', '--set', `agentConfig=${JSON.stringify(sinks)}`);
    const { stdout } = await check(cluster, '-o', 'short');
    expect(stdout).toMatch(
      /^‼ agents have a configuration.* {3}DBA4008\n {4}there is no Secret dbaudit-sinks in shop$/m,
    );
    cluster.objects.push({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'dbaudit-sinks', namespace: 'shop' } });
    expect((await check(cluster)).stdout).toMatch(/^√ agents have sinks and what those need \(http\)$/m);
  });

  test('nothing installed: one finding, not many', async () => {
    const { code, stdout } = await check(openCluster());
    expect(code).toBe(1);
    expect(stdout).toContain('Status check results are × (1 error)');
  });
});
