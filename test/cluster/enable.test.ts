import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { outputSchemas } from '../../cmd/output/schemas/index.ts';
import { ENABLED_ANNOTATION, INJECTED_LABEL } from '../../contract/labels.ts';
import { manifests, type PodTemplate, UNPRIVILEGED } from '../support/cluster/database-pods.ts';
import { dbaudit, dbauditDone, install } from '../support/cluster/installation.ts';
import { testCluster } from '../support/cluster/suite.ts';
import { IMAGES } from '../support/cluster/suite-images.ts';

const KINDS = 'deployments,statefulsets,daemonsets,cronjobs';
const ALL = ['deploy/web', 'sts/store', 'ds/log', 'cj/report'];

const template = (app: string, ...command: readonly string[]): PodTemplate => ({
  metadata: { labels: { app } },
  spec: {
    terminationGracePeriodSeconds: 1,
    containers: [
      {
        name: 'main',
        image: IMAGES.databases,
        command,
        env: [{ name: 'INJECTED', valueFrom: { fieldRef: { fieldPath: `metadata.labels['${INJECTED_LABEL}']` } } }],
        securityContext: UNPRIVILEGED,
      },
    ],
  },
});
const workload = (kind: string, name: string, more: object, ...command: readonly string[]) => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { name },
  spec: { selector: { matchLabels: { app: name } }, template: template(name, ...command), ...more },
});
const WAIT = ['sleep', 'infinity'];
/** Ends at once where there is an agent in its pod. */
const AVERSE = ['sh', '-c', 'test -z "$INJECTED" || exit 1; exec sleep infinity'];
const once = (app: string, ...command: readonly string[]) => {
  const { metadata, spec } = template(app, ...command);
  return { backoffLimit: 0, template: { metadata, spec: { ...spec, restartPolicy: 'Never' } } };
};

const OBJECTS = [
  workload('Deployment', 'web', { replicas: 2 }, ...WAIT),
  workload('StatefulSet', 'store', { replicas: 2, serviceName: 'store' }, ...WAIT),
  workload('DaemonSet', 'log', {}, ...WAIT),
  {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'report' },
    spec: { schedule: '0 0 1 1 *', jobTemplate: { spec: once('report', 'true') } },
  },
  { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'once' }, spec: once('once', ...WAIT) },
  { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'bare' }, spec: template('bare', ...WAIT).spec },
];

const listSchema = z.object({
  items: z.array(
    z.object({
      kind: z.string(),
      metadata: z.object({ name: z.string(), annotations: z.record(z.string(), z.string()).default({}) }),
      spec: z.object({ template: z.unknown().optional(), jobTemplate: z.unknown().optional() }),
    }),
  ),
});

const cluster = testCluster();
let namespace: string;

beforeAll(async () => {
  await install(cluster);
});

/** Of each workload, as the API server writes it. */
async function templates(): Promise<string[]> {
  const list = await cluster.kubectl(['get', KINDS, '-n', namespace, '-o', 'json']);
  const { items } = listSchema.parse(JSON.parse(list));
  return items.map(({ kind, metadata, spec }) => {
    expect(metadata.annotations).not.toHaveProperty([ENABLED_ANNOTATION]);
    return `${kind}/${metadata.name} ${JSON.stringify(spec.template ?? spec.jobTemplate)}`;
  });
}

/** Names of pods that run, by whether they have an agent. */
async function pods(injected: boolean): Promise<readonly string[]> {
  const selector = `${INJECTED_LABEL}${injected ? '=true' : '!=true'}`;
  const columns = 'custom-columns=name:.metadata.name,app:.metadata.labels.app,gone:.metadata.deletionTimestamp';
  const list = await cluster.kubectl(['get', 'pods', '-n', namespace, '-l', selector, '--no-headers', '-o', columns]);
  return list.split('\n').flatMap((line) => {
    const [, app, gone] = line.trim().split(/\s+/);
    return app !== undefined && app !== '' && gone === '<none>' ? [app] : [];
  });
}

