import type { AuditEvent } from '../audit-event.ts';
import type { Enricher } from './index.ts';

/** What is left out on purpose. Operations in any case of letters; users and databases as the database spells them. */
export interface Exclusions {
  readonly operations: readonly string[];
  readonly users: readonly string[];
  readonly databases: readonly string[];
}

/** Events left out so far. */
export interface Excluded {
  events: number;
}

/** Leaves events out and counts them; without exclusions there is nothing to do, and so no enricher. */
export function buildKeep(exclude: Exclusions): { keep: Enricher | undefined; excluded: Excluded } {
  const excluded: Excluded = { events: 0 };
  const operations = new Set(exclude.operations.map((operation) => operation.toUpperCase()));
  const users = new Set(exclude.users);
  const databases = new Set(exclude.databases);
  if (operations.size + users.size + databases.size === 0) return { keep: undefined, excluded };
  const keep = (event: AuditEvent): AuditEvent | undefined => {
    if (!isExcluded(event)) return event;
    excluded.events += 1;
    return undefined;
  };
  return { keep, excluded };

  function isExcluded({ activity, session, analysis }: AuditEvent): boolean {
    if (activity.kind !== 'statement' && activity.kind !== 'still-running') return false;
    const operation = activity.operation ?? analysis?.operation;
    if (operation !== undefined && operations.has(operation)) return true;
    if (session === undefined) return false;
    const { user, database } = session.facts;
    return (user !== undefined && users.has(user)) || (database !== undefined && databases.has(database));
  }
}
