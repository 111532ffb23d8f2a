import { BlockList, isIPv6, SocketAddress } from 'node:net';

/** Answers are kept for so many addresses: `external` ones are few against the events that have them. */
const MAX_KEPT_ANSWERS = 10_000;
/** Around a pod's or a service's address outside every known range; as wide as the ranges that nodes are usually given. */
const LEARNT_PREFIX = { ipv4: 24, ipv6: 64 };
/** Ranges learnt from addresses; 4,096 of 256 are a million pods. Beyond it no more are learnt. */
const MAX_LEARNT = 4_096;

/** Where the addresses of pods and services are: told by nodes and settings, or learnt from addresses outside all of those. */
export class AddressRanges {
  readonly #list = new BlockList();
  readonly #known = new Set<string>();
  readonly #answers = new Map<string, boolean>();
  #learnt = 0;

  /** `10.244.1.0/24`. What is not a range is passed over. */
  add(cidr: string): void {
    if (this.#known.has(cidr)) return;
    const [address = '', prefix = ''] = cidr.split('/', 2);
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    const bits = Number(prefix);
    if (prefix === '' || !Number.isInteger(bits) || SocketAddress.parse(withPort(address)) === undefined) return;
    this.#known.add(cidr);
    this.#list.addSubnet(address, bits, family);
    this.#answers.clear();
  }

  /** An address of the cluster: what is around it is the cluster's too. */
  learn(address: string): void {
    if (this.#learnt >= MAX_LEARNT || this.contains(address)) return;
    this.#learnt += 1;
    this.add(`${address}/${LEARNT_PREFIX[isIPv6(address) ? 'ipv6' : 'ipv4']}`);
  }

  contains(address: string): boolean {
    const kept = this.#answers.get(address);
    if (kept !== undefined) return kept;
    const answer = this.#list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
    if (this.#answers.size >= MAX_KEPT_ANSWERS) this.#answers.clear();
    this.#answers.set(address, answer);
    return answer;
  }
}

/** As agents write it: RFC 5952, and an IPv4 address within IPv6 as the IPv4 address that it is. */
export function canonicalAddress(address: string): string {
  if (!address.includes(':')) return address;
  return withoutMapping(SocketAddress.parse(withPort(address))?.address ?? address);
}

const MAPPED = '::ffff:';

/** `::ffff:10.0.0.7` is 10.0.0.7. */
export function withoutMapping(address: string): string {
  return address.startsWith(MAPPED) && address.includes('.') ? address.slice(MAPPED.length) : address;
}

export function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1';
}

function withPort(address: string): string {
  return isIPv6(address) ? `[${address}]:1` : `${address}:1`;
}
