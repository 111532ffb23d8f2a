/* Takes credentials, and where asked for every literal, out of a statement's text. */
import { MASKED } from '../../contract/masked.ts';
import type { Redaction } from './analysis.ts';
import { isCredentialStatement, secretSpans } from './content-secrets.ts';
import { type Dialect, Lexer } from './lexer.ts';
import { SecretPlaces } from './secret-places.ts';
import { COMMENT, COMMENT_EDGE, END, NUMBER, PLACEHOLDER, STRING, WORD } from './tokens.ts';

/** Credentials and their parameters listed of one statement; all are masked, these are also looked for in error messages. */
const MAX_LISTED = 32;
/** Statements in strings in statements that are looked into: `DO $$ … EXECUTE $q$ … $q$ … $$`. */
const MAX_NESTING = 3;
const DOLLAR = 0x24;

export interface Masked {
  readonly text: string;
  readonly maskedSecrets: number;
  readonly maskedLiterals: number;
  readonly secretParameters: readonly number[];
  readonly secrets: readonly string[];
}

export function maskText(text: string, dialect: Dialect, redaction: Redaction): Masked {
  const masker = new Masker(text, dialect, redaction === 'literals', 0);
  masker.run();
  return masker;
}

class Masker implements Masked {
  text = '';
  maskedSecrets = 0;
  maskedLiterals = 0;
  readonly secretParameters: number[] = [];
  readonly secrets: string[] = [];
  readonly #given: string;
  readonly #dialect: Dialect;
  readonly #allLiterals: boolean;
  readonly #nesting: number;
  readonly #lexer = new Lexer();
  readonly #places = new SecretPlaces();
  #copied = 0;
  #placeholders = 0;

  constructor(text: string, dialect: Dialect, allLiterals: boolean, nesting: number) {
    this.#given = text;
    this.#dialect = dialect;
    this.#allLiterals = allLiterals;
    this.#nesting = nesting;
    this.#lexer.reset(text, dialect);
  }

  run(): void {
    const lexer = this.#lexer;
    for (let kind = lexer.next(); kind !== END; kind = lexer.next()) {
      if (kind === COMMENT) this.#comment();
      else if (kind !== COMMENT_EDGE) this.#token(kind);
    }
    this.text = this.#copied === 0 ? this.#given : this.text + this.#given.slice(this.#copied);
  }

  #token(kind: number): void {
    const lexer = this.#lexer;
    const isNamed = kind === WORD || kind === NUMBER;
    const name = isNamed ? this.#given.slice(lexer.contentStart, lexer.contentEnd).toLowerCase() : '';
    const keyword = kind === WORD ? lexer.keyword : 0;
    const isSecret = this.#places.see(kind, keyword, lexer.code, name);
    if (kind === PLACEHOLDER) this.#placeholder(isSecret);
    else if (isSecret) this.#secret(kind);
    else if (kind === STRING) this.#string();
    else if (kind === NUMBER && this.#allLiterals) this.#literal();
  }

  #placeholder(isSecret: boolean): void {
    const { start, end } = this.#lexer;
    const index = end - start === 1 ? this.#placeholders : Number(this.#given.slice(start + 1, end)) - 1;
    this.#placeholders += 1;
    const { secretParameters } = this;
    if (!isSecret || index < 0 || secretParameters.length === MAX_LISTED) return;
    if (!secretParameters.includes(index)) secretParameters.push(index);
  }

  #secret(kind: number): void {
    const { start, end, contentStart, contentEnd, closed } = this.#lexer;
    const given = this.#given;
    this.#remember(contentStart, contentEnd);
    if (kind !== STRING) {
      this.#replace(start, end, `'${MASKED}'`);
      return;
    }
    const opening = given.slice(start, contentStart);
    const isDollar = given.charCodeAt(start) === DOLLAR;
    const closing = closed ? given.slice(contentEnd, end) : isDollar ? opening : opening.slice(-1);
    this.#replace(start, end, `${opening}${MASKED}${closing}`);
  }

  #string(): void {
    const { start, contentStart, contentEnd, closed } = this.#lexer;
    const given = this.#given;
    const isBody = given.charCodeAt(start) === DOLLAR && this.#nesting < MAX_NESTING;
    const content = given.slice(contentStart, contentEnd);
    if (!isBody && isCredentialStatement(content)) {
      this.#places.taint();
      this.#secret(STRING);
      this.#listInner(unquoted(content));
      return;
    }
    if (isBody) this.#body(content);
    const spans = isBody ? [] : secretSpans(given, contentStart, contentEnd, closed);
    if (this.#allLiterals) {
      for (const span of spans) this.#remember(span.start, span.end);
      this.#literal();
    } else for (const span of spans) this.#partialSecret(span.start, span.end);
  }

  /** The server may repeat a credential of the inner statement on its own. */
  #listInner(content: string): void {
    if (this.#nesting === MAX_NESTING) return;
    const inner = new Masker(content, this.#dialect, false, this.#nesting + 1);
    inner.run();
    for (const secret of inner.secrets) this.#list(secret);
  }

  /** The body of a function or of DO is a statement of its own. */
  #body(content: string): void {
    const { contentStart, contentEnd } = this.#lexer;
    const body = new Masker(content, this.#dialect, false, this.#nesting + 1);
    body.run();
    if (body.maskedSecrets === 0) return;
    this.maskedSecrets += body.maskedSecrets;
    for (const secret of body.secrets) this.#list(secret);
    if (!this.#allLiterals) this.#replace(contentStart, contentEnd, body.text);
  }

  #comment(): void {
    const { start, end } = this.#lexer;
    const given = this.#given;
    const isWhole = isCredentialStatement(given.slice(start, end));
    const spans = isWhole ? [{ start, end }] : secretSpans(given, start, end, false);
    if (isWhole) this.#listInner(given.slice(start + 2, end));
    if (isWhole && !this.#allLiterals) {
      this.#remember(start, end);
      this.#replace(start, end, given.startsWith('/*', start) ? `/* ${MASKED} */` : `-- ${MASKED}`);
      return;
    }
    for (const span of spans) {
      if (this.#allLiterals) this.#remember(span.start, span.end);
      else this.#partialSecret(span.start, span.end);
    }
    if (this.#allLiterals) this.#replace(start, end, ' ');
  }

  #literal(): void {
    this.maskedLiterals += 1;
    this.#replace(this.#lexer.start, this.#lexer.end, '?');
  }

  #partialSecret(start: number, end: number): void {
    this.#remember(start, end);
    this.#replace(start, end, MASKED);
  }

  /** Raw, and as the database reads it. */
  #remember(start: number, end: number): void {
    this.maskedSecrets += 1;
    const raw = this.#given.slice(start, end);
    this.#list(raw);
    this.#list(unquoted(raw));
  }

  #list(secret: string): void {
    if (secret === '' || secret === MASKED || this.secrets.length === MAX_LISTED) return;
    if (!this.secrets.includes(secret)) this.secrets.push(secret);
  }

  #replace(start: number, end: number, replacement: string): void {
    this.text += this.#given.slice(this.#copied, start) + replacement;
    this.#copied = end;
  }
}

/** As the database reads it. */
function unquoted(content: string): string {
  return content.replaceAll("''", "'").replaceAll('""', '"').replace(/\\(.)/gs, '$1');
}
