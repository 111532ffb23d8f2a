import { QueryProblem } from '../../store/failure.ts';
import {
  ANY,
  type CodePointRange,
  type CodePoints,
  codePoints,
  inAnyCase,
  unicodeProperty,
  without,
} from './code-points.ts';
import { type Assertion, type Expression, WORD } from './syntax.ts';

/** Longer ones come from no person; it bounds what is built of them. */
const MAX_LENGTH = 2_000;
/** RE2's own bound on `{n,m}`, also for one within another. */
const MAX_REPEAT = 1_000;
/** Deeper nesting is not read by people, and would use up the stack. */
const MAX_DEPTH = 100;

const DIGIT: CodePoints = [[0x30, 0x39]];
const SPACE: CodePoints = codePoints([
  [0x09, 0x0a],
  [0x0c, 0x0d],
  [0x20, 0x20],
]);
const LETTER: CodePoints = [
  [0x41, 0x5a],
  [0x61, 0x7a],
];
const PERL: Readonly<Record<string, CodePoints>> = { d: DIGIT, s: SPACE, w: WORD };
const POSIX: Readonly<Record<string, CodePoints>> = {
  alnum: codePoints([...DIGIT, ...LETTER]),
  alpha: LETTER,
  ascii: [[0, 0x7f]],
  blank: codePoints([
    [0x09, 0x09],
    [0x20, 0x20],
  ]),
  cntrl: codePoints([
    [0, 0x1f],
    [0x7f, 0x7f],
  ]),
  digit: DIGIT,
  graph: [[0x21, 0x7e]],
  lower: [[0x61, 0x7a]],
  print: [[0x20, 0x7e]],
  punct: codePoints([
    [0x21, 0x2f],
    [0x3a, 0x40],
    [0x5b, 0x60],
    [0x7b, 0x7e],
  ]),
  space: codePoints([
    [0x09, 0x0d],
    [0x20, 0x20],
  ]),
  upper: [[0x41, 0x5a]],
  word: WORD,
  xdigit: codePoints([...DIGIT, [0x41, 0x46], [0x61, 0x66]]),
};
const CONTROLS: Readonly<Record<string, number>> = { a: 7, f: 12, t: 9, n: 10, r: 13, v: 11 };
const EDGES: Readonly<Record<string, Assertion>> = {
  A: 'text-start',
  z: 'text-end',
  b: 'word-edge',
  B: 'no-word-edge',
};

interface Flags {
  readonly ignoreCase: boolean;
  readonly multiLine: boolean;
  readonly dotAll: boolean;
}

/**
 * Reads RE2's syntax, https://github.com/google/re2/wiki/Syntax, without what no linear time allows or nobody needs here:
 * `\C`. Groups only group, since nothing asks what they captured.
 * @throws QueryProblem with the place
 */
export function parseExpression(text: string, ignoreCase: boolean): Expression {
  if (text.length > MAX_LENGTH) throw new QueryProblem(`a regular expression has at most ${MAX_LENGTH} characters`);
  return new Parser(text).read({ ignoreCase, multiLine: false, dotAll: false });
}

class Parser {
  readonly #text: string;
  #position = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(flags: Flags): Expression {
    const expression = this.#choice(flags);
    if (this.#position < this.#text.length) throw this.#problem('there is no "(" for this ")"');
    return expression;
  }

  #choice(outer: Flags): Expression {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) throw this.#problem(`groups are at most ${MAX_DEPTH} deep`);
    const choices: Expression[] = [];
    let sequence: Expression[] = [];
    let flags = outer;
    for (;;) {
      const next = this.#text[this.#position];
      if (next === undefined || next === ')') break;
      if (next === '|') {
        this.#position += 1;
        choices.push({ kind: 'sequence', of: sequence });
        sequence = [];
        continue;
      }
      const changed = this.#flagsAlone(flags);
      if (changed !== undefined) flags = changed;
      else sequence.push(this.#repeated(this.#atom(flags)));
    }
    this.#depth -= 1;
    choices.push({ kind: 'sequence', of: sequence });
    const [only] = choices;
    return choices.length === 1 && only !== undefined ? only : { kind: 'choice', of: choices };
  }

