import type { AuditEvent } from '../contract/audit-event.ts';

const NARROWEST_STATEMENT = 32;
/** Errors are rare and may wrap: their column takes room for a code and a few words only. */
const ERROR_ROOM = 16;
const GAP = '  ';

interface Row {
  readonly time: string;
  readonly route: string;
  readonly account: string;
  readonly statement: string;
  readonly rows: string;
  readonly duration: string;
  readonly error: string;
}

const HEADINGS: Row = {
  time: 'TIME',
  route: 'CLIENT -> SERVER',
  account: 'USER@DATABASE',
  statement: 'STATEMENT',
  rows: 'ROWS',
  duration: 'DURATION',
  error: 'ERROR',
};

/**
 * Events as lines for a terminal `width` columns wide, headings first. The statement takes the room that the other
 * columns leave; longer ones end in `…`. Control characters never reach the terminal.
 */
export function formatEventTable(events: readonly AuditEvent[], width: number): string[] {
  const rows = [HEADINGS, ...events.map(toRow)];
  const wide = (column: keyof Row) => Math.max(...rows.map((row) => row[column].length));
  const others = wide('time') + wide('route') + wide('account') + wide('rows') + wide('duration') + 6 * GAP.length;
  const room = width - others - Math.min(wide('error'), ERROR_ROOM);
  const statementWidth = Math.max(NARROWEST_STATEMENT, Math.min(wide('statement'), room));
  return rows.map((row) =>
    [
      row.time.padEnd(wide('time')),
      row.route.padEnd(wide('route')),
      row.account.padEnd(wide('account')),
      cut(row.statement, statementWidth).padEnd(statementWidth),
      row.rows.padStart(wide('rows')),
      row.duration.padStart(wide('duration')),
      row.error,
    ]
      .join(GAP)
      .trimEnd(),
  );
}

function toRow(event: AuditEvent): Row {
  return {
    time: event['@timestamp'].slice(11, 23),
    route: event.client && event.server ? `${endpoint(event.client)} -> ${endpoint(event.server)}` : '-',
    account: account(event),
    statement: printable(statement(event)),
    rows: String(event.db?.response?.returned_rows ?? event.dbaudit.result?.affected_rows ?? ''),
    duration: event.event.duration === undefined ? '' : duration(event.event.duration),
    error: printable(error(event)),
  };
}

function endpoint({ ip, port }: { readonly ip: string; readonly port: number }): string {
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;
}

function account(event: AuditEvent): string {
  const database = event.db?.namespace;
  return `${event.user?.name ?? '?'}${database === undefined ? '' : `@${database}`}`;
}

/** The statement with its parameters, or what happened instead of one. */
function statement(event: AuditEvent): string {
  const text = event.db?.query?.text;
  const parameters = Object.values(event.db?.query?.parameter ?? {});
  const values = parameters.length === 0 ? '' : `  [${parameters.map((value) => value ?? 'NULL').join(', ')}]`;
  if (text !== undefined) return `${event.event.action === 'db.prepare' ? 'PREPARE ' : ''}${text}${values}`;
  const operation = event.db?.operation?.name;
  const detail = event.event.reason;
  return [`(${event.event.action.replace(/^db\./, '')})`, operation, values.trim(), detail].filter(Boolean).join(' ');
}

/** Code and message; Redis' messages begin with their code. */
function error({ error }: AuditEvent): string {
  if (error === undefined) return '';
  const { code = '', message = '' } = error;
  return message.startsWith(code) ? message : `${code} ${message}`;
}

function duration(nanos: number): string {
  if (nanos >= 1e9) return `${(nanos / 1e9).toFixed(2)} s`;
  if (nanos >= 1e6) return `${(nanos / 1e6).toFixed(1)} ms`;
  return `${Math.round(nanos / 1e3)} µs`;
}

function printable(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/\p{C}/gu, '\u{FFFD}');
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
