import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import type { KubernetesObject } from '../../../cmd/kubernetes/cluster.ts';
import { outputSchemas } from '../../../cmd/output/schemas/index.ts';
import { FakeCluster } from '../../support/fake-cluster.ts';
import { runPlugin } from '../../support/plugin.ts';
import {
  cronJob,
  deployment,
  injectedPod,
  injectionPolicy,
  namespace,
  owner,
  pod,
} from '../../support/workload-objects.ts';

const CAPTURE = 'dbaudit.io/capture';
const SELECTED = { [CAPTURE]: 'enabled' };

function shop(...more: readonly KubernetesObject[]): FakeCluster {
  return new FakeCluster([namespace('shop', SELECTED, '2026-06-01T00:00:00Z'), injectionPolicy(), ...more], 'shop');
}

const troubled = [
  deployment({ name: 'orders', namespace: 'shop' }),
  deployment({ name: 'host', namespace: 'shop', template: { spec: { hostNetwork: true } } }),
  deployment({
    name: 'misplaced',
    namespace: 'shop',
    labels: { [CAPTURE]: 'disabled' },
    annotations: { 'config.dbaudit.io/redact': 'none' },
  }),
  deployment({
    name: 'settings',
    namespace: 'shop',
    template: { annotations: { 'config.dbaudit.io/sampling': '1', 'config.dbaudit.io/redact': 'some' } },
  }),
  deployment({ name: 'typo', namespace: 'shop', template: { labels: { [CAPTURE]: 'true' } } }),
  deployment({ name: 'unwanted', namespace: 'shop', template: { labels: { [CAPTURE]: 'disabled' } } }),
  pod({ name: 'pg-0', namespace: 'shop', owner: owner('apps/v1', 'StatefulSet', 'pg') }),
];

const nasty = deployment({
  name: 'nasty',
  namespace: 'shop',
  template: { annotations: { 'config.dbaudit.io/redact': '\u001b[2J\u0007' } },
});

const codesOf = (stdout: string) =>
  [...stdout.matchAll(/^(DBA\d{4}) +(\w+) +(\S+) +(\S+)/gm)].map(([, ...cells]) => cells.join(' '));

