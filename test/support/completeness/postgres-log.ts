import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerLedger } from '../servers/running-server.ts';
import { statementKey } from './statement-key.ts';

/** Fields of a jsonlog line that matter here. https://www.postgresql.org/docs/current/runtime-config-logging.html */
interface LogLine {
  readonly session_id?: string;
  readonly user?: string;
  readonly remote_host?: string;
  readonly error_severity?: string;
  readonly state_code?: string;
  readonly message?: string;
  readonly detail?: string;
  readonly statement?: string;
  readonly context?: string;
}

/** Stands for an address. */
const UNIX_SOCKET = '[local]';
const INVALID_PASSWORD = '28P01';

/** `Parameters: $1 = 'a', $2 = NULL` -> `['a', null]`; the word's case changed in PostgreSQL 16, errors say more before it. */
function parametersOf(detail: string | undefined): (string | null)[] {
  const list = /[Pp]arameters: ([\s\S]*)$/.exec(detail ?? '')?.[1];
  if (list === undefined) return [];
  return Array.from(list.matchAll(/\$\d+ = (?:'((?:[^']|'')*)'|NULL)/g), (match) =>
    match[1] === undefined ? null : match[1].replaceAll("''", "'"),
  );
}

/** What a stretch of a jsonlog says of statements and logins of clients on TCP; a line at its end may be incomplete. */
export function ledgerOfJsonLog(log: string): ServerLedger {
  const complete = log.split('\n').filter((line) => line.startsWith('{') && line.endsWith('}'));
  const lines = complete.map((line) => JSON.parse(line) as LogLine);
  const statements: string[] = [];
  const logins: string[] = [];
  /** By session: the statement logged last, as long as it has not failed. */
  const mayFail = new Map<string | undefined, string>();
  for (const line of lines) {
    if (line.remote_host === undefined || line.remote_host === UNIX_SOCKET) continue;
    const message = line.message ?? '';
    const statement = /^(?:statement|execute [^:]*): ([\s\S]*)$/.exec(message);
    const connected = /^connection authorized: user=(\S+)/.exec(message);
    if (line.error_severity === 'LOG' && statement !== null) {
      statements.push(statementKey('postgresql', statement[1] ?? '', parametersOf(line.detail)));
      mayFail.set(line.session_id, statement[1] ?? '');
    } else if (line.error_severity === 'LOG' && connected !== null) {
      logins.push(`${connected[1]} ok`);
    } else if (line.error_severity === 'FATAL' && line.state_code === INVALID_PASSWORD) {
      logins.push(`${line.user} failed`);
    } else if (line.error_severity === 'ERROR' && line.statement !== undefined) {
      // What fails before it is executed (parsing, planning at Bind) is logged with its error alone.
      const known = mayFail.get(line.session_id) === line.statement;
      mayFail.delete(line.session_id);
      if (!known) statements.push(statementKey('postgresql', line.statement, parametersOf(line.context)));
    }
  }
  return { statements, logins };
}

const MARK_LIMIT_MILLIS = 30_000;
const POLL_MILLIS = 20;

/** A server's jsonlog between two moments. The collector writes it a little later, so both ends are marked by a statement. */
export class PostgresLog {
  readonly #file: string;
  readonly #administer: (statement: string) => Promise<void>;
  #marks = 0;
  #opened = 0;

  constructor(file: string, administer: (statement: string) => Promise<void>) {
    this.#file = file;
    this.#administer = administer;
  }

  async open(): Promise<void> {
    this.#opened = (await this.#markedLog()).length;
  }

  async read(): Promise<ServerLedger> {
    return ledgerOfJsonLog((await this.#markedLog()).subarray(this.#opened).toString('utf8'));
  }

  /** The whole log up to a fresh mark, which is there once everything before it is. */
  async #markedLog(): Promise<Buffer> {
    const mark = `SELECT 'ledger mark ${++this.#marks}'`;
    await this.#administer(mark);
    const deadline = Date.now() + MARK_LIMIT_MILLIS;
    for (;;) {
      const log = readFileSync(this.#file);
      if (log.includes(mark)) return log;
      if (Date.now() > deadline) throw new Error(`${this.#file}: the mark did not come in ${MARK_LIMIT_MILLIS} ms`);
      await sleep(POLL_MILLIS);
    }
  }
}
