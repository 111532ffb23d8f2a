import * as z from 'zod';
import { UserError } from '../../../contract/user-error.ts';
import type { Cluster, KubernetesObject } from '../../kubernetes/cluster.ts';
import type { KnownAddresses } from '../known-addresses.ts';
import type { AgentPod } from './agent-pod.ts';

const SERVICE = { apiVersion: 'v1', kind: 'Service' };
const HEADLESS = 'None';

const podSchema = z.looseObject({
  spec: z.looseObject({ hostNetwork: z.boolean().default(false) }).prefault({}),
  status: z
    .looseObject({ startTime: z.string().optional(), podIPs: z.array(z.looseObject({ ip: z.string() })).default([]) })
    .prefault({}),
});
const serviceSchema = z.looseObject({
  spec: z.looseObject({ clusterIPs: z.array(z.string()).default([]) }).prefault({}),
});

/** A pod on its node's network shares its address with others. */
export function notePod({ view, namespace, pod, ended }: AgentPod, known: KnownAddresses): void {
  const label = `${namespace}/${pod}`;
  if (ended) {
    known.remove(label, Date.now());
    return;
  }
  const { spec, status } = podSchema.parse(view.object);
  if (spec.hostNetwork || status.startTime === undefined) return;
  for (const { ip } of status.podIPs) known.add(ip, label, Date.parse(status.startTime));
}

/** Names of services, as far as the caller may list them; without them their addresses are shown. */
export async function noteServices(
  cluster: Cluster,
  namespaces: readonly (string | undefined)[],
  known: KnownAddresses,
): Promise<void> {
  const found = await Promise.all(
    namespaces.map((namespace) =>
      cluster.list(SERVICE, namespace === undefined ? {} : { namespace }).catch((error: unknown) => {
        if (error instanceof UserError && error.code === 'DBA1102') return [];
        throw error;
      }),
    ),
  );
  for (const service of found.flat()) noteService(service, known);
}

function noteService({ metadata, ...object }: KubernetesObject, known: KnownAddresses): void {
  const { spec } = serviceSchema.parse(object);
  const created = Date.parse(metadata.creationTimestamp ?? '');
  for (const ip of spec.clusterIPs)
    if (ip !== HEADLESS && !Number.isNaN(created)) known.add(ip, `${metadata.name}.${metadata.namespace}`, created);
}
