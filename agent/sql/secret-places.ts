/* Where in a statement a credential stands: a state machine over its tokens. */
import { keywordNumber } from './keywords.ts';
import { CLOSE, COMMA, NUMBER, OPEN, PLACEHOLDER, SEMICOLON, STRING, SYMBOL, WORD } from './tokens.ts';

const number = keywordNumber;
const set = (words: string): ReadonlySet<number> => new Set(words.split(' ').map(keywordNumber));

const IDENTIFIED = number('IDENTIFIED');
const PASSWORD = number('PASSWORD');
const OLD_PASSWORD = number('OLD_PASSWORD');
const BY = number('BY');
const REPLACE = number('REPLACE');
const SET = number('SET');
const TO = number('TO');
const CHANGE = number('CHANGE');
const INTRODUCES_VALUE = set('BY AS USING');
const CREDENTIAL_WORDS = set('CREDENTIALS SECRET_ACCESS_KEY SESSION_TOKEN WSREP_SST_AUTH');
/** Their second argument, and those after it, are keys. */
const KEYED_FUNCTIONS = set(
  [
    'AES_ENCRYPT AES_DECRYPT DES_ENCRYPT DES_DECRYPT PGP_SYM_ENCRYPT PGP_SYM_DECRYPT PGP_SYM_ENCRYPT_BYTEA',
    'PGP_SYM_DECRYPT_BYTEA PGP_PUB_DECRYPT PGP_PUB_DECRYPT_BYTEA ENCRYPT DECRYPT ENCRYPT_IV DECRYPT_IV',
  ].join(' '),
);
/** Statements in which `PASSWORD = '…'` sets a credential rather than comparing a column. */
const SETS_OPTIONS = set('CHANGE CREATE ALTER GRANT START');
const READS_OR_WRITES_DATA = set('SELECT INSERT UPDATE DELETE WHERE');
const EQUALS = 0x3d;
const COLON = 0x3a;
/** Functions within functions that are kept apart; deeper ones count as part of the innermost. */
const MAX_CALLS = 16;

export class SecretPlaces {
  #verb = 0;
  #isSetPassword = false;
  #identified = false;
  #touchesData = false;
  /** The next literal is a credential. */
  #armed = false;
  #previous = 0;
  #previousIsPasswordName = false;
  #afterSecret = false;
  #adjacent = false;
  #tainted = false;
  #depth = 0;
  /** Depth and argument of each keyed function that is open. */
  readonly #calls: { readonly depth: number; argument: number }[] = [];

  /** A string in this statement held a statement of its own with a credential: further strings may be its parts. */
  taint(): void {
    this.#tainted = true;
  }

  /** Takes in the next token; true: it is a credential. `name`: the word without quotes, in lower case. */
  see(kind: number, keyword: number, code: number, name: string): boolean {
    const isSecret = this.#isSecret(kind, keyword, name);
    if (kind === WORD) {
      this.#word(keyword, name);
    } else {
      if (kind === OPEN) this.#open();
      else if (kind === CLOSE) this.#close();
      else if (kind === COMMA) this.#comma();
      else if (kind === SYMBOL) this.#symbol(code);
      else if (kind === SEMICOLON) this.#reset();
      else this.#armed = false;
      this.#previous = 0;
      this.#previousIsPasswordName = false;
    }
    this.#adjacent = isSecret && kind !== PLACEHOLDER;
    if (isSecret) {
      this.#armed = false;
      this.#afterSecret = true;
    }
    return isSecret;
  }

  #isSecret(kind: number, keyword: number, name: string): boolean {
    if (kind === STRING || kind === PLACEHOLDER)
      return this.#armed || this.#isKey() || (kind === STRING && (this.#adjacent || this.#tainted));
    if (kind === NUMBER) return (this.#armed && this.#previous !== 0) || (this.#isKey() && name.startsWith('0x'));
    // No database takes a bare word for a password, but people write it.
    return kind === WORD && keyword === 0 && this.#armed && this.#identified && this.#previous === BY;
  }

  #isKey(): boolean {
    return this.#calls.some(({ argument }) => argument > 0);
  }

  #word(keyword: number, name: string): void {
    if (this.#verb === 0) this.#verb = keyword === 0 ? -1 : keyword;
    const isPasswordName = keyword === PASSWORD || /passw(?:or)?d$/.test(name);
    if (keyword === IDENTIFIED) {
      this.#identified = true;
      this.#armed = false;
    } else if (INTRODUCES_VALUE.has(keyword)) {
      this.#armed = this.#identified || (this.#armed && CREDENTIAL_WORDS.has(this.#previous));
    } else if (keyword === PASSWORD && this.#verb === SET && this.#previous === SET) {
      this.#isSetPassword = true;
      this.#armed = false;
    } else if (keyword === PASSWORD || keyword === OLD_PASSWORD || name === 'password' || name === 'passwd') {
      this.#armed = true;
    } else if (CREDENTIAL_WORDS.has(keyword)) this.#armed = true;
    else if (keyword === REPLACE) this.#armed = this.#afterSecret && (this.#identified || this.#isSetPassword);
    else if (keyword === TO && this.#isSetPassword) this.#armed = true;
    else {
      this.#armed = false;
      if (READS_OR_WRITES_DATA.has(keyword)) this.#touchesData = true;
    }
    this.#previous = keyword;
    this.#previousIsPasswordName = isPasswordName;
  }

  #symbol(code: number): void {
    if (code === COLON && this.#isSetPassword) return;
    if (code !== EQUALS) this.#armed = false;
    else if (this.#isSetPassword) this.#armed = true;
    else if (CREDENTIAL_WORDS.has(this.#previous)) this.#armed = true;
    else this.#armed = this.#previousIsPasswordName && this.#setsOptions();
  }

  #setsOptions(): boolean {
    return this.#verb === CHANGE || (SETS_OPTIONS.has(this.#verb) && !this.#touchesData);
  }

  #open(): void {
    this.#depth += 1;
    if (KEYED_FUNCTIONS.has(this.#previous) && this.#calls.length < MAX_CALLS)
      this.#calls.push({ depth: this.#depth, argument: 0 });
  }

  #close(): void {
    this.#armed = false;
    if (this.#calls.at(-1)?.depth === this.#depth) this.#calls.pop();
    if (this.#depth > 0) this.#depth -= 1;
  }

  #comma(): void {
    this.#armed = false;
    const call = this.#calls.at(-1);
    if (call !== undefined && call.depth === this.#depth) call.argument += 1;
  }

  #reset(): void {
    this.#verb = 0;
    this.#isSetPassword = false;
    this.#identified = false;
    this.#touchesData = false;
    this.#armed = false;
    this.#afterSecret = false;
    this.#tainted = false;
    this.#depth = 0;
    this.#calls.length = 0;
  }
}
