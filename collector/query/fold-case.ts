/** Only these; most texts are. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII is from 0 on.
const ASCII = /^[\x00-\x7f]*$/;
const DOTTED_CAPITAL_I = 'İ';

/**
 * The text in lower case, each character by itself and into one: DuckDB's `lower`, so that both forms of a filter agree.
 * `toLowerCase` differs: `Σ` at a word's end becomes `ς`, `İ` two characters.
 */
export function foldCase(text: string): string {
  return ASCII.test(text) ? text.toLowerCase() : Array.from(text, lower).join('');
}

/** Capitals of Unicode 16 and 17, which DuckDB does not know yet. */
const TOO_NEW = /[\u1c89\ua7cb\ua7cc\ua7ce\ua7d2\ua7d4\ua7da\ua7dc\u{10d50}-\u{10d65}\u{16ea0}-\u{16eb8}]/u;

function lower(character: string): string {
  if (character === DOTTED_CAPITAL_I) return 'i';
  return TOO_NEW.test(character) ? character : character.toLowerCase();
}
