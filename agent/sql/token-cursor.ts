import { type Dialect, Lexer } from './lexer.ts';
import { COMMENT, COMMENT_EDGE, END, SEMICOLON, SYMBOL, WORD } from './tokens.ts';

const DOT = 0x2e;
const STAR = 0x2a;

/** A lexer that passes over comments and remembers the two keywords before. */
export class TokenCursor {
  kind = END;
  /** Of the present token; 0 where it is none. */
  keyword = 0;
  /** Keywords of the tokens before; -1 at the beginning of a statement, 0 where there was another token. */
  previous = -1;
  beforePrevious = -1;
  previousKind = END;
  readonly #text: string;
  readonly #lexer = new Lexer();

  constructor(text: string, dialect: Dialect) {
    this.#text = text;
    this.#lexer.reset(text, dialect);
    this.#read();
  }

  advance(): void {
    this.beforePrevious = this.previous;
    this.previous = this.kind === SEMICOLON ? -1 : this.keyword;
    this.previousKind = this.kind;
    this.#read();
  }

  get isDot(): boolean {
    return this.kind === SYMBOL && this.#lexer.code === DOT;
  }

  get isStar(): boolean {
    return this.kind === SYMBOL && this.#lexer.code === STAR;
  }

  /** The present word without its quotes. */
  name(): string {
    const { contentStart, contentEnd, start } = this.#lexer;
    const name = this.#text.slice(contentStart, contentEnd);
    if (contentStart === start) return name;
    const quote = this.#text[start] ?? '';
    return name.includes(quote) ? name.replaceAll(quote + quote, quote) : name;
  }

  #read(): void {
    const lexer = this.#lexer;
    do this.kind = lexer.next();
    while (this.kind === COMMENT || this.kind === COMMENT_EDGE);
    this.keyword = this.kind === WORD ? lexer.keyword : 0;
  }
}
