import { Agent, request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { KubeConfig } from '@kubernetes/client-node';
import { CAPTURE_LABEL, INJECTED_LABEL } from '../../contract/labels.ts';
import { install } from '../support/cluster/installation.ts';
import { testCluster } from '../support/cluster/suite.ts';
import { IMAGES } from '../support/cluster/suite-images.ts';

const PODS_PER_SECOND = 100;
const SECONDS = 10;
const TICKS_PER_SECOND = 10;
const CONNECTIONS = 20;
const HISTOGRAM = 'apiserver_admission_webhook_admission_duration_seconds_bucket';

/** Upper bound in seconds and how many calls of our webhooks took no longer, as the API server counted them. */
type Buckets = ReadonlyMap<number, number>;

function bucketsOf(metrics: string): Buckets {
  const buckets = new Map<number, number>();
  for (const line of metrics.split('\n')) {
    if (!line.startsWith(HISTOGRAM) || !line.includes('inject')) continue;
    const bound = /le="([^"]+)"/.exec(line)?.[1] ?? '';
    const count = Number(line.slice(line.lastIndexOf(' ')));
    const upTo = bound === '+Inf' ? Number.POSITIVE_INFINITY : Number(bound);
    buckets.set(upTo, (buckets.get(upTo) ?? 0) + count);
  }
  return buckets;
}

/** The bound under which 99 of 100 calls between two readings stayed, in seconds. */
function percentile99(before: Buckets, after: Buckets): number | undefined {
  const counts = [...after].map(([bound, count]) => [bound, count - (before.get(bound) ?? 0)] as const);
  const all = Math.max(...counts.map(([, count]) => count));
  return counts.toSorted(([a], [b]) => a - b).find(([, count]) => count >= all * 0.99)?.[0];
}

describe(`${PODS_PER_SECOND} pods a second for ${SECONDS} s`, () => {
  const cluster = testCluster();
  let namespace: string;
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });

  beforeAll(async () => {
    await install(cluster);
    namespace = await cluster.createNamespace('burst');
  });
  afterAll(async () => {
    agent.destroy();
    await cluster.deleteNamespace(namespace);
  });

  /** Creates a pod that is thrown away; whether it came back with an agent. */
  async function createPod(kubeConfig: KubeConfig): Promise<boolean> {
    const options = { method: 'POST', agent, headers: { 'content-type': 'application/json' } };
    await kubeConfig.applyToHTTPSOptions(options);
    const address = `${kubeConfig.getCurrentCluster()?.server}/api/v1/namespaces/${namespace}/pods?dryRun=All`;
    return await new Promise((resolve, reject) => {
      const sent = request(address, { ...options, agent }, (answer) => {
        let body = '';
        answer.setEncoding('utf8').on('data', (text: string) => {
          body += text;
        });
        answer.on('end', () => {
          const { metadata, message } = JSON.parse(body);
          if (answer.statusCode === 201) resolve(metadata.labels[INJECTED_LABEL] === 'true');
          else reject(new Error(`${answer.statusCode}: ${message}`));
        });
      });
      sent.on('error', reject);
      sent.end(
        JSON.stringify({
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: { generateName: 'burst-', labels: { [CAPTURE_LABEL]: 'enabled' } },
          spec: { containers: [{ name: 'main', image: IMAGES.databases }] },
        }),
      );
    });
  }

  test('all are given an agent', async () => {
    const kubeConfig = new KubeConfig();
    kubeConfig.loadFromFile(cluster.kubeconfig);
    const readMetrics = async () => bucketsOf(await cluster.kubectl(['get', '--raw', '/metrics']));
    const before = await readMetrics();
    const pods: Promise<boolean>[] = [];
    const start = Date.now();
    for (let tick = 1; tick <= SECONDS * TICKS_PER_SECOND; tick++) {
      for (let count = 0; count < PODS_PER_SECOND / TICKS_PER_SECOND; count++) pods.push(createPod(kubeConfig));
      await sleep(Math.max(0, start + (tick * 1_000) / TICKS_PER_SECOND - Date.now()));
    }
    const injected = (await Promise.all(pods)).filter(Boolean).length;
    const seconds = (Date.now() - start) / 1_000;
    const p99 = percentile99(before, await readMetrics());
    process.stdout.write(
      `load: ${injected} of ${pods.length} pods injected in ${seconds.toFixed(1)} s, 99 of 100 webhook calls within ${p99} s\n`,
    );
    expect(injected).toBe(pods.length);
  });
});
