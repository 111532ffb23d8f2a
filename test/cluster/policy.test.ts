import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { connect } from '../../cmd/kubernetes/connect.ts';
import { type InjectionSettings, injectionSettingsSchema } from '../../contract/injection-settings.ts';
import type { KubernetesObject } from '../../contract/kubernetes-object.ts';
import {
  CAPTURE_LABEL,
  DEFAULT_NAMESPACE,
  INJECTED_LABEL,
  POD_SECURITY_LABEL,
  SKIPPED_ANNOTATION,
} from '../../contract/labels.ts';
import { UserError } from '../../contract/user-error.ts';
import { type Injection, inject, isPod, type Pod, type Surroundings, uninject } from '../../webhook/inject.ts';
import { renderPolicy } from '../../webhook/policy.ts';
import { dbauditDone } from '../support/cluster/installation.ts';
import { testCluster } from '../support/cluster/suite.ts';
import { generatedSettings, settingAnnotations, validPods } from '../support/generated-pods.ts';

const cluster = testCluster();
const api = connect({ kubeconfig: cluster.kubeconfig, color: 'never' }, {}, () => {});
const RUN = randomBytes(3).toString('hex');
/** On the namespaces of this test, so that the policy leaves those of other tests alone. */
const RUN_LABEL = 'dbaudit.io/test-run';
const PODS_FOR_EACH_NAMESPACE = 60;

/** The policy of each: some settings, and the namespaces that it is bound to. */
interface Bound {
  readonly name: string;
  readonly settings: InjectionSettings;
  readonly namespaces: readonly Surroundings['namespace'][];
}

const levels = [undefined, 'privileged', 'baseline', 'restricted'];
const namespaceAnnotations = fc.sample(settingAnnotations, { numRuns: 3 * levels.length });
const bounds: readonly Bound[] = [
  injectionSettingsSchema.parse({}),
  ...fc.sample(generatedSettings, { numRuns: 2 }),
].map((settings, index) => {
  const name = `${RUN}-${index}`;
  const namespaces = levels.map((level, number) => ({
    name: `policy-${name}-${number}`,
    labels: {
      [RUN_LABEL]: name,
      [CAPTURE_LABEL]: number % 2 === 0 ? 'enabled' : 'disabled',
      ...(level === undefined ? {} : { [POD_SECURITY_LABEL]: level }),
    },
    annotations: number === 0 ? {} : (namespaceAnnotations[index * levels.length + number] ?? {}),
  }));
  return { name, settings, namespaces };
});
const cases = bounds.flatMap(({ name, settings, namespaces }) =>
  namespaces.map((namespace) => {
    return [namespace.labels[POD_SECURITY_LABEL] ?? 'no level', name, { settings, namespace }] as const;
  }),
);
/** Nothing is injected here, so that a pod's own faults show. One for each level. */
const plain = new Map(levels.map((level) => [level, `policy-${RUN}-plain-${level ?? 'none'}`]));

let installed: readonly KubernetesObject[] = [];

const SELECTED = {
  metadata: { labels: { [CAPTURE_LABEL]: 'enabled' } },
  spec: { containers: [{ name: 'app', image: 'app' }] },
};

beforeAll(async () => {
  // The webhook of another test would do the policy's work.
  await dbauditDone(cluster, 'uninstall', '--force');
  await cluster.waitFor('nothing to give pods an agent', async () => {
    const { metadata } = await create(SELECTED, 'default');
    return !(INJECTED_LABEL in (metadata.labels ?? {}));
  });
  const version = (await api.serves({ apiVersion: 'admissionregistration.k8s.io/v1', kind: 'MutatingAdmissionPolicy' }))
    ? 'v1'
    : 'v1beta1';
  installed = bounds.flatMap(({ name, settings }) =>
    renderPolicy({ version, settings, ownNamespace: DEFAULT_NAMESPACE }).map((object) => scopedTo(name, object)),
  );
  await cluster.apply(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: installed }));
  const namespaces = [
    ...bounds.flatMap((bound) => bound.namespaces),
    ...[...plain].map(([level, name]) => ({
      name,
      labels: { [RUN_LABEL]: RUN, ...(level === undefined ? {} : { [POD_SECURITY_LABEL]: level }) },
      annotations: {},
    })),
  ];
  const items = namespaces.map((metadata) => ({ apiVersion: 'v1', kind: 'Namespace', metadata }));
  await cluster.apply(JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  for (const { name } of namespaces) {
    await cluster.waitFor(`the service account of ${name}`, () =>
      api.find({ apiVersion: 'v1', kind: 'ServiceAccount' }, 'default', name),
    );
  }
  for (const { namespaces } of bounds) {
    const [{ name } = { name: '' }] = namespaces;
    await cluster.waitFor(`the policy in ${name}`, async () => {
      const created = await create(SELECTED, name);
      return (
        INJECTED_LABEL in (created.metadata.labels ?? {}) || SKIPPED_ANNOTATION in (created.metadata.annotations ?? {})
      );
    });
  }
});

afterAll(async () => {
  for (const { kind, metadata } of installed)
    await cluster.kubectl(['delete', kind, metadata.name, '--ignore-not-found']);
  await cluster.kubectl([
    'delete',
    'namespace',
    '--wait=false',
    '-l',
    `${RUN_LABEL} in (${RUN},${bounds.map(({ name }) => name)})`,
  ]);
});

