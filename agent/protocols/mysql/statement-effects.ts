/** What a statement that succeeded changes in its session, where the server does not say so itself. */

const USE = /use\s+(?:`((?:[^`]|``)+)`|([^\s;`]+))/iy;
const SET_CHARACTER_SET =
  /set\s+(?:names|character\s+set|charset|(?:@@)?(?:session[\s.]+)?character_set_client\s*:?=)\s*['"]?(\w+)/iy;

/** The database that `USE` names; undefined: the text is no `USE`. */
export function databaseOfUse(text: string): string | undefined {
  const start = firstWord(text, LETTER_U);
  if (start < 0) return undefined;
  USE.lastIndex = start;
  const match = USE.exec(text);
  return match?.[1]?.replaceAll('``', '`') ?? match?.[2];
}

/** The character set that the client speaks from now on; undefined: the text does not set it. */
export function characterSetOfSet(text: string): string | undefined {
  const start = firstWord(text, LETTER_S);
  // SELECT begins so too, and is what is asked most.
  if (start < 0 || (text.charCodeAt(start + 2) | LOWER_CASE) !== LETTER_T) return undefined;
  SET_CHARACTER_SET.lastIndex = start;
  return SET_CHARACTER_SET.exec(text)?.[1]?.toLowerCase();
}

const LETTER_S = 0x73;
const LETTER_T = 0x74;
const LETTER_U = 0x75;
/** The bit that makes an ASCII letter lower case. */
const LOWER_CASE = 0x20;
const SPACE = 0x20;
const SLASH = 0x2f;
const DASH = 0x2d;
const HASH = 0x23;

/** Where the first word stands, after white space and comments; -1 if it does not begin with `letter` (lower case). */
function firstWord(text: string, letter: number): number {
  let position = 0;
  for (;;) {
    const code = text.charCodeAt(position);
    if ((code | LOWER_CASE) === letter) return position;
    if (code <= SPACE) position += 1;
    else if (code === SLASH && text.startsWith('/*', position)) position = after(text, '*/', position + 2);
    else if (code === HASH || (code === DASH && text.startsWith('--', position)))
      position = after(text, '\n', position);
    else return -1;
    if (position < 0) return -1;
  }
}

function after(text: string, mark: string, from: number): number {
  const found = text.indexOf(mark, from);
  return found < 0 ? -1 : found + mark.length;
}