describe('analyze', () => {
  test('at 80 columns', async () => {
    const { code, stdout, stderr } = await runPlugin(['analyze'], {
      cluster: shop(...troubled, nasty),
      columns: 80,
      environment: { NO_COLOR: '1' },
    });
    expect(stdout).toBe(GOLDEN_80);
    expect(stderr).toBe('7 workloads looked at, 8 found.\n');
    expect(code).toBe(1);
  });

  test('at 160 columns', async () => {
    const { stdout } = await runPlugin(['analyze'], {
      cluster: shop(...troubled, nasty),
      columns: 160,
      environment: { NO_COLOR: '1' },
    });
    expect(stdout).toBe(GOLDEN_160);
  });

  test.each(['json', 'yaml'])('as %s, by its schema', async (format) => {
    const { stdout } = await runPlugin(['analyze', '-o', format], { cluster: shop(...troubled) });
    const { parse } = await import('yaml');
    expect(outputSchemas.Analysis?.parse(parse(stdout))).toMatchObject({
      items: [
        { code: 'DBA2001', level: 'error', kind: 'Deployment', name: 'host', namespace: 'shop' },
        { code: 'DBA2018', name: 'typo' },
        { code: 'DBA2010', name: 'pg', fix: 'kubectl dbaudit coverage -n shop --repair' },
        { code: 'DBA2015', name: 'misplaced', fix: 'kubectl dbaudit disable deployment/misplaced -n shop' },
        { code: 'DBA2020', level: 'warning', name: 'misplaced' },
        { code: 'DBA2016', name: 'settings' },
        { code: 'DBA2017', name: 'settings' },
      ],
    });
  });

  test('nothing found', async () => {
    const cluster = shop(
      deployment({ name: 'orders', namespace: 'shop' }),
      injectedPod({ name: 'orders-1', namespace: 'shop', owner: owner('apps/v1', 'Deployment', 'orders') }),
      cronJob({ name: 'report', namespace: 'shop' }),
    );
    const { code, stdout, stderr } = await runPlugin(['analyze'], { cluster });
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toContain('2 workloads looked at, nothing found.\n');
  });

  test('named: only that one, and also what is as someone wants it', async () => {
    const cluster = shop(...troubled);
    const { code, stdout } = await runPlugin(['analyze', 'deploy/unwanted'], { cluster });
    expect(codesOf(stdout)).toEqual(['DBA2003 info shop deployment/unwanted']);
    expect(stdout).toContain('  fix: kubectl dbaudit enable deployment/unwanted -n shop\n');
    expect(code).toBe(0);
    expect(codesOf((await runPlugin(['analyze', 'deploy/host'], { cluster })).stdout)).toEqual([
      'DBA2001 error shop deployment/host',
    ]);
    expect((await runPlugin(['analyze', 'deploy/none'], { cluster })).code).toBe(2);
  });

  test('namespaces: a level that forbids capture, a value that is none, settings, the cluster’s own', async () => {
    const cluster = new FakeCluster([
      injectionPolicy(),
      namespace('strict', { ...SELECTED, 'pod-security.kubernetes.io/enforce': 'restricted' }),
      namespace('typo', { [CAPTURE]: 'on' }),
      namespace('kube-system', SELECTED),
      {
        ...namespace('noted', SELECTED),
        metadata: { ...namespace('noted', SELECTED).metadata, annotations: { 'config.dbaudit.io/x': '1' } },
      },
      namespace('kube-public'),
      ...['strict', 'typo', 'kube-system', 'noted', 'kube-public'].map((name) =>
        deployment({ name: 'web', namespace: name }),
      ),
    ]);
    const { stdout } = await runPlugin(['analyze', '-A'], { cluster });
    expect(codesOf(stdout).sort()).toEqual([
      'DBA2002 error strict deployment/web',
      'DBA2007 error - namespace/kube-system',
      'DBA2007 error kube-system deployment/web',
      'DBA2016 warning - namespace/noted',
      'DBA2018 error - namespace/typo',
      'DBA2018 error typo deployment/web',
      'DBA3005 error - namespace/strict',
    ]);
  });

  test.each([
    ['no injector', [], 'DBA1105 error - cluster/injector'],
    ['a webhook without endpoints', [webhook()], 'DBA3003 error - mutatingwebhookconfiguration/dbaudit-injector'],
    [
      'several injectors',
      [injectionPolicy(), webhook(), endpoints()],
      'DBA3008 warning - mutatingwebhookconfiguration/dbaudit-injector',
    ],
  ])('%s', async (_, injectors, expected) => {
    const cluster = new FakeCluster([namespace('shop'), ...injectors], 'shop');
    const { code, stdout } = await runPlugin(['analyze'], { cluster });
    expect(codesOf(stdout)).toEqual([expected]);
    expect(code).toBe(1);
  });

  test('manifests, without a cluster and as they would be in one', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'dbaudit-analyze-'));
    const file = join(directory, 'shop.yaml');
    const objects = [
      namespace('shop', SELECTED),
      ...troubled.slice(0, 3),
      { kind: 'Service', apiVersion: 'v1', metadata: { name: 'x' } },
    ];
    writeFileSync(file, objects.map((object) => stringify(object)).join('---\n'));
    try {
      const alone = await runPlugin(['analyze', '-f', file, '--use-kube=false', '-o', 'json']);
      expect(outputSchemas.Analysis?.parse(JSON.parse(alone.stdout))).toMatchObject({
        items: [
          { code: 'DBA2001', name: 'host', source: file },
          { code: 'DBA2015', name: 'misplaced', source: file },
          { code: 'DBA2020', name: 'misplaced', source: file },
        ],
      });
      expect(alone.code).toBe(1);
      const cluster = new FakeCluster([], 'shop');
      const inCluster = await runPlugin(['analyze', '-f', file], { cluster });
      expect(codesOf(inCluster.stdout)).toContain('DBA1105 error - cluster/injector');
    } finally {
      rmSync(directory, { recursive: true });
    }
    const text = `apiVersion: v1\nkind: List\nitems:\n- ${JSON.stringify(troubled[1])}\n`;
    const piped = await runPlugin(['analyze', '-f', '-', '--use-kube=false'], { stdin: text });
    // Its namespace is not in the file: nothing is known to select it.
    expect({ code: piped.code, stdout: piped.stdout }).toEqual({ code: 0, stdout: '' });
  });

  test('what cannot be looked at ends with 2', async () => {
    expect((await runPlugin(['analyze', '--use-kube=false'])).code).toBe(2);
    expect((await runPlugin(['analyze', '-f', 'x', 'deploy/y'], { cluster: shop() })).code).toBe(2);
    expect((await runPlugin(['analyze', '-f', '/nonexistent'], { cluster: shop() })).code).toBe(2);
  });
});

