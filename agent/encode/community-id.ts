/**
 * Community ID, version 1: one name for a connection that Zeek, Suricata and Packetbeat give too.
 * https://github.com/corelight/community-id-spec
 */
import type { Endpoint } from '../tcp/byte-stream.ts';

const IP_PROTOCOL_TCP = 6;
/** Seed, two IPv6 addresses, protocol, padding and ports are 40 bytes: SHA-1 of them is always one block. */
const block = Buffer.alloc(64);
const schedule = new Int32Array(80);
const digest = Buffer.alloc(20);

/** `1:` and the hash in Base64; the same for both directions. Undefined where an address is none. */
export function communityId(one: Endpoint, other: Endpoint): string | undefined {
  const a = addressBytes(one.ip);
  const b = addressBytes(other.ip);
  if (a === undefined || b === undefined || a.length !== b.length) return undefined;
  const order = Buffer.compare(a, b);
  const ordered = order < 0 || (order === 0 && one.port < other.port);
  block.fill(0);
  let at = 2; // the seed stays 0
  at += (ordered ? a : b).copy(block, at);
  at += (ordered ? b : a).copy(block, at);
  at = block.writeUInt8(IP_PROTOCOL_TCP, at) + 1;
  at = block.writeUInt16BE(ordered ? one.port : other.port, at);
  at = block.writeUInt16BE(ordered ? other.port : one.port, at);
  block[at] = 0x80;
  block.writeUInt32BE(at * 8, 60);
  hashBlock();
  return `1:${digest.toString('base64')}`;
}

/** Four or sixteen bytes. */
function addressBytes(ip: string): Buffer | undefined {
  if (!ip.includes(':')) return ipv4Bytes(ip);
  const lastColon = ip.lastIndexOf(':');
  const tail = ip.slice(lastColon + 1);
  const mapped = tail.includes('.') ? ipv4Bytes(tail) : undefined;
  const text = mapped
    ? `${ip.slice(0, lastColon + 1)}${mapped.toString('hex', 0, 2)}:${mapped.toString('hex', 2)}`
    : ip;
  const [head = '', rest] = text.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = rest === undefined || rest === '' ? [] : rest.split(':');
  const zeros = 8 - before.length - after.length;
  if (zeros < 0 || (zeros > 0 && rest === undefined)) return undefined;
  const bytes = Buffer.alloc(16);
  [...before, ...Array<string>(zeros).fill('0'), ...after].forEach((group, index) => {
    bytes.writeUInt16BE(Number.parseInt(group, 16) & 0xffff, index * 2);
  });
  return bytes;
}

function ipv4Bytes(ip: string): Buffer | undefined {
  const parts = ip.split('.');
  return parts.length === 4 ? Buffer.from(parts.map(Number)) : undefined;
}

/**
 * SHA-1 (RFC 3174) of `block` into `digest`. Its own, because one call of node:crypto makes OpenSSL take 5 MiB, and
 * nothing here is secret.
 */
function hashBlock(): void {
  for (let i = 0; i < 16; i++) schedule[i] = block.readInt32BE(i * 4);
  for (let i = 16; i < 80; i++) schedule[i] = rotate(word(i - 3) ^ word(i - 8) ^ word(i - 14) ^ word(i - 16), 1);
  let [a, b, c, d, e] = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];
  for (let i = 0; i < 80; i++) {
    const next = (rotate(a, 5) + mixed(i, b, c, d) + e + word(i)) | 0;
    e = d;
    d = c;
    c = rotate(b, 30);
    b = a;
    a = next;
  }
  digest.writeInt32BE((a + 0x67452301) | 0, 0);
  digest.writeInt32BE((b + 0xefcdab89) | 0, 4);
  digest.writeInt32BE((c + 0x98badcfe) | 0, 8);
  digest.writeInt32BE((d + 0x10325476) | 0, 12);
  digest.writeInt32BE((e + 0xc3d2e1f0) | 0, 16);
}

function word(i: number): number {
  return schedule[i] as number;
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

function mixed(round: number, b: number, c: number, d: number): number {
  if (round < 20) return ((b & c) | (~b & d)) + 0x5a827999;
  if (round < 40) return (b ^ c ^ d) + 0x6ed9eba1;
  if (round < 60) return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
  return (b ^ c ^ d) + 0xca62c1d6;
}
