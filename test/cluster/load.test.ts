import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { install } from '../support/cluster/installation.ts';
import { testCluster } from '../support/cluster/suite.ts';
import { ThrowawayPods } from '../support/cluster/throwaway-pods.ts';

const PODS_PER_SECOND = 100;
const SECONDS = 10;
const TICKS_PER_SECOND = 10;
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
  let throwaway: ThrowawayPods;

  beforeAll(async () => {
    await install(cluster);
    namespace = await cluster.createNamespace('burst');
    throwaway = new ThrowawayPods(cluster, namespace);
  });
  afterAll(async () => {
    throwaway.close();
    await cluster.deleteNamespace(namespace);
  });

  test('all are given an agent', async () => {
    const readMetrics = async () => bucketsOf(await cluster.kubectl(['get', '--raw', '/metrics']));
    const before = await readMetrics();
    const pods: Promise<boolean>[] = [];
    const start = Date.now();
    for (let tick = 1; tick <= SECONDS * TICKS_PER_SECOND; tick++) {
      for (let count = 0; count < PODS_PER_SECOND / TICKS_PER_SECOND; count++) pods.push(throwaway.create());
      await sleep(Math.max(0, start + (tick * 1_000) / TICKS_PER_SECOND - Date.now()));
    }
    const injected = (await Promise.all(pods)).filter(Boolean).length;
    const seconds = (Date.now() - start) / 1_000;
    const p99 = percentile99(before, await readMetrics());
    process.stderr.write(
      `load: ${injected} of ${pods.length} pods injected in ${seconds.toFixed(1)} s, 99 of 100 webhook calls within ${p99} s\n`,
    );
    expect(injected).toBe(pods.length);
  });
});
