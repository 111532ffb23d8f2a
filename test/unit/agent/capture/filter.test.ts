import { spawnSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import { nothingFilter, portExpression, portFilter } from '../../../../agent/capture/filter.ts';
import { type FilteredPacket, type Instruction, instructionsOf, runFilter } from './bpf-interpreter.ts';

const SNAPLEN = 262_144;
const PORTS = [3306, 5432, 6379];
const IPV4 = 0x0800;
const IPV6 = 0x86dd;
const LOOPBACK = { hardwareType: 772 };
const OUTGOING = { packetType: 4 };

function ipv4(source: number, destination: number, { protocol = 6, fragment = 0, headerWords = 5 } = {}): Buffer {
  const packet = Buffer.alloc(headerWords * 4 + 20);
  packet[0] = 0x40 | headerWords;
  packet.writeUInt16BE(fragment, 6);
  packet[9] = protocol;
  packet.writeUInt16BE(source, headerWords * 4);
  packet.writeUInt16BE(destination, headerWords * 4 + 2);
  return packet;
}

function ipv6(source: number, destination: number, nextHeader = 6): Buffer {
  const packet = Buffer.alloc(60);
  packet[0] = 0x60;
  packet[6] = nextHeader;
  packet.writeUInt16BE(source, 40);
  packet.writeUInt16BE(destination, 42);
  return packet;
}

const tag = (ethertype: number): Buffer => Buffer.from([0x45, 0x00, ethertype >> 8, ethertype & 0xff]);

type Row = [name: string, passes: boolean, packet: FilteredPacket];
const rows: Row[] = [
  ['IPv4 to a port', true, { protocol: IPV4, bytes: ipv4(40_000, 3306) }],
  ['IPv4 from a port', true, { protocol: IPV4, bytes: ipv4(6379, 40_000) }],
  ['IPv4 to another port', false, { protocol: IPV4, bytes: ipv4(40_000, 3307) }],
  ['IPv4 with options', true, { protocol: IPV4, bytes: ipv4(40_000, 5432, { headerWords: 15 }) }],
  [
    'options that look like the port',
    false,
    { protocol: IPV4, bytes: ipv4(1, 2, { headerWords: 6 }).fill(0x0c, 20, 24) },
  ],
  ['UDP to a port', false, { protocol: IPV4, bytes: ipv4(40_000, 3306, { protocol: 17 }) }],
  ['a first fragment', true, { protocol: IPV4, bytes: ipv4(40_000, 3306, { fragment: 0x2000 }) }],
  ['a first fragment of another port', false, { protocol: IPV4, bytes: ipv4(1, 2, { fragment: 0x2000 }) }],
  ['a later fragment, which has no ports', true, { protocol: IPV4, bytes: ipv4(1, 2, { fragment: 0x2001 }) }],
  ['the last fragment', true, { protocol: IPV4, bytes: ipv4(1, 2, { fragment: 0x00b9 }) }],
  ['a later fragment of UDP', false, { protocol: IPV4, bytes: ipv4(1, 2, { protocol: 17, fragment: 0x00b9 }) }],
  ['do not fragment', false, { protocol: IPV4, bytes: ipv4(1, 2, { fragment: 0x4000 }) }],
  ['IPv6 to a port', true, { protocol: IPV6, bytes: ipv6(40_000, 3306) }],
  ['IPv6 from a port', true, { protocol: IPV6, bytes: ipv6(5432, 40_000) }],
  ['IPv6 to another port', false, { protocol: IPV6, bytes: ipv6(40_000, 80) }],
  ['IPv6 UDP', false, { protocol: IPV6, bytes: ipv6(40_000, 3306, 17) }],
  ...[0, 43, 44, 51, 60, 135, 139, 140].map(
    (header): Row => [`IPv6 with extension header ${header}`, true, { protocol: IPV6, bytes: ipv6(1, 2, header) }],
  ),
  ['ARP', false, { protocol: 0x0806, bytes: ipv4(40_000, 3306) }],
  ['a cut IPv4 header', false, { protocol: IPV4, bytes: ipv4(40_000, 3306).subarray(0, 19) }],
  ['nothing', false, { protocol: IPV4, bytes: Buffer.alloc(0) }],
  ['received on loopback', true, { protocol: IPV4, bytes: ipv4(40_000, 3306), ...LOOPBACK }],
  ['sent on loopback', false, { protocol: IPV4, bytes: ipv4(40_000, 3306), ...LOOPBACK, ...OUTGOING }],
  ['sent elsewhere', true, { protocol: IPV4, bytes: ipv4(40_000, 3306), ...OUTGOING }],
  ['sent on a tunnel', true, { protocol: IPV6, bytes: ipv6(3306, 40_000), hardwareType: 65_534, ...OUTGOING }],
  ...[0x8100, 0x88a8, 0x9100].flatMap((vlan): Row[] => [
    [`${vlan.toString(16)}, IPv4`, true, { protocol: vlan, bytes: Buffer.concat([tag(IPV4), ipv4(1, 3306)]) }],
    [`${vlan.toString(16)}, other port`, false, { protocol: vlan, bytes: Buffer.concat([tag(IPV4), ipv4(1, 2)]) }],
    [`${vlan.toString(16)}, IPv6`, true, { protocol: vlan, bytes: Buffer.concat([tag(IPV6), ipv6(3306, 2)]) }],
    [`${vlan.toString(16)}, ARP`, false, { protocol: vlan, bytes: Buffer.concat([tag(0x0806), ipv4(1, 3306)]) }],
    [
      `${vlan.toString(16)} and a second tag`,
      true,
      { protocol: vlan, bytes: Buffer.concat([tag(0x8100), tag(IPV4), ipv4(1, 3306)]) },
    ],
    [`${vlan.toString(16)}, sent`, true, { protocol: vlan, bytes: ipv4(1, 3306), ...OUTGOING }],
    [`${vlan.toString(16)}, sent, IPv6`, true, { protocol: vlan, bytes: ipv6(1, 3306), ...OUTGOING }],
    [`${vlan.toString(16)}, sent, other port`, false, { protocol: vlan, bytes: ipv4(1, 2), ...OUTGOING }],
  ]),
];

describe('port filter', () => {
  const program = instructionsOf(portFilter(PORTS, SNAPLEN));

  test.each(rows)('%s passes: %s', (_name, passes, packet) => {
    expect(runFilter(program, packet)).toBe(passes ? SNAPLEN : 0);
  });

  test('without ports all of TCP passes, and nothing else', () => {
    const all = instructionsOf(portFilter([], SNAPLEN));
    expect(runFilter(all, { protocol: IPV4, bytes: ipv4(1, 2) })).toBe(SNAPLEN);
    expect(runFilter(all, { protocol: IPV6, bytes: ipv6(1, 2) })).toBe(SNAPLEN);
    expect(runFilter(all, { protocol: IPV4, bytes: ipv4(1, 2, { protocol: 17 }) })).toBe(0);
  });

  test('a list of a thousand ports fits the kernel, a longer one passes all of TCP', () => {
    const ports = Array.from({ length: 1000 }, (_, i) => 10_000 + i);
    const full = instructionsOf(portFilter(ports, SNAPLEN));
    expect(full.length).toBeLessThanOrEqual(4096);
    expect(runFilter(full, { protocol: IPV4, bytes: ipv4(1, 10_999) })).toBe(SNAPLEN);
    expect(runFilter(full, { protocol: IPV4, bytes: ipv4(10_000, 1) })).toBe(SNAPLEN);
    expect(runFilter(full, { protocol: IPV4, bytes: ipv4(1, 11_000) })).toBe(0);
    const beyond = instructionsOf(portFilter([...ports, 11_000], SNAPLEN));
    expect(runFilter(beyond, { protocol: IPV4, bytes: ipv4(1, 2) })).toBe(SNAPLEN);
  });

  test('the filter for the end passes nothing', () => {
    expect(runFilter(instructionsOf(nothingFilter()), { protocol: IPV4, bytes: ipv4(1, 3306) })).toBe(0);
  });
});

describe('port expression', () => {
  test('is the same condition in words', () => {
    expect(portExpression([3306, 3306, 5432])).toMatch(/^tcp port 3306 or tcp port 5432 or /);
    expect(portExpression([])).toMatch(/^tcp or /);
  });

  test.each([{ ports: PORTS }, { ports: [] }])(
    'as tcpdump compiles it, agrees with our program: $ports',
    ({ ports }) => {
      const theirs = compiledByTcpdump(portExpression(ports));
      if (theirs === undefined) {
        console.info('tcpdump is not installed here: its filter language was not compared');
        return;
      }
      const ours = instructionsOf(portFilter(ports, SNAPLEN));
      // tcpdump cannot be asked about the sides of loopback, and sees raw IP by its version alone.
      const plain = rows.filter(
        ([, , packet]) => [IPV4, IPV6].includes(packet.protocol) && packet.hardwareType !== 772,
      );
      for (const [name, , packet] of plain) {
        expect([name, runFilter(theirs, packet) > 0]).toEqual([name, runFilter(ours, packet) > 0]);
      }
    },
  );
});

/** `undefined` where there is no tcpdump. Each line of `-ddd` is one instruction. */
function compiledByTcpdump(expression: string): Instruction[] | undefined {
  const { stdout, error } = spawnSync('tcpdump', ['-ddd', '-y', 'RAW', expression], { encoding: 'utf8' });
  if (error !== undefined) return undefined;
  return stdout
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => {
      const [code = 0, jumpTrue = 0, jumpFalse = 0, k = 0] = line.split(' ').map(Number);
      return { code, jumpTrue, jumpFalse, k };
    });
}
