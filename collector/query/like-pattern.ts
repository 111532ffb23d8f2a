import { QueryProblem } from '../store/failure.ts';
import { Automaton } from './expression/automaton.ts';
import { ANY } from './expression/code-points.ts';
import type { Expression } from './expression/syntax.ts';

/** A pattern of `like`: texts, any one character, any characters. */
export type LikePart = string | typeof ONE | typeof MANY;
export const ONE = Symbol('one');
export const MANY = Symbol('many');

export interface LikePattern {
  readonly parts: readonly LikePart[];
  /** Whether the whole text is like it; takes time in proportion to the text. */
  test(text: string): boolean;
}

/** Nobody types longer ones. */
const MAX_LENGTH = 2_000;

/** @throws QueryProblem when it is too long */
export function parseLike(pattern: string): LikePattern {
  if (pattern.length > MAX_LENGTH) throw new QueryProblem(`a pattern has at most ${MAX_LENGTH} characters`);
  const parts: LikePart[] = [];
  for (const [, escaped, wild, plain] of pattern.matchAll(/\\([\\*?])|([*?])|([^\\*?]+|\\)/gs)) {
    if (wild !== undefined) {
      const part = wild === '*' ? MANY : ONE;
      if (part === ONE || parts.at(-1) !== MANY) parts.push(part);
      continue;
    }
    const text = escaped ?? plain ?? '';
    const last = parts.at(-1);
    if (typeof last === 'string') parts[parts.length - 1] = last + text;
    else parts.push(text);
  }
  return { parts, test: testOf(parts) };
}

function testOf(parts: readonly LikePart[]): (text: string) => boolean {
  if (parts.includes(ONE)) {
    const automaton = new Automaton({
      kind: 'sequence',
      of: [{ kind: 'assert', that: 'text-start' }, ...parts.map(expressionOf), { kind: 'assert', that: 'text-end' }],
    });
    return (text) => automaton.test(text);
  }
  const texts = parts.filter((part) => typeof part === 'string');
  const isOpenBefore = parts[0] === MANY;
  const isOpenAfter = parts.at(-1) === MANY;
  if (!parts.includes(MANY)) return (text) => text === (texts[0] ?? '');
  const prefix = isOpenBefore ? '' : (texts.shift() ?? '');
  const suffix = isOpenAfter ? '' : (texts.pop() ?? '');
  return (text) => {
    if (!text.startsWith(prefix)) return false;
    let position = prefix.length;
    for (const part of texts) {
      const found = text.indexOf(part, position);
      if (found < 0) return false;
      position = found + part.length;
    }
    return text.length - suffix.length >= position && text.endsWith(suffix);
  };
}

function expressionOf(part: LikePart): Expression {
  if (part === ONE) return { kind: 'set', set: ANY };
  if (part === MANY) return { kind: 'repeat', of: { kind: 'set', set: ANY }, min: 0, max: undefined };
  const of = Array.from(part, (character): Expression => {
    const code = character.codePointAt(0) ?? 0;
    return { kind: 'set', set: [[code, code]] };
  });
  return { kind: 'sequence', of };
}
