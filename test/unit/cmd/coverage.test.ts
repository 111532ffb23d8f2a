import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { parse } from 'yaml';
import { outputSchemas } from '../../../cmd/output/schemas/index.ts';
import { AgentCluster } from '../../support/agent-cluster.ts';
import { runPlugin } from '../../support/plugin.ts';
import {
  cronJob,
  deployment,
  injectedPod,
  injectionPolicy,
  namespace,
  owner,
  pod,
  replicaSet,
} from '../../support/workload-objects.ts';

const NOW = new Date('2026-11-21T12:00:00Z');
const SELECTED = { 'dbaudit.io/capture': 'enabled' };

const status = (more: object = {}) => ({
  version: '0.1.0',
  capturing: true,
  protocols: { mysql: { statements: 10, sessions: 2, encrypted: 0 } },
  lastEventAt: '2026-11-21T11:59:58.000Z',
  droppedPackets: 0,
  gapBytes: 0,
  ...more,
});

function shop(): AgentCluster {
  const of = (name: string) => owner('apps/v1', 'ReplicaSet', `${name}-5d9`);
  const cluster = new AgentCluster(
    [
      namespace('shop', SELECTED, '2026-06-01T00:00:00Z'),
      injectionPolicy('2026-05-01T00:00:00Z'),
      deployment({ name: 'orders', namespace: 'shop' }),
      replicaSet({ name: 'orders-5d9', namespace: 'shop', of: 'orders' }),
      injectedPod({ name: 'orders-5d9-a', namespace: 'shop', owner: of('orders') }),
      injectedPod({ name: 'orders-5d9-b', namespace: 'shop', owner: of('orders') }),
      deployment({ name: 'billing', namespace: 'shop' }),
      replicaSet({ name: 'billing-5d9', namespace: 'shop', of: 'billing' }),
      pod({ name: 'billing-5d9-a', namespace: 'shop', owner: of('billing'), created: '2026-07-01T00:00:00Z' }),
      pod({ name: 'billing-5d9-b', namespace: 'shop', owner: of('billing'), created: '2026-07-01T00:00:00Z' }),
      // Younger than the injector, older than the label.
      pod({
        name: 'pg-0',
        namespace: 'shop',
        owner: owner('apps/v1', 'StatefulSet', 'pg'),
        created: '2026-05-15T00:00:00Z',
      }),
      injectedPod({ name: 'cache-0', namespace: 'shop', owner: owner('apps/v1', 'StatefulSet', 'cache') }),
      pod({
        name: 'web-x',
        namespace: 'shop',
        owner: owner('apps/v1', 'DaemonSet', 'web'),
        agent: { waiting: { reason: 'ImagePullBackOff', message: 'no such image' } },
      }),
      pod({
        name: 'slow-x',
        namespace: 'shop',
        owner: owner('apps/v1', 'DaemonSet', 'slow'),
        agent: { waiting: { reason: 'PodInitializing' } },
      }),
      cronJob({ name: 'report', namespace: 'shop' }),
      { ...replicaSet({ name: 'report-1', namespace: 'shop', of: 'x' }), apiVersion: 'batch/v1', kind: 'Job' },
      pod({ name: 'skipped', namespace: 'shop', skipped: 'DBA2006: the quota `small` has no room' }),
      pod({ name: 'hosted', namespace: 'shop', spec: { hostNetwork: true } }),
      pod({ name: 'odd', namespace: 'shop', capture: 'yes' }),
      pod({ name: 'not-wanted', namespace: 'shop', capture: 'disabled' }),
      pod({ name: 'done', namespace: 'shop', phase: 'Succeeded' }),
      namespace('other'),
      pod({ name: 'elsewhere', namespace: 'other' }),
      injectedPod({ name: 'single', namespace: 'other', capture: 'enabled' }),
    ],
    'shop',
  );
  cluster.answers.set(
    'orders-5d9-a',
    status({
      protocols: {
        mysql: { statements: 10, sessions: 2, encrypted: 0 },
        postgresql: { statements: 0, sessions: 0, encrypted: 0 },
      },
    }),
  );
  cluster.answers.set(
    'orders-5d9-b',
    status({
      protocols: {
        mysql: { statements: 1, sessions: 1, encrypted: 1 },
        redis: { statements: 3, sessions: 1, encrypted: 0 },
      },
      lastEventAt: '2026-11-21T11:50:00.000Z',
      droppedPackets: 7,
      gapBytes: 1448,
    }),
  );
  cluster.answers.set('cache-0', status({ capturing: false, reason: 'DBA2011: capturing is not permitted' }));
  cluster.answers.set('single', status({ protocols: { postgresql: { statements: 0, sessions: 4, encrypted: 4 } } }));
  return cluster;
}

