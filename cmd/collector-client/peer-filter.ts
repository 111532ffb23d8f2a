import { isIP } from 'node:net';
import { InvalidArgumentError } from 'commander';
import type { Filter } from '../../contract/filter.ts';
import { partyPattern, splitPort } from '../events/name-pattern.ts';

/** Names on the command line know `*` alone. */
const WILDCARDS = /[\\?]/g;

/**
 * One side of a connection for the collector, in the forms that `tail` takes: `IP[:PORT]`, `CIDR`, `:PORT`,
 * `[NAMESPACE/]POD[:PORT]`, `SERVICE.NAMESPACE[:PORT]`.
 * @throws InvalidArgumentError
 */
export function peerFilter(side: 'client' | 'server', text: string): Filter {
  if (partyPattern(text) === undefined) {
    throw new InvalidArgumentError(
      `${JSON.stringify(text)} is no address, range, pod or service; 10.0.0.5:3306, 10.0.0.0/8, shop/orders-* and mysql.shop are.`,
    );
  }
  if (/^[\da-f.:]+\/\d+$/i.test(text)) return { kind: 'within', field: `${side}.ip`, range: text };
  if (isIP(text) !== 0) return address(side, text);
  const { host, port } = splitPort(text);
  const ofPort: Filter[] = port === undefined ? [] : [{ kind: 'is', field: `${side}.port`, values: [port] }];
  return { kind: 'all', of: [...(host === '' ? [] : [hostFilter(side, host)]), ...ofPort] };
}

function hostFilter(side: 'client' | 'server', host: string): Filter {
  const bare = host.replace(/^\[|\]$/g, '');
  return isIP(bare) === 0 ? nameFilter(side, host) : address(side, bare);
}

/** Within a prefix of full length: so every way to write an IPv6 address is the same. */
function address(side: 'client' | 'server', ip: string): Filter {
  return { kind: 'within', field: `${side}.ip`, range: `${ip}/${isIP(ip) === 6 ? 128 : 32}` };
}

/** By what the collector found behind the address; on loopback it is the pod itself. */
function nameFilter(side: 'client' | 'server', host: string): Filter {
  const [namespace, pod = ''] = host.includes('/') ? host.split('/', 2) : [undefined, host];
  const party = `dbaudit.${side}.k8s`;
  const own: Filter = { kind: 'all', of: [loopback(side), podFilter('kubernetes', '.pod.name', namespace, pod)] };
  const [service = '', ...rest] = host.split('.');
  const asService: Filter[] =
    namespace !== undefined || rest.length === 0
      ? []
      : [{ kind: 'all', of: [like(`${party}.service`, service), like(`${party}.namespace`, rest.join('.'))] }];
  return { kind: 'any', of: [podFilter(party, '.pod', namespace, pod), ...asService, own] };
}

function podFilter(object: string, name: string, namespace: string | undefined, pod: string): Filter {
  const named = like(`${object}${name}`, pod);
  return namespace === undefined ? named : { kind: 'all', of: [like(`${object}.namespace`, namespace), named] };
}

function loopback(side: 'client' | 'server'): Filter {
  const field = `${side}.ip`;
  return {
    kind: 'any',
    of: [
      { kind: 'within', field, range: '127.0.0.0/8' },
      { kind: 'within', field, range: '::1/128' },
    ],
  };
}

function like(field: string, pattern: string): Filter {
  return { kind: 'like', field, pattern: pattern.replace(WILDCARDS, '\\$&') };
}
