import type { KubernetesObject } from '../../cmd/kubernetes/cluster.ts';
import {
  AGENT_CONTAINER,
  CAPTURE_LABEL,
  INJECTED_LABEL,
  INJECTION_ANNOTATION,
  SKIPPED_ANNOTATION,
} from '../../contract/labels.ts';

/** Of everything here that does not say otherwise. */
const LONG_AGO = '2026-01-01T00:00:00Z';

type Texts = Readonly<Record<string, string>>;

interface Named {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Texts;
  readonly annotations?: Texts;
  readonly created?: string;
}

export function namespace(name: string, labels: Texts = {}, labelledAt = LONG_AGO): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name,
      uid: `namespace-${name}`,
      labels,
      creationTimestamp: LONG_AGO,
      managedFields: [
        {
          manager: 'kubectl-label',
          time: labelledAt,
          fieldsV1: {
            'f:metadata': { 'f:labels': Object.fromEntries(Object.keys(labels).map((key) => [`f:${key}`, {}])) },
          },
        },
      ],
    },
  };
}

interface WorkloadOptions extends Named {
  readonly template?: { readonly labels?: Texts; readonly annotations?: Texts; readonly spec?: object };
  readonly replicas?: number;
  readonly spec?: object;
  readonly status?: object;
}

/** With all its pods ready. */
export function deployment({ template = {}, replicas = 2, ...named }: WorkloadOptions): KubernetesObject {
  const { spec: podSpec, ...metadata } = template;
  const labels = { app: named.name, ...metadata.labels };
  return object('apps/v1', 'Deployment', named, {
    spec: {
      replicas,
      selector: { matchLabels: { app: named.name } },
      template: {
        metadata: { ...metadata, labels },
        spec: { containers: [{ name: 'main', image: 'main:1' }], ...podSpec },
      },
      ...named.spec,
    },
    status: {
      observedGeneration: 1,
      replicas,
      updatedReplicas: replicas,
      availableReplicas: replicas,
      readyReplicas: replicas,
      ...named.status,
    },
  });
}

export function cronJob(named: Named & { readonly template?: object }): KubernetesObject {
  return object('batch/v1', 'CronJob', named, {
    spec: {
      schedule: '0 7 * * *',
      jobTemplate: {
        spec: { template: { ...named.template, spec: { containers: [{ name: 'main' }], restartPolicy: 'Never' } } },
      },
    },
  });
}

export function replicaSet(named: Named & { readonly of: string }): KubernetesObject {
  return object('apps/v1', 'ReplicaSet', named, {}, owner('apps/v1', 'Deployment', named.of));
}

interface PodOptions extends Named {
  readonly owner?: ReturnType<typeof owner>;
  /** Of the agent's container; absent: none. */
  readonly agent?: object;
  readonly ready?: boolean;
  readonly phase?: string;
  readonly skipped?: string;
  readonly capture?: string;
  readonly spec?: object;
}

const RUNNING = { running: { startedAt: LONG_AGO } };

export function pod(options: PodOptions): KubernetesObject {
  const { agent, ready = true, phase = 'Running', skipped, capture, spec, ...named } = options;
  const status = (name: string, state: object) => ({ name, ready: 'running' in state, restartCount: 0, state });
  return object(
    'v1',
    'Pod',
    {
      ...named,
      labels: {
        app: named.name.split('-')[0] ?? '',
        ...(agent ? { [INJECTED_LABEL]: 'true' } : {}),
        ...(capture === undefined ? {} : { [CAPTURE_LABEL]: capture }),
        ...named.labels,
      },
      annotations: {
        ...(agent ? { [INJECTION_ANNOTATION]: injection } : {}),
        ...(skipped === undefined ? {} : { [SKIPPED_ANNOTATION]: skipped }),
        ...named.annotations,
      },
    },
    {
      spec: { containers: [{ name: 'main', image: 'main:1' }], ...spec },
      status: {
        phase,
        conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
        ...(agent ? { initContainerStatuses: [status(AGENT_CONTAINER, agent)] } : {}),
        containerStatuses: [status('main', RUNNING)],
      },
    },
    options.owner,
  );
}

/** A pod whose agent runs. */
export function injectedPod(options: Omit<PodOptions, 'agent'>): KubernetesObject {
  return pod({ ...options, agent: RUNNING });
}

/** What controls a pod; uids are `Kind-name`. */
export function owner(apiVersion: string, kind: string, name: string) {
  return { apiVersion, kind, name, uid: `${kind}-${name}`, controller: true };
}

/** An injector that needs no pods of its own. */
export function injectionPolicy(created = LONG_AGO): KubernetesObject {
  return object('admissionregistration.k8s.io/v1', 'MutatingAdmissionPolicy', {
    name: 'dbaudit-injector',
    labels: { 'app.kubernetes.io/part-of': 'dbaudit' },
    created,
  });
}

const injection = JSON.stringify({ version: '0.1.0', source: 'policy', mode: 'sidecar', native: true });

function object(
  apiVersion: string,
  kind: string,
  { name, namespace, labels = {}, annotations = {}, created = LONG_AGO }: Named,
  rest: object = {},
  controller?: ReturnType<typeof owner>,
): KubernetesObject {
  return {
    apiVersion,
    kind,
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      uid: `${kind}-${name}`,
      generation: 1,
      labels,
      annotations,
      creationTimestamp: created,
      ...(controller ? { ownerReferences: [controller] } : {}),
    },
    ...rest,
  };
}
