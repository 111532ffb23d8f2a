/** From the port list to what the kernel passes on: the rest of a node's traffic never reaches the agent. */
import { BPF, BpfProgram } from './bpf-assembler.ts';

// What the kernel knows of a packet besides its bytes: loads at SKF_AD_OFF of linux/filter.h.
const ANCILLARY = -0x1000;
const LINK_PROTOCOL = ANCILLARY;
const PACKET_TYPE = ANCILLARY + 4;
const HARDWARE_TYPE = ANCILLARY + 28;

const ARPHRD_LOOPBACK = 772;
const PACKET_OUTGOING = 4;
const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;
/** VLAN tags still in the frame: 802.1Q, 802.1ad, and what came before it. */
const VLAN_ETHERTYPES = [0x8100, 0x88a8, 0x9100];
const VLAN_TAG_BYTES = 4;

const PROTOCOL_TCP = 6;
/** Hop-by-hop, routing, fragment, authentication, destination options, mobility, HIP, shim6. RFC 8200, RFC 7045 */
const IPV6_EXTENSION_HEADERS = [0, 43, 44, 51, 60, 135, 139, 140];
const IPV6_HEADER_BYTES = 40;
const FRAGMENT_OFFSET_BITS = 0x1fff;

/** The kernel takes 4096 instructions and a port costs four. With more ports than this, all of TCP is passed. */
const MAX_PORTS = 1000;

/** Passes nothing: ends a capture while what is in the ring is still read. */
export function nothingFilter(): Buffer {
  const program = new BpfProgram();
  program.add(BPF.ret, 0);
  return program.assemble();
}

/**
 * A program for packets that begin at their network header (SOCK_DGRAM). It passes the first `snaplenBytes` of TCP
 * from or to one of `ports` (of all TCP where the list is empty), and what has no ports to look at: later IPv4
 * fragments of TCP, and IPv6 with extension headers. It drops what a loopback interface sends, since each such packet
 * comes back as one received.
 */
export function portFilter(ports: readonly number[], snaplenBytes: number): Buffer {
  const program = new BpfProgram();
  dropLoopbackCopies(program);
  findNetworkHeader(program);
  matchNetworkHeader(program);
  program.label('pass');
  program.add(BPF.ret, snaplenBytes);
  program.label('drop');
  program.add(BPF.ret, 0);
  program.label('ports');
  matchPorts(program, ports, snaplenBytes);
  return program.assemble();
}

/**
 * The same in tcpdump's language, as far as it can say it: a VLAN tag that the kernel left in the frame is not looked
 * behind. https://www.tcpdump.org/manpages/pcap-filter.7.html
 */
export function portExpression(ports: readonly number[]): string {
  const checked = checkedPorts(ports);
  const tcp = checked.length === 0 ? 'tcp' : checked.map((port) => `tcp port ${port}`).join(' or ');
  const extensions = IPV6_EXTENSION_HEADERS.map((header) => `ip6[6] = ${header}`).join(' or ');
  return `${tcp} or (ip proto ${PROTOCOL_TCP} and ip[6:2] & ${FRAGMENT_OFFSET_BITS} != 0) or (ip6 and (${extensions}))`;
}

function checkedPorts(ports: readonly number[]): readonly number[] {
  const distinct = [...new Set(ports)];
  return distinct.length > MAX_PORTS ? [] : distinct;
}

function dropLoopbackCopies(program: BpfProgram): void {
  program.add(BPF.ld, HARDWARE_TYPE);
  program.branch(BPF.jeq, ARPHRD_LOOPBACK, 'next', 'protocol');
  program.add(BPF.ld, PACKET_TYPE);
  program.branch(BPF.jeq, PACKET_OUTGOING, 'drop');
  program.label('protocol');
}

/** Leaves the offset of the IP header in X, behind up to two VLAN tags. */
function findNetworkHeader(program: BpfProgram): void {
  program.add(BPF.ldx, 0);
  program.add(BPF.ld, LINK_PROTOCOL);
  branchOnProtocol(program);
  for (const ethertype of VLAN_ETHERTYPES) program.branch(BPF.jeq, ethertype, 'tagged');
  program.jump('drop');

  program.label('tagged');
  program.add(BPF.ld, PACKET_TYPE);
  program.branch(BPF.jeq, PACKET_OUTGOING, 'next', 'first tag');
  // On its way out a packet's network header is behind the tags, on its way in before them.
  program.add(BPF.ldbX, 0);
  program.add(BPF.rsh, 4);
  program.branch(BPF.jeq, 4, 'ipv4');
  program.branch(BPF.jeq, 6, 'ipv6', 'drop');

  program.label('first tag');
  program.add(BPF.ldhX, 2);
  program.add(BPF.ldx, VLAN_TAG_BYTES);
  branchOnProtocol(program);
  for (const ethertype of VLAN_ETHERTYPES) program.branch(BPF.jeq, ethertype, 'second tag');
  program.jump('drop');

  program.label('second tag');
  program.add(BPF.ldhX, 2);
  program.add(BPF.ldx, 2 * VLAN_TAG_BYTES);
  branchOnProtocol(program);
  program.jump('drop');
}

function branchOnProtocol(program: BpfProgram): void {
  program.branch(BPF.jeq, ETHERTYPE_IPV4, 'ipv4');
  program.branch(BPF.jeq, ETHERTYPE_IPV6, 'ipv6');
}

/** Leaves the offset of the TCP header in X. */
function matchNetworkHeader(program: BpfProgram): void {
  program.label('ipv4');
  program.add(BPF.ldbX, 9);
  program.branch(BPF.jeq, PROTOCOL_TCP, 'next', 'drop');
  program.add(BPF.ldhX, 6);
  program.branch(BPF.jset, FRAGMENT_OFFSET_BITS, 'pass');
  program.add(BPF.ldbX, 0);
  program.add(BPF.and, 0x0f);
  program.add(BPF.lsh, 2);
  program.add(BPF.addX);
  program.add(BPF.tax);
  program.jump('ports');

  program.label('ipv6');
  program.add(BPF.ldbX, 6);
  for (const header of IPV6_EXTENSION_HEADERS) program.branch(BPF.jeq, header, 'pass');
  program.branch(BPF.jeq, PROTOCOL_TCP, 'next', 'drop');
  program.add(BPF.txa);
  program.add(BPF.add, IPV6_HEADER_BYTES);
  program.add(BPF.tax);
  program.jump('ports');
}

/** Each port brings its own return, so that no jump is longer than the 255 instructions classic BPF can jump. */
function matchPorts(program: BpfProgram, ports: readonly number[], snaplenBytes: number): void {
  const checked = checkedPorts(ports);
  for (const offset of checked.length === 0 ? [] : [0, 2]) {
    program.add(BPF.ldhX, offset);
    for (const port of checked) {
      program.branch(BPF.jeq, port, 'next', `not ${port} at ${offset}`);
      program.add(BPF.ret, snaplenBytes);
      program.label(`not ${port} at ${offset}`);
    }
  }
  program.add(BPF.ret, checked.length === 0 ? snaplenBytes : 0);
}
