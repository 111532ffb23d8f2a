import type { AuditEvent } from '../../contract/audit-event.ts';
import { accountOf, readable } from '../events/formats/event-words.ts';
import { type KnownAddresses, partiesOf, partyText } from '../events/known-addresses.ts';

/** What `top` can rank. */
export const GROUPINGS = ['statements', 'clients', 'tables', 'users'] as const;
export type Grouping = (typeof GROUPINGS)[number];

/** One that an event counts for. */
export interface Group {
  readonly key: string;
  /** For people; of statements that differ in their values alone, the first one seen. */
  readonly name: string;
}

/** The groups of one event: several where it names several tables, none where it says nothing of the kind. */
export function groupsOf(event: AuditEvent, grouping: Grouping, known: KnownAddresses): readonly Group[] {
  switch (grouping) {
    case 'statements':
      return statementOf(event);
    case 'clients': {
      const name = partiesOf(event, known).client?.name;
      return name === undefined ? [] : [named(name)];
    }
    case 'tables':
      return tablesOf(event);
    case 'users': {
      const server = partiesOf(event, known).server;
      return [named(`${accountOf(event)}${server === undefined ? '' : ` on ${partyText(server)}`}`)];
    }
  }
}

/** Redis' commands have no fingerprint: they are one by their name. */
function statementOf({ db, dbaudit }: AuditEvent): readonly Group[] {
  const text = db?.query?.text;
  const operation = db?.query?.summary ?? db?.operation?.name;
  const { fingerprint } = dbaudit.statement ?? {};
  if (fingerprint !== undefined && text !== undefined) return [{ key: fingerprint, name: readable(text) }];
  return operation === undefined ? [] : [named(operation)];
}

function tablesOf({ db, dbaudit }: AuditEvent): readonly Group[] {
  const collection = db?.collection?.name;
  const tables = dbaudit.statement?.tables ?? (collection === undefined ? [] : [collection]);
  return [...new Set(tables)].map(named);
}

function named(name: string): Group {
  return { key: name, name: readable(name) };
}