const enable = (...words: readonly string[]) => dbaudit(cluster, ['enable', '-n', namespace, ...words]);
const disable = (...words: readonly string[]) => dbaudit(cluster, ['disable', '-n', namespace, ...words]);

describe('capture is switched on and off again', () => {
  beforeAll(async () => {
    namespace = await cluster.createNamespace('switch');
    await cluster.apply(manifests(...OBJECTS), namespace);
    await cluster.waitForCondition('deployment/web', 'Available', namespace);
    await cluster.waitForCondition('pod/bare', 'Ready', namespace);
    await cluster.kubectl(['rollout', 'status', 'statefulset/store', '-n', namespace, '--timeout=120s']);
    await cluster.kubectl(['rollout', 'status', 'daemonset/log', '-n', namespace, '--timeout=120s']);
  });
  afterAll(() => cluster.deleteNamespace(namespace));

  test('for workloads: their pods get an agent; after it the templates are as before, byte for byte', async () => {
    const before = await templates();
    expect(before).toHaveLength(ALL.length);
    const enabled = await enable(...ALL, '--wait', '-o', 'json');
    expect(enabled).toMatchObject({ code: 0 });
    const document = outputSchemas.CaptureChange?.parse(JSON.parse(enabled.stdout));
    expect(document).toMatchObject({
      items: [
        { kind: 'Deployment', outcome: 'changed', restarted: true, newPods: { made: 2, withAgent: 2 } },
        { kind: 'StatefulSet', outcome: 'changed', restarted: true, newPods: { made: 2, withAgent: 2 } },
        { kind: 'DaemonSet', outcome: 'changed', restarted: true },
        { kind: 'CronJob', outcome: 'changed', restarted: false },
      ],
    });
    expect(new Set(await pods(true))).toEqual(new Set(['web', 'store', 'log']));
    await cluster.kubectl(['create', 'job', '--from=cronjob/report', 'report-now', '-n', namespace]);
    await cluster.waitForCondition('job/report-now', 'Complete', namespace);
    expect(await pods(true)).toContain('report');
    await cluster.kubectl(['delete', 'job', 'report-now', '-n', namespace]);

    const again = await enable(...ALL);
    expect(again.stdout.match(/ is enabled already$/gm)).toHaveLength(ALL.length);

    expect(await disable(...ALL)).toMatchObject({ code: 0 });
    expect(await templates()).toEqual(before);
    expect(await pods(true)).toEqual([]);
  });

  test('not for Jobs and bare pods, and it is said why', async () => {
    const { code, stderr } = await enable('job/once', 'pod/bare');
    expect(code).toBe(1);
    expect(stderr).toContain('job/once: the pod template of a Job cannot be changed once it exists');
    expect(stderr).toContain('pod/bare: containers cannot be added to a pod that exists');
  });

  test('for a namespace: what it selects is restarted, and back', async () => {
    const before = await templates();
    const enabled = await enable(`namespace/${namespace}`);
    expect(enabled).toMatchObject({ code: 0 });
    expect(enabled.stderr).toContain('pod/bare');
    expect(enabled.stderr).toMatch(/^restarting .*deployment\/web, statefulset\/store, daemonset\/log$/m);
    expect(new Set(await pods(true))).toEqual(new Set(['web', 'store', 'log']));
    expect(await disable(`namespace/${namespace}`)).toMatchObject({ code: 0 });
    expect(await templates()).toEqual(before);
    expect(await pods(true)).toEqual([]);
  });

  test('a server dry run changes nothing', async () => {
    const before = await templates();
    expect(await dbauditDone(cluster, 'enable', '-n', namespace, ...ALL, '--dry-run=server')).toContain('dry run');
    expect(await templates()).toEqual(before);
  });
});

