import type { V1ContainerStatus, V1Pod } from '@kubernetes/client-node';
import { canonicalAddress } from './address-ranges.ts';
import { CLOCK_SKEW_MILLIS, LINGER_MILLIS, REPORT_MILLIS, type Span } from './span.ts';

/** Times in Kubernetes' objects are cut to whole seconds. */
const CUT_MILLIS = 999;
/** Dates from the typed client, text from its watch. */
export function millisOf(time: Date | string | null | undefined): number | undefined {
  if (time === undefined || time === null) return undefined;
  const millis = new Date(time).getTime();
  // A container that the kubelet lost track of is said to have ended in 1970, or in year 1.
  return millis > 0 ? millis : undefined;
}

/** The addresses of a pod in its own network, in both families. */
export function podAddresses({ status }: V1Pod): readonly string[] {
  const all = status?.podIPs?.flatMap(({ ip }) => ip ?? []) ?? [];
  return (all.length > 0 ? all : [status?.podIP ?? '']).filter((ip) => ip !== '').map(canonicalAddress);
}

/** Declared TCP ports of what runs as long as the pod does; `host`: as seen on the node's addresses. */
export function nodePortsOf({ spec }: V1Pod): readonly number[] {
  const sidecars = spec?.initContainers?.filter(({ restartPolicy }) => restartPolicy === 'Always') ?? [];
  return [...(spec?.containers ?? []), ...sidecars].flatMap(({ ports }) =>
    (ports ?? []).flatMap(({ protocol, containerPort, hostPort }) => {
      const port = spec?.hostNetwork === true ? (hostPort ?? containerPort) : hostPort;
      return port === undefined || port === 0 || (protocol ?? 'TCP') !== 'TCP' ? [] : [port];
    }),
  );
}

/**
 * When a pod has its addresses, by its own object. It gets them between `startTime`, when the kubelet took it on, and its
 * first container; it has them until its last container ended, though its object may keep them for days.
 * @param seenAt when this object came to us
 */
export function podSpan(pod: V1Pod, seenAt: number): Span {
  const { metadata, status } = pod;
  const taken = millisOf(status?.startTime) ?? millisOf(metadata?.creationTimestamp) ?? seenAt;
  const ready = millisOf(
    status?.conditions?.find(({ type, status: is }) => type === 'PodReadyToStartContainers' && is === 'True')
      ?.lastTransitionTime,
  );
  const hasAddress = (status?.podIP ?? '') !== '';
  // Infinity: it has none yet.
  const sure = Math.min(...statusesOf(pod).flatMap(startOf), ...(hasAddress ? [ready ?? seenAt, seenAt] : []));
  const sureFrom = sure + CUT_MILLIS + CLOCK_SKEW_MILLIS;
  return { from: taken - CLOCK_SKEW_MILLIS, sureFrom, ...endOf(pod, seenAt) };
}

/** Of a pod whose object is no more: what its object said last, or, where it still ran then, an end between bounds. */
export function endOfGone(span: Span, lastKnownAt: number, goneAt: number): Span {
  if (span.to !== Number.POSITIVE_INFINITY) return span;
  return { ...span, sureTo: lastKnownAt - REPORT_MILLIS, to: goneAt + LINGER_MILLIS };
}

function endOf(pod: V1Pod, seenAt: number): Pick<Span, 'sureTo' | 'to'> {
  const { phase } = pod.status ?? {};
  const isOver = phase === 'Succeeded' || phase === 'Failed';
  const statuses = (pod.status?.containerStatuses ?? []).concat(sidecarStatuses(pod));
  const isDeleted = pod.metadata?.deletionTimestamp !== undefined && pod.metadata.deletionTimestamp !== null;
  const allEnded = statuses.length > 0 && statuses.every(({ state }) => state?.terminated !== undefined);
  // A container that ended in a pod that goes on is started again.
  if (!isOver && !(isDeleted && allEnded)) return { sureTo: Number.POSITIVE_INFINITY, to: Number.POSITIVE_INFINITY };
  const ends = statuses.map(({ state }) => millisOf(state?.terminated?.finishedAt));
  const known = ends.filter((end) => end !== undefined);
  const last = Math.max(...known);
  if (known.length > 0 && known.length === ends.length)
    return { sureTo: last - CLOCK_SKEW_MILLIS, to: last + CUT_MILLIS + CLOCK_SKEW_MILLIS };
  // Evicted, or on a lost node: when is not said.
  return { sureTo: known.length === 0 ? 0 : Math.min(last, seenAt) - CLOCK_SKEW_MILLIS, to: seenAt + LINGER_MILLIS };
}

function statusesOf({ status }: V1Pod): readonly V1ContainerStatus[] {
  return [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
}

function sidecarStatuses({ spec, status }: V1Pod): readonly V1ContainerStatus[] {
  const names = spec?.initContainers?.filter(({ restartPolicy }) => restartPolicy === 'Always').map(({ name }) => name);
  return status?.initContainerStatuses?.filter(({ name }) => names?.includes(name)) ?? [];
}

/** Of the latest run alone: an earlier one may have been in another sandbox, with another address. */
function startOf({ state }: V1ContainerStatus): readonly number[] {
  const start = millisOf(state?.running?.startedAt ?? state?.terminated?.startedAt);
  return start === undefined ? [] : [start];
}