beforeAll(() => {
  jest.useFakeTimers({
    now: NOW,
    doNotFake: [
      'nextTick',
      'setImmediate',
      'setTimeout',
      'setInterval',
      'clearTimeout',
      'clearInterval',
      'queueMicrotask',
    ],
  });
});

afterAll(() => {
  jest.useRealTimers();
});

describe('coverage', () => {
  test('at 80 columns types are short, and reasons have lines of their own', async () => {
    const { code, stdout, stderr } = await runPlugin(['coverage'], { cluster: shop(), columns: 80 });
    expect(stdout).toBe(GOLDEN_80);
    expect(stderr).toBe('3 of 10 workloads fully captured, 2 of 10 pods (20.0 %)\n');
    expect(code).toBe(0);
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  test('at 160 columns', async () => {
    const { stdout } = await runPlugin(['coverage'], { cluster: shop(), columns: 160 });
    expect(stdout).toBe(GOLDEN_160);
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(160);
  });

  test('wide, of all namespaces, in a pipe: nothing is cut', async () => {
    const { stdout } = await runPlugin(['coverage', '-A', '-o', 'wide'], { cluster: shop() });
    expect(stdout).toBe(GOLDEN_WIDE);
  });

  test('for spreadsheets', async () => {
    const { stdout } = await runPlugin(['coverage', '-o', 'csv'], { cluster: shop() });
    expect(stdout).toBe(GOLDEN_CSV);
  });

  test.each(['json', 'yaml'])('as %s, by its schema', async (format) => {
    const { stdout } = await runPlugin(['coverage', '-o', format, 'deploy,sts'], { cluster: shop() });
    const document = outputSchemas.Coverage?.parse(parse(stdout));
    expect(document).toMatchObject({
      capturedPercent: (2 / 6) * 100,
      items: [
        {
          kind: 'Deployment',
          name: 'billing',
          pods: { total: 2, ready: 2, captured: 0, uncovered: 2 },
          reasons: [{ code: 'DBA2009', pods: 2 }],
          uncoveredPods: [{ name: 'billing-5d9-a' }, { name: 'billing-5d9-b' }],
        },
        {
          name: 'orders',
          seen: {
            protocols: { mysql: { statements: 11, sessions: 3, encrypted: 1 }, redis: { statements: 3 } },
            lastEventAt: '2026-11-21T11:59:58.000Z',
            droppedPackets: 7,
            gapBytes: 1448,
          },
        },
        { name: 'cache', reasons: [{ code: 'DBA2011' }] },
        { name: 'pg', reasons: [{ code: 'DBA2010' }] },
      ],
    });
  });

  test('--only uncovered, -l, and --min, which counts those left out too', async () => {
    const only = await runPlugin(['coverage', 'deploy', '--only', 'uncovered', '--min', '50%'], { cluster: shop() });
    expect(only.stdout).not.toContain('deployment/orders');
    expect(only.stdout).toContain('deployment/billing');
    expect(only.stderr).toBe('1 of 2 workloads fully captured, 2 of 4 pods (50.0 %)\n');
    expect(only.code).toBe(0);
    expect((await runPlugin(['coverage', 'deploy', '--min', '50.1'], { cluster: shop() })).code).toBe(1);
    const labelled = await runPlugin(['coverage', '-l', 'app=orders', '--min', '100'], { cluster: shop() });
    expect(labelled.stderr).toBe('1 of 1 workloads fully captured, 2 of 2 pods (100.0 %)\n');
    expect(labelled.code).toBe(0);
  });

  test('nothing to be captured', async () => {
    const cluster = new AgentCluster([namespace('other'), pod({ name: 'x', namespace: 'other' })], 'other');
    const { code, stdout, stderr } = await runPlugin(['coverage', '--min', '100'], { cluster });
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toBe('Nothing here is to be captured; `kubectl dbaudit enable` says what is.\n');
  });

  test('rights that are missing are told once, and what they would show is not made up', async () => {
    const cluster = shop();
    cluster.forbidden.add('create pods/portforward').add('list ReplicaSet').add('list MutatingAdmissionPolicy');
    const { stdout, stderr } = await runPlugin(['coverage'], { cluster });
    expect(stdout).toMatch(/^replicaset\/orders-5d9 +2\/2 +2 +sidecar +- +- +-$/m);
    expect(stderr.split('\n')).toEqual([
      'note: no right to list ReplicaSet; owners and empty workloads of that kind are not shown.',
      'note: what agents in namespace shop see is not known: no right to create pods/portforward there.',
      expect.stringMatching(/workloads fully captured/),
      '',
    ]);
  });

  test('a question that cannot be answered ends with 2', async () => {
    const cluster = shop();
    cluster.forbidden.add('list Pod');
    const { code, stderr } = await runPlugin(['coverage'], { cluster });
    expect(stderr).toMatch(/^error DBA1102/);
    expect(code).toBe(2);
    expect((await runPlugin(['coverage', '--min', '101'], { cluster })).code).toBe(2);
  });

  test('of hundreds of pods each kind is listed once, and only agents are asked one by one', async () => {
    const cluster = shop();
    const names = Array.from({ length: 300 }, (_, index) => `many-${index}`);
    const controller = owner('apps/v1', 'StatefulSet', 'many');
    cluster.objects.push(...names.map((name) => injectedPod({ name, namespace: 'shop', owner: controller })));
    for (const name of names) cluster.answers.set(name, status());
    const list = jest.spyOn(cluster, 'list');
    const find = jest.spyOn(cluster, 'find');
    const { stdout } = await runPlugin(['coverage', 'sts'], { cluster });
    expect(stdout).toMatch(/^statefulset\/many +300\/300 +300 /m);
    expect(cluster.asked).toBe(301);
    expect(cluster.mostAtOnce).toBeGreaterThan(1);
    expect(cluster.mostAtOnce).toBeLessThanOrEqual(16);
    expect(list.mock.calls.filter(([{ kind }]) => kind === 'Pod')).toHaveLength(1);
    expect(find.mock.calls.filter(([{ kind }]) => kind === 'Pod')).toHaveLength(0);
  });
});

const GOLDEN_80 = `
WORKLOAD         PODS   CAPTURED   MODE      PROTOCOLS               DROPS
cj/report        0/0    -          sidecar   -                       -
ds/slow          1/1    0          sidecar   -                       -
  1 starting
ds/web           1/1    0          sidecar   -                       -
  DBA2012 ImagePullBackOff: no such image
deploy/billing   2/2    0          -         -                       -
  DBA2009 (2 pods) the injector did not answer when the pod was created
deploy/orders    2/2    2          sidecar   mysql(part TLS),redis   7
po/hosted        1/1    0          -         -                       -
  DBA2001 the pod uses the network of its node
po/odd           1/1    0          -         -                       -
  DBA2018 the value of the capture label is not valid
po/skipped       1/1    0          -         -                       -
  DBA2006 the quota \`small\` has no room
sts/cache        1/1    0          sidecar   mysql                   0
  DBA2011 capturing is not permitted
sts/pg           1/1    0          -         -                       -
  DBA2010 the pod is older than the label
`.trimStart();
const GOLDEN_160 = `
WORKLOAD             PODS   CAPTURED   MODE      PROTOCOLS               LAST EVENT   DROPS   REASON
cronjob/report       0/0    -          sidecar   -                       -            -
daemonset/slow       1/1    0          sidecar   -                       -            -       1 starting
daemonset/web        1/1    0          sidecar   -                       -            -       DBA2012 ImagePullBackOff: no such image
deployment/billing   2/2    0          -         -                       -            -       DBA2009 (2 pods) the injector did not answer when the pod was cre…
deployment/orders    2/2    2          sidecar   mysql(part TLS),redis   2s           7
pod/hosted           1/1    0          -         -                       -            -       DBA2001 the pod uses the network of its node
pod/odd              1/1    0          -         -                       -            -       DBA2018 the value of the capture label is not valid
pod/skipped          1/1    0          -         -                       -            -       DBA2006 the quota \`small\` has no room
statefulset/cache    1/1    0          sidecar   mysql                   2s           0       DBA2011 capturing is not permitted
statefulset/pg       1/1    0          -         -                       -            -       DBA2010 the pod is older than the label
`.trimStart();
const GOLDEN_WIDE = `
NAMESPACE   WORKLOAD             PODS   CAPTURED   MODE      PROTOCOLS               LAST EVENT   DROPS   GAP BYTES   AGENT   UNCOVERED PODS                REASON
other       pod/single           1/1    1          sidecar   postgresql(TLS)         2s           0       0           0.1.0   -
shop        cronjob/report       0/0    -          sidecar   -                       -            -       -           -       -
shop        daemonset/slow       1/1    0          sidecar   -                       -            -       -           -       -                             1 starting
shop        daemonset/web        1/1    0          sidecar   -                       -            -       -           -       web-x                         DBA2012 ImagePullBackOff: no such image
shop        deployment/billing   2/2    0          -         -                       -            -       -           -       billing-5d9-a,billing-5d9-b   DBA2009 (2 pods) the injector did not answer when the pod was created
shop        deployment/orders    2/2    2          sidecar   mysql(part TLS),redis   2s           7       1448        0.1.0   -
shop        pod/hosted           1/1    0          -         -                       -            -       -           -       hosted                        DBA2001 the pod uses the network of its node
shop        pod/odd              1/1    0          -         -                       -            -       -           -       odd                           DBA2018 the value of the capture label is not valid
shop        pod/skipped          1/1    0          -         -                       -            -       -           -       skipped                       DBA2006 the quota \`small\` has no room
shop        statefulset/cache    1/1    0          sidecar   mysql                   2s           0       0           0.1.0   cache-0                       DBA2011 capturing is not permitted
shop        statefulset/pg       1/1    0          -         -                       -            -       -           -       pg-0                          DBA2010 the pod is older than the label
`.trimStart();
const GOLDEN_CSV = `
namespace,workload,pods,ready,captured,uncovered,mode,protocols,last_event,dropped_packets,gap_bytes,reasons
shop,cronjob/report,0,0,0,0,sidecar,,,,,
shop,daemonset/slow,1,1,0,0,sidecar,,,,,1 starting
shop,daemonset/web,1,1,0,1,sidecar,,,,,DBA2012 ImagePullBackOff: no such image
shop,deployment/billing,2,2,0,2,,,,,,DBA2009 (2 pods) the injector did not answer when the pod was created
shop,deployment/orders,2,2,2,0,sidecar,"mysql(part TLS),redis",2026-11-21T11:59:58.000Z,7,1448,
shop,pod/hosted,1,1,0,1,,,,,,DBA2001 the pod uses the network of its node
shop,pod/odd,1,1,0,1,,,,,,DBA2018 the value of the capture label is not valid
shop,pod/skipped,1,1,0,1,,,,,,DBA2006 the quota \`small\` has no room
shop,statefulset/cache,1,1,0,1,sidecar,mysql,2026-11-21T11:59:58.000Z,0,0,DBA2011 capturing is not permitted
shop,statefulset/pg,1,1,0,1,,,,,,DBA2010 the pod is older than the label
`.trimStart();
