import { BlockList, isIP } from 'node:net';
import type { Party } from './known-addresses.ts';

/** Whether a name or one side of a connection is meant. */
export type NamePattern = (name: string) => boolean;

/**
 * `*` stands for anything; upper and lower case are the same where `foldCase` says so. A pattern without a namespace
 * means pods of that name in any.
 */
export function namePattern(pattern: string, foldCase = false): NamePattern {
  const escaped = pattern.split('*').map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'));
  const expression = new RegExp(`^${escaped.join('.*')}$`, foldCase ? 'isu' : 'su');
  return (name) => expression.test(name);
}

/** As `namePattern`, for `NAMESPACE/POD`: without a namespace it means pods of that name in any. */
export function podPattern(pattern: string): NamePattern {
  const matches = namePattern(pattern);
  if (pattern.includes('/')) return matches;
  return (name) => matches(name) || matches(name.slice(name.indexOf('/') + 1));
}

export type PartyPattern = (party: Party, ip: string) => boolean;

/**
 * One side of a connection: `10.0.0.5`, `10.0.0.0/8`, `fd00::/8`, `:3306`, `NAMESPACE/POD`, `SERVICE.NAMESPACE`, all
 * but ranges also with a port (`10.0.0.5:3306`, `[fd00::2]:3306`). Undefined: it is none of these.
 */
export function partyPattern(text: string): PartyPattern | undefined {
  const range = /^([\d.]+|[\da-f:.]*:[\da-f:.]*)\/(\d+)$/i.exec(text);
  if (range) return rangePattern(range[1] ?? '', Number(range[2]));
  if (isIP(text) !== 0) return addressPattern(text);
  const { host, port } = splitPort(text);
  if (port !== undefined && port > 65_535) return undefined;
  const matchesPort = (party: Party) => port === undefined || party.port === port;
  if (host === '' && port === undefined) return undefined;
  if (host === '') return matchesPort;
  const matchesHost = hostPattern(host);
  return matchesHost && ((party, ip) => matchesPort(party) && matchesHost(party, ip));
}

/** `HOST:PORT`, `HOST` and `:PORT` as their parts. */
export function splitPort(text: string): { readonly host: string; readonly port: number | undefined } {
  const { host = '', port } = /^(?<host>.*?)(?::(?<port>\d+))?$/s.exec(text)?.groups ?? {};
  return { host, port: port === undefined ? undefined : Number(port) };
}

function hostPattern(host: string): PartyPattern | undefined {
  const bracketed = /^\[(.+)\]$/.exec(host)?.[1];
  const address = bracketed ?? host;
  if (isIP(address) !== 0) return addressPattern(address);
  // What looks like an address and is none would match nothing, silently.
  if (bracketed !== undefined || /^[\d.:/]+$/.test(host)) return undefined;
  const matches = podPattern(host);
  return (party) => matches(party.name);
}

function addressPattern(address: string): PartyPattern {
  return rangeOf(address, isIP(address) === 6 ? 128 : 32);
}

function rangePattern(address: string, prefix: number): PartyPattern | undefined {
  const family = isIP(address);
  if (family === 0 || prefix > (family === 6 ? 128 : 32)) return undefined;
  return rangeOf(address, prefix);
}

/** A list of one range: it also knows the many ways to write one IPv6 address. */
function rangeOf(address: string, prefix: number): PartyPattern {
  const list = new BlockList();
  list.addSubnet(address, prefix, familyOf(address));
  return (_, ip) => list.check(ip, familyOf(ip));
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}
