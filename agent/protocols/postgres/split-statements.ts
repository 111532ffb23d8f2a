/*
 * Where one statement ends and the next begins, as PostgreSQL's own lexers see it: `;` outside of quotes, comments,
 * parentheses (CREATE RULE … DO (…; …)) and BEGIN ATOMIC bodies.
 * https://www.postgresql.org/docs/current/sql-syntax-lexical.html and src/bin/psql/../fe_utils/psqlscan.l
 */

/** One statement in a text: `text.slice(start, end)`: with the comments before it, without the `;` behind it. */
export interface StatementSpan {
  readonly start: number;
  readonly end: number;
}

/** Whether a `;` stands before the end: only then can there be more than one statement. */
export function mayHoldSeveral(text: string): boolean {
  const first = text.indexOf(';');
  if (first < 0) return false;
  for (let position = first + 1; position < text.length; position += 1) {
    const code = text.charCodeAt(position);
    if (!isSpace(code) && code !== 0x3b) return true;
  }
  return false;
}

/**
 * The statements of `text` in order, empty ones left out. `standardStrings`: whether a backslash in '…' is an ordinary
 * character (standard_conforming_strings). What is not closed reaches to the end.
 */
export function splitStatements(text: string, standardStrings: boolean): readonly StatementSpan[] {
  return new Splitter(text, standardStrings).split();
}

const WORD = /[A-Za-z_\u0080-\uffff][A-Za-z0-9_$\u0080-\uffff]*/y;
const DOLLAR_TAG = /\$(?:[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*)?\$/y;
const NUMBER = /[0-9][0-9A-Za-z_.$]*/y;

class Splitter {
  readonly #text: string;
  readonly #standardStrings: boolean;
  readonly #spans: StatementSpan[] = [];
  #position = 0;
  /** First character that is no white space, maybe of a comment; -1: none yet. */
  #begin = -1;
  /** First token of the current statement; -1 while only white space and comments were seen. */
  #start = -1;
  /** End of the last token of the current statement. */
  #end = 0;
  #parentheses = 0;
  /** Depth of BEGIN ATOMIC … END, in which CASE … END nests. */
  #atomic = 0;
  #creates = false;
  #previousWord = '';

  constructor(text: string, standardStrings: boolean) {
    this.#text = text;
    this.#standardStrings = standardStrings;
  }

  split(): readonly StatementSpan[] {
    const { length } = this.#text;
    while (this.#position < length) {
      const from = this.#position;
      const code = this.#text.charCodeAt(from);
      if (isSpace(code)) {
        this.#position += 1;
        continue;
      }
      if (this.#begin < 0) this.#begin = from;
      if (this.#text.startsWith('--', from)) {
        this.#position = endOfLine(this.#text, from);
      } else if (this.#text.startsWith('/*', from)) {
        this.#position = endOfComment(this.#text, from);
      } else if (code === 0x3b && this.#parentheses === 0 && this.#atomic === 0) {
        this.#finish();
        this.#position += 1;
      } else {
        if (this.#start < 0) this.#start = from;
        this.#position = this.#token(from, code);
        this.#end = this.#position;
      }
    }
    this.#finish();
    return this.#spans;
  }

  #finish(): void {
    if (this.#start >= 0) this.#spans.push({ start: this.#begin, end: this.#end });
    this.#begin = -1;
    this.#start = -1;
    this.#parentheses = 0;
    this.#atomic = 0;
    this.#creates = false;
    this.#previousWord = '';
  }

  /** Gives back where the token at `from` ends; always moves on. */
  #token(from: number, code: number): number {
    if (code === 0x27) return endOfQuoted(this.#text, from, 0x27, !this.#standardStrings);
    if (code === 0x22) return endOfQuoted(this.#text, from, 0x22, false);
    if (code === 0x24) return this.#dollarQuoted(from);
    if (code === 0x28) this.#parentheses += 1;
    if (code === 0x29 && this.#parentheses > 0) this.#parentheses -= 1;
    const number = matchEnd(NUMBER, this.#text, from);
    if (number > from) return number;
    const word = matchEnd(WORD, this.#text, from);
    return word > from ? this.#word(from, word) : from + 1;
  }

  #dollarQuoted(from: number): number {
    const tagEnd = matchEnd(DOLLAR_TAG, this.#text, from);
    if (tagEnd === from) return from + 1;
    const close = this.#text.indexOf(this.#text.slice(from, tagEnd), tagEnd);
    return close < 0 ? this.#text.length : close + tagEnd - from;
  }

  #word(from: number, end: number): number {
    const text = this.#text;
    if (end - from === 1 && text.charCodeAt(end) === 0x27) {
      const letter = text.charCodeAt(from) | 0x20;
      if (letter === 0x65) return endOfQuoted(text, end, 0x27, true); // E'…'
      if (letter === 0x62 || letter === 0x78) return endOfQuoted(text, end, 0x27, false); // B'…', X'…'
    }
    if (end - from > 6) {
      this.#previousWord = '';
      return end;
    }
    const word = text.slice(from, end).toUpperCase();
    if (from === this.#start && word === 'CREATE') this.#creates = true;
    if (this.#creates) this.#countAtomic(word);
    this.#previousWord = word;
    return end;
  }

  /** Like psql, which counts BEGIN, CASE and END in the statements that may have a body. */
  #countAtomic(word: string): void {
    if (word === 'ATOMIC' && this.#previousWord === 'BEGIN' && this.#atomic === 0) this.#atomic = 1;
    else if (word === 'CASE' && this.#atomic > 0) this.#atomic += 1;
    else if (word === 'END' && this.#atomic > 0) this.#atomic -= 1;
  }
}

function isSpace(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d);
}

function matchEnd(pattern: RegExp, text: string, from: number): number {
  pattern.lastIndex = from;
  return pattern.test(text) ? pattern.lastIndex : from;
}

function endOfLine(text: string, from: number): number {
  for (let position = from; position < text.length; position += 1) {
    const code = text.charCodeAt(position);
    if (code === 0x0a || code === 0x0d) return position;
  }
  return text.length;
}

/** Comments nest. */
function endOfComment(text: string, from: number): number {
  let depth = 1;
  let position = from + 2;
  while (position < text.length) {
    const code = text.charCodeAt(position);
    const next = text.charCodeAt(position + 1);
    if (code === 0x2f && next === 0x2a) {
      depth += 1;
      position += 2;
    } else if (code === 0x2a && next === 0x2f) {
      depth -= 1;
      position += 2;
      if (depth === 0) return position;
    } else {
      position += 1;
    }
  }
  return text.length;
}

/** A doubled quote stands for one and ends the text only to begin it again. */
function endOfQuoted(text: string, from: number, quote: number, backslashEscapes: boolean): number {
  let position = from + 1;
  while (position < text.length) {
    const code = text.charCodeAt(position);
    if (code === quote) return position + 1;
    position += backslashEscapes && code === 0x5c ? 2 : 1;
  }
  return text.length;
}