describe('the admission policy does what the webhook does', () => {
  const outcomes = new Map<string, number>();

  test.each(cases)('in a namespace with %s (%s)', async (level, _, { settings, namespace }) => {
    const surroundings = {
      namespace,
      settings,
      nativeSidecars: true,
      source: 'policy',
      ownNamespace: DEFAULT_NAMESPACE,
    } as const;
    const plainNamespace = plain.get(namespace.labels[POD_SECURITY_LABEL]) ?? '';
    const pods = fc
      .sample(validPods, { numRuns: PODS_FOR_EACH_NAMESPACE })
      .map((pod) => asServed(pod, level === 'restricted'));
    for (const pod of pods) {
      const unbound = await createIfValid(pod, plainNamespace);
      if (!unbound) continue;
      const byPolicy = await create(pod, namespace.name);
      const injection = inject(pod, surroundings);
      const outcome = injection.injected ? 'injected' : injection.code;
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      // An injected pod passes the policy as it is: what comes back is what the webhook's patch leads to.
      expect(byPolicy).toEqual(await create(expectedPod(pod, injection), namespace.name));
      if (!isPod(byPolicy) || !isPod(unbound)) throw new Error('the API server gave something that is no pod');
      if (injection.injected) expect(authored(uninject(byPolicy))).toEqual(authored(unbound));
    }
  });

  test('the mark of an earlier round, in which the pod was skipped, goes', async () => {
    const [{ namespaces } = { namespaces: [] }] = bounds;
    const annotations = { [SKIPPED_ANNOTATION]: 'DBA2002: x' };
    const pod = { metadata: { annotations }, spec: { containers: [{ name: 'app', image: 'app' }] } };
    const { metadata } = await create(pod, namespaces[0]?.name ?? '');
    expect(metadata.labels).toHaveProperty([INJECTED_LABEL], 'true');
    expect(metadata.annotations).not.toHaveProperty([SKIPPED_ANNOTATION]);
  });

  test('and that was seen for each way a pod can go', () => {
    const ways = ['DBA2001', 'DBA2002', 'DBA2003', 'DBA2004', 'DBA2005', 'DBA2014', 'DBA2018', 'injected'];
    expect([...outcomes.keys()].toSorted()).toEqual(ways);
    expect(outcomes.get('injected')).toBeGreaterThan(PODS_FOR_EACH_NAMESPACE);
  });
});

/** Pods that the label does not select never reach the policy, which therefore writes nothing on them. */
const UNSELECTED = ['DBA2003', 'DBA2018', 'DBA2019'];

function expectedPod(pod: Pod, injection: Injection): Pod {
  if (injection.injected) return injection.pod;
  const { code, reason } = injection;
  if (UNSELECTED.includes(code)) return pod;
  const annotations = { ...pod.metadata?.annotations, [SKIPPED_ANNOTATION]: `${code}: ${reason}` };
  return { ...pod, metadata: { ...pod.metadata, annotations } };
}

/** What the API server makes of the pod; nothing stays. */
async function create(pod: Pod, namespace: string): Promise<KubernetesObject> {
  const { labels, annotations } = pod.metadata ?? {};
  const metadata = { name: 'pod', namespace, ...(labels && { labels }), ...(annotations && { annotations }) };
  const created = await api.create({ ...pod, apiVersion: 'v1', kind: 'Pod', metadata }, { dryRun: true });
  return { ...created, metadata: { ...created.metadata, uid: '', creationTimestamp: '', managedFields: [] } };
}

/** Undefined where the API server refuses the pod for a fault of its own. */
async function createIfValid(pod: Pod, namespace: string): Promise<KubernetesObject | undefined> {
  try {
    return await create(pod, namespace);
  } catch (error) {
    if (error instanceof UserError && error.code === 'DBA1107') return undefined;
    throw error;
  }
}

/** Without the namespace and what the API server says of the pod (the class of its resources changes with an agent). */
function authored(pod: Pod): Pod {
  return { ...pod, metadata: { ...pod.metadata, namespace: '' }, status: undefined };
}

/**
 * As an injector in the API server sees the pod: no empty maps and lists, no token volume to come; in a restricted
 * namespace what that level demands. Names that are in both lists of containers are told apart.
 */
function asServed(pod: Pod, restricted: boolean): Pod {
  const { labels, annotations } = pod.metadata ?? {};
  const filled = <Value extends object>(value: Value | null | undefined) =>
    value && Object.keys(value).length > 0 ? value : undefined;
  const securityContext = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } };
  const container = <C extends Pod['spec']['containers'][number]>(each: C) =>
    restricted ? { ...each, securityContext } : each;
  const init = pod.spec.initContainers?.filter(({ name }) => pod.spec.containers.every((other) => other.name !== name));
  const spec = {
    ...pod.spec,
    automountServiceAccountToken: false,
    ...(restricted
      ? { securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } } }
      : {}),
    containers: pod.spec.containers.map(container),
    initContainers: filled(init)?.map(container),
    volumes: filled(pod.spec.volumes),
    nodeSelector: filled(pod.spec.nodeSelector),
  };
  return JSON.parse(
    JSON.stringify({ ...pod, metadata: { labels: filled(labels), annotations: filled(annotations) }, spec }),
  );
}

/** The object under a name of this run; a binding selects its namespaces alone. */
function scopedTo(run: string, object: KubernetesObject): KubernetesObject {
  const text = JSON.stringify({ ...object, metadata: { ...object.metadata, name: `${object.metadata.name}-${run}` } })
    .replaceAll('"policyName":"dbaudit-injector"', `"policyName":"dbaudit-injector-${run}"`)
    .replaceAll('"namespaceSelector":{', `"namespaceSelector":{"matchLabels":{"${RUN_LABEL}":"${run}"},`);
  return JSON.parse(text);
}
