/*
 * Statements that make the server forget prepared ones.
 * https://www.postgresql.org/docs/current/sql-deallocate.html, https://www.postgresql.org/docs/current/sql-discard.html
 */

const ALL = /^\s*(?:DISCARD\s+ALL|DEALLOCATE\s+(?:PREPARE\s+)?ALL)\s*;?\s*$/i;
const ONE =
  /^\s*DEALLOCATE\s+(?:PREPARE\s+)?(?:"((?:[^"]|"")+)"|([A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*))\s*;?\s*$/i;
/** The longest name is 63 bytes; a longer text says something else. */
const LONGEST = 128;

/** `all`, or the one name that `text` makes the server forget; undefined: none. */
export function droppedNames(text: string): 'all' | { readonly name: string } | undefined {
  const first = text.charCodeAt(0) | 0x20;
  if ((first !== 0x64 && first > 0x20) || text.length > LONGEST) return undefined;
  if (ALL.test(text)) return 'all';
  const match = ONE.exec(text);
  if (match === null) return undefined;
  return { name: match[1]?.replaceAll('""', '"') ?? (match[2] ?? '').toLowerCase() };
}
