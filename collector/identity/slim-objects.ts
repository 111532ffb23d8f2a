import type { KubernetesObject, V1EndpointSlice, V1Job, V1Node, V1Pod, V1ReplicaSet } from '@kubernetes/client-node';

/*
 * An informer keeps each object as long as it is there: what is not read here of thousands of pods is most of their size.
 * The objects themselves are changed, for it is they that are kept.
 */

export function slimPod(pod: V1Pod): V1Pod {
  if (pod.spec !== undefined) {
    const { nodeName, hostNetwork, serviceAccountName, containers, initContainers } = pod.spec;
    pod.spec = { ...given({ nodeName, hostNetwork, serviceAccountName }), containers: containers.map(slimContainer) };
    if (initContainers !== undefined) pod.spec.initContainers = initContainers.map(slimContainer);
  }
  if (pod.status !== undefined) {
    const { phase, podIP, podIPs, hostIP, hostIPs, startTime, conditions } = pod.status;
    const { containerStatuses, initContainerStatuses } = pod.status;
    pod.status = given({
      phase,
      podIP,
      podIPs,
      hostIP,
      hostIPs,
      startTime,
      conditions: conditions?.filter(({ type }) => type === 'PodReadyToStartContainers'),
      containerStatuses: containerStatuses?.map(slimStatus),
      initContainerStatuses: initContainerStatuses?.map(slimStatus),
    });
  }
  return slimObject(pod);
}

type Container = NonNullable<V1Pod['spec']>['containers'][number];
type Status = NonNullable<NonNullable<V1Pod['status']>['containerStatuses']>[number];

function slimContainer({ name, ports, restartPolicy }: Container): Container {
  return { name, ...given({ ports, restartPolicy }) };
}

function slimStatus({ name, state }: Status): Status {
  const { running, terminated } = state ?? {};
  return {
    name,
    image: '',
    imageID: '',
    ready: false,
    restartCount: 0,
    state: given({
      running,
      terminated: terminated && {
        exitCode: 0,
        ...given({ startedAt: terminated.startedAt, finishedAt: terminated.finishedAt }),
      },
    }),
  };
}

/** Without the annotations, of which `kubectl apply` makes one as large as the object. */
export function slimObject<T extends KubernetesObject>(object: T): T {
  delete object.metadata?.annotations;
  delete object.metadata?.managedFields;
  return object;
}

/** A ReplicaSet or a Job: whose it is, no more. */
export function slimController<T extends V1ReplicaSet | V1Job>(object: T): T {
  delete object.spec;
  delete object.status;
  return slimObject(object);
}

export function slimNode(node: V1Node): V1Node {
  delete node.metadata?.managedFields;
  if (node.status !== undefined) node.status = given({ addresses: node.status.addresses });
  return node;
}

export function slimSlice(slice: V1EndpointSlice): V1EndpointSlice {
  // An empty list is null in what the API server writes.
  slice.endpoints = (slice.endpoints ?? []).map(({ addresses, targetRef }) => ({ addresses, ...given({ targetRef }) }));
  return slimObject(slice);
}

type Given<T> = { [Name in keyof T]?: Exclude<T[Name], undefined> };

/** Without members that are undefined. */
function given<T extends object>(object: T): Given<T> {
  const entries: Given<T> = {};
  for (const name in object) {
    const value = object[name];
    if (isGiven(value)) entries[name] = value;
  }
  return entries;
}

function isGiven<T>(value: T): value is Exclude<T, undefined> {
  return value !== undefined;
}
