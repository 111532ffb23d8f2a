import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { outputSchemas } from '../../cmd/output/schemas/index.ts';
import { CAPTURE_LABEL, DEFAULT_NAMESPACE, POD_SECURITY_LABEL } from '../../contract/labels.ts';
import { clientTemplate, deployment, manifests } from '../support/cluster/database-pods.ts';
import { dbaudit, install } from '../support/cluster/installation.ts';
import { testCluster } from '../support/cluster/suite.ts';

const cluster = testCluster();

async function analyze(...words: readonly string[]) {
  const { code, stdout, stderr } = await dbaudit(cluster, ['analyze', '-o', 'json', ...words]);
  return { code, stderr, document: outputSchemas.Analysis?.parse(JSON.parse(stdout)) };
}

/** With more in the pod's specification and metadata, and on the Deployment itself. */
function web(name: string, more: { readonly spec?: object; readonly metadata?: object; readonly own?: object } = {}) {
  const { metadata, spec } = clientTemplate(name);
  const made = deployment(name, { metadata: { ...metadata, ...more.metadata }, spec: { ...spec, ...more.spec } });
  return { ...made, metadata: { name, ...more.own } };
}

describe('analyze', () => {
  let namespace: string;

  beforeAll(async () => {
    await install(cluster);
    namespace = await cluster.createNamespace('analyze', { [CAPTURE_LABEL]: 'enabled' });
  });
  afterAll(() => cluster.deleteNamespace(namespace));

  test('names what keeps pods from being captured, and what helps', async () => {
    await cluster.apply(
      manifests(
        web('fine'),
        web('host', { spec: { hostNetwork: true } }),
        web('misplaced', { own: { labels: { [CAPTURE_LABEL]: 'disabled' } } }),
        web('settings', { metadata: { annotations: { 'config.dbaudit.io/sampling': '1' } } }),
      ),
      namespace,
    );
    await cluster.waitForCondition('deployment/fine', 'Available', namespace);
    await cluster.waitForCondition('deployment/settings', 'Available', namespace);
    const { code, document } = await analyze('-n', namespace);
    expect(code).toBe(1);
    expect(document).toMatchObject({
      items: [
        { code: 'DBA2001', name: 'host' },
        { code: 'DBA2015', name: 'misplaced', fix: `kubectl dbaudit disable deployment/misplaced -n ${namespace}` },
        { code: 'DBA2016', name: 'settings' },
      ],
    });
    expect(await analyze('-n', namespace, 'deploy/fine')).toMatchObject({ code: 0, document: { items: [] } });
    expect((await dbaudit(cluster, ['analyze', '-n', namespace, 'deploy/none'])).code).toBe(2);
  });

  test('manifests are judged by the namespace they would come to', async () => {
    const strict = await cluster.createNamespace('strict', {
      [CAPTURE_LABEL]: 'enabled',
      [POD_SECURITY_LABEL]: 'restricted',
    });
    const manifest = web('web', { own: { namespace: strict } });
    try {
      const { code, stdout } = await dbaudit(cluster, ['analyze', '-o', 'json', '-f', '-'], {
        stdin: JSON.stringify(manifest),
      });
      expect(code).toBe(1);
      expect(outputSchemas.Analysis?.parse(JSON.parse(stdout))).toMatchObject({
        items: [
          { code: 'DBA3005', kind: 'Namespace', name: strict },
          { code: 'DBA2002', name: 'web', namespace: strict, source: '-' },
        ],
      });
    } finally {
      await cluster.deleteNamespace(strict);
    }
  });

  test('an injector without pods is told', async () => {
    const injector = 'deployment/dbaudit-injector';
    const scale = (replicas: number) =>
      cluster.kubectl(['scale', injector, '-n', DEFAULT_NAMESPACE, `--replicas=${replicas}`]);
    await scale(0);
    try {
      await cluster.waitFor('it to be told', async () => {
        const { document } = await analyze('-n', namespace);
        return JSON.stringify(document).includes('DBA3003');
      });
    } finally {
      await scale(2);
      await cluster.waitForCondition(injector, 'Available', DEFAULT_NAMESPACE);
    }
  });
});
