import type { V1EndpointSlice, V1Service } from '@kubernetes/client-node';
import type { Party } from '../../contract/audit-event.ts';
import { AddressHistory } from './address-history.ts';
import { canonicalAddress } from './address-ranges.ts';
import { millisOf } from './pod-facts.ts';
import type { ServedBy } from './pod-record.ts';
import { CLOCK_SKEW_MILLIS, type Span } from './span.ts';
import { WatchKnowledge } from './watch-knowledge.ts';

const SERVICE_LABEL = 'kubernetes.io/service-name';

interface KeptService {
  readonly party: Party;
  readonly addresses: readonly string[];
  readonly ports: readonly string[];
  readonly span: Span;
}

interface Slice {
  readonly served: ServedBy;
  readonly pods: readonly string[];
}

/** Whose a service's addresses and node ports are, and which services send to a pod. */
export class ServiceBook {
  /** Cluster addresses. */
  readonly addresses = new AddressHistory<Party>();
  /** By `exposedKey`: where a service is reached from outside. These addresses may be a node's as well. */
  readonly exposed = new AddressHistory<Party>();
  readonly knowledge = new WatchKnowledge();
  readonly #services = new Map<string, KeptService>();
  readonly #slices = new Map<string, Slice>();
  readonly #slicesOfPod = new Map<string, Set<string>>();
  readonly #onAddress: (address: string) => void;
  readonly #onServed: (uid: string, services: readonly ServedBy[]) => void;

  /** @param onServed the services that send to a pod have changed */
  constructor(onAddress: (address: string) => void, onServed: (uid: string, services: readonly ServedBy[]) => void) {
    this.#onAddress = onAddress;
    this.#onServed = onServed;
  }

  present(service: V1Service, now: number): void {
    const { uid = '', namespace = '', name = '', creationTimestamp } = service.metadata ?? {};
    const before = this.#services.get(uid);
    const created = millisOf(creationTimestamp) ?? now;
    // What it was given later, such as a load balancer's address, it has from when we saw it.
    const span = {
      ...OPEN,
      from: created - CLOCK_SKEW_MILLIS,
      sureFrom: before === undefined ? created + 2 * CLOCK_SKEW_MILLIS : now,
    };
    const kept = {
      party: before?.party ?? { kind: 'service' as const, namespace, service: name },
      addresses: clusterAddresses(service),
      ports: exposedKeys(service),
      span: before?.span ?? span,
    };
    this.#services.set(uid, kept);
    hold(this.addresses, uid, kept, kept.addresses, before?.addresses, now);
    hold(this.exposed, uid, kept, kept.ports, before?.ports, now);
    for (const address of kept.addresses) this.#onAddress(address);
  }

  gone(service: V1Service, now: number): void {
    this.#end(service.metadata?.uid ?? '', now, now);
  }

  listed(uids: ReadonlySet<string>, now: number): void {
    const knownUntil = this.knowledge.listed(now);
    for (const uid of this.#services.keys()) if (!uids.has(uid)) this.#end(uid, knownUntil, now);
  }

  slicePresent({ metadata, endpoints, ports }: V1EndpointSlice): void {
    const { uid = '', labels } = metadata ?? {};
    const service = labels?.[SERVICE_LABEL];
    if (service === undefined) return;
    const pods = (endpoints ?? []).flatMap(({ targetRef }) =>
      targetRef?.kind === 'Pod' && targetRef.uid !== undefined ? [targetRef.uid] : [],
    );
    const served = { service, ports: (ports ?? []).flatMap(({ port }) => port ?? []) };
    this.#replaceSlice(uid, { served, pods });
  }

  sliceGone({ metadata }: V1EndpointSlice): void {
    this.#replaceSlice(metadata?.uid ?? '', undefined);
  }

  /** The services that send to a pod now. */
  servicesOf(uid: string): readonly ServedBy[] {
    return [...(this.#slicesOfPod.get(uid) ?? [])].flatMap((slice) => this.#slices.get(slice)?.served ?? []);
  }

  forgetBefore(time: number): void {
    this.addresses.forgetBefore(time);
    this.exposed.forgetBefore(time);
  }

  #replaceSlice(uid: string, slice: Slice | undefined): void {
    const before = this.#slices.get(uid)?.pods ?? [];
    if (slice === undefined) this.#slices.delete(uid);
    else this.#slices.set(uid, slice);
    for (const pod of before) {
      const slices = this.#slicesOfPod.get(pod);
      slices?.delete(uid);
      if (slices?.size === 0) this.#slicesOfPod.delete(pod);
    }
    for (const pod of slice?.pods ?? []) this.#slicesOfPod.set(pod, (this.#slicesOfPod.get(pod) ?? new Set()).add(uid));
    for (const pod of new Set([...before, ...(slice?.pods ?? [])])) this.#onServed(pod, this.servicesOf(pod));
  }

  #end(uid: string, knownUntil: number, now: number): void {
    const kept = this.#services.get(uid);
    if (kept === undefined) return;
    this.#services.delete(uid);
    const span = { ...kept.span, sureTo: knownUntil - CLOCK_SKEW_MILLIS, to: now + CLOCK_SKEW_MILLIS };
    for (const address of kept.addresses) this.addresses.set(address, uid, kept.party, span);
    for (const key of kept.ports) this.exposed.set(key, uid, kept.party, span);
  }
}

const OPEN = { sureTo: Number.POSITIVE_INFINITY, to: Number.POSITIVE_INFINITY };

/** A port at an address from outside; without an address, at every node. */
export function exposedKey(address: string | undefined, port: number): string {
  return `${address ?? ''}|${port}`;
}

function hold(
  history: AddressHistory<Party>,
  uid: string,
  { party, span }: KeptService,
  keys: readonly string[],
  before: readonly string[] | undefined,
  now: number,
): void {
  for (const key of before ?? []) {
    const had = keys.includes(key) ? undefined : history.spanOf(key, uid);
    if (had !== undefined)
      history.set(key, uid, party, { ...had, sureTo: now - CLOCK_SKEW_MILLIS, to: now + CLOCK_SKEW_MILLIS });
  }
  for (const key of keys) {
    const isNew = before !== undefined && !before.includes(key);
    history.set(
      key,
      uid,
      party,
      history.spanOf(key, uid) ?? (isNew ? { ...span, from: now - CLOCK_SKEW_MILLIS, sureFrom: now } : span),
    );
  }
}

function clusterAddresses({ spec }: V1Service): readonly string[] {
  const all = spec?.clusterIPs ?? [spec?.clusterIP ?? ''];
  return all.filter((ip) => ip !== '' && ip !== 'None').map(canonicalAddress);
}

function exposedKeys({ spec, status }: V1Service): readonly string[] {
  const ports = (spec?.ports ?? []).filter(({ protocol }) => (protocol ?? 'TCP') === 'TCP');
  const balancers = status?.loadBalancer?.ingress?.flatMap(({ ip }) => ip ?? []) ?? [];
  const outside = [...(spec?.externalIPs ?? []), ...balancers].map(canonicalAddress);
  return [
    ...ports.flatMap(({ nodePort }) => (nodePort === undefined ? [] : [exposedKey(undefined, nodePort)])),
    ...outside.flatMap((ip) => ports.map(({ port }) => exposedKey(ip, port))),
  ];
}
