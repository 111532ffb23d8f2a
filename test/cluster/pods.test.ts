import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { AGENT_CONTAINER, CAPTURE_LABEL, POD_SECURITY_LABEL, SKIPPED_ANNOTATION } from '../../contract/labels.ts';
import { manifests, type PodTemplate, UNPRIVILEGED } from '../support/cluster/database-pods.ts';
import { dbaudit, install } from '../support/cluster/installation.ts';
import { testCluster } from '../support/cluster/suite.ts';
import { IMAGES } from '../support/cluster/suite-images.ts';

const podListSchema = z.object({
  items: z.array(
    z.object({
      metadata: z.object({
        name: z.string(),
        labels: z.record(z.string(), z.string()).default({}),
        annotations: z.record(z.string(), z.string()).default({}),
      }),
      spec: z.object({
        initContainers: z.array(z.object({ name: z.string() })).default([]),
        containers: z.array(z.object({ name: z.string() })),
      }),
      status: z.object({ phase: z.string() }),
    }),
  ),
});

type Fields = Readonly<Record<string, unknown>>;
interface PodSpec extends Fields {
  readonly containers: readonly object[];
}

/** A container that waits, or ends after a second. */
const container = (seconds: string, more: Fields = {}) => ({
  name: 'main',
  image: IMAGES.databases,
  command: ['sleep', seconds],
  securityContext: UNPRIVILEGED,
  ...more,
});
const WAITS = container('infinity');
const template = (app: string, spec: PodSpec): PodTemplate => ({
  metadata: { labels: { app } },
  spec: { terminationGracePeriodSeconds: 1, ...spec },
});
const workload = (kind: string, name: string, extra: Fields, pod: PodTemplate) => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { name },
  spec: { selector: { matchLabels: { app: name } }, template: pod, ...extra },
});
const barePod = (name: string, spec: PodSpec) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels: { app: name } },
  spec: { terminationGracePeriodSeconds: 1, ...spec },
});
const job = (name: string) => ({
  backoffLimit: 0,
  template: template(name, { restartPolicy: 'Never', containers: [container('1')] }),
});

const OBJECTS: Readonly<Record<string, object>> = {
  deployment: workload('Deployment', 'deployment', { replicas: 1 }, template('deployment', { containers: [WAITS] })),
  statefulset: workload(
    'StatefulSet',
    'statefulset',
    { replicas: 1, serviceName: 'statefulset' },
    template('statefulset', { containers: [WAITS] }),
  ),
  daemonset: workload('DaemonSet', 'daemonset', {}, template('daemonset', { containers: [WAITS] })),
  job: { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'job' }, spec: job('job') },
  cronjob: {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'cronjob' },
    spec: { schedule: '* * * * *', concurrencyPolicy: 'Forbid', jobTemplate: { spec: job('cronjob') } },
  },
  bare: barePod('bare', { containers: [WAITS] }),
  'init-containers': barePod('init-containers', {
    initContainers: [container('0.1', { name: 'migrate' })],
    containers: [WAITS],
  }),
  'read-only-root': barePod('read-only-root', {
    containers: [container('infinity', { securityContext: { ...UNPRIVILEGED, readOnlyRootFilesystem: true } })],
  }),
  'run-as-non-root': barePod('run-as-non-root', {
    securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [WAITS],
  }),
  'other-injector': barePod('other-injector', {
    initContainers: [container('infinity', { name: 'istio-proxy', restartPolicy: 'Always' })],
    containers: [WAITS, container('infinity', { name: 'vault-agent' })],
  }),
};

const APPS = Object.keys(OBJECTS);
const JOBS: ReadonlySet<string> = new Set(['job', 'cronjob']);

describe.each(['privileged', 'baseline', 'restricted'])('in a namespace of Pod Security level %s', (level) => {
  const cluster = testCluster();
  let namespace: string;

  async function podsOf(app: string) {
    const list = await cluster.kubectl(['get', 'pods', '-n', namespace, '-l', `app=${app}`, '-o', 'json']);
    return podListSchema.parse(JSON.parse(list)).items;
  }

  beforeAll(async () => {
    await install(cluster);
    namespace = await cluster.createNamespace(level, { [POD_SECURITY_LABEL]: level, [CAPTURE_LABEL]: 'enabled' });
    await cluster.apply(manifests(...Object.values(OBJECTS)), namespace);
  });
  afterAll(() => cluster.deleteNamespace(namespace));

  test.each(APPS)('%s starts, and has an agent where the level allows one', async (app) => {
    const pod = await cluster.waitFor(`${app} in ${namespace}`, async () => {
      const [first] = await podsOf(app);
      return (
        first !== undefined &&
        (JOBS.has(app) ? first.status.phase === 'Succeeded' : first.status.phase === 'Running') &&
        first
      );
    });
    const names = [...pod.spec.initContainers, ...pod.spec.containers].map(({ name }) => name);
    expect(pod.spec.containers[0]?.name).toBe('main');
    if (level === 'restricted') {
      expect(names).not.toContain(AGENT_CONTAINER);
      expect(pod.metadata.annotations[SKIPPED_ANNOTATION]).toMatch(/^DBA2002: .*restricted/);
    } else expect(names).toContain(AGENT_CONTAINER);
  });

  test('analyze, coverage and an Event explain what was skipped', async () => {
    const coverage = await dbaudit(cluster, ['coverage', '-n', namespace, '--min', '100']);
    const analyze = await dbaudit(cluster, ['analyze', '-n', namespace]);
    const events = await cluster.kubectl(['get', 'events', '-n', namespace, '-o', 'jsonpath={.items[*].reason}']);
    if (level === 'restricted') {
      expect({ code: coverage.code, says: coverage.stdout.includes('DBA2002') }).toEqual({ code: 1, says: true });
      expect({ code: analyze.code, says: analyze.stdout.includes('DBA2002') }).toEqual({ code: 1, says: true });
      expect(events).toContain('CaptureSkipped');
    } else {
      expect(coverage).toMatchObject({ code: 0 });
      expect(events).toContain('CaptureInjected');
    }
  });
});

describe('a pod on the network of its node', () => {
  const cluster = testCluster();
  let namespace: string;
  beforeAll(async () => {
    await install(cluster);
    namespace = await cluster.createNamespace('host', { [CAPTURE_LABEL]: 'enabled' });
  });
  afterAll(() => cluster.deleteNamespace(namespace));

  test('starts without an agent, and everything says why', async () => {
    await cluster.apply(manifests(barePod('host', { hostNetwork: true, containers: [WAITS] })), namespace);
    await cluster.waitForCondition('pod/host', 'Ready', namespace);
    const list = await cluster.kubectl(['get', 'pods', '-n', namespace, '-o', 'json']);
    const [pod] = podListSchema.parse(JSON.parse(list)).items;
    expect(pod?.metadata.annotations[SKIPPED_ANNOTATION]).toMatch(/^DBA2001: /);
    expect(JSON.stringify(pod?.spec)).not.toContain(AGENT_CONTAINER);
    expect((await dbaudit(cluster, ['coverage', '-n', namespace])).stdout).toContain('DBA2001');
    expect((await dbaudit(cluster, ['analyze', '-n', namespace])).stdout).toContain('DBA2001');
  });
});
