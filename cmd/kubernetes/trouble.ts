import * as z from 'zod';
import type { Cluster, KubernetesObject } from './cluster.ts';
import { containerTrouble, type PodView } from './pods.ts';

/** More of the same helps nobody. */
const MAX_EVENTS = 5;

const eventSchema = z.looseObject({
  involvedObject: z.looseObject({ kind: z.string(), name: z.string(), uid: z.string().optional() }),
  type: z.string().optional(),
  reason: z.string().default(''),
  message: z.string().default(''),
  metadata: z.looseObject({ uid: z.string().optional(), creationTimestamp: z.string().optional() }),
  lastTimestamp: z.string().nullish(),
  eventTime: z.string().nullish(),
});

type ClusterEvent = z.infer<typeof eventSchema>;

/** Why pods are not ready, a line each: what schedules them, and which container waits or ended. */
export function podTrouble(pods: readonly PodView[]): readonly string[] {
  return pods
    .filter(({ ready }) => !ready)
    .flatMap((pod) => {
      if (pod.unschedulable !== undefined) return [`pod/${pod.name}: ${pod.unschedulable}`];
      const containers = pod.containers.flatMap((status) => {
        const trouble = containerTrouble(status);
        return trouble === undefined ? [] : [`pod/${pod.name}: container ${status.name}: ${trouble}`];
      });
      const unready = pod.containers.filter(({ ready, state }) => !ready && state.running).map(({ name }) => name);
      if (containers.length === 0 && unready.length > 0) return [`pod/${pod.name}: not ready: ${unready.join(', ')}`];
      return containers;
    });
}

/** Warnings about these objects and what they own by name, the newest last: `FailedCreate: …`. */
export async function warningsAbout(
  cluster: Cluster,
  owner: KubernetesObject,
  pods: readonly PodView[],
  /** Uids of Events that were there before: they are about something else. */
  known: ReadonlySet<string>,
): Promise<readonly string[]> {
  const events = await listWarnings(cluster, owner.metadata.namespace);
  const uids = new Set([owner.metadata.uid, ...pods.map(({ object }) => object.metadata.uid)]);
  const concerning = events.filter(({ involvedObject: about, metadata, message }) => {
    if (metadata.uid !== undefined && known.has(metadata.uid)) return false;
    // The kubelet tells each trouble of an image twice, once without its cause.
    if (message.startsWith('Error: ')) return false;
    // A Deployment's ReplicaSet is the one that cannot make its pods.
    return uids.has(about.uid) || (about.kind === 'ReplicaSet' && about.name.startsWith(`${owner.metadata.name}-`));
  });
  const lines = concerning
    .sort((a, b) => time(a).localeCompare(time(b)))
    .map(({ involvedObject, reason, message }) => {
      return `${involvedObject.kind.toLowerCase()}/${involvedObject.name}: ${reason}: ${message.trim()}`;
    });
  return [...new Set(lines)].slice(-MAX_EVENTS);
}

/** Uids of the warnings that are there now. */
export async function knownWarnings(cluster: Cluster, namespace: string | undefined): Promise<ReadonlySet<string>> {
  const events = await listWarnings(cluster, namespace);
  return new Set(events.flatMap(({ metadata }) => metadata.uid ?? []));
}

async function listWarnings(cluster: Cluster, namespace: string | undefined): Promise<ClusterEvent[]> {
  const objects = await cluster.list(
    { apiVersion: 'v1', kind: 'Event' },
    { ...(namespace === undefined ? {} : { namespace }), fieldSelector: 'type=Warning' },
  );
  return objects.flatMap((object) => eventSchema.safeParse(object).data ?? []);
}

function time({ lastTimestamp, eventTime, metadata }: ClusterEvent): string {
  return lastTimestamp ?? eventTime ?? metadata.creationTimestamp ?? '';
}
