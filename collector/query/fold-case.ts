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

function lower(character: string): string {
  return character === DOTTED_CAPITAL_I ? 'i' : character.toLowerCase();
}
