import { closeSync, openSync, readSync } from 'node:fs';

/** The kernel gives a page of this table a read. */
const READ_BYTES = 4096;
/** Some 3,500 sockets, 2 ms to read: on a node with more of them the look would cost more than it tells. */
const MAX_TABLE_BYTES = 524_288;
const HEX = 16;

/** One TCP connection of this network namespace. */
export interface Endpoints {
  readonly localPort: number;
  readonly remotePort: number;
  readonly family: 'IPv4' | 'IPv6';
}

/**
 * Bytes of a connection that the other side's kernel has not acknowledged, those not sent yet included. 0: they all are
 * in the other machine. Undefined where it cannot be known: not on Linux, or too many sockets to look through. Where two
 * connections have the same ports, the larger one's.
 * https://docs.kernel.org/networking/proc_net_tcp.html
 */
export function unacknowledgedBytes({ localPort, remotePort, family }: Endpoints): number | undefined {
  const table = readTable(family === 'IPv4' ? '/proc/self/net/tcp' : '/proc/self/net/tcp6');
  if (table === undefined) return undefined;
  const row = new RegExp(`:${hexPort(localPort)} [0-9A-F]+:${hexPort(remotePort)} [0-9A-F]{2} ([0-9A-F]{8}):`, 'g');
  const queues = Array.from(table.matchAll(row), ([, queue = '']) => Number.parseInt(queue, HEX));
  return queues.length === 0 ? undefined : Math.max(...queues);
}

function hexPort(port: number): string {
  return port.toString(HEX).toUpperCase().padStart(4, '0');
}

function readTable(path: string): string | undefined {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return undefined;
  }
  try {
    const page = Buffer.allocUnsafe(READ_BYTES);
    let table = '';
    for (;;) {
      const length = readSync(file, page);
      if (length === 0) return table;
      table += page.latin1Slice(0, length);
      if (table.length > MAX_TABLE_BYTES) return undefined;
    }
  } finally {
    closeSync(file);
  }
}