function webhook(): KubernetesObject {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name: 'dbaudit-injector', labels: { 'app.kubernetes.io/part-of': 'dbaudit' } },
    webhooks: [
      { clientConfig: { caBundle: 'AAAA', service: { name: 'dbaudit-injector', namespace: 'dbaudit-system' } } },
    ],
  };
}

function endpoints(): KubernetesObject {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: 'dbaudit-injector-1',
      namespace: 'dbaudit-system',
      labels: { 'kubernetes.io/service-name': 'dbaudit-injector' },
    },
    endpoints: [{ conditions: { ready: true } }],
  };
}

const GOLDEN_80 = `
CODE      LEVEL     NAMESPACE   OBJECT
DBA2001   error     shop        deployment/host
  the pod uses the network of its node
  help: A sidecar would capture the traffic of the whole node. Node mode
  captures such pods.
DBA2018   error     shop        deployment/typo
  the value of the capture label is not valid
  fix: kubectl dbaudit enable deployment/typo -n shop
DBA2010   error     shop        statefulset/pg
  1 running pod is not captured: the pod is older than the label
  fix: kubectl dbaudit coverage -n shop --repair
DBA2015   warning   shop        deployment/misplaced
  label dbaudit.io/capture=disabled is on the Deployment, not in its pod
  template: it selects nothing
  fix: kubectl dbaudit disable deployment/misplaced -n shop
DBA2020   warning   shop        deployment/misplaced
  annotation config.dbaudit.io/redact is on the Deployment, not in its pod
  template: it sets nothing
  help: The annotation belongs into spec.template.metadata.annotations, or on
  the namespace.
DBA2017   warning   shop        deployment/nasty
  annotation config.dbaudit.io/redact of the pod: "\\u001b[2J\\u0007" is not
  valid; it takes secrets, literals, none
  help: The annotation was passed over and the default used;
  docs/reference/labels.md says what it takes.
DBA2016   warning   shop        deployment/settings
  annotation config.dbaudit.io/sampling of the pod: there is no such setting
  help: The annotation is not known and was passed over;
  docs/reference/labels.md lists all.
DBA2017   warning   shop        deployment/settings
  annotation config.dbaudit.io/redact of the pod: "some" is not valid; it takes
  secrets, literals, none
  help: The annotation was passed over and the default used;
  docs/reference/labels.md says what it takes.
`.trimStart();
const GOLDEN_160 = `
CODE      LEVEL     NAMESPACE   OBJECT
DBA2001   error     shop        deployment/host
  the pod uses the network of its node
  help: A sidecar would capture the traffic of the whole node. Node mode captures such pods.
DBA2018   error     shop        deployment/typo
  the value of the capture label is not valid
  fix: kubectl dbaudit enable deployment/typo -n shop
DBA2010   error     shop        statefulset/pg
  1 running pod is not captured: the pod is older than the label
  fix: kubectl dbaudit coverage -n shop --repair
DBA2015   warning   shop        deployment/misplaced
  label dbaudit.io/capture=disabled is on the Deployment, not in its pod template: it selects nothing
  fix: kubectl dbaudit disable deployment/misplaced -n shop
DBA2020   warning   shop        deployment/misplaced
  annotation config.dbaudit.io/redact is on the Deployment, not in its pod template: it sets nothing
  help: The annotation belongs into spec.template.metadata.annotations, or on the namespace.
DBA2017   warning   shop        deployment/nasty
  annotation config.dbaudit.io/redact of the pod: "\\u001b[2J\\u0007" is not valid; it takes secrets, literals, none
  help: The annotation was passed over and the default used; docs/reference/labels.md says what it takes.
DBA2016   warning   shop        deployment/settings
  annotation config.dbaudit.io/sampling of the pod: there is no such setting
  help: The annotation is not known and was passed over; docs/reference/labels.md lists all.
DBA2017   warning   shop        deployment/settings
  annotation config.dbaudit.io/redact of the pod: "some" is not valid; it takes secrets, literals, none
  help: The annotation was passed over and the default used; docs/reference/labels.md says what it takes.
`.trimStart();
