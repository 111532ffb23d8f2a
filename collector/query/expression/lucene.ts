import { QueryProblem } from '../../store/failure.ts';
import { ANY, type CodePointRange, type CodePoints, intersection, without } from './code-points.ts';
import { type Assertion, type Expression, WORD } from './syntax.ts';

/** `\b` and `^` in the middle are written out for each kind of neighbour; more ways than this are not meant to be searched for. */
const MAX_WAYS = 200;
/** The length that Lucene is told to take (`index.max_regex_length`); what is longer takes it too long. */
export const MAX_LUCENE_LENGTH = 50_000;

/** No text has halves of surrogate pairs by itself. */
const SURROGATES: CodePoints = [[0xd800, 0xdfff]];
const LINE_FEED: CodePoints = [[0x0a, 0x0a]];
const NO_WORD = without(WORD);
/** No text that is compared has it (comparable-text.ts). */
const NEVER = '\0';

/** Stands in a sequence, like a character, for the beginning and the end of the text. It alone is it, not what equals it. */
const EDGE: Expression = { kind: 'sequence', of: [] };
type Way = readonly Expression[];
const ANYTHING: Expression = { kind: 'repeat', of: { kind: 'set', set: ANY }, min: 0, max: undefined };

/** What may stand at a place. */
interface Neighbour {
  readonly set: CodePoints;
  readonly edge: boolean;
}

const WORD_SIDE: Neighbour = { set: WORD, edge: false };
const OTHER_SIDE: Neighbour = { set: NO_WORD, edge: true };
const TEXT_EDGE: Neighbour = { set: [], edge: true };
const LINE_EDGE: Neighbour = { set: LINE_FEED, edge: true };
const ANY_SIDE: Neighbour = { set: ANY, edge: true };

/** For each assertion the pairs of neighbours, before and after it, between which it is true. */
const PAIRS: Readonly<Record<Assertion, readonly (readonly [Neighbour, Neighbour])[]>> = {
  'text-start': [[TEXT_EDGE, ANY_SIDE]],
  'text-end': [[ANY_SIDE, TEXT_EDGE]],
  'line-start': [[LINE_EDGE, ANY_SIDE]],
  'line-end': [[ANY_SIDE, LINE_EDGE]],
  'word-edge': [
    [WORD_SIDE, OTHER_SIDE],
    [OTHER_SIDE, WORD_SIDE],
  ],
  'no-word-edge': [
    [WORD_SIDE, WORD_SIDE],
    [OTHER_SIDE, OTHER_SIDE],
  ],
};

/**
 * For Lucene, whose expressions match a whole text and know no assertions: each is replaced by the characters that may stand
 * before and after it. The empty text is never matched. https://docs.opensearch.org/latest/query-dsl/regex-syntax/ with `flags: NONE`
 * @throws QueryProblem when that takes too much
 */
export function toLucene(expression: Expression, prefix = ''): string {
  const ways = withAssertions(expression).flatMap((way) => resolved([EDGE, ANYTHING, ...way, ANYTHING, EDGE]));
  if (ways.length > MAX_WAYS) throw tooMuch();
  const texts = ways.map((way) => prefixed(prefix) + way.map(textOf).join(''));
  // Of one text alone OpenSearch would make a query that its wildcard fields do not answer.
  const text = [...texts.filter((one) => one !== ''), NEVER].join('|');
  if (text.length > MAX_LUCENE_LENGTH) throw tooMuch();
  return text;
}

function tooMuch(): QueryProblem {
  return new QueryProblem(
    'the regular expression is too large for OpenSearch: take \\b, ^, $ or repetitions out of it',
  );
}

function prefixed(text: string): string {
  return Array.from(text, escaped).join('');
}

/** Ways of sequences in which assertions stand by themselves, not within groups. */
function withAssertions(expression: Expression): readonly Way[] {
  if (!hasAssertions(expression)) return [[expression]];
  switch (expression.kind) {
    case 'assert':
    case 'set':
      return [[expression]];
    case 'sequence':
      return expression.of.reduce<readonly Way[]>(
        (ways, part) => {
          const more = withAssertions(part);
          if (ways.length * more.length > MAX_WAYS) throw tooMuch();
          return ways.flatMap((way) => more.map((one) => [...way, ...one]));
        },
        [[]],
      );
    case 'choice':
      return expression.of.flatMap(withAssertions);
    case 'repeat': {
      const { of, min, max } = expression;
      // Once or not at all; twice in a row is once, for what stands at one place only.
      if (max === 1) return min === 1 ? withAssertions(of) : [[], ...withAssertions(of)];
      throw new QueryProblem('OpenSearch cannot search for a repetition with \\b, ^ or $ in it');
    }
  }
}

function hasAssertions(expression: Expression): boolean {
  switch (expression.kind) {
    case 'assert':
      return true;
    case 'set':
      return false;
    case 'repeat':
      return hasAssertions(expression.of);
    default:
      return expression.of.some(hasAssertions);
  }
}

/** The way without its assertions, from the first to the last: what is before one is free of them already. */
function resolved(way: Way): readonly Way[] {
  const at = way.findIndex(({ kind }) => kind === 'assert');
  const item = way[at];
  if (item?.kind !== 'assert') return [way];
  const ways = PAIRS[item.that].flatMap(([before, after]) => {
    const left = oneOf(endingIn(way.slice(0, at), before));
    const rights = beginningWith(way.slice(at + 1), after);
    if (left === undefined) return [];
    if (rights.some((right) => right.some(hasAssertions))) return rights.map((right) => [left, ...right]);
    const right = oneOf(rights);
    return right === undefined ? [] : [[left, right]];
  });
  if (ways.length > MAX_WAYS) throw tooMuch();
  return ways.flatMap(resolved);
}

