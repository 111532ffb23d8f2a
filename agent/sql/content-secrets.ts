/* Credentials inside a string or a comment: connection URIs, connection strings, statements that set a password. */

/** From where to where in the text. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

const KEY_VALUE = /(?:passw(?:or)?d|pwd|secret(?:_access)?_key|session_token)\s*=\s*/gi;
/** Statements inside a string, whose own quotes are doubled, escaped, of the other kind, or filled in by format(). */
const CREDENTIAL_STATEMENT = new RegExp(
  [
    '\\bidentified\\W+(?:by|with|via)\\b',
    '\\bset\\s+password\\b',
    '\\bpassword(?:\\s+[en]?|\\s*\\(\\s*)[\'"\\\\$%]',
    '_password\\s*=\\s*[\'"\\\\%]',
    '\\b(?:aes|des)_(?:en|de)crypt\\s*\\(',
    '\\bpgp_(?:sym|pub)_\\w+\\s*\\(',
  ].join('|'),
  'i',
);
const ENDS_IN_PASSWORD = /\bpassword\s*$/i;
const ABOUT_ACCOUNTS = /\b(?:user|role)\b/i;

/** Whether the content is (part of) a statement that sets a password or uses a key. */
export function isCredentialStatement(content: string): boolean {
  if (CREDENTIAL_STATEMENT.test(content)) return true;
  return ENDS_IN_PASSWORD.test(content.slice(-64)) && ABOUT_ACCOUNTS.test(content);
}

/** The credentials in `text` from `start` to `end`, in order; `closed`: the text goes on behind, so nothing was cut off. */
export function secretSpans(text: string, start: number, end: number, closed: boolean): readonly Span[] {
  const content = text.slice(start, end);
  const spans = keyValueSpans(content, start);
  uriSpans(content, start, closed, spans);
  return withoutOverlaps(spans);
}

/** `password=secret`, `password='secret'` with whatever quotes can stand in a string. */
function keyValueSpans(content: string, start: number): Span[] {
  const spans: Span[] = [];
  for (const match of content.matchAll(KEY_VALUE)) {
    const from = match.index + match[0].length;
    const quote = /^(?:\\'|''|\\"|""|'|")/.exec(content.slice(from, from + 2))?.[0] ?? '';
    const valueStart = from + quote.length;
    const valueEnd = quote === '' ? endOfWord(content, valueStart) : endOfQuoted(content, valueStart, quote);
    if (valueEnd > valueStart) spans.push({ start: start + valueStart, end: start + valueEnd });
  }
  return spans;
}

function endOfWord(content: string, from: number): number {
  let position = from;
  while (position < content.length && !isSpace(content.charCodeAt(position))) position += 1;
  return position;
}

function endOfQuoted(content: string, from: number, quote: string): number {
  const end = content.indexOf(quote, from);
  return end < 0 ? content.length : end;
}

/** `scheme://user:secret@host`. https://www.rfc-editor.org/rfc/rfc3986#section-3.2.1 */
function uriSpans(content: string, start: number, closed: boolean, spans: Span[]): void {
  const end = content.length;
  for (let found = content.indexOf('://'); found >= 0; found = content.indexOf('://', found + 3)) {
    let position = found + 3;
    let colon = -1;
    let at = -1;
    for (; position < end; position += 1) {
      const code = content.charCodeAt(position);
      if (code === 0x2f || code === 0x22 || isSpace(code)) break;
      if (code === 0x3a && colon < 0) colon = position;
      if (code === 0x40 && colon >= 0) at = position;
    }
    if (at < 0 && position === end && !closed) at = end;
    if (colon >= 0 && at > colon + 1) spans.push({ start: start + colon + 1, end: start + at });
  }
}

function withoutOverlaps(spans: Span[]): readonly Span[] {
  if (spans.length < 2) return spans;
  spans.sort((a, b) => a.start - b.start);
  const apart: Span[] = [];
  for (const span of spans) {
    const last = apart.at(-1);
    if (last === undefined || span.start >= last.end) apart.push(span);
    else if (span.end > last.end) apart[apart.length - 1] = { start: last.start, end: span.end };
  }
  return apart;
}

function isSpace(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d);
}
