import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DEFAULT_NAMESPACE, INJECTED_LABEL } from '../../contract/labels.ts';
import { install } from '../support/cluster/installation.ts';
import { testCluster } from '../support/cluster/suite.ts';
import { ThrowawayPods } from '../support/cluster/throwaway-pods.ts';

const SECRET = 'secret/dbaudit-webhook-certificates';
const ROTATE = 'dbaudit.io/rotate';
/** The steps of a new CA are spaced by this, so that every API server has the bundle before it is needed. */
const SETTLE_SECONDS = 10;
/** So many at a time, with pauses: the one node has other work. */
const LOADS = 4;
const PAUSE_MILLIS = 20;

describe('certificates under a load of pod creations', () => {
  const cluster = testCluster();
  let namespace: string;
  let created = 0;
  let missed = 0;
  let loading = true;
  let load: Promise<void>;
  let throwaway: ThrowawayPods;

  const caBundle = () =>
    cluster.kubectl([
      'get',
      'mutatingwebhookconfiguration',
      'dbaudit-injector',
      '-o',
      'jsonpath={.webhooks[0].clientConfig.caBundle}',
    ]);
  // Not by its length: one certificate of the same kind is some bytes longer than another.
  const authoritiesIn = (bundle: string) =>
    Buffer.from(bundle, 'base64').toString('latin1').split('BEGIN CERTIFICATE').length - 1;
  const secret = (jsonpath: string) =>
    cluster.kubectl(['get', SECRET, '-n', DEFAULT_NAMESPACE, '-o', `jsonpath=${jsonpath}`]);

  /** Creates pods one after the other; each must come back with an agent. */
  async function createPods(throwaway: ThrowawayPods): Promise<void> {
    while (loading) {
      if (!(await throwaway.create())) missed += 1;
      created += 1;
      await sleep(PAUSE_MILLIS);
    }
  }

  beforeAll(async () => {
    await install(cluster);
    const settle = `DBAUDIT_CERTIFICATE_SETTLE_SECONDS=${SETTLE_SECONDS}`;
    await cluster.kubectl(['set', 'env', 'deployment/dbaudit-injector', '-n', DEFAULT_NAMESPACE, settle]);
    await cluster.kubectl([
      'rollout',
      'status',
      'deployment/dbaudit-injector',
      '-n',
      DEFAULT_NAMESPACE,
      '--timeout=120s',
    ]);
    namespace = await cluster.createNamespace('load');
    throwaway = new ThrowawayPods(cluster, namespace);
    load = Promise.all(Array.from({ length: LOADS }, () => createPods(throwaway))).then(() => undefined);
  });
  afterAll(async () => {
    loading = false;
    await load;
    throwaway.close();
    await cluster.deleteNamespace(namespace);
    await install(cluster);
  });

  test('a new serving certificate and a new CA cost no injection, with both replicas', async () => {
    const leaf = await secret('{.data.tls\\.crt}');
    await cluster.kubectl(['annotate', SECRET, '-n', DEFAULT_NAMESPACE, `${ROTATE}=leaf`]);
    await cluster.waitFor('a new serving certificate', async () => (await secret('{.data.tls\\.crt}')) !== leaf);
    const bundle = await caBundle();
    await cluster.kubectl(['annotate', SECRET, '-n', DEFAULT_NAMESPACE, `${ROTATE}=ca`]);
    await cluster.waitFor('both CAs to be published', async () => authoritiesIn(await caBundle()) === 2);
    await cluster.waitFor('the old CA to be withdrawn', async () => authoritiesIn(await caBundle()) === 1);
    expect(await caBundle()).not.toBe(bundle);
    const before = created;
    await cluster.waitFor('more pods to be created', async () => created > before + 10);
    loading = false;
    await load;
    expect(created).toBeGreaterThan(100);
    expect(missed).toBe(0);
    process.stderr.write(`certificates: ${created} pods created, ${missed} without ${INJECTED_LABEL}\n`);
  });
});
