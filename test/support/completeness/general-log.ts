import type { ServerLedger } from '../servers/running-server.ts';
import { statementKey } from './statement-key.ts';

/** `[date time]\t<thread> <command>\t<argument>`; an argument may go on over further lines. https://mariadb.com/kb/en/general-query-log/ */
const ENTRY = /^(?:\d{6} +\d{1,2}:\d\d:\d\d)?\t+ *(\d+) ([A-Z][A-Za-z_ ]*?)(?:\t(.*))?$/;

interface Entry {
  readonly thread: string;
  readonly command: string;
  argument: string;
}

function entries(log: string): Entry[] {
  const found: Entry[] = [];
  for (const line of log.replace(/\n$/, '').split('\n')) {
    const match = ENTRY.exec(line);
    const last = found.at(-1);
    if (match !== null) found.push({ thread: match[1] ?? '', command: match[2] ?? '', argument: match[3] ?? '' });
    else if (last !== undefined) last.argument += `\n${line}`;
  }
  return found;
}

/** A refused client has two entries: the account it asked for, then that it was denied. The last one counts. */
function logins(all: readonly Entry[]): string[] {
  const outcomes = new Map<string, string>();
  for (const { thread, command, argument } of all) {
    if (command !== 'Connect') continue;
    const denied = /^Access denied for user '([^']*)'/.exec(argument);
    const user = denied?.[1] ?? /^([^@]*)@/.exec(argument)?.[1];
    outcomes.set(thread, `${user} ${denied === null ? 'ok' : 'failed'}`);
  }
  return [...outcomes.values()];
}

/** Commands whose argument is a statement the server ran; an argument of Execute has its parameters bound. */
const STATEMENTS = new Set(['Query', 'Execute', 'Bulk_execute']);

/** What a stretch of the general log says of statements and logins. */
export function ledgerOfGeneralLog(log: string): ServerLedger {
  const all = entries(log);
  return {
    statements: all
      .filter((entry) => STATEMENTS.has(entry.command))
      .map((entry) => statementKey('mysql', entry.argument)),
    logins: logins(all),
  };
}
