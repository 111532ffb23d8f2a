/** Where comments and dollar quotes end; the end of the text where they are not closed. */

const DOLLAR = 0x24;

export function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end < 0 ? text.length : end;
}

/** PostgreSQL's comments nest, MySQL's do not. `from` is behind the opening. */
export function endOfBlockComment(text: string, from: number, nests: boolean): number {
  let position = from;
  for (let depth = 1; ; ) {
    const close = text.indexOf('*/', position);
    if (close < 0) return text.length;
    // Looked for only up to the close, so that a text of openings costs no more than its length.
    const open = nests ? openingBefore(text, position, close) : -1;
    if (open >= 0) {
      depth += 1;
      position = open + 2;
    } else {
      depth -= 1;
      position = close + 2;
      if (depth === 0) return position;
    }
  }
}

function openingBefore(text: string, from: number, end: number): number {
  for (let position = from; position < end; position += 1) {
    if (text.charCodeAt(position) === 0x2f && text.charCodeAt(position + 1) === 0x2a) return position;
  }
  return -1;
}

/** `$` or `$tag$` that begins at `from`: where it ends; `from` where there is none. */
export function endOfDollarTag(text: string, from: number): number {
  for (let position = from + 1; position < text.length; position += 1) {
    const code = text.charCodeAt(position);
    if (code === DOLLAR) return position + 1;
    const isDigit = code >= 0x30 && code <= 0x39;
    const isLetter = (code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a;
    if (!(isLetter || code === 0x5f || code >= 128 || (isDigit && position > from + 1))) return from;
  }
  return from;
}
