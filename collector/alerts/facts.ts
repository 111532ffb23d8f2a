import * as z from 'zod';
import type { AuditEvent, Party } from '../../contract/audit-event.ts';

/** Of each kind; a sentence names the first and counts the others. */
const MAX_VALUES = 20;
/** A name of a database, a pod or a person; whoever makes longer ones does so to flood us. */
const MAX_CHARACTERS = 120;

const values = z.array(z.string()).readonly();

/** What an alert's events say, in names alone: no statement, no parameter, no key, no error text is in it. */
export const factsSchema = z.object({
  /** `DROP TABLE orders`, `delete secrets` */
  actions: values,
  /** Database accounts. */
  accounts: values,
  /** Who is behind them, or who asked the API server. */
  actors: values,
  clients: values,
  servers: values,
  databases: values,
});

export type Facts = z.infer<typeof factsSchema>;

export const NO_FACTS: Facts = { actions: [], accounts: [], actors: [], clients: [], servers: [], databases: [] };

/** What is known with these events too. */
export function learn(facts: Facts, events: readonly AuditEvent[]): Facts {
  return {
    actions: joined(facts.actions, events.map(actionOf)),
    accounts: joined(
      facts.accounts,
      events.map((event) => event.user?.name),
    ),
    actors: joined(
      facts.actors,
      events.map((event) => event.dbaudit.actor?.name ?? event.kubernetes?.audit?.user?.username),
    ),
    clients: joined(facts.clients, events.map(clientOf)),
    servers: joined(facts.servers, events.map(serverOf)),
    databases: joined(
      facts.databases,
      events.map((event) => event.db?.namespace),
    ),
  };
}

/**
 * Sessions and clients that alerts can have in common: `session=…`, `client=…`. The address stands for clients that are no
 * pod's.
 */
export function partiesOf(event: AuditEvent): string[] {
  const { session, client } = event.dbaudit;
  const pod = client?.k8s.pod_uid ?? podName(client?.k8s);
  const who = pod ?? event.client?.ip;
  return [...(session === undefined ? [] : [`session=${session.id}`]), ...(who === undefined ? [] : [`client=${who}`])];
}

/** One line of a value that others chose: without line breaks or control characters, and not too long. */
export function oneLine(text: string, limit = MAX_CHARACTERS): string {
  const line = text.replace(/[\s\p{C}]+/gu, ' ').trim();
  return line.length <= limit ? line : `${line.slice(0, limit - 1)}…`;
}

function joined(known: readonly string[], found: readonly (string | undefined)[]): readonly string[] {
  const all = new Set(known);
  for (const value of found) {
    if (value !== undefined && value !== '' && all.size < MAX_VALUES) all.add(oneLine(value));
  }
  return all.size === known.length ? known : [...all];
}

function actionOf({ db, kubernetes }: AuditEvent): string | undefined {
  const audit = kubernetes?.audit;
  if (audit !== undefined) {
    const { resource = '', subresource } = audit.objectRef ?? {};
    return `${audit.verb} ${resource}${subresource === undefined ? '' : `/${subresource}`}`;
  }
  // A collection is a table; keys, which may be somebody's data, are not in it.
  const words = [db?.operation?.name, db?.collection?.name].filter((word) => word !== undefined);
  return words.length === 0 ? undefined : words.join(' ');
}

function clientOf({ client, dbaudit, kubernetes }: AuditEvent): string | undefined {
  const pod = podName(dbaudit.client?.k8s);
  return pod ?? client?.ip ?? kubernetes?.audit?.sourceIPs?.at(-1);
}

function serverOf({ server, dbaudit, kubernetes, db }: AuditEvent): string | undefined {
  const party = dbaudit.server?.k8s;
  const known = podName(party) ?? (party?.service === undefined ? undefined : `${party.namespace}/${party.service}`);
  if (known !== undefined) return known;
  if (server !== undefined) return `${server.ip}:${server.port}`;
  const { namespace, name } = kubernetes?.audit?.objectRef ?? {};
  if (name !== undefined) return namespace === undefined ? name : `${namespace}/${name}`;
  if (db === undefined || kubernetes?.pod === undefined) return undefined;
  return `${kubernetes.namespace}/${kubernetes.pod.name}`;
}

function podName(party: Party | undefined): string | undefined {
  return party?.pod === undefined ? undefined : `${party.namespace ?? '-'}/${party.pod}`;
}
