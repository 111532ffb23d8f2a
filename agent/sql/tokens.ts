/** What a token is. Numbers, because they are compared for each token. */
export const END = 0;
/** A name or a keyword. */
export const WORD = 1;
/** In quotes of any kind, with its prefix: `E'…'`, `x'…'`, `_utf8'…'`. */
export const STRING = 2;
export const NUMBER = 3;
/** `?` in MySQL, `$1` in PostgreSQL. */
export const PLACEHOLDER = 4;
export const OPEN = 5;
export const CLOSE = 6;
export const COMMA = 7;
export const SEMICOLON = 8;
/** One character of anything else. */
export const SYMBOL = 9;
export const COMMENT = 10;
/** Begin or end of MySQL's executable comments, whose content is tokens like any other. */
export const COMMENT_EDGE = 11;
