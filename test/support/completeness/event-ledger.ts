import type { AuditEvent } from '../../../contract/audit-event.ts';
import type { ServerLedger, ServerProtocol } from '../servers/running-server.ts';
import { LOGIN_COMMANDS, UNKNOWN_COMMAND } from './redis-counters.ts';
import { redisTextKey } from './redis-key.ts';
import { statementKey } from './statement-key.ts';

/** Actions that a server's statement log has a line for; `db.command` (ping, use…) has none. */
const STATEMENTS: ReadonlySet<string> = new Set(['db.query', 'db.execute', 'db.copy']);
const LOGINS: ReadonlySet<string> = new Set(['db.session.start', 'db.session.auth_failed', 'db.session.change_user']);

/** Stands for an execution whose PREPARE was not seen. */
export const NO_TEXT = '(no text)';

/** The agent's events as the ledger that a server of their protocol would have kept. */
export class EventLedger implements ServerLedger {
  readonly statements: string[] = [];
  readonly logins: string[] = [];
  readonly #protocol: ServerProtocol;

  constructor(protocol: ServerProtocol) {
    this.#protocol = protocol;
  }

  add(event: AuditEvent): void {
    const redis = this.#protocol === 'redis';
    const { action, outcome } = event.event;
    const result = outcome === 'success' ? 'ok' : 'failed';
    if (LOGINS.has(action)) this.logins.push(redis ? result : `${event.user?.name} ${result}`);
    else if (redis && (STATEMENTS.has(action) || action === 'db.command')) this.#addCommand(event);
    else if (STATEMENTS.has(action)) {
      const dialect = this.#protocol === 'mysql' ? 'mysql' : 'postgresql';
      this.statements.push(statementKey(dialect, event.db?.query?.text ?? NO_TEXT, parametersOf(event)));
    }
  }

  /** A command Redis does not know it counts as an error only. */
  #addCommand(event: AuditEvent): void {
    const unknown = /^ERR unknown (sub)?command/i.test(event.error?.message ?? '');
    const key = unknown ? UNKNOWN_COMMAND : redisTextKey(event.db?.query?.text ?? NO_TEXT);
    if (!LOGIN_COMMANDS.has(key.split(' ', 1)[0] ?? '')) this.statements.push(key);
  }
}

/** Of a bulk execution the server logs the text alone. */
function parametersOf(event: AuditEvent): (string | null)[] {
  if (event.dbaudit.statement?.kind === 'bulk') return [];
  const parameters = event.db?.query?.parameter ?? {};
  return Object.keys(parameters)
    .sort((a, b) => Number(a) - Number(b))
    .map((index) => parameters[index] ?? null);
}
