import type { Party } from '../../contract/audit-event.ts';
import type { AddressBook, NamedPod } from './address-book.ts';
import { AddressRanges, isLoopback, withoutMapping } from './address-ranges.ts';
import { NodeBook } from './node-book.ts';
import { nameKey, PodBook, type PodBookLimits, portKey } from './pod-book.ts';
import { type PodRecord, partyOfPod } from './pod-record.ts';
import { exposedKey, ServiceBook } from './service-book.ts';

const UNKNOWN: Party = { kind: 'unknown' };
const EXTERNAL: Party = { kind: 'external' };

/** What is known of a cluster's addresses, in the order in which it is asked. Fed by watches; no connection of its own. */
export class ClusterBook implements AddressBook {
  readonly ranges = new AddressRanges();
  readonly pods: PodBook;
  readonly services: ServiceBook;
  readonly nodes: NodeBook;
  readonly #now: () => number;

  constructor(limits: PodBookLimits, now: () => number = Date.now) {
    this.#now = now;
    this.nodes = new NodeBook((cidr) => this.ranges.add(cidr));
    this.pods = new PodBook(
      limits,
      (address) => this.ranges.learn(address),
      (uid) => this.services.servicesOf(uid),
    );
    this.services = new ServiceBook(
      (address) => this.ranges.learn(address),
      (uid, services) => this.pods.serve(uid, services),
    );
  }

  synced(): boolean {
    return this.pods.knowledge.synced && this.services.knowledge.synced && this.nodes.knowledge.synced;
  }

  partyOf(ip: string, port: number, at: number, within?: NamedPod): Party {
    const address = withoutMapping(ip);
    const now = this.#now();
    if (isLoopback(address)) return this.#loopback(port, at, now, within);
    const { pods, services } = this;
    const pod = pods.addresses.find(address, at, now, pods.knowledge);
    if (pod !== undefined && !('several' in pod)) return partyOfPod(pod, port);
    const own = within === undefined ? undefined : this.#holderNamed(within, address, at, now);
    if (own !== undefined) return partyOfPod(own, port);
    if (pod !== undefined) return ambiguous(pod.several);
    const service = services.addresses.find(address, at, now, services.knowledge);
    if (service !== undefined) return 'several' in service ? ambiguous(service.several) : service;
    return this.#onNode(address, port, at, now) ?? this.#elsewhere(address);
  }

  /** Whether somebody of the cluster is bound to have it, and we have not been told yet who. */
  isAwaited(ip: string, at: number, within?: NamedPod): boolean {
    return this.synced() && this.partyOf(ip, 0, at, within).kind === 'unknown';
  }

  /** Of pods that are there or were, in the order of their names. */
  namespaces(): readonly string[] {
    return [...new Set([...this.pods.kept()].map(({ record }) => record.namespace))].sort();
  }

  /** Forgets what is too old or too much. */
  sweep(keepMillis: number): void {
    const now = this.#now();
    this.pods.sweep(now);
    this.services.forgetBefore(now - keepMillis);
    this.nodes.forgetBefore(now - keepMillis);
  }

  /** The addresses of a node are shared by all that uses its network, and by what it translates. */
  #onNode(address: string, port: number, at: number, now: number): Party | undefined {
    const { pods, services, nodes } = this;
    const node = nodes.addresses.find(address, at, now, nodes.knowledge);
    if (port > 0) {
      const listener = node && pods.nodePorts.find(portKey(address, port), at, now, pods.knowledge);
      if (listener !== undefined)
        return 'several' in listener ? ambiguous(listener.several) : partyOfPod(listener, port);
      const exposed =
        services.exposed.find(exposedKey(address, port), at, now, services.knowledge) ??
        (node && services.exposed.find(exposedKey(undefined, port), at, now, services.knowledge));
      if (exposed !== undefined) return 'several' in exposed ? ambiguous(exposed.several) : exposed;
    }
    if (node === undefined) return undefined;
    return 'several' in node ? ambiguous(node.several) : node;
  }

  #elsewhere(address: string): Party {
    return this.synced() && !this.ranges.contains(address) ? EXTERNAL : UNKNOWN;
  }

  #loopback(port: number, at: number, now: number, within: NamedPod | undefined): Party {
    if (within === undefined) return UNKNOWN;
    const pod = this.#named(within, at, now);
    if (pod === undefined) return asNamed(within);
    if (!pod.hostNetwork) return partyOfPod(pod, port);
    // The node's own loopback: anything on it that uses its network.
    return pod.node === undefined ? UNKNOWN : { kind: 'node', node: pod.node };
  }

  /** The pod in which it was seen, where it may have had the address: then nobody else had. */
  #holderNamed(within: NamedPod, address: string, at: number, now: number): PodRecord | undefined {
    const pod = this.#named(within, at, now);
    return pod !== undefined && this.pods.addresses.mayHave(address, pod.uid, at) ? pod : undefined;
  }

  #named({ namespace, name }: NamedPod, at: number, now: number): PodRecord | undefined {
    const pod = this.pods.names.find(nameKey(namespace, name), at, now, this.pods.knowledge);
    return pod === undefined || 'several' in pod ? undefined : pod;
  }
}

function ambiguous(candidates: number): Party {
  return { kind: 'ambiguous', candidates };
}

/** What the event says itself, where we know no more of the pod. */
function asNamed({ namespace, name, node }: NamedPod): Party {
  return { kind: 'pod', namespace, pod: name, ...(node === undefined ? {} : { node }) };
}
