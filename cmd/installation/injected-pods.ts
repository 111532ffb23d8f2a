import { INJECTED_LABEL } from '../../contract/labels.ts';
import type { Cluster, KubernetesObject, ResourceType } from '../kubernetes/cluster.ts';
import { type PodView, viewPod } from '../kubernetes/pods.ts';

const POD = { apiVersion: 'v1', kind: 'Pod' };
const REPLICA_SET = { apiVersion: 'apps/v1', kind: 'ReplicaSet' };
/** Their controllers replace pods when the template changes. */
const RESTARTABLE = ['Deployment', 'StatefulSet', 'DaemonSet'];
const RESTARTED_AT = 'kubectl.kubernetes.io/restartedAt';

/** Pods that have an agent and still run, in all namespaces. */
export async function injectedPods(cluster: Cluster): Promise<readonly PodView[]> {
  const pods = await cluster.list(POD, { labelSelector: `${INJECTED_LABEL}=true` });
  return pods.map(viewPod).filter(({ ended }) => !ended);
}

interface Owner extends ResourceType {
  readonly name: string;
  readonly namespace: string;
}

/** Restarts what the pods belong to, as `kubectl rollout restart` does; gives the pods that nothing would make anew. */
export async function restartOwners(
  cluster: Cluster,
  pods: readonly PodView[],
  onRestart: (name: string) => void,
): Promise<readonly PodView[]> {
  const owners = new Map<string, Owner>();
  const ownerless: PodView[] = [];
  for (const pod of pods) {
    const owner = await ownerOf(cluster, pod.object);
    if (owner === undefined || !RESTARTABLE.includes(owner.kind)) ownerless.push(pod);
    else owners.set(`${owner.kind.toLowerCase()}/${owner.name} -n ${owner.namespace}`, owner);
  }
  const annotations = { [RESTARTED_AT]: new Date().toISOString() };
  for (const [text, owner] of owners) {
    const body = { spec: { template: { metadata: { annotations } } } };
    await cluster.patch(owner, owner.name, owner.namespace, { type: 'strategic', body });
    onRestart(text);
  }
  return ownerless;
}

async function ownerOf(cluster: Cluster, object: KubernetesObject): Promise<Owner | undefined> {
  const { namespace = 'default', ownerReferences = [] } = object.metadata;
  const controller = ownerReferences.find(({ controller }) => controller === true);
  if (controller === undefined) return undefined;
  if (controller.kind !== REPLICA_SET.kind) return { ...controller, namespace };
  const replicaSet = await cluster.find(REPLICA_SET, controller.name, namespace);
  return replicaSet && ownerOf(cluster, replicaSet);
}
