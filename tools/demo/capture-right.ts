import { readFileSync } from 'node:fs';

/** Bit of CAP_NET_RAW in a capability set. https://man7.org/linux/man-pages/man7/capabilities.7.html */
const NET_RAW = 13n;

/** What keeps this process from capturing, in words with the next step; undefined: nothing. */
export function missingCaptureRight(): string | undefined {
  if (process.platform !== 'linux') return 'live capture needs Linux';
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  if (effective === undefined) return 'the capabilities of this process cannot be read from /proc/self/status';
  const held = ((BigInt(`0x${effective}`) >> NET_RAW) & 1n) === 1n;
  return held ? undefined : 'the right CAP_NET_RAW is missing: run this as root';
}
