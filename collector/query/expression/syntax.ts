import type { CodePoints } from './code-points.ts';

/** A regular expression as a tree: case and flags are resolved, and what only captures is gone. */
export type Expression =
  | { readonly kind: 'set'; readonly set: CodePoints }
  | { readonly kind: 'sequence'; readonly of: readonly Expression[] }
  | { readonly kind: 'choice'; readonly of: readonly Expression[] }
  /** `max` undefined: any number. */
  | { readonly kind: 'repeat'; readonly of: Expression; readonly min: number; readonly max: number | undefined }
  | { readonly kind: 'assert'; readonly that: Assertion };

export type Assertion = 'text-start' | 'text-end' | 'line-start' | 'line-end' | 'word-edge' | 'no-word-edge';

/** What `\b` and `\w` take for a word: ASCII alone, as RE2 does. */
export const WORD: CodePoints = [
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
];

const ASSERTIONS: Readonly<Record<Assertion, string>> = {
  'text-start': '\\A',
  'text-end': '\\z',
  'line-start': '(?m:^)',
  'line-end': '(?m:$)',
  'word-edge': '\\b',
  'no-word-edge': '\\B',
};

/** For RE2, in words that mean the same under any of its options and with any version of Unicode. */
export function toRe2(expression: Expression): string {
  switch (expression.kind) {
    case 'set':
      return setText(expression.set);
    case 'sequence':
      return expression.of.map(toRe2).join('');
    case 'choice':
      return `(?:${expression.of.map(toRe2).join('|')})`;
    case 'repeat':
      return `(?:${toRe2(expression.of)})${times(expression.min, expression.max)}`;
    case 'assert':
      return ASSERTIONS[expression.that];
  }
}

function times(min: number, max: number | undefined): string {
  if (max === undefined && min <= 1) return min === 0 ? '*' : '+';
  return max === undefined ? `{${min},}` : `{${min},${max}}`;
}

function setText(set: CodePoints): string {
  if (set.length === 0) return '[^\\x{0}-\\x{10ffff}]';
  const code = (value: number) => `\\x{${value.toString(16)}}`;
  const [first] = set;
  if (set.length === 1 && first !== undefined && first[0] === first[1]) return code(first[0]);
  return `[${set.map(([from, to]) => (from === to ? code(from) : `${code(from)}-${code(to)}`)).join('')}]`;
}
