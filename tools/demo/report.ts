import { formatEventTable } from '../../cmd/event-table.ts';
import type { AuditEvent } from '../../contract/audit-event.ts';
import { compare } from '../../test/support/completeness/comparison.ts';
import { EventLedger } from '../../test/support/completeness/event-ledger.ts';
import type { ServerLedger, ServerProtocol } from '../../test/support/servers/running-server.ts';

/** What one database counted of itself while the agent watched. */
export interface Watched {
  readonly name: string;
  readonly protocol: ServerProtocol;
  readonly port: number;
  readonly ledger: ServerLedger;
}

/** More would scroll the first database off a screen. */
const SHOWN_EVENTS = 30;
/** Of the terminal; as wide as the table needs where there is none. */
export const WIDTH = process.stdout.columns ?? 160;
/** The ends of sessions say nothing that is not in the rows above them. */
const LEFT_OUT: ReadonlySet<string> = new Set(['db.session.end']);

/** The table of one database's events, then what it counted against what was seen. */
export function reportOn({ name, protocol, port, ledger }: Watched, events: readonly AuditEvent[]): string[] {
  const own = events.filter((event) => event.server?.port === port);
  const seen = new EventLedger(protocol);
  for (const event of own) seen.add(event);
  const rows = own.filter((event) => !LEFT_OUT.has(event.event.action));
  const more = rows.length - SHOWN_EVENTS;
  return [
    '',
    `${name} on port ${port}`,
    ...formatEventTable(rows.slice(0, SHOWN_EVENTS), WIDTH),
    ...(more > 0 ? [`… and ${more} more`] : []),
    ...closing(name, ledger, seen),
  ];
}

function closing(name: string, counted: ServerLedger, seen: ServerLedger): string[] {
  return [
    line(name, 'statements', counted.statements, seen.statements),
    line(name, 'logins', counted.logins, seen.logins),
  ];
}

function line(name: string, what: string, counted: readonly string[], seen: readonly string[]): string {
  const { missed, extra } = compare(counted, seen);
  const unknown = extra.length === 0 ? '' : `, ${extra.length} the server does not know of`;
  return `${name}: ${counted.length} ${what} counted by the server, ${seen.length} seen, ${missed.length} missed${unknown}`;
}
