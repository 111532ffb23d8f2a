import type { AuditEvent, Party } from '../../contract/audit-event.ts';
import type { CollectorEnricher } from '../intake.ts';
import type { AddressBook, NamedPod } from './address-book.ts';

/**
 * Sessions whose sides are remembered; each costs about 250 bytes. A session forgotten is looked up by the time of its next
 * event.
 */
const MAX_SESSIONS = 20_000;

interface Sides {
  readonly clientIp: string | undefined;
  readonly serverIp: string | undefined;
  readonly client: Party | undefined;
  readonly server: Party | undefined;
}

/**
 * Says who had an event's addresses at its time, whatever its source says of it. A connection cannot outlive its pod's
 * network: who had an address at one event of a session had it at each, also at its end, when the address may be another's.
 */
export function createIdentityEnricher(book: AddressBook): CollectorEnricher {
  const sessions = new Map<string, Sides>();
  return (event) => {
    const { client, server } = event;
    if (client === undefined && server === undefined) return event;
    const id = event.dbaudit.session?.id;
    const kept = id === undefined ? undefined : sessions.get(id);
    const known = kept !== undefined && kept.clientIp === client?.ip && kept.serverIp === server?.ip ? kept : undefined;
    const isWhole = known?.client !== undefined && known.server !== undefined;
    const parties = isWhole ? known : partiesOf(event, known, book);
    // Of its end alone nothing is concluded: its time may be long after the last packet.
    if (id !== undefined && known === undefined && event.event.action !== 'db.session.end') {
      const sides = { client: lasting(parties.client), server: lasting(parties.server) };
      if (sides.client !== undefined || sides.server !== undefined) {
        if (sessions.size >= MAX_SESSIONS) forgetOldest(sessions);
        sessions.set(id, { clientIp: client?.ip, serverIp: server?.ip, ...sides });
      }
    }
    if (id !== undefined && event.event.action === 'db.session.end') sessions.delete(id);
    return {
      ...event,
      dbaudit: {
        ...event.dbaudit,
        ...(parties.client === undefined ? {} : { client: { k8s: parties.client } }),
        ...(parties.server === undefined ? {} : { server: { k8s: parties.server } }),
      },
    };
  };
}

function partiesOf(event: AuditEvent, known: Sides | undefined, book: AddressBook): Pick<Sides, 'client' | 'server'> {
  const { client, server } = event;
  const at = Date.parse(event['@timestamp']);
  const within = capturedPod(event);
  return {
    client: known?.client ?? (client && book.partyOf(client.ip, 0, at, within)),
    server: known?.server ?? (server && book.partyOf(server.ip, server.port, at, within)),
  };
}

/** The pod in whose network an event was captured. */
export function capturedPod({ kubernetes }: AuditEvent): NamedPod | undefined {
  if (kubernetes?.pod === undefined) return undefined;
  return { namespace: kubernetes.namespace, name: kubernetes.pod.name, node: kubernetes.node?.name };
}

function lasting(party: Party | undefined): Party | undefined {
  return party?.kind === 'pod' || party?.kind === 'host-network' ? party : undefined;
}

function forgetOldest(sessions: Map<string, Sides>): void {
  const [oldest] = sessions.keys();
  if (oldest !== undefined) sessions.delete(oldest);
}