/** As a part of an expression: Lucene is given few ways, and short ones. */
function oneOf(ways: readonly Way[]): Expression | undefined {
  const [only] = ways;
  if (only === undefined) return undefined;
  const of = ways.map((way): Expression => ({ kind: 'sequence', of: way }));
  return ways.length === 1 ? { kind: 'sequence', of: only } : { kind: 'choice', of };
}

function endingIn(way: Way, neighbour: Neighbour): readonly Way[] {
  if (neighbour === ANY_SIDE) return [way];
  const last = way.at(-1);
  if (last === undefined) return [];
  if (last === EDGE) return neighbour.edge ? [way] : [];
  const rest = way.slice(0, -1);
  switch (last.kind) {
    case 'assert':
      return endingIn(rest, neighbour).map((one) => [...one, last]);
    case 'set':
      return narrowed(last.set, neighbour).map((set) => [...rest, set]);
    case 'sequence':
      return endingIn([...rest, ...last.of], neighbour);
    case 'choice':
      return last.of.flatMap((one) => endingIn([...rest, one], neighbour));
    case 'repeat': {
      const ends = last.max === 0 ? [] : endingIn([...rest, oneLess(last), last.of], neighbour);
      // What is repeated may itself be empty: then this ends as the rest does.
      return last.min === 0 ? [...endingIn(rest, neighbour), ...ends] : ends;
    }
  }
}

function beginningWith(way: Way, neighbour: Neighbour): readonly Way[] {
  if (neighbour === ANY_SIDE) return [way];
  const [first, ...rest] = way;
  if (first === undefined) return [];
  if (first === EDGE) return neighbour.edge ? [way] : [];
  switch (first.kind) {
    case 'assert':
      return beginningWith(rest, neighbour).map((one) => [first, ...one]);
    case 'set':
      return narrowed(first.set, neighbour).map((set) => [set, ...rest]);
    case 'sequence':
      return beginningWith([...first.of, ...rest], neighbour);
    case 'choice':
      return first.of.flatMap((one) => beginningWith([one, ...rest], neighbour));
    case 'repeat': {
      const starts = first.max === 0 ? [] : beginningWith([first.of, oneLess(first), ...rest], neighbour);
      return first.min === 0 ? [...beginningWith(rest, neighbour), ...starts] : starts;
    }
  }
}

function oneLess({ of, min, max }: Extract<Expression, { kind: 'repeat' }>): Expression {
  return { kind: 'repeat', of, min: Math.max(min - 1, 0), max: max === undefined ? undefined : max - 1 };
}

function narrowed(set: CodePoints, neighbour: Neighbour): readonly Expression[] {
  const narrow = intersection(set, neighbour.set);
  return narrow.length === 0 ? [] : [{ kind: 'set', set: narrow }];
}

function textOf(item: Expression): string {
  switch (item.kind) {
    case 'set':
      return setText(item.set);
    case 'sequence':
      return item.of.map(textOf).join('');
    case 'choice': {
      const texts = item.of.map(textOf);
      const some = texts.filter((text) => text !== '');
      if (some.length === 0) return '';
      // Of an empty choice within others, OpenSearch's wildcard fields find nothing.
      return `(${some.join('|')})${some.length < texts.length ? '?' : ''}`;
    }
    case 'repeat': {
      const text = textOf(item.of);
      if (text === '' || item.max === 0) return '';
      return `${item.of.kind === 'set' ? text : `(${text})`}${times(item.min, item.max)}`;
    }
    case 'assert':
      throw new Error('an assertion is left');
  }
}

function times(min: number, max: number | undefined): string {
  if (max === undefined && min <= 1) return min === 0 ? '*' : '+';
  return max === undefined ? `{${min},}` : `{${min},${max}}`;
}

function setText(set: CodePoints): string {
  if (set.length === 1 && set[0]?.[0] === 0 && set[0][1] === 0x10_ffff) return '.';
  const known = intersection(set, without(SURROGATES));
  if (known.length === 0) return NEVER;
  const [first] = known;
  const code = (value: number) => escaped(String.fromCodePoint(value));
  if (known.length === 1 && first !== undefined && first[0] === first[1]) return code(first[0]);
  return `[${known
    .flatMap(withPlainEnds)
    .map(([from, to]) => (from === to ? code(from) : `${code(from)}-${code(to)}`))
    .join('')}]`;
}

/** Lucene takes no range that begins or ends with an escaped character. */
function withPlainEnds([start, end]: CodePointRange): readonly CodePointRange[] {
  const singles: CodePointRange[] = [];
  let [from, to] = [start, end];
  for (; from <= to && isSign(from); from += 1) singles.push([from, from]);
  for (; to > from && isSign(to); to -= 1) singles.push([to, to]);
  return from <= to ? [...singles, [from, to]] : singles;
}

function isSign(code: number): boolean {
  return SIGN.test(String.fromCodePoint(code));
}

/** Of ASCII, what is neither letter nor digit nor blank nor control. */
const SIGN = /^[!-/:-@[-`{-~]$/;

/** A backslash before a letter or a digit means something else. */
function escaped(character: string): string {
  return SIGN.test(character) ? `\\${character}` : character;
}
