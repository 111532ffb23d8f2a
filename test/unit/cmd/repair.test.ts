import { describe, expect, test } from '@jest/globals';
import type { Clock } from '../../../cmd/clock.ts';
import { repair } from '../../../cmd/coverage/repair.ts';
import { type SurveyedPod, summarize } from '../../../cmd/coverage/workload-coverage.ts';
import type { KubernetesObject } from '../../../cmd/kubernetes/cluster.ts';
import { viewPod } from '../../../cmd/kubernetes/pods.ts';
import { outputSchemas } from '../../../cmd/output/schemas/index.ts';
import { FakeCluster } from '../../support/fake-cluster.ts';
import { runPlugin } from '../../support/plugin.ts';
import { injectedPod, injectionPolicy, namespace, owner, pod } from '../../support/workload-objects.ts';

/** Its controllers make a pod for each that is evicted. */
class ReplacingCluster extends FakeCluster {
  replace: (name: string, of: KubernetesObject) => KubernetesObject | undefined = (name, of) =>
    injectedPod(named(name, of));
  evictions = 0;
  #made = 0;

  override async evict(namespace: string, name: string): Promise<'evicted' | 'refused' | 'gone'> {
    const before = await this.find({ apiVersion: 'v1', kind: 'Pod' }, name, namespace);
    const answer = await super.evict(namespace, name);
    if (answer === 'refused' || !before) return answer;
    this.evictions += 1;
    this.#made += 1;
    const made = this.replace(`${name}-again${this.#made}`, before);
    if (made) this.objects = [...this.objects, made];
    return answer;
  }
}

function named(name: string, { metadata }: KubernetesObject) {
  const [reference] = metadata.ownerReferences ?? [];
  if (!reference) throw new Error('nothing would make it anew');
  return { name, namespace: 'shop', owner: { ...reference, controller: true } };
}

function shop(...pods: readonly KubernetesObject[]): ReplacingCluster {
  return new ReplacingCluster(
    [namespace('shop', { 'dbaudit.io/capture': 'enabled' }), injectionPolicy(), ...pods],
    'shop',
  );
}

const statefulSet = owner('apps/v1', 'StatefulSet', 'pg');
const words = ['coverage', '--repair', '--min', '100', '--timeout', '1s'];
const reports = (stderr: string) =>
  stderr.split('\n').filter((line) => / pods? replaced/.test(line) && !line.startsWith('replacing'));

