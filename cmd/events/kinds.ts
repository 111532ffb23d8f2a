import { InvalidArgumentError } from 'commander';
import type { Action, AuditEvent } from '../../contract/audit-event.ts';

/** What `--kind` takes. An event may be of several kinds: a failed login is `auth` and `error`. */
export const KINDS = ['query', 'auth', 'session', 'error', 'gap', 'agent', 'api'] as const;
export type Kind = (typeof KINDS)[number];

/** Actions that say that something was not seen. */
export const GAPS: ReadonlySet<Action> = new Set(['db.gap', 'db.session.undecodable', 'dbaudit.agent.overload']);

/** @throws InvalidArgumentError */
export function parseKind(word: string): Kind {
  const kind = KINDS.find((kind) => kind === word);
  if (kind === undefined)
    throw new InvalidArgumentError(`${JSON.stringify(word)} is no kind; there are ${KINDS.join(', ')}.`);
  return kind;
}

/** Says that something was not seen. Such events pass every filter that does not name them. */
export function isGap({ event }: AuditEvent): boolean {
  return GAPS.has(event.action);
}

export function isOfKind(event: AuditEvent, kind: Kind): boolean {
  const { action, category, outcome } = event.event;
  switch (kind) {
    case 'gap':
      return isGap(event);
    case 'error':
      return outcome === 'failure';
    case 'auth':
      return category.includes('authentication');
    case 'session':
      return action.startsWith('db.session.') && !isGap(event);
    case 'query':
      return action.startsWith('db.') && category.includes('database') && !isGap(event);
    case 'agent':
      return action.startsWith('dbaudit.');
    case 'api':
      return action.startsWith('k8s.');
  }
}
