import { QueryProblem } from '../../store/failure.ts';
import { type CodePoints, holds } from './code-points.ts';
import { type Assertion, type Expression, WORD } from './syntax.ts';

/** Steps of one expression, repetitions written out: together with the text's length it bounds the time of a search. */
const MAX_STEPS = 5_000;
/** Ranges of all of an expression's steps; RE2 compiles as many within its memory. */
const MAX_RANGES = 50_000;
/** Remembered transitions of one expression, at 8 bytes each; when there are more they are found anew. */
const MAX_TRANSITIONS = 100_000;

type Step =
  | { readonly kind: 'set'; readonly set: CodePoints; readonly next: number }
  | { readonly kind: 'split'; readonly to: readonly number[] }
  | { readonly kind: 'assert'; readonly that: Assertion; readonly next: number }
  | { readonly kind: 'match' };

/** What stands beside a place in the text. */
type Neighbour = 'edge' | 'word' | 'line-end' | 'other';

interface State {
  readonly steps: readonly number[];
  readonly before: Neighbour;
  readonly next: (State | undefined)[];
}

const MATCHED: State = { steps: [], before: 'edge', next: [] };
const FAILED: State = { steps: [], before: 'edge', next: [] };
const LINE_FEED = 0x0a;
const ASCII = 128;

/**
 * Says whether an expression occurs in a text, in time in proportion to the text whatever the expression is: a deterministic
 * automaton, built as far as texts need it. https://swtch.com/~rsc/regexp/regexp1.html
 */
export class Automaton {
  readonly #program: readonly Step[];
  readonly #start: number;
  /** The first code point of each class; all code points of a class are in the same sets. */
  readonly #classes: readonly number[];
  readonly #classOfAscii: Uint16Array;
  readonly #states = new Map<string, State>();
  #first: State;

  /** @throws QueryProblem when it is too large */
  constructor(expression: Expression) {
    const program = new Program();
    this.#start = program.add(expression, program.push({ kind: 'match' }));
    this.#program = program.steps;
    this.#classes = classesOf(program.steps);
    this.#classOfAscii = Uint16Array.from({ length: ASCII }, (_, code) => this.#find(code));
    this.#first = this.#state([], 'edge');
  }

  test(text: string): boolean {
    let state = this.#first;
    for (let index = 0; index < text.length; index += 1) {
      let code = text.charCodeAt(index);
      let symbol: number;
      if (code < ASCII) symbol = this.#classOfAscii[code] ?? 0;
      else {
        code = text.codePointAt(index) ?? code;
        if (code > 0xffff) index += 1;
        symbol = this.#find(code);
      }
      state = state.next[symbol] ?? this.#move(state, symbol);
      if (state === MATCHED) return true;
    }
    const end = this.#classes.length;
    return (state.next[end] ?? this.#move(state, end)) === MATCHED;
  }

  #find(code: number): number {
    let low = 0;
    let high = this.#classes.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#classes[middle] ?? 0) <= code) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #move(state: State, symbol: number): State {
    const code = this.#classes[symbol];
    const after = neighbour(code);
    const reached = new Set<number>();
    const waiting = [...state.steps, this.#start];
    const next = new Set<number>();
    for (let index = waiting.pop(); index !== undefined; index = waiting.pop()) {
      if (reached.has(index)) continue;
      reached.add(index);
      const step = this.#program[index];
      if (step === undefined) continue;
      if (step.kind === 'match') return this.#remember(state, symbol, MATCHED);
      if (step.kind === 'split') waiting.push(...step.to);
      else if (step.kind === 'set') {
        if (code !== undefined && holds(step.set, code)) next.add(step.next);
      } else if (isSo(step.that, state.before, after)) waiting.push(step.next);
    }
    if (code === undefined) return this.#remember(state, symbol, FAILED);
    return this.#remember(
      state,
      symbol,
      this.#state(
        [...next].sort((a, b) => a - b),
        after,
      ),
    );
  }

  #remember(state: State, symbol: number, next: State): State {
    state.next[symbol] = next;
    return next;
  }

  #state(steps: readonly number[], before: Neighbour): State {
    const key = `${before} ${steps.join(' ')}`;
    const known = this.#states.get(key);
    if (known !== undefined) return known;
    if (this.#states.size * this.#classes.length > MAX_TRANSITIONS) {
      this.#states.clear();
      this.#first = this.#state([], 'edge');
    }
    const state: State = { steps, before, next: new Array(this.#classes.length + 1) };
    this.#states.set(key, state);
    return state;
  }
}

/** `code` undefined: there is nothing beyond. */
function neighbour(code: number | undefined): Neighbour {
  if (code === undefined) return 'edge';
  if (code === LINE_FEED) return 'line-end';
  return holds(WORD, code) ? 'word' : 'other';
}

function isSo(that: Assertion, before: Neighbour, after: Neighbour): boolean {
  switch (that) {
    case 'text-start':
      return before === 'edge';
    case 'text-end':
      return after === 'edge';
    case 'line-start':
      return before === 'edge' || before === 'line-end';
    case 'line-end':
      return after === 'edge' || after === 'line-end';
    case 'word-edge':
      return (before === 'word') !== (after === 'word');
    case 'no-word-edge':
      return (before === 'word') === (after === 'word');
  }
}

/** An expression written out from its end to its beginning, so that each step knows the next. */
class Program {
  readonly steps: Step[] = [];
  #ranges = 0;

  push(step: Step): number {
    if (step.kind === 'set') this.#ranges += step.set.length;
    if (this.steps.length >= MAX_STEPS || this.#ranges > MAX_RANGES) {
      throw new QueryProblem('the regular expression is too large: repeat less, or less of it');
    }
    return this.steps.push(step) - 1;
  }

  /** Where it begins; after it, `next`. */
  add(expression: Expression, next: number): number {
    switch (expression.kind) {
      case 'set':
        return this.push({ kind: 'set', set: expression.set, next });
      case 'assert':
        return this.push({ kind: 'assert', that: expression.that, next });
      case 'sequence':
        return expression.of.reduceRight((after, part) => this.add(part, after), next);
      case 'choice':
        return this.push({ kind: 'split', to: expression.of.map((part) => this.add(part, next)) });
      case 'repeat':
        return this.#repeat(expression.of, expression.min, expression.max, next);
    }
  }

  #repeat(of: Expression, min: number, max: number | undefined, next: number): number {
    let start = max === undefined ? this.#loop(of, next) : next;
    for (let count = min; count < (max ?? min); count += 1) {
      start = this.push({ kind: 'split', to: [this.add(of, start), next] });
    }
    for (let count = 0; count < min; count += 1) start = this.add(of, start);
    return start;
  }

  #loop(of: Expression, next: number): number {
    const to: number[] = [next];
    const loop = this.push({ kind: 'split', to });
    to.push(this.add(of, loop));
    return loop;
  }
}

function classesOf(steps: readonly Step[]): readonly number[] {
  const starts = new Set([0, LINE_FEED, LINE_FEED + 1]);
  const sets = new Set(steps.map((step) => (step.kind === 'set' ? step.set : WORD)));
  for (const set of [...sets, WORD]) {
    for (const [from, to] of set) {
      starts.add(from);
      starts.add(to + 1);
    }
  }
  return [...starts].sort((a, b) => a - b);
}
