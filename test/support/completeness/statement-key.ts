/**
 * One spelling for a statement with its parameters bound, so that the server's log (`WHERE id='7'`) and an event (text
 * `WHERE id=?` and parameter `7`) can be compared as strings: literals lose their quotes, placeholders become values.
 */
export type Dialect = 'mysql' | 'postgresql';

const QUOTED = {
  // Backslash escapes, as MySQL's log writes them. https://mariadb.com/kb/en/string-literals/
  mysql: /'((?:[^'\\]|''|\\[\s\S])*)'|\?/g,
  // Standard conforming strings: the quote is doubled, a backslash is a backslash.
  postgresql: /'((?:[^']|'')*)'|\$(\d+)/g,
} as const;

const ESCAPED: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '0': '\0', Z: '\x1a', b: '\b' };

function unquote(dialect: Dialect, body: string): string {
  const undoubled = body.replaceAll("''", "'");
  if (dialect === 'postgresql') return undoubled;
  return undoubled.replace(/\\([\s\S])/g, (_, character: string) => ESCAPED[character] ?? character);
}

/** The agent masks credentials; a server's log may have them, or a mask of its own. */
const CREDENTIAL = /\b(IDENTIFIED BY|PASSWORD) (?:'[^']*'|[^\s']+)/gi;

const shown = (parameter: string | null | undefined) => parameter ?? 'NULL';

/** `text` with every literal unquoted and every placeholder that has a parameter replaced by it. */
export function statementKey(dialect: Dialect, text: string, parameters: readonly (string | null)[] = []): string {
  let next = 0;
  return text
    .replace(CREDENTIAL, '$1 (masked)')
    .replace(QUOTED[dialect], (found: string, body: string | undefined, number: string | undefined) => {
      if (body !== undefined) return unquote(dialect, body);
      const index = dialect === 'mysql' ? next++ : Number(number) - 1;
      return index < parameters.length ? shown(parameters[index]) : found;
    });
}
