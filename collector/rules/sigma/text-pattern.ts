/** A text with wildcards: `*` stands for any characters, `?` for one. */
export type TextPattern = readonly PatternPart[];
type PatternPart = { readonly text: string } | { readonly wildcard: '*' | '?' };

/**
 * Reads a Sigma value: a backslash before a wildcard or before itself takes it as it is, any other backslash stands for
 * itself. https://sigmahq.io/sigma-specification/specification/sigma-rules-specification.html#escaping
 */
export function readPattern(value: string): TextPattern {
  const parts: PatternPart[] = [];
  let text = '';
  for (let at = 0; at < value.length; at++) {
    const character = value.charAt(at);
    if (character === '*' || character === '?') {
      if (text !== '') parts.push({ text });
      text = '';
      parts.push({ wildcard: character });
    } else if (character === '\\' && /[*?\\]/.test(value.charAt(at + 1))) {
      at += 1;
      text += value.charAt(at);
    } else text += character;
  }
  if (text !== '') parts.push({ text });
  return parts;
}

/** The text it stands for; undefined where it has wildcards. */
export function literalOf(pattern: TextPattern): string | undefined {
  const [only, more] = pattern;
  if (only === undefined) return '';
  return more === undefined && 'text' in only ? only.text : undefined;
}

/** In the words of a filter's `like`. */
export function likeOf(pattern: TextPattern): string {
  return pattern.map((part) => ('text' in part ? part.text.replace(/[*?\\]/g, '\\$&') : part.wildcard)).join('');
}

/** With any characters before it, or after it. */
export function around(pattern: TextPattern, before: boolean, after: boolean): TextPattern {
  const any: PatternPart = { wildcard: '*' };
  return [...(before ? [any] : []), ...pattern, ...(after ? [any] : [])];
}