  /** `(?i)`: for the rest of the group. */
  #flagsAlone(flags: Flags): Flags | undefined {
    const found = this.#take(/\(\?([imsU]*)(?:-([imsU]+))?\)/y);
    return found === undefined ? undefined : changedFlags(flags, found[1], found[2]);
  }

  #repeated(atom: Expression): Expression {
    let expression = atom;
    for (let count = 0; ; count += 1) {
      const start = this.#position;
      const found = this.#take(/([*+?]|\{(\d{1,5})(,(\d{1,5})?)?\})\??/y);
      if (found === undefined) return expression;
      if (count > 0 && !(this.#text[start] === '{')) throw this.#problem('what is repeated stands before this', start);
      const [min, max] = bounds(found);
      if (min > MAX_REPEAT || (max ?? 0) > MAX_REPEAT || (max !== undefined && max < min)) {
        throw this.#problem(`repetitions are at most ${MAX_REPEAT}, the lower number first`, start);
      }
      expression = { kind: 'repeat', of: expression, min, max };
      if (repetitions(expression) > MAX_REPEAT) {
        throw this.#problem(`repetitions within each other are at most ${MAX_REPEAT} together`, start);
      }
    }
  }

  #atom(flags: Flags): Expression {
    const start = this.#position;
    const character = String.fromCodePoint(this.#text.codePointAt(start) ?? 0);
    this.#position += character.length;
    switch (character) {
      case '(':
        return this.#group(flags, start);
      case '[':
        return this.#set(this.#bracket(start, flags));
      case '.':
        return this.#set(flags.dotAll ? ANY : without([[10, 10]]));
      case '^':
        return { kind: 'assert', that: flags.multiLine ? 'line-start' : 'text-start' };
      case '$':
        return { kind: 'assert', that: flags.multiLine ? 'line-end' : 'text-end' };
      case '*':
      case '+':
      case '?':
        throw this.#problem('what is repeated stands before this', start);
      case '\\':
        return this.#escape(flags, start);
      default:
        return this.#literal(character, flags);
    }
  }

  #group(flags: Flags, start: number): Expression {
    let inner = flags;
    if (this.#text[this.#position] === '?') {
      const found = this.#take(/\?(?:([imsU]*)(?:-([imsU]+))?:|P?<[A-Za-z0-9_]+>)/y);
      if (found === undefined) {
        throw this.#problem(
          'RE2 has no look-ahead, look-behind or conditions: only (…), (?:…), (?i:…) and (?P<name>…)',
          start,
        );
      }
      inner = changedFlags(flags, found[1], found[2]);
    }
    const expression = this.#choice(inner);
    if (this.#text[this.#position] !== ')') throw this.#problem('there is no ")" for this "("', start);
    this.#position += 1;
    return expression;
  }

  #escape(flags: Flags, start: number): Expression {
    const quoted = this.#take(/Q((?:(?!\\E).)*)(?:\\E|$)/sy);
    if (quoted !== undefined) {
      const of = [...(quoted[1] ?? '')].map((character) => this.#literal(character, flags));
      return { kind: 'sequence', of };
    }
    const edge = EDGES[this.#text[this.#position] ?? ''];
    if (edge !== undefined) {
      this.#position += 1;
      return { kind: 'assert', that: edge };
    }
    return this.#set(this.#escapedSet(flags) ?? inCase(single(this.#escapedCode(start)), flags));
  }

  /** `\d`, `\pL`: the backslash is read. */
  #escapedSet(flags: Flags): CodePoints | undefined {
    const perl = this.#take(/[dswDSW]/y);
    if (perl !== undefined) {
      const set = inCase(PERL[perl[0].toLowerCase()] ?? [], flags);
      return /[DSW]/.test(perl[0]) ? without(set) : set;
    }
    const start = this.#position;
    const named = this.#take(/([pP])(?:\{(\^?)([A-Za-z_]+)\}|([A-Z]))/y);
    if (named === undefined) return undefined;
    const name = named[3] ?? named[4] ?? '';
    const set = name === 'Any' ? ANY : unicodeProperty(name);
    if (set === undefined) throw this.#problem(`there is no Unicode category or script ${name}`, start);
    const folded = inCase(set, flags);
    return (named[1] === 'P') !== (named[2] === '^') ? without(folded) : folded;
  }

  /** The one character that an escape stands for: the backslash is read. */
  #escapedCode(start: number): number {
    const hexadecimal = this.#take(/x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,6})\})/y);
    if (hexadecimal !== undefined) {
      const code = Number.parseInt(hexadecimal[1] ?? hexadecimal[2] ?? '', 16);
      if (code <= 0x10_ffff) return code;
    }
    const octal = hexadecimal === undefined ? this.#take(/0[0-7]{0,2}|[1-7][0-7]{1,2}/y) : undefined;
    if (octal !== undefined) return Number.parseInt(octal[0], 8);
    const character = this.#take(/[\s\S]/uy)?.[0];
    const control = character === undefined ? undefined : CONTROLS[character];
    if (control !== undefined) return control;
    if (character === undefined || /[A-Za-z0-9]/.test(character)) {
      const what =
        character !== undefined && /[1-9]/.test(character) ? 'RE2 has no back-references' : 'RE2 has no such escape';
      throw this.#problem(what, start);
    }
    return character.codePointAt(0) ?? 0;
  }

  /** The bracket is read. */
  #bracket(start: number, flags: Flags): CodePoints {
    const isNegated = this.#take(/\^/y) !== undefined;
    const ranges: CodePointRange[] = [];
    for (let isFirst = true; ; isFirst = false) {
      const next = this.#text[this.#position];
      if (next === undefined) throw this.#problem('there is no "]" for this "["', start);
      if (next === ']' && !isFirst) break;
      ranges.push(...this.#bracketItem());
    }
    this.#position += 1;
    const set = inCase(codePoints(ranges), flags);
    return isNegated ? without(set) : set;
  }

  #bracketItem(): CodePoints {
    const start = this.#position;
    const posix = this.#take(/\[:(\^?)([a-z]+):\]/y);
    if (posix !== undefined) {
      const set = POSIX[posix[2] ?? ''];
      if (set === undefined) throw this.#problem(`there is no class ${posix[0]}`, start);
      return posix[1] === '^' ? without(set) : set;
    }
    if (this.#take(/\\(?=[dswDSWpP])/y) !== undefined) {
      return this.#escapedSet({ ignoreCase: false, multiLine: false, dotAll: false }) ?? [];
    }
    const from = this.#bracketCode();
    if (this.#take(/-(?!\])/y) === undefined) return single(from);
    const to = this.#bracketCode();
    if (to < from) throw this.#problem('a range goes from the lower character to the higher', start);
    return [[from, to]];
  }

  #bracketCode(): number {
    const start = this.#position;
    if (this.#take(/\\/y) !== undefined) return this.#escapedCode(start);
    const code = this.#text.codePointAt(start);
    if (code === undefined) throw this.#problem('there is no "]" for a "["', start);
    this.#position += code > 0xffff ? 2 : 1;
    return code;
  }

  #literal(character: string, flags: Flags): Expression {
    return this.#set(inCase(single(character.codePointAt(0) ?? 0), flags));
  }

  #set(set: CodePoints): Expression {
    return { kind: 'set', set };
  }

  #take(sticky: RegExp): RegExpExecArray | undefined {
    sticky.lastIndex = this.#position;
    const found = sticky.exec(this.#text);
    if (found === null) return undefined;
    this.#position = sticky.lastIndex;
    return found;
  }

  #problem(what: string, at = this.#position): QueryProblem {
    return new QueryProblem(`the regular expression ${JSON.stringify(this.#text)}, character ${at + 1}: ${what}`);
  }
}

