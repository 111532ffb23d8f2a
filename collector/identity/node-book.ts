import type { V1Node } from '@kubernetes/client-node';
import type { Party } from '../../contract/audit-event.ts';
import { AddressHistory } from './address-history.ts';
import { canonicalAddress } from './address-ranges.ts';
import { millisOf } from './pod-facts.ts';
import { CLOCK_SKEW_MILLIS } from './span.ts';
import { WatchKnowledge } from './watch-knowledge.ts';

/**
 * Where network plugins note a node's own addresses among the pods', which connections come from that it translates.
 * https://docs.tigera.io/calico/latest/networking/configuring/vxlan-ipip https://docs.cilium.io/en/stable/
 */
const ADDRESS_ANNOTATIONS: readonly string[] = [
  'projectcalico.org/IPv4Address',
  'projectcalico.org/IPv6Address',
  'projectcalico.org/IPv4IPIPTunnelAddr',
  'projectcalico.org/IPv4VXLANTunnelAddr',
  'projectcalico.org/IPv6VXLANTunnelAddr',
  'projectcalico.org/IPv4WireguardInterfaceAddr',
  'projectcalico.org/IPv6WireguardInterfaceAddr',
  'network.cilium.io/ipv4-cilium-host',
  'network.cilium.io/ipv6-cilium-host',
  'io.cilium.network.ipv4-cilium-host',
  'io.cilium.network.ipv6-cilium-host',
];

interface KeptNode {
  readonly party: Party;
  readonly addresses: readonly string[];
  readonly ranges: readonly string[];
}

/** Whose a node's addresses are: its own, and its bridge's and tunnel's among the pods'. */
export class NodeBook {
  readonly addresses = new AddressHistory<Party>();
  readonly knowledge = new WatchKnowledge();
  readonly #nodes = new Map<string, KeptNode>();
  readonly #onRange: (cidr: string) => void;

  /** @param onRange pods of a node have addresses of this range */
  constructor(onRange: (cidr: string) => void) {
    this.#onRange = onRange;
  }

  present(node: V1Node, now: number): void {
    const { uid = '', name = '', creationTimestamp } = node.metadata ?? {};
    const ranges = node.spec?.podCIDRs ?? (node.spec?.podCIDR === undefined ? [] : [node.spec.podCIDR]);
    const before = this.#nodes.get(uid);
    const kept = {
      party: before?.party ?? { kind: 'node' as const, node: name },
      addresses: addressesOf(node, ranges),
      ranges,
    };
    this.#nodes.set(uid, kept);
    const created = (millisOf(creationTimestamp) ?? now) - CLOCK_SKEW_MILLIS;
    for (const address of before?.addresses ?? [])
      if (!kept.addresses.includes(address)) this.#endAddress(address, uid, kept.party, now, now);
    for (const address of kept.addresses) {
      const from = before === undefined || before.addresses.includes(address) ? created : now - CLOCK_SKEW_MILLIS;
      this.addresses.set(address, uid, kept.party, { from, sureFrom: from, ...OPEN });
    }
    for (const range of ranges) this.#onRange(range);
  }

  gone(node: V1Node, now: number): void {
    this.#end(node.metadata?.uid ?? '', now, now);
  }

  listed(uids: ReadonlySet<string>, now: number): void {
    const knownUntil = this.knowledge.listed(now);
    for (const uid of this.#nodes.keys()) if (!uids.has(uid)) this.#end(uid, knownUntil, now);
  }

  forgetBefore(time: number): void {
    this.addresses.forgetBefore(time);
  }

  #end(uid: string, knownUntil: number, now: number): void {
    const kept = this.#nodes.get(uid);
    this.#nodes.delete(uid);
    for (const address of kept?.addresses ?? [])
      if (kept !== undefined) this.#endAddress(address, uid, kept.party, knownUntil, now);
  }

  #endAddress(address: string, uid: string, party: Party, knownUntil: number, now: number): void {
    const had = this.addresses.spanOf(address, uid);
    if (had === undefined) return;
    this.addresses.set(address, uid, party, {
      ...had,
      sureTo: knownUntil - CLOCK_SKEW_MILLIS,
      to: now + CLOCK_SKEW_MILLIS,
    });
  }
}

const OPEN = { sureTo: Number.POSITIVE_INFINITY, to: Number.POSITIVE_INFINITY };

function addressesOf({ metadata, status }: V1Node, ranges: readonly string[]): readonly string[] {
  const own = status?.addresses?.filter(({ type }) => type === 'InternalIP' || type === 'ExternalIP') ?? [];
  const noted = ADDRESS_ANNOTATIONS.flatMap((name) => metadata?.annotations?.[name]?.split('/', 1) ?? []);
  return [
    ...new Set([...own.map(({ address }) => address), ...noted, ...ranges.flatMap(gatewaysOf)].map(canonicalAddress)),
  ];
}

/**
 * The first addresses of a node's range, which the standard plugins keep for the node: its tunnel has the one, its bridge
 * the other. Where a pod has one of them all the same, the pod is asked for first.
 */
function gatewaysOf(cidr: string): readonly string[] {
  const [network = ''] = cidr.split('/', 1);
  if (network.includes(':')) return network.endsWith('::') ? [network, `${network}1`] : [network];
  const bytes = network.split('.');
  return [network, [...bytes.slice(0, 3), Number(bytes[3]) + 1].join('.')];
}
