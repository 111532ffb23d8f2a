import type { V1ObjectMeta, V1Pod } from '@kubernetes/client-node';
import type { Party } from '../../contract/audit-event.ts';

/** Labels are for people to search by; they are repeated in each event. */
const MAX_LABELS = 12;
const MAX_LABEL_CHARACTERS = 600;
/** What controllers write for themselves: they say what `owner` says better, or nothing. */
const GENERATED_LABELS: ReadonlySet<string> = new Set([
  'pod-template-hash',
  'controller-revision-hash',
  'pod-template-generation',
  'controller-uid',
  'job-name',
  'batch.kubernetes.io/controller-uid',
  'batch.kubernetes.io/job-name',
  'statefulset.kubernetes.io/pod-name',
  'apps.kubernetes.io/pod-index',
]);

export interface OwnerReference {
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
}

/** A service that sends to a pod. No ports: to any of it. */
export interface ServedBy {
  readonly service: string;
  readonly ports: readonly number[];
}

/** What is kept of a pod; small, since ended ones are kept for a day. */
export interface PodRecord {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly node: string | undefined;
  readonly serviceAccount: string | undefined;
  readonly hostNetwork: boolean;
  readonly labels: Readonly<Record<string, string>> | undefined;
  readonly controller: OwnerReference | undefined;
  /** From the pod up; undefined while the chain's end is not known. */
  owners: readonly string[] | undefined;
  services: readonly ServedBy[];
  /** Of the pod itself and, by name, of each service in front of it; made when first asked for: most never are. */
  parties: Map<string, Party> | undefined;
}

export function podRecord(pod: V1Pod): PodRecord {
  const { metadata, spec } = pod;
  return {
    uid: metadata?.uid ?? '',
    namespace: metadata?.namespace ?? '',
    name: metadata?.name ?? '',
    node: spec?.nodeName,
    serviceAccount: spec?.serviceAccountName,
    hostNetwork: spec?.hostNetwork === true,
    labels: boundedLabels(metadata?.labels ?? {}),
    controller: controllerOf(metadata),
    owners: undefined,
    services: [],
    parties: undefined,
  };
}

export function controllerOf(metadata: V1ObjectMeta | undefined): OwnerReference | undefined {
  const reference = metadata?.ownerReferences?.find(({ controller }) => controller === true);
  return reference && { kind: reference.kind, name: reference.name, uid: reference.uid };
}

/** Changes what is said of the pod from now on. */
export function changeRecord(record: PodRecord, change: Partial<Pick<PodRecord, 'owners' | 'services'>>): void {
  Object.assign(record, change);
  record.parties = undefined;
}

/**
 * What an event says of the pod. The same object each time: it is in many events.
 * @param port of the pod's own, where it is the server: the service in front of that port is named where there is just one
 */
export function partyOfPod(record: PodRecord, port: number): Party {
  const service = record.services.length === 0 ? undefined : serviceOf(record.services, port);
  const known = record.parties?.get(service ?? '');
  if (known !== undefined) return known;
  const party = makeParty(record, service);
  record.parties ??= new Map();
  record.parties.set(service ?? '', party);
  return party;
}

function serviceOf(services: readonly ServedBy[], port: number): string | undefined {
  const names = services.filter(({ ports }) => ports.includes(port)).map(({ service }) => service);
  return new Set(names).size === 1 ? names[0] : undefined;
}

function makeParty(record: PodRecord, service: string | undefined): Party {
  const { namespace, name, uid, node, serviceAccount, hostNetwork, owners, labels } = record;
  const last = owners?.at(-1)?.split('/', 2);
  return {
    kind: hostNetwork ? 'host-network' : 'pod',
    namespace,
    pod: name,
    pod_uid: uid,
    ...(node === undefined ? {} : { node }),
    ...(service === undefined ? {} : { service }),
    ...(serviceAccount === undefined ? {} : { service_account: serviceAccount }),
    ...(last === undefined ? {} : { owner: { kind: last[0] ?? '', name: last[1] ?? '' } }),
    ...(owners === undefined ? {} : { owners: [...owners] }),
    ...(labels === undefined ? {} : { labels }),
  };
}

/** Those that people set, in their order by name as far as there is room. */
function boundedLabels(labels: Readonly<Record<string, string>>): Record<string, string> | undefined {
  let room = MAX_LABEL_CHARACTERS;
  const kept = Object.entries(labels)
    .filter(([name]) => !GENERATED_LABELS.has(name))
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .filter(([name, value]) => {
      if (name.length + value.length > room) return false;
      room -= name.length + value.length;
      return true;
    })
    .slice(0, MAX_LABELS);
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}
