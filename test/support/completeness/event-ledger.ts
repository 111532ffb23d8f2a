import type { AuditEvent } from '../../../contract/audit-event.ts';
import type { ServerLedger, ServerProtocol } from '../servers/running-server.ts';
import { LOGIN_COMMANDS, UNKNOWN_COMMAND } from './redis-counters.ts';
import { redisTextKey } from './redis-key.ts';
import { statementKey } from './statement-key.ts';

/** Actions that a server's statement log has a line for; `db.command` (ping, use…) has none. */
const STATEMENTS: ReadonlySet<string> = new Set(['db.query', 'db.execute', 'db.copy']);
const LOGINS: ReadonlySet<string> = new Set(['db.session.start', 'db.session.auth_failed', 'db.session.change_user']);

/** The agent's events as the ledger a server of that protocol would have kept. */
export function ledgerOfEvents(protocol: ServerProtocol, events: readonly AuditEvent[]): ServerLedger {
  return protocol === 'redis' ? redisLedger(events) : sqlLedger(protocol, events);
}

function sqlLedger(protocol: 'mysql' | 'postgresql', events: readonly AuditEvent[]): ServerLedger {
  return {
    statements: events
      .filter((event) => STATEMENTS.has(event.event.action))
      .map((event) => statementKey(protocol, event.db?.query?.text ?? '(no text)', parametersOf(event))),
    logins: events
      .filter((event) => LOGINS.has(event.event.action))
      .map((event) => `${event.user?.name} ${outcome(event)}`),
  };
}

/** Of a bulk execution the server logs the text alone. */
function parametersOf(event: AuditEvent): (string | null)[] {
  if (event.dbaudit.statement?.kind === 'bulk') return [];
  const parameters = event.db?.query?.parameter ?? {};
  return Object.keys(parameters)
    .sort((a, b) => Number(a) - Number(b))
    .map((index) => parameters[index] ?? null);
}

function outcome(event: AuditEvent): string {
  return event.event.outcome === 'success' ? 'ok' : 'failed';
}

/** A command Redis does not know it counts as an error only. */
function redisLedger(events: readonly AuditEvent[]): ServerLedger {
  const commands = events.filter(({ event }) => STATEMENTS.has(event.action) || event.action === 'db.command');
  const keys = commands.map((event) => {
    const unknown = /^ERR unknown (sub)?command/i.test(event.error?.message ?? '');
    return unknown ? UNKNOWN_COMMAND : redisTextKey(event.db?.query?.text ?? '(no text)');
  });
  return {
    statements: keys.filter((key) => !LOGIN_COMMANDS.has(key.split(' ', 1)[0] ?? '')),
    logins: events.filter((event) => LOGINS.has(event.event.action)).map(outcome),
  };
}
