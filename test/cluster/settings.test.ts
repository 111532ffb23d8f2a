import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { INJECTION_CONFIG_KEY, INJECTION_CONFIG_MAP } from '../../contract/injection-settings.ts';
import { DEFAULT_NAMESPACE } from '../../contract/labels.ts';
import { install } from '../support/cluster/installation.ts';
import { testCluster } from '../support/cluster/suite.ts';
import { ThrowawayPods } from '../support/cluster/throwaway-pods.ts';

const cluster = testCluster();
let namespace: string;
let throwaway: ThrowawayPods;

beforeAll(async () => {
  await install(cluster);
  namespace = await cluster.createNamespace('settings');
  throwaway = new ThrowawayPods(cluster, namespace);
});
afterAll(async () => {
  throwaway.close();
  await install(cluster);
  await cluster.deleteNamespace(namespace);
});

const scale = (replicas: number) =>
  cluster.kubectl(['scale', 'deployment/dbaudit-injector', '-n', DEFAULT_NAMESPACE, `--replicas=${replicas}`]);
const injectorPods = async () => (await cluster.kubectl(['get', 'pods', '-n', DEFAULT_NAMESPACE, '-o', 'name'])).trim();

test('settings that are not valid change nothing, and a new injector waits for valid ones rather than guess', async () => {
  const data = { [INJECTION_CONFIG_KEY]: 'redact: nonsense\n' };
  const patch = JSON.stringify({ data });
  await cluster.kubectl(['patch', 'configmap', INJECTION_CONFIG_MAP, '-n', DEFAULT_NAMESPACE, '--patch', patch]);
  await cluster.waitFor('the injectors to have read it', async () => {
    const selector = 'app.kubernetes.io/component=injector';
    const log = await cluster.kubectl(['logs', '-n', DEFAULT_NAMESPACE, '-l', selector, '--tail=-1']);
    return log.includes('the last valid settings stay in force');
  });
  expect(await throwaway.create()).toBe(true);

  await scale(0);
  await cluster.waitFor('the injectors to be gone', async () => (await injectorPods()) === '');
  await scale(1);
  await cluster.waitFor('a new injector to say why it does not begin', async () => {
    const log = await cluster.kubectl(['logs', '-n', DEFAULT_NAMESPACE, 'deployment/dbaudit-injector']);
    return log.includes('no pod is given an agent until it is valid');
  });
  expect(await throwaway.create()).toBe(false);

  await install(cluster);
  expect(await throwaway.create()).toBe(true);
});
