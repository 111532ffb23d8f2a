import { uint16 } from './big-endian.ts';

/** Link-layer headers before an IP packet. https://www.tcpdump.org/linktypes.html */

const NULL_LOOPBACK = 0;
const ETHERNET = 1;
const RAW_ON_BSD = 12;
const RAW_ON_OPENBSD = 14;
const RAW = 101;
const OPENBSD_LOOPBACK = 108;
const LINUX_SLL = 113;
const IPV4 = 228;
const IPV6 = 229;
const LINUX_SLL2 = 276;

const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;
const VLAN_ETHERTYPES: readonly number[] = [0x8100, 0x88a8, 0x9100];
/** QinQ has two; more than four are no network anybody runs. */
const MAX_VLAN_TAGS = 4;

/** AF_INET everywhere; AF_INET6 on NetBSD, FreeBSD, macOS and Linux. */
const IP_FAMILIES: readonly number[] = [2, 24, 28, 30, 10];

/** Where the IP packet in `buffer[start, end)` begins; -1 where there is none. */
export function ipStart(buffer: Buffer, start: number, end: number, linkType: number): number {
  switch (linkType) {
    case ETHERNET:
      return afterEtherType(buffer, start + 12, start + 14, end);
    case LINUX_SLL:
      return afterEtherType(buffer, start + 14, start + 16, end);
    case LINUX_SLL2:
      return afterEtherType(buffer, start, start + 20, end);
    case NULL_LOOPBACK:
    case OPENBSD_LOOPBACK:
      return afterFamily(buffer, start, end);
    case RAW_ON_BSD:
    case RAW_ON_OPENBSD:
    case RAW:
    case IPV4:
    case IPV6:
      return start;
    default:
      return -1;
  }
}

function afterEtherType(buffer: Buffer, typeAt: number, headerEnd: number, end: number): number {
  if (headerEnd > end) return -1;
  let type = uint16(buffer, typeAt);
  let position = headerEnd;
  for (let tags = 0; type !== ETHERTYPE_IPV4 && type !== ETHERTYPE_IPV6; tags++) {
    if (!VLAN_ETHERTYPES.includes(type) || tags === MAX_VLAN_TAGS || position + 4 > end) return -1;
    type = uint16(buffer, position + 2);
    position += 4;
  }
  return position;
}

/** The family is written in the byte order of the capturing machine, which may not be ours. */
function afterFamily(buffer: Buffer, start: number, end: number): number {
  if (start + 4 > end) return -1;
  const family = (buffer[start] ?? 0) | (buffer[start + 3] ?? 0);
  return uint16(buffer, start + 1) === 0 && IP_FAMILIES.includes(family) ? start + 4 : -1;
}