function single(code: number): CodePoints {
  return [[code, code]];
}

function inCase(set: CodePoints, { ignoreCase }: Flags): CodePoints {
  return ignoreCase ? inAnyCase(set) : set;
}

function changedFlags(flags: Flags, on = '', off = ''): Flags {
  const flag = (letter: string, before: boolean) => (before || on.includes(letter)) && !off.includes(letter);
  return {
    ignoreCase: flag('i', flags.ignoreCase),
    multiLine: flag('m', flags.multiLine),
    dotAll: flag('s', flags.dotAll),
  };
}

function bounds(found: RegExpExecArray): readonly [number, number | undefined] {
  switch (found[0][0]) {
    case '*':
      return [0, undefined];
    case '+':
      return [1, undefined];
    case '?':
      return [0, 1];
  }
  const min = Number(found[2]);
  if (found[3] === undefined) return [min, min];
  return [min, found[4] === undefined ? undefined : Number(found[4])];
}

/** How often what is innermost may be written out. */
function repetitions(expression: Expression): number {
  switch (expression.kind) {
    case 'repeat':
      return Math.max(1, expression.min, expression.max ?? 1) * repetitions(expression.of);
    case 'sequence':
    case 'choice':
      return expression.of.reduce((most, part) => Math.max(most, repetitions(part)), 1);
    default:
      return 1;
  }
}