describe('a workload that does not start with an agent', () => {
  beforeAll(async () => {
    namespace = await cluster.createNamespace('averse');
    const objects = [
      workload('Deployment', 'web', { replicas: 2 }, ...AVERSE),
      workload('StatefulSet', 'store', { replicas: 2, serviceName: 'store' }, ...AVERSE),
      workload('Deployment', 'next', {}, ...WAIT),
    ];
    await cluster.apply(manifests(...objects), namespace);
    await cluster.waitForCondition('deployment/web', 'Available', namespace);
    await cluster.waitForCondition('deployment/next', 'Available', namespace);
    await cluster.kubectl(['rollout', 'status', 'statefulset/store', '-n', namespace, '--timeout=120s']);
  });
  afterAll(() => cluster.deleteNamespace(namespace));

  test.each(['deployment/web', 'statefulset/store'])('%s is put back with the reason, and runs', async (name) => {
    const before = await templates();
    const { code, stderr } = await enable(name, 'deploy/next', '--timeout', '15s');
    expect(code).toBe(1);
    expect(stderr).toContain(`error DBA1108: ${name}: not ready after 15 s`);
    expect(stderr).toMatch(/pod\/\S+: container main: .*(CrashLoopBackOff|exit code 1)/);
    expect(stderr).toContain('deployment/next left as it was');
    expect(await templates()).toEqual(before);
    await cluster.kubectl(['rollout', 'status', name, '-n', namespace, '--timeout=60s']);
    expect(await pods(true)).toEqual([]);
  });

  test('what the namespace selects is kept out by its own label, the rest is left for later', async () => {
    const { code, stderr } = await enable(`ns/${namespace}`, '--timeout', '15s');
    expect(code).toBe(1);
    expect(stderr).toContain('error DBA1108: deployment/web');
    await cluster.kubectl(['rollout', 'status', 'deployment/web', '-n', namespace, '--timeout=60s']);
    const labels = await cluster.kubectl([
      'get',
      'deploy/web',
      '-n',
      namespace,
      '-o',
      'jsonpath={.spec.template.metadata.labels}',
    ]);
    expect(JSON.parse(labels)).toMatchObject({ 'dbaudit.io/capture': 'disabled' });
  });
});

test('what a policy of the cluster forbids is told with its own words', async () => {
  namespace = await cluster.createNamespace('forbidden');
  const name = `no-agents-${namespace}`;
  const admission = 'admissionregistration.k8s.io/v1';
  try {
    await cluster.apply(
      manifests(
        {
          apiVersion: admission,
          kind: 'ValidatingAdmissionPolicy',
          metadata: { name },
          spec: {
            matchConstraints: {
              namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
              resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
            },
            validations: [
              {
                expression: `!("${INJECTED_LABEL}" in object.metadata.labels)`,
                message: 'no agents in this place',
              },
            ],
          },
        },
        {
          apiVersion: admission,
          kind: 'ValidatingAdmissionPolicyBinding',
          metadata: { name },
          spec: { policyName: name, validationActions: ['Deny'] },
        },
        workload('Deployment', 'web', { replicas: 2 }, ...WAIT),
      ),
      namespace,
    );
    await cluster.waitForCondition('deployment/web', 'Available', namespace);
    await cluster.waitFor('the policy to be in force', async () => {
      const labels = `${INJECTED_LABEL}=true`;
      const probe = [
        'run',
        'probe',
        `--image=${IMAGES.databases}`,
        '-n',
        namespace,
        '--labels',
        labels,
        '--dry-run=server',
      ];
      return (await cluster.run('kubectl', probe)).code !== 0;
    });
    const before = await templates();
    const { code, stderr } = await enable('deploy/web', '--timeout', '60s');
    expect(code).toBe(1);
    expect(stderr).toContain('error DBA1108: deployment/web');
    expect(stderr).toContain('no agents in this place');
    expect(await templates()).toEqual(before);
  } finally {
    await cluster.kubectl(['delete', 'validatingadmissionpolicy,validatingadmissionpolicybinding', name]);
    await cluster.deleteNamespace(namespace);
  }
});
