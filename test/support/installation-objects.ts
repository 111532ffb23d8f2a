import type { KubernetesObject } from '../../cmd/kubernetes/cluster.ts';
import { VERSION } from '../../contract/version.ts';
import { FakeCluster } from './fake-cluster.ts';
import { runPlugin } from './plugin.ts';

const POLICY = 'admissionregistration.k8s.io/v1/MutatingAdmissionPolicy';
export const NAMESPACE = 'dbaudit-system';

/** Where Deployments and StatefulSets are available at once, and pods that ask for it get an agent. */
export function openCluster(objects: readonly KubernetesObject[] = []): FakeCluster {
  const cluster = new FakeCluster(objects);
  cluster.unserved.add(POLICY);
  cluster.admit = (object, dryRun) => {
    if (object.kind === 'Deployment' || object.kind === 'StatefulSet') return available(object);
    const injects = cluster.objects.some(({ kind }) => kind === 'MutatingWebhookConfiguration');
    return object.kind === 'Pod' && dryRun && injects ? injected(object) : object;
  };
  return cluster;
}

/** As its controller would report it. */
export function available(controller: KubernetesObject): KubernetesObject {
  const status = { observedGeneration: 1, replicas: 3, readyReplicas: 3, updatedReplicas: 3, availableReplicas: 3 };
  return { ...controller, metadata: { ...controller.metadata, generation: 1 }, status };
}

export function injected(pod: KubernetesObject): KubernetesObject {
  const labels = { ...pod.metadata.labels, 'dbaudit.io/injected': 'true' };
  const status = JSON.stringify({ version: VERSION, source: 'webhook', mode: 'sidecar', native: true });
  return { ...pod, metadata: { ...pod.metadata, labels, annotations: { 'status.dbaudit.io/injection': status } } };
}

export function pod(name: string, namespace: string, labels: Readonly<Record<string, string>> = {}): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, uid: name, labels },
    status: {
      phase: 'Running',
      initContainerStatuses: [{ name: 'dbaudit-agent', ready: true, restartCount: 0, state: { running: {} } }],
    },
  };
}

export const namespaceObject = (name: string, labels: Readonly<Record<string, string>> = {}): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels },
});

export const own = (
  apiVersion: string,
  kind: string,
  name: string,
  namespace?: string,
  rest = {},
): KubernetesObject => ({
  apiVersion,
  kind,
  metadata: {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    labels: { 'app.kubernetes.io/part-of': 'dbaudit' },
    ...rest,
  },
});

export const install = (cluster: FakeCluster, ...words: string[]) => runPlugin(['install', ...words], { cluster });
