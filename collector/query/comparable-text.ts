const NUL = '\0';
const REPLACEMENT = '\ufffd';

/**
 * A text as filters see it, and as columns hold it: NUL, which DuckDB's interface ends texts at, and halves of surrogate
 * pairs, which UTF-8 has not, read as U+FFFD.
 */
export function comparable(text: string): string {
  if (text.isWellFormed() && !text.includes(NUL)) return text;
  return text.toWellFormed().replaceAll(NUL, REPLACEMENT);
}