describe('coverage --repair', () => {
  test('replaces one pod of a workload after the other', async () => {
    const cluster = shop(
      ...['pg-0', 'pg-1', 'pg-2'].map((name) => pod({ name, namespace: 'shop', owner: statefulSet })),
    );
    const { code, stdout, stderr } = await runPlugin(words, { cluster });
    expect(reports(stderr)).toEqual(['statefulset/pg -n shop: 3 pods replaced']);
    expect(stdout).toMatch(/^statefulset\/pg +3\/3 +3 /m);
    expect(code).toBe(0);
  });

  test('evictions are a second apart, whatever the workload', async () => {
    let now = 0;
    const clock: Clock = {
      now: () => now,
      sleep: async (millis) => {
        now += millis;
        return true;
      },
    };
    const names = ['pg-0', 'pg-1', 'pg-2'];
    const cluster = shop(...names.map((name) => pod({ name, namespace: 'shop', owner: statefulSet })));
    const evictedAt: number[] = [];
    cluster.replace = (name, of) => {
      evictedAt.push(now);
      return injectedPod(named(name, of));
    };
    const uncovered = cluster.objects
      .filter(({ kind }) => kind === 'Pod')
      .map((object): SurveyedPod => {
        const coverage = { state: 'uncovered', code: 'DBA2009', reason: '' } as const;
        return { pod: viewPod(object), owner: statefulSet, status: undefined, coverage };
      });
    const workloads = [summarize({ namespace: 'shop', owner: statefulSet }, uncovered)];
    const { signal } = new AbortController();
    await repair(workloads, { cluster, clock, signal, timeoutMillis: 60_000, update: () => undefined });
    expect(evictedAt).toEqual([0, 1_000, 2_000]);
  });

  test('gives a workload up whose replacement has no agent either', async () => {
    const cluster = shop(...['pg-0', 'pg-1'].map((name) => pod({ name, namespace: 'shop', owner: statefulSet })));
    cluster.replace = (name, of) => pod({ ...named(name, of), skipped: 'DBA2006: the quota has no room' });
    const { code, stderr } = await runPlugin(words, { cluster });
    expect(reports(stderr)).toEqual([
      'statefulset/pg -n shop: 0 pods replaced; its replacement pod/pg-0-again1 has no agent either: DBA2006: the quota has no room',
    ]);
    expect(cluster.evictions).toBe(1);
    expect(code).toBe(1);
  });

  test('gives a workload up whose replacement does not become ready', async () => {
    const cluster = shop(...['pg-0', 'pg-1'].map((name) => pod({ name, namespace: 'shop', owner: statefulSet })));
    cluster.replace = (name, of) => injectedPod({ ...named(name, of), ready: false });
    const { stderr } = await runPlugin(words, { cluster });
    expect(reports(stderr)).toEqual([
      'statefulset/pg -n shop: 0 pods replaced; the replacement of pod/pg-0 is not ready after 1 s',
    ]);
    expect(cluster.evictions).toBe(1);
  });

  test('a disruption budget is asked again, then told', async () => {
    const cluster = shop(pod({ name: 'pg-0', namespace: 'shop', owner: statefulSet }));
    cluster.guarded.add('pg-0');
    const { stderr } = await runPlugin(words, { cluster });
    expect(reports(stderr)).toEqual([
      'statefulset/pg -n shop: 0 pods replaced; a disruption budget did not allow the eviction of pod/pg-0',
    ]);
  });

  test('leaves what would not be helped: bare pods, Jobs, and reasons that stay', async () => {
    const cluster = shop(
      pod({ name: 'bare', namespace: 'shop' }),
      pod({ name: 'once-1', namespace: 'shop', owner: owner('batch/v1', 'Job', 'once') }),
      pod({
        name: 'host-1',
        namespace: 'shop',
        owner: owner('apps/v1', 'DaemonSet', 'host'),
        spec: { hostNetwork: true },
      }),
    );
    const { stdout, stderr } = await runPlugin([...words, '-o', 'json'], { cluster });
    expect(reports(stderr)).toEqual([
      'daemonset/host -n shop: 0 pods replaced; 1 left: DBA2001: the pod uses the network of its node',
      'job/once -n shop: 0 pods replaced; 1 left: the work of a Job would start again; its next run is captured',
      'pod/bare -n shop: 0 pods replaced; 1 left: no controller would make the pod anew',
    ]);
    expect(cluster.calls).toEqual([]);
    expect(outputSchemas.Coverage?.parse(JSON.parse(stdout))).toMatchObject({
      repair: [{ workload: 'daemonset/host', replaced: 0 }, { workload: 'job/once' }, { workload: 'pod/bare' }],
    });
  });

  test('without an injector nothing is evicted', async () => {
    const cluster = shop(pod({ name: 'pg-0', namespace: 'shop', owner: statefulSet }));
    cluster.objects = cluster.objects.filter(({ kind }) => kind !== 'MutatingAdmissionPolicy');
    const { code, stderr } = await runPlugin(words, { cluster });
    expect(stderr).toMatch(/error DBA1105/);
    expect(code).toBe(2);
    expect(cluster.evictions).toBe(0);
  });

  test('interrupted: nothing more is evicted', async () => {
    const cluster = shop(...['pg-0', 'pg-1'].map((name) => pod({ name, namespace: 'shop', owner: statefulSet })));
    const abort = new AbortController();
    cluster.replace = (name, of) => {
      abort.abort();
      return injectedPod({ ...named(name, of), ready: false });
    };
    const { stderr } = await runPlugin(words, { cluster, signal: abort.signal });
    expect(reports(stderr)).toEqual(['statefulset/pg -n shop: 0 pods replaced; interrupted']);
    expect(cluster.evictions).toBe(1);
  });
});
