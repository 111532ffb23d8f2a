import type { AuditEvent, Party } from '../../../contract/audit-event.ts';
import { whole } from '../text/format.ts';
import { t } from '../text/index.ts';

/** The same sentence for an event wherever it is shown. */
export function actionName({ event }: AuditEvent): string {
  return t().actions[event.action];
}

/** `shop/orders`, or in words why there is no name. */
export function partyName(kind: string, namespace: string, owner: string): string {
  const texts = t().party;
  if (owner !== '') return namespace === '' ? owner : `${namespace}/${owner}`;
  switch (kind) {
    case 'external':
      return texts.external;
    case 'unknown':
      return texts.unknownShort;
    case 'ambiguous':
      return texts.ambiguous;
    case 'node':
      return texts.node;
    case 'host-network':
      return within(namespace, texts.hostNetwork);
    case 'service':
      return within(namespace, texts.service);
    case 'pod':
      return within(namespace, texts.pod);
    default:
      return texts.unresolved;
  }
}

function within(namespace: string, name: string): string {
  return namespace === '' ? name : `${namespace}: ${name}`;
}

/** Whether the collector could not name who it was. */
export function isNameless(kind: string, owner: string): boolean {
  return owner === '' && kind !== 'pod' && kind !== 'service';
}

/** One side of an event in a line: the workload or pod, and the address. */
export function partyLine(party: Party | undefined, address: { ip: string; port: number } | undefined): string {
  const where =
    address === undefined
      ? ''
      : address.ip.includes(':')
        ? `[${address.ip}]:${address.port}`
        : `${address.ip}:${address.port}`;
  if (party === undefined) return where;
  const workload =
    party.kind === 'service' && party.service !== undefined
      ? `${party.namespace ?? ''}/${party.service}`
      : party.owner === undefined && party.pod !== undefined
        ? `${party.namespace ?? ''}/${party.pod}`
        : party.kind === 'unknown'
          ? t().party.unknown
          : partyName(party.kind, party.namespace ?? '', party.owner?.name ?? '');
  const candidates = party.candidates === undefined ? '' : ` (${party.candidates})`;
  return `${workload}${candidates} ${where}`.trim();
}

/** What happened, in one line: the statement, or what there is instead. */
export function eventLine(event: AuditEvent): string {
  const { db, dbaudit, kubernetes, http, url, message } = event;
  const text = db?.query?.text ?? dbaudit.statement?.template ?? db?.query?.summary;
  if (text !== undefined) return text;
  if (dbaudit.access !== undefined) {
    return [dbaudit.access.verb, dbaudit.access.resource, dbaudit.access.query].filter(Boolean).join(' ');
  }
  const audit = kubernetes?.audit;
  if (audit !== undefined) {
    const object = audit.objectRef;
    const path = [object?.namespace, object?.resource, object?.name, object?.subresource].filter(Boolean).join('/');
    return `${audit.verb} ${path === '' ? (audit.requestURI ?? '') : path}`;
  }
  if (http?.request !== undefined) return `${http.request.method} ${url?.path ?? ''}`;
  return [event.error?.message, event.event.reason, message, lost(event)].filter(Boolean).join(' · ');
}

/** What a gap says of its size. */
export function lost({ dbaudit: { capture } }: AuditEvent): string {
  const parts = [
    [capture.gap_bytes, 'B'],
    [capture.gap_packets, 'packets'],
    [capture.gap_connections, 'connections'],
    [capture.gap_events, 'events'],
  ] as const;
  return parts.flatMap(([count, unit]) => (count === undefined ? [] : [`${whole(count)} ${unit}`])).join(', ');
}

/** Who acted: the database account, or who asked the API server, or whom the collector knows. */
export function whoOf({ user, kubernetes, dbaudit }: AuditEvent): string {
  return user?.name ?? kubernetes?.audit?.user?.username ?? dbaudit.actor?.name ?? '';
}

/** Whether it tells of something that was not seen. */
export function isLoss({ event }: AuditEvent): boolean {
  return LOSSES.includes(event.action);
}

/** Records of what was not seen. */
export const LOSSES: readonly AuditEvent['event']['action'][] = [
  'db.gap',
  'db.session.undecodable',
  'db.session.midstream',
  'dbaudit.agent.overload',
];

/** What ran in a database. A PREPARE alone runs nothing. */
export const STATEMENTS: readonly AuditEvent['event']['action'][] = ['db.query', 'db.execute', 'db.command', 'db.copy'];
