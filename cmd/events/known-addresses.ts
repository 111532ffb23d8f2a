import type { AuditEvent, Party as ResolvedParty } from '../../contract/audit-event.ts';

/** One side of a connection as people know it. */
export interface Party {
  /** `NAMESPACE/POD`, `SERVICE.NAMESPACE`, a node's name, or the address where no name is known. */
  readonly name: string;
  readonly port: number;
}

interface Holder {
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly from: number;
  until: number;
}

/**
 * Names behind addresses. An address is used again after its pod has gone, so a name counts only for the time in
 * which its holder had the address: rather an address than the wrong pod.
 */
export class KnownAddresses {
  readonly #holders = new Map<string, Holder>();

  /** From `from` (milliseconds since 1970) on, `ip` belongs to `name`, until someone else or nobody has it. */
  add(ip: string, name: string, from: number): void {
    const present = this.#holders.get(ip);
    if (present?.name !== name) this.#holders.set(ip, { name, from, until: Number.POSITIVE_INFINITY });
  }

  /** From `at` on, `name` has none of its addresses any more. */
  remove(name: string, at: number): void {
    for (const holder of this.#holders.values()) if (holder.name === name) holder.until = Math.min(holder.until, at);
  }

  nameOf(ip: string, at: number): string | undefined {
    const holder = this.#holders.get(ip);
    return holder !== undefined && at >= holder.from && at <= holder.until ? holder.name : undefined;
  }
}

/** Client and server of an event; undefined where the event has none. */
export interface Parties {
  readonly client: Party | undefined;
  readonly server: Party | undefined;
}

/** Names the two sides: by what the event says itself, by the pod it was captured in, then by `known`. */
export function partiesOf(event: AuditEvent, known: KnownAddresses): Parties {
  return {
    client: partyOf(event, event.client, event.dbaudit.client, known),
    server: partyOf(event, event.server, event.dbaudit.server, known),
  };
}

function partyOf(
  event: AuditEvent,
  endpoint: AuditEvent['client'],
  resolved: AuditEvent['dbaudit']['client'],
  known: KnownAddresses,
): Party | undefined {
  if (endpoint === undefined) return undefined;
  const { ip, port } = endpoint;
  const found = resolved && resolvedName(resolved.k8s);
  if (found !== undefined) return { name: found, port };
  const own = isLoopback(ip) ? ownPod(event) : undefined;
  return { name: own ?? known.nameOf(ip, Date.parse(event['@timestamp'])) ?? ip, port };
}

/** Undefined where the collector found no single holder of the address. */
function resolvedName({ kind, namespace, pod, service, node }: ResolvedParty): string | undefined {
  if (kind === 'node') return node;
  if (namespace === undefined) return undefined;
  if (pod !== undefined) return `${namespace}/${pod}`;
  return service === undefined ? undefined : `${service}.${namespace}`;
}

/** The pod whose traffic it is, as `NAMESPACE/POD`. */
export function ownPod({ kubernetes }: AuditEvent): string | undefined {
  return kubernetes?.pod && `${kubernetes.namespace}/${kubernetes.pod.name}`;
}

function isLoopback(ip: string): boolean {
  return ip.startsWith('127.') || ip === '::1';
}

/** `name:port`, an IPv6 address in brackets. */
export function partyText({ name, port }: Party): string {
  return name.includes(':') ? `[${name}]:${port}` : `${name}:${port}`;
}
