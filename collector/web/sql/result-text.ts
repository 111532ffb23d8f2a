import type { QueryAnswer } from '../../../contract/collector-api.ts';

/** A value as a cell shows it. */
export function inWords(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** RFC 4180; what a spreadsheet would take for a formula begins with an apostrophe. https://owasp.org/www-community/attacks/CSV_Injection */
export function csv({ columns, rows }: QueryAnswer): string {
  const lines = [columns.map(({ name }) => name), ...rows].map((row) => row.map(quoted).join(','));
  return `${lines.join('\r\n')}\r\n`;
}

function quoted(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number') return String(value);
  const text = inWords(value);
  const harmless = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
