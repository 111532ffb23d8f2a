import { isIPv4, isIPv6 } from 'node:net';

/** Addresses of one family from `first` to `last`, both included, as `addressKey` writes them. */
export interface AddressRange {
  readonly family: 4 | 6;
  readonly first: string;
  readonly last: string;
}

const GROUPS = 8;
const HEXADECIMAL = /^[0-9a-f:]+$/i;

/**
 * An address as hexadecimal digits, 8 for IPv4 and 32 for IPv6, so that texts compare as addresses do. Undefined: it is
 * none, or IPv6 that ends in IPv4's dotted form, which nothing here writes.
 */
export function addressKey(text: string): string | undefined {
  if (isIPv4(text))
    return text
      .split('.')
      .map((octet) => Number(octet).toString(16).padStart(2, '0'))
      .join('');
  if (!isIPv6(text) || !HEXADECIMAL.test(text)) return undefined;
  const [head = '', tail] = text.toLowerCase().split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const middle = new Array<string>(GROUPS - before.length - after.length).fill('0');
  return [...before, ...middle, ...after].map((group) => group.padStart(4, '0')).join('');
}

/** `10.0.0.0/8`, `fd00::/8`, or one address. Bits behind the prefix do not matter. */
export function parseAddressRange(text: string): AddressRange | undefined {
  const [address = '', length, more] = text.split('/');
  const key = addressKey(address);
  if (key === undefined || more !== undefined) return undefined;
  const bits = key.length * 4;
  if (length !== undefined && !/^\d{1,3}$/.test(length)) return undefined;
  const prefix = length === undefined ? bits : Number(length);
  if (prefix > bits) return undefined;
  const host = (1n << BigInt(bits - prefix)) - 1n;
  const last = BigInt(`0x${key}`) | host;
  const write = (value: bigint) => value.toString(16).padStart(key.length, '0');
  return { family: bits === 32 ? 4 : 6, first: write(last ^ host), last: write(last) };
}
