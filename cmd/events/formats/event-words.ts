import type { AuditEvent } from '../../../contract/audit-event.ts';
import { printable } from '../../output/text-width.ts';

/** What was done, as one line of text. */
export interface EventWords {
  /** The statement with its parameters, or in brackets what happened instead of one. */
  readonly statement: string;
  /** Code and message; empty where all went well. */
  readonly error: string;
}

/** What an event says in words, fit for a terminal: nothing in it can do more than be read. */
export function eventWords(event: AuditEvent): EventWords {
  return { statement: readable(statementOf(event)), error: readable(errorOf(event)) };
}

/** What was not seen: `LOST 14 packets …`, `BLIND encrypted …`. For gaps. */
export function gapWords({ event, message, dbaudit }: AuditEvent): string {
  const {
    gap_bytes: bytes,
    gap_packets: packets,
    gap_connections: connections,
    gap_events: events,
    notes,
  } = dbaudit.capture;
  const lost = [
    amount(bytes, 'byte'),
    amount(packets, 'packet'),
    amount(connections, 'connection'),
    amount(events, 'event'),
  ].find((amount) => amount !== '');
  const reason = event.reason ?? 'unknown';
  const from = notes?.find((note) => note.startsWith('from-'))?.slice('from-'.length);
  const what = lost === undefined ? `BLIND ${reason}` : `LOST ${lost} (${reason})`;
  const whose = from === undefined ? '' : ` of the ${from}`;
  return readable(`${what}${whose}${message === undefined ? '' : `: ${message}`}`);
}

/** Rows given back or changed; empty where there is no such number. */
export function rowsOf({ db, dbaudit }: AuditEvent): string {
  return String(db?.response?.returned_rows ?? dbaudit.result?.affected_rows ?? '');
}

/** `app@shop`; `-` where neither is known. */
export function accountOf({ user, db }: AuditEvent): string {
  const database = db?.namespace;
  if (user === undefined && database === undefined) return '-';
  return readable(`${user?.name ?? '?'}${database === undefined ? '' : `@${database}`}`);
}

/** `900ns`, `218µs`, `2.1ms`, `340ms`, `1.25s`, `3m20s`: five columns for what takes minutes. Empty: not known. */
export function durationText(nanos: number | undefined): string {
  if (nanos === undefined) return '';
  if (nanos < 1e3) return `${nanos}ns`;
  if (nanos < 999_500) return `${Math.round(nanos / 1e3)}µs`;
  if (nanos < 9_950_000) return `${(nanos / 1e6).toFixed(1)}ms`;
  if (nanos < 999_500_000) return `${Math.round(nanos / 1e6)}ms`;
  if (nanos < 9.995e9) return `${(nanos / 1e9).toFixed(2)}s`;
  if (nanos < 99.95e9) return `${(nanos / 1e9).toFixed(1)}s`;
  const seconds = Math.round(nanos / 1e9);
  return seconds < 6_000
    ? `${Math.floor(seconds / 60)}m${seconds % 60}s`
    : `${Math.floor(seconds / 3_600)}h${Math.floor((seconds % 3_600) / 60)}m`;
}

/** One line without control characters; not even colours pass, which `printable` lets through. */
export function readable(text: string): string {
  return printable(text.replaceAll('\u001b', '\u{FFFD}')).trim();
}

function statementOf({ event, db, dbaudit, message }: AuditEvent): string {
  const parameters = Object.values(db?.query?.parameter ?? {});
  const values = parameters.length === 0 ? '' : `[${parameters.map((value) => value ?? 'NULL').join(', ')}]`;
  const notes = dbaudit.capture.notes ?? [];
  if (notes.includes('still-running')) return join('(still running)', db?.operation?.name);
  const text = db?.query?.text;
  if (text !== undefined) {
    const cut = dbaudit.statement?.truncated === true ? `… (${dbaudit.statement.text_length} bytes)` : '';
    return join(event.action === 'db.prepare' ? `PREPARE ${text}` : text, cut, values);
  }
  const action = `(${event.action.replace(/^db\./, '')})`;
  if (!event.action.startsWith('db.session.'))
    return join(db?.operation?.name ?? action, values, ...notes, event.reason, message);
  const { auth, program, captured_from_start: fromStart } = dbaudit.session ?? {};
  if (event.action === 'db.session.midstream') return join(action, 'began before the capture', message);
  if (event.action === 'db.session.end') return join(action, event.reason, fromStart === false ? '' : program, message);
  return join(action, auth?.method, program, event.reason, message);
}

/** Redis' messages begin with their code. */
function errorOf({ error }: AuditEvent): string {
  if (error === undefined) return '';
  const { code, message } = error;
  return message.startsWith(code) ? message : `${code} ${message}`;
}

function join(...parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined && part !== '').join(' ');
}

function amount(count: number | undefined, unit: string): string {
  if (count === undefined || count === 0) return '';
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}
